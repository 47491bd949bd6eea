package label

import (
	"fmt"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// The classes that ZigZag and TripleBarrier give, as indices into
// Labels.Classes.
const (
	Buy int32 = iota
	Hold
	Sell
)

// Labels are rows in columns of one length, oldest first; columns that the
// source does not fill are nil. The caller owns them.
type Labels struct {
	Symbol    market.Symbol
	Timeframe market.Timeframe
	Classes   []string  // names of the classes, BUY HOLD SELL; nil for a regression
	Time      []int64   // the key: when the bar opens at whose close the decision is taken
	Class     []int32   // index into Classes; nil for a regression
	Target    []float64 // what a regression is to predict; nil for classes
	Return    []float64 // what buying at the entry had earned when the label ended, as a fraction
	End       []int64   // Unix second from which the label is known: its last bar becomes available
	Ahead     []int32   // bars that the label looks ahead: its last bar is so many after the decision bar
	Weight    []float64 // of the row in training; 1
}

// Len returns the number of rows.
func (l Labels) Len() int { return len(l.Time) }

// Horizon returns the largest number of bars that any label looks ahead; 0
// where there are no rows.
func (l Labels) Horizon() int {
	if len(l.Ahead) == 0 {
		return 0
	}
	return int(slices.Max(l.Ahead))
}

// Make labels the bars of a valid series. Rows whose label is not known are
// absent, so a short series may give no rows at all. The error is that of
// Spec.Validate.
func Make(spec Spec, s market.Series) (Labels, error) {
	if err := spec.Validate(); err != nil {
		return Labels{}, fmt.Errorf("labels: %w", err)
	}
	m := maker{spec: spec, bars: s, labels: Labels{Symbol: s.Symbol, Timeframe: s.Timeframe}}
	switch spec.Source {
	case ZigZag:
		m.zigzag()
	case ForwardReturn:
		m.forwardReturn()
	case TripleBarrier:
		m.tripleBarrier()
	default:
		panic("label: source " + string(spec.Source) + " passed validation but has no maker")
	}
	return m.labels, nil
}

// A maker holds what the sources need and what they have made.
type maker struct {
	spec   Spec
	bars   market.Series
	labels Labels
}

// entry returns the price at which a decision at the close of bar t enters. A
// bar after t must exist.
func (m *maker) entry(t int) float64 {
	if m.spec.Entry == AtClose {
		return m.bars.Close[t]
	}
	return m.bars.Open[t+1]
}

// row adds what all sources have in common: the label of bar t, known with bar
// last, when the position was worth exit.
func (m *maker) row(t, last int, exit float64) {
	l, entry := &m.labels, m.entry(t)
	l.Time = append(l.Time, m.bars.Time[t])
	l.Return = append(l.Return, (exit-entry)/entry)
	l.End = append(l.End, m.bars.Available(last))
	l.Ahead = append(l.Ahead, int32(last-t))
	l.Weight = append(l.Weight, 1)
}

// classes makes room for n rows of classes.
func (m *maker) classes(n int) {
	m.grow(n)
	m.labels.Classes = []string{"BUY", "HOLD", "SELL"}
	m.labels.Class = make([]int32, 0, n)
}

func (m *maker) grow(n int) {
	l := &m.labels
	l.Time, l.Return, l.End = make([]int64, 0, n), make([]float64, 0, n), make([]int64, 0, n)
	l.Ahead, l.Weight = make([]int32, 0, n), make([]float64, 0, n)
}
