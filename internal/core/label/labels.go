package label

import (
	"fmt"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// The classes that ZigZag and TripleBarrier give where there are three, as
// indices into Labels.Classes. Of two, SELL has index 1.
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
	Classes   []string  // names of the classes, for example BUY HOLD SELL; nil for a regression
	Time      []int64   // the key: when the bar opens at whose close the decision is taken
	Class     []int32   // index into Classes; nil for a regression
	Target    []float64 // what a regression is to predict; nil for classes
	Return    []float64 // what buying at the entry had earned when the label ended, as a fraction; of Meta, what following the call had
	End       []int64   // Unix second from which the label is known: its last bar becomes available
	Ahead     []int32   // bars that the label looks ahead: its last bar is so many after the decision bar
	Weight    []float64 // of the row in training: 1, or the uniqueness of its label; 0 where Event is false
	Event     []bool    // whether the row counts: something happened at its bar; nil where all count
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
	m := newMaker(spec, s)
	switch spec.Source {
	case ZigZag:
		m.zigzag()
	case ForwardReturn:
		m.forwardReturn()
	case TripleBarrier:
		m.tripleBarrier()
	case Regime:
		m.regime()
	case SingleScaleRegime:
		m.singleScaleRegime()
	case Context:
		m.context()
	default:
		panic("label: source " + string(spec.Source) + " passed validation but has no maker")
	}
	m.finish()
	return m.labels, nil
}

// A maker holds what the sources need and what they have made.
type maker struct {
	spec   Spec
	bars   market.Series
	labels Labels
	// A span is the bars that a label reads, from the one after first on. There is
	// one for each bar that could be labelled, also where no row came of it.
	first, ahead []int32
	spanOf       []int32 // of each row
}

func newMaker(spec Spec, s market.Series) *maker {
	return &maker{spec: spec, bars: s, labels: Labels{Symbol: s.Symbol, Timeframe: s.Timeframe}}
}

// finish says which rows count and how much.
func (m *maker) finish() {
	l := &m.labels
	if m.spec.CUSUM {
		isEvent := m.events()
		l.Event = make([]bool, l.Len())
		for row, span := range m.spanOf {
			if l.Event[row] = isEvent[m.first[span]]; !l.Event[row] {
				l.Weight[row] = 0
			}
		}
		m.keepSpans(isEvent)
	}
	if m.spec.ComputeWeights {
		unique := Uniqueness(make([]float64, len(m.first)), m.first, m.ahead)
		for row, span := range m.spanOf {
			if l.Weight[row] != 0 {
				l.Weight[row] = unique[span]
			}
		}
	}
}

// keepSpans drops the spans of bars that are no events. The rows of those find
// another span, or none, and do not ask for it.
func (m *maker) keepSpans(isEvent []bool) {
	n := 0
	now := make([]int32, len(m.first)) // where each span went
	for span, t := range m.first {
		now[span] = int32(n)
		if isEvent[t] {
			m.first[n], m.ahead[n] = t, m.ahead[span]
			n++
		}
	}
	m.first, m.ahead = m.first[:n], m.ahead[:n]
	for row, span := range m.spanOf {
		m.spanOf[row] = now[span]
	}
}

// entry returns the price at which a decision at the close of bar t enters. A
// bar after t must exist.
func (m *maker) entry(t int) float64 {
	if m.spec.Entry == AtClose || !m.spec.Source.isTrade() {
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
	m.spanOf = append(m.spanOf, int32(len(m.first)))
	m.reads(t, last)
}

// reads notes that a label of bar t reads up to bar last, which need not make a
// row: labels that are not known yet, and those left out, share their bars too.
func (m *maker) reads(t, last int) {
	if last > t {
		m.first, m.ahead = append(m.first, int32(t)), append(m.ahead, int32(last-t))
	}
}

// pending notes a label that the series ends too early for.
func (m *maker) pending(t int) { m.reads(t, m.bars.Len()-1) }

// classified adds a row with a class.
func (m *maker) classified(t, last int, exit float64, class int32) {
	m.row(t, last, exit)
	m.labels.Class = append(m.labels.Class, class)
}

// decided adds a row of Buy, Hold or Sell. Where there are two classes Hold has
// no row.
func (m *maker) decided(t, last int, exit float64, class int32) {
	if m.spec.Classes == 2 {
		if class == Hold {
			m.reads(t, last)
			return
		}
		class = min(class, 1)
	}
	m.classified(t, last, exit, class)
}

// classes makes room for n rows of classes.
func (m *maker) classes(n int) {
	m.grow(n)
	m.labels.Classes = m.spec.ClassNames()
	m.labels.Class = make([]int32, 0, n)
}

func (m *maker) grow(n int) {
	l := &m.labels
	l.Time, l.Return, l.End = make([]int64, 0, n), make([]float64, 0, n), make([]int64, 0, n)
	l.Ahead, l.Weight = make([]int32, 0, n), make([]float64, 0, n)
	m.first, m.ahead, m.spanOf = make([]int32, 0, n), make([]int32, 0, n), make([]int32, 0, n)
}
