package trend

import (
	"fmt"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func sarSpec() indicator.Spec {
	acceleration := func(name string, byDefault, low float64, doc string) indicator.Param {
		return indicator.Param{Name: name, Kind: indicator.KindNumber, Default: indicator.Number(byDefault), Min: low, Max: 1, Doc: doc}
	}
	return indicator.Spec{
		Name:    "parabolicsar",
		Aliases: []string{"psar", "sar", "parabolic_sar", "parabolicsarindicator"},
		Params: []indicator.Param{
			acceleration("initial_af", 0.02, 0.001, "Acceleration of a new trend."),
			acceleration("step_af", 0.02, 0.001, "Acceleration added with each new extreme."),
			acceleration("max_af", 0.2, 0.01, "Largest acceleration; at least initial_af."),
			indicator.Definition("textbook keeps the stop outside the last two bars before it is tested and after a reversal; " +
				"ktrdr only after the test, and not at a reversal."),
		},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.AnyPrice()},
		Doc:     "Parabolic stop and reverse: a stop that closes in on the trend and changes sides when it is hit.",

		Check: func(in indicator.Indicator, _ map[string]indicator.Value) []error {
			if first, most := in.Number("initial_af"), in.Number("max_af"); first > most {
				return []error{&indicator.ParamError{Param: "initial_af", Problem: fmt.Sprintf("want at most max_af (%v), have %v", most, first)}}
			}
			return nil
		},
		Lookback: func(indicator.Indicator) []int { return []int{1} },
		Anchored: indicator.Always,
		Start: func(in indicator.Indicator) indicator.Machine {
			s := sar{first: in.Number("initial_af"), more: in.Number("step_af"), most: in.Number("max_af")}
			if in.IsKTRDR() {
				return indicator.Steps((&laxSAR{sar: s}).step)
			}
			return indicator.Steps((&strictSAR{sar: s}).step)
		},
	}
}

// A sar follows a trend seen from above: a falling one is followed with its
// prices negated, so that low is always where the stop is hit.
type sar struct {
	first, more, most float64
	stop, extreme, af float64
	low, lowBefore    float64 // of the last two bars
	high, highBefore  float64
	sign              float64 // 1 in a rising trend, -1 in a falling one
	bars              int
}

// seen returns low and high of a bar as the present trend sees them.
func (s *sar) seen(b market.Bar) (low, high float64) {
	if s.sign < 0 {
		return -b.High, -b.Low
	}
	return b.Low, b.High
}

// turn makes the trend the opposite one; everything kept changes its sign.
func (s *sar) turn() {
	s.sign = -s.sign
	s.stop, s.extreme = -s.stop, -s.extreme
	s.low, s.high = -s.high, -s.low
	s.lowBefore, s.highBefore = -s.highBefore, -s.lowBefore
}

// keep remembers the bar as the trend sees it.
func (s *sar) keep(b market.Bar) {
	s.lowBefore, s.highBefore = s.low, s.high
	s.low, s.high = s.seen(b)
}

// advance takes a new extreme into account.
func (s *sar) advance(high float64) {
	if high > s.extreme {
		s.extreme, s.af = high, min(s.af+s.more, s.most)
	}
}

// strictSAR is the stop of the textbook.
//
//	rising at bar 1 unless low fell, and by more than high rose;
//	EP = high[1], SAR[1] = low[0], AF = initial
//	hit:  low[t] <= SAR: SAR[t] = max(EP, high[t-1], high[t]); falling;
//	      EP = low[t]; AF = initial
//	else: a new EP = high[t] adds step to AF, up to max
//	then  SAR[t+1] = SAR + AF (EP-SAR), no higher than low[t-1], low[t]
//	      (falling: the other way round)
//
// Range:   within the prices so far.
// Warm-up: bar 0. The course depends on where the series begins until both
// courses have turned at the same bar.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib, for initial_af = step_af.
// Source:  J. W. Wilder, New Concepts in Technical Trading Systems, 1978;
// TA-Lib, TA_SAR.
type strictSAR struct{ sar }

func (s *strictSAR) step(b market.Bar, out []float64) {
	s.bars++
	switch s.bars {
	case 1:
		s.sign = 1
		s.keep(b)
		return
	case 2:
		if fall, rise := s.low-b.Low, b.High-s.high; fall > 0 && fall > rise {
			s.turn()
		}
		s.stop, s.af = s.low, s.first
		_, s.extreme = s.seen(b)
		s.low, s.high = s.seen(b) // the bar before a beginning does not hold the stop
	}
	s.keep(b)
	if s.low <= s.stop {
		s.stop = s.extreme
		s.turn()
		s.stop = min(s.stop, s.lowBefore, s.low)
		out[0] = s.sign * s.stop
		s.af, s.extreme = s.first, s.high
	} else {
		out[0] = s.sign * s.stop
		s.advance(s.high)
	}
	s.stop = min(rolling.Smooth(s.stop, s.extreme, s.af), s.lowBefore, s.low)
}

// laxSAR is the stop of the original KTRDR.
//
//	rising at bar 1 if close[1] > close[0]; EP = high[1], SAR[1] = low[0]
//	SAR[t] = SAR[t-1] + AF (EP-SAR[t-1])
//	hit:  low[t] <= SAR[t]: SAR[t] = EP; falling; EP = low[t]; AF = initial
//	else: SAR[t] no higher than low[t-1], low[t-2]; a new EP = high[t] adds
//	      step to AF, up to max                 (falling: the other way round)
//
// Range:   within the prices so far.
// Warm-up: bar 0. The course depends on where the series begins until both
// courses have turned at the same bar.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-8 absolute against the original (testdata/ktrdr.csv).
// Source:  the original KTRDR.
type laxSAR struct {
	sar
	closeBefore float64
}

func (s *laxSAR) step(b market.Bar, out []float64) {
	s.bars++
	switch s.bars {
	case 1:
		s.sign, s.closeBefore = 1, b.Close
		s.keep(b)
		out[0] = math.NaN()
		return
	case 2:
		if !(b.Close > s.closeBefore) {
			s.turn()
		}
		s.stop, s.af = s.low, s.first
		_, s.extreme = s.seen(b)
		s.keep(b)
		out[0] = s.sign * s.stop
		return
	}
	s.stop = rolling.Smooth(s.stop, s.extreme, s.af)
	if low, high := s.seen(b); low <= s.stop {
		s.stop = s.extreme
		s.turn()
		s.af, s.extreme = s.first, -low
	} else {
		s.stop = min(s.stop, s.low, s.lowBefore)
		s.advance(high)
	}
	s.keep(b)
	out[0] = s.sign * s.stop
}
