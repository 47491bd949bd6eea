package train

import (
	"context"
	"crypto/sha256"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/nn"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// A Row is one row of a table, as the tests see it.
type Row struct {
	Time, End int64
	Class     int32
	Target    float32
	Weight    float32
	X         []float32
}

func (t *table) rows(p part) []Row {
	var rows []Row
	for i := p.from; i < p.to; i++ {
		r := Row{Time: t.time[i], End: t.end[i], Weight: t.weight[i], X: t.x[i*t.width : (i+1)*t.width]}
		if t.class != nil {
			r.Class = t.class[i]
		}
		if t.target != nil {
			r.Target = t.target[i]
		}
		rows = append(rows, r)
	}
	return rows
}

// Collect returns the joined rows of in.
func Collect(in Input) ([]Row, error) {
	t, err := collect(context.Background(), in, func(Progress) {})
	if err != nil {
		return nil, err
	}
	return t.rows(part{0, t.len()}), nil
}

// Scaled returns the rows of in as the network is trained on them and judged by
// them: divided, and scaled.
func Scaled(in Input) ([]Row, error) {
	t, err := collect(context.Background(), in, func(Progress) {})
	if err != nil {
		return nil, err
	}
	parts := divide(t, in.Strategy.Training.Split, in.Strategy.Training.EmbargoBars)
	if err := t.scale(in.Strategy, parts.train); err != nil {
		return nil, err
	}
	return t.rows(part{0, t.len()}), nil
}

// Divide cuts rows with those times and label ends, sorted by time, into parts.
func Divide(times, ends []int64, share strategy.Split, embargoBars int) (train, validation, test []Row, purged, embargoed int) {
	t := &table{time: append([]int64(nil), times...), end: append([]int64(nil), ends...), begin: append([]int64(nil), times...), weight: make([]float32, len(times)), target: make([]float32, len(times))}
	d := divide(t, share, embargoBars)
	return t.rows(d.train), t.rows(d.validation), t.rows(d.test), d.purged, d.embargoed
}

// A Window is what the network reads for one row of a table.
type Window struct {
	Symbol market.Symbol
	Time   int64
	X      []float32
}

// Windows returns the windows of each part of the rows of in.
func Windows(in Input) (parts [3][]Window, err error) {
	t, err := collect(context.Background(), in, func(Progress) {})
	if err != nil {
		return parts, err
	}
	var first []int32 // row of each symbol's first
	for _, f := range in.Frames {
		first = append(first, int32(f.Series[in.Strategy.Base].Len()))
	}
	d := divide(t, in.Strategy.Training.Split, in.Strategy.Training.EmbargoBars)
	for k, p := range [...]part{d.train, d.validation, d.test} {
		for i := p.from; i < p.to; i++ {
			at := int(t.at[i])
			symbol := in.Strategy.Symbols[0]
			if at >= int(first[0]) {
				symbol = in.Strategy.Symbols[1]
			}
			parts[k] = append(parts[k], Window{symbol, t.time[i], t.x[(at-t.window+1)*t.width : (at+1)*t.width]})
		}
	}
	return parts, nil
}

// Balanced returns the class weights for those numbers of rows.
var Balanced = balanced

// ImportanceOf returns how much the loss of a network rises per input.
func ImportanceOf(n *nn.Network, d nn.Data, loss nn.Loss, seed uint64) ([]Importance, error) {
	names := make([]string, n.Config().Inputs)
	return importance(context.Background(), names, n, d, loss, seed)
}

// Reliable returns the quality of probabilities of so many classes.
func Reliable(probability []float32, classes int, class []int32) Classification {
	q := Classification{Confusion: make([][]int, classes)}
	q.reliable(probability, class)
	return q
}

// Calibrate returns the temperature for outputs.
var Calibrate = calibrate

// A Fold is the rows of a fold, as numbers of samples.
type Fold struct{ Train, Validation []int }

// Folds divides samples as runSeveral does.
func Folds(samples []Sample, o strategy.Training) (folds []Fold, test []int) {
	t := &table{classes: []string{}, begin: make([]int64, len(samples)), time: make([]int64, len(samples)), end: make([]int64, len(samples)),
		class: make([]int32, len(samples)), weight: make([]float32, len(samples))}
	for i, x := range samples {
		t.begin[i], t.time[i], t.end[i], t.class[i] = x.Begin, x.Time, x.End, int32(i)
	}
	d, all := foldsOf(t, o)
	number := func(rows []int32) (list []int) {
		for _, i := range rows {
			list = append(list, int(t.class[i]))
		}
		return list
	}
	for _, f := range all {
		folds = append(folds, Fold{number(f.train), number(f.validation)})
	}
	return folds, number(d.test.rows())
}

// Measure returns the quality of outputs, on rows whose labels are those of the
// training part too.
func Measure(classes []string, outputs []float32, d nn.Data, loss nn.Loss, temperature float64) Quality {
	return measure(classes, outputs, d, loss, baselineOf(classes, d), temperature)
}

// Begun counts the networks of a state of several that have a checkpoint.
func Begun(state []byte) (n int) {
	r := reader{rest: state[len(severalMagic) : len(state)-sha256.Size]}
	for len(r.rest) > 0 {
		if len(r.take(r.uint64())) > 0 {
			n++
		}
	}
	return n
}
