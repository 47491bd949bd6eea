package model

import (
	"context"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// MaxPause is the longest time in seconds from the close of one bar to the
// opening of the next that a window of a recurrent network may hold: four days,
// so that it reads across nights, weekends and holidays but not across holes in
// the data that are longer.
const MaxPause = 4 * 24 * 3600

// Readable reports at which rows of x a network that reads rows rows at a time
// can be asked: those that end as many consecutive rows with complete features
// and without a pause above MaxPause. Training and inference both go by it.
//
// Shape:   one element per row of x.
func Readable(x feature.Matrix, rows int) []bool {
	readable := make([]bool, x.Len())
	run := 0 // rows up to this one that a window may hold
	for i := range readable {
		switch {
		case !x.Complete(i):
			run = 0
		case i > 0 && x.Time[i]-x.Timeframe.End(x.Time[i-1]) > MaxPause:
			run = 1
		default:
			run++
		}
		readable[i] = run >= rows
	}
	return readable
}

// Features returns the features that the network of m reads at the base bars of
// f that open in span, scaled as it was trained, and how many rows before those
// it holds for the windows of the first of them.
func (m Model) Features(ctx context.Context, s *strategy.Strategy, f feature.Frame, span market.Span) (x feature.Matrix, before int, err error) {
	times := f.Series[s.Base].Time
	first, _ := slices.BinarySearch(times, span.From)
	if before = min(first, m.Network.Config().Rows()-1); before > 0 {
		span.From = times[first-before]
	}
	x, err = feature.BuildScaled(ctx, s, f, span, m.Manifest.Scaling)
	return x, before, err
}

// Outputs asks the network of m at the rows from from to to-1 of x and returns
// what it puts out, divided by the temperature of m, row-major. Where readable, of
// all rows of x, is false the outputs are zero.
func (m Model) Outputs(x feature.Matrix, readable []bool, from, to int) []float32 {
	ends := make([]int32, 0, to-from)
	for i := from; i < to; i++ {
		if readable[i] {
			ends = append(ends, int32(i))
		}
	}
	width := m.Network.Config().Outputs
	var packed []float32
	if len(m.Others) > 0 {
		packed = m.committee().InferAt(nil, x.Data, ends)
	} else {
		packed = m.Network.InferAt(nil, x.Data, ends)
		Soften(packed, m.Manifest.Temperature)
	}
	if len(ends) == to-from {
		return packed
	}
	outputs := make([]float32, (to-from)*width)
	for k, end := range ends {
		copy(outputs[(int(end)-from)*width:], packed[k*width:(k+1)*width])
	}
	return outputs
}

// Soften divides outputs by a temperature; 0 leaves them alone. Above 1 it makes
// probabilities more even, below 1 less; the largest output stays the largest.
func Soften(outputs []float32, temperature float64) {
	if temperature == 0 {
		return
	}
	for i, v := range outputs {
		outputs[i] = v / float32(temperature)
	}
}
