package indicator

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A machine computes an indicator bar after bar. It writes one value per output
// into out and keeps what it needs of the bars before; it may write anything
// before an output's lookback.
type machine interface {
	step(b market.Bar, out []float64)
}

// A Stream computes an indicator one bar at a time, with the bits of
// [Indicator.Compute] on the same bars. It belongs to one goroutine.
type Stream struct {
	machine machine
	row     []float64
	first   []int // lookbacks
	bars    int
	strict  bool // a price that is not finite ends the stream
	ended   bool
}

// Stream returns a stream at the beginning of a series. It panics if the
// indicator repaints: what such a one says of a bar depends on later ones.
func (in Indicator) Stream() *Stream {
	if in.spec.Repaints {
		panic("indicator: " + in.spec.Name + " repaints and has no stream")
	}
	return &Stream{
		machine: in.spec.start(in), row: make([]float64, len(in.spec.Outputs)), first: in.Lookbacks(),
		strict: in.spec.compute == nil,
	}
}

// Next returns the outputs at b, the bar after those given before. The slice is
// valid until the next call.
func (s *Stream) Next(b market.Bar) []float64 {
	if sum := b.Open + b.High + b.Low + b.Close; s.strict && sum-sum != 0 {
		s.ended = true
	}
	if s.ended {
		unknown(s.row)
		return s.row
	}
	s.machine.step(b, s.row)
	for c, v := range s.row {
		// Processors give different bits to a NaN that they compute.
		if s.bars < s.first[c] || v != v {
			s.row[c] = math.NaN()
		}
	}
	s.bars++
	return s.row
}

// compute fills out from a stream over s.
func (s *Stream) compute(series market.Series, out [][]float64) {
	if len(out) == 1 {
		column := out[0]
		for t := range column {
			column[t] = s.Next(series.Bar(t))[0]
		}
		return
	}
	for t := range series.Len() {
		for c, v := range s.Next(series.Bar(t)) {
			out[c][t] = v
		}
	}
}

// steps is a machine that is a function.
type steps func(b market.Bar, out []float64)

func (f steps) step(b market.Bar, out []float64) { f(b, out) }

// onSource is the machine of a single output that add makes of one price.
func onSource(in Indicator, add func(price float64) float64) machine {
	price := in.sourceOf()
	return steps(func(b market.Bar, out []float64) { out[0] = add(price(b)) })
}
