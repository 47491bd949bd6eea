package label

import (
	"errors"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// The classes of Meta, as indices into Labels.Classes.
const (
	Skip int32 = iota
	Take
)

// A Call is a decision of another model: to buy or to sell at the close of the
// bar that opens at Time.
type Call struct {
	Time int64
	Sell bool
}

// Meta labels the calls of another model with whether it paid to follow them, so
// that a second model can learn which ones to take. The barriers are those of
// triple_barrier, seen from the side of the call: pt_multiplier is the distance
// of the barrier that wins, sl_multiplier that of the one that loses.
//
//	TAKE  the winning barrier is reached first, or none is and the return > 0
//	SKIP  otherwise
//
// Shape:   a row for each call at a bar t with t+max inside the series, known
// volatility and a lower barrier above 0.
// Range:   classes SKIP and TAKE; the return is that of following the call, so of
// a sell the negative of the price's.
// Warm-up: that of the volatility.
// NaN:     prices are never NaN.
// Panics:  never.
// Error:   that of triple_barrier.
// Source:  M. López de Prado, Advances in Financial Machine Learning, 2018,
// section 3.6.
//
// The error is that of Spec.Validate, or tells that the spec is not of
// triple_barrier with 2 classes, or that a call is at no bar or out of order. The
// calls are the events: a spec with an event filter of its own is refused.
func Meta(spec Spec, s market.Series, calls []Call) (Labels, error) {
	if err := spec.Validate(); err != nil {
		return Labels{}, fmt.Errorf("meta-labels: %w", err)
	}
	switch {
	case spec.Source != TripleBarrier:
		return Labels{}, fmt.Errorf("meta-labels: source %s: want %s", spec.Source, TripleBarrier)
	case spec.Classes != 2:
		return Labels{}, fmt.Errorf("meta-labels: classes %d: want 2, to take a call or to skip it", spec.Classes)
	case spec.CUSUM:
		return Labels{}, errors.New("meta-labels: cusum_threshold has no effect: the calls are the events")
	}
	m := newMaker(spec, s)
	vol := spec.Volatility(s)
	m.classes(len(calls))
	m.labels.Classes = []string{"SKIP", "TAKE"}
	for i, call := range calls {
		if i > 0 && call.Time <= calls[i-1].Time {
			return Labels{}, fmt.Errorf("meta-labels: call %d at %s is not after the one before", i, market.Stamp(call.Time))
		}
		t := s.Search(call.Time)
		if t == s.Len() || s.Time[t] != call.Time {
			return Labels{}, fmt.Errorf("meta-labels: call %d at %s is at no bar of %s %s", i, market.Stamp(call.Time), s.Symbol, s.Timeframe)
		}
		if t < s.Len()-1 && vol[t] > 0 {
			m.bet(t, vol[t], call.Sell)
		}
	}
	m.finish()
	return m.labels, nil
}

// bet adds the row of a call at bar t with volatility v.
func (m *maker) bet(t int, v float64, isSell bool) {
	above, below, side := m.spec.PTMultiplier, m.spec.SLMultiplier, 1.0
	if isSell {
		above, below, side = below, above, -1
	}
	if !(below*v < 1) {
		return
	}
	entry := m.entry(t)
	_, last, exit := m.race(t, entry, entry*(1+float64(above*v)), entry*(1-float64(below*v)))
	if t+m.spec.MaxHolding >= m.bars.Len() {
		m.reads(t, last)
		return
	}
	class := Skip
	if side*(exit-entry) > 0 {
		class = Take
	}
	m.classified(t, last, exit, class)
	row := m.labels.Len() - 1
	m.labels.Return[row] *= side
}
