package indicator

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

// A Machine computes an indicator as bars come. It goes on with the bars of s,
// writes one value per bar and output into out, and keeps what it needs of them.
// It may write anything before an output's lookback.
type Machine interface {
	Run(s market.Series, out [][]float64)
}

// maxOutputs is the largest number of outputs of an indicator.
const maxOutputs = 8

// Steps makes a machine of a function of one bar.
func Steps(f func(b market.Bar, out []float64)) Machine { return &stepper{add: f} }

type stepper struct {
	add func(b market.Bar, out []float64)
	row [maxOutputs]float64
}

func (m *stepper) Run(s market.Series, out [][]float64) {
	row := m.row[:len(out)]
	for t := range s.Len() {
		m.add(s.Bar(t), row)
		for c, v := range row {
			out[c][t] = v
		}
	}
}

// Chunked makes a machine of a function that takes up to chunk bars at once and
// loops over them itself, which is quicker.
func Chunked(f func(s market.Series, out [][]float64)) Machine { return &chunker{add: f} }

type chunker struct {
	add  func(s market.Series, out [][]float64)
	part [maxOutputs][]float64
}

func (m *chunker) Run(s market.Series, out [][]float64) {
	part := m.part[:len(out)]
	for from := 0; from < s.Len(); from += rolling.Chunk {
		to := min(from+rolling.Chunk, s.Len())
		for c := range out {
			part[c] = out[c][from:to]
		}
		m.add(s.Slice(from, to), part)
	}
}

// OnSource makes a machine of a function of one price.
func OnSource(in Indicator, add func(price float64) float64) Machine {
	return &onPrice{price: in.columnSource(), add: add}
}

// onPrice is the machine of a single output that is computed from one price.
type onPrice struct {
	price func(s market.Series) []float64
	add   func(price float64) float64
}

func (m *onPrice) Run(s market.Series, out [][]float64) {
	column := out[0]
	for t, price := range m.price(s) {
		column[t] = m.add(price)
	}
}

// A Stream computes an indicator one bar at a time, with the bits of
// [Indicator.Compute] on the same bars. It belongs to one goroutine.
type Stream struct {
	machine Machine
	first   []int // lookbacks
	bars    int
	strict  bool // a price that is not finite ends the stream
	ended   bool

	bar market.Series // of one bar
	out [][]float64
	row []float64 // what out consists of

	part, known [maxOutputs][]float64 // scratch of run
}

// Stream returns a stream at the beginning of a series. It panics if the
// indicator repaints: what such a one says of a bar depends on later ones.
func (in Indicator) Stream() *Stream {
	if in.spec.Repaints {
		panic("indicator: " + in.spec.Name + " repaints and has no stream")
	}
	s := &Stream{machine: in.spec.Start(in), first: in.Lookbacks(), strict: in.spec.Compute == nil}
	s.bar = market.NewSeries("", 0, 1)
	s.bar.Append(market.Bar{})
	s.row = make([]float64, len(in.spec.Outputs))
	for c := range s.row {
		s.out = append(s.out, s.row[c:c+1])
	}
	return s
}

// Next returns the outputs at b, the bar after those given before. The slice is
// valid until the next call.
func (s *Stream) Next(b market.Bar) []float64 {
	s.bar.Time[0], s.bar.Open[0], s.bar.High[0], s.bar.Low[0] = b.Time, b.Open, b.High, b.Low
	s.bar.Close[0], s.bar.Volume[0] = b.Close, b.Volume
	s.run(s.bar, s.out)
	return s.row
}

// run goes on with the bars of series, as many at a time as stay in the first
// cache while they are looked at, computed with and written.
func (s *Stream) run(series market.Series, out [][]float64) {
	part := s.part[:len(out)]
	for from := 0; from < series.Len(); from += rolling.Chunk {
		to := min(from+rolling.Chunk, series.Len())
		for c, column := range out {
			part[c] = column[from:to]
		}
		s.next(series.Slice(from, to), part)
	}
}

// next is run for up to chunk bars.
func (s *Stream) next(series market.Series, out [][]float64) {
	end := series.Len()
	if s.strict {
		end = finite(series)
	}
	if s.ended {
		end = 0
	}
	known := s.known[:len(out)]
	for c, column := range out {
		known[c] = column[:end]
		rolling.Unknown(column[end:])
	}
	s.machine.Run(series.Slice(0, end), known)
	for c, column := range known {
		rolling.Unknown(column[:min(max(s.first[c]-s.bars, 0), end)])
		settle(column)
	}
	s.bars += end
	s.ended = s.ended || end < series.Len()
}

// settle gives every NaN the same bits: processors differ in those that they
// compute.
func settle(column []float64) {
	if rolling.Finite(column) {
		return
	}
	for t, v := range column {
		if v != v {
			column[t] = math.NaN()
		}
	}
}

// finite returns the number of bars before the first with a price that is not a
// finite number.
func finite(s market.Series) int {
	if rolling.Finite(s.Open) && rolling.Finite(s.High) && rolling.Finite(s.Low) && rolling.Finite(s.Close) {
		return s.Len()
	}
	for t := range s.Len() {
		for _, price := range [...]float64{s.Open[t], s.High[t], s.Low[t], s.Close[t]} {
			if price-price != 0 {
				return t
			}
		}
	}
	return s.Len()
}
