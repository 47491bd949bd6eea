package trial

import (
	"math"
	"sort"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
)

// exit says how the open position is left: by a signal against it, by one of its
// exits, or at the end of the window.
func (s *simulation) exit(x *exit) {
	n, open := s.bars.Len(), &s.open
	side := 0
	if open.side == decision.Short {
		side = 1
	}
	filled := s.against(side, open.bar) + 1 // bar at whose open a signal is filled
	if s.hasExits {
		if bar := s.leaves(min(filled, n)); bar < min(filled, n) {
			s.at(x, bar)
			return
		}
	}
	if filled < n {
		x.bar, x.time, x.price, x.atOpen = filled, s.bars.Time[filled], s.bars.Open[filled], true
		return
	}
	x.bar, x.time, x.price, x.cause = n-1, s.bars.Available(n-1), s.bars.Close[n-1], ledger.ByEnd
	x.atClose = true
}

// leaves returns the first bar before to on which one of its exits ends the open
// position, else to.
func (s *simulation) leaves(to int) int {
	x, open := &s.options.Exits, &s.open
	if x.MaxHoldingBars != 0 {
		to = min(to, open.bar+x.MaxHoldingBars-1)
	}
	if open.sessionEnd != 0 {
		to = open.bar + sort.Search(to-open.bar, func(i int) bool { return s.bars.Available(open.bar+i) >= open.sessionEnd })
	}
	below, above := open.bounds()
	if open.trail != 0 {
		return s.trailed(to, below, above)
	}
	if below == 0 && math.IsInf(above, 1) {
		return to
	}
	if s.halves != nil {
		return s.halves.left(s, open.bar, to, below, above)
	}
	return s.bars.prices.leaves(open.bar, to, keyOf(below), keyOf(above))
}

// trailed is leaves for a position whose stop moves, between levels that do not.
func (s *simulation) trailed(to int, below, above float64) int {
	open, d := &s.open, s.options.Exits.TrailingStop
	for bar := open.bar; bar < to; bar++ {
		high, low := s.bars.High[bar], s.bars.Low[bar]
		if s.halves != nil {
			if s.halves.meets(s, bar, open.nearest()) {
				return bar
			}
		} else if low <= below || high >= above || open.side == decision.Long && low <= open.trail || open.side == decision.Short && high >= open.trail {
			return bar
		}
		open.high, open.low = max(open.high, high), min(open.low, low)
		if open.side == decision.Long {
			open.trail = max(open.trail, float64(open.high*(1-d)))
		} else {
			open.trail = min(open.trail, float64(open.low*(1+d)))
		}
	}
	return to
}

// nearest returns the nearer of the stop and the trailing stop.
func (o *opened) nearest() float64 {
	if o.trail != 0 && (o.stop == 0 || o.sign*(o.trail-o.stop) > 0) {
		return o.trail
	}
	return o.stop
}

// at says how the open position is left on bar, on which one of its exits ends it:
// what comes first by the order of package backtest.
func (s *simulation) at(x *exit, bar int) {
	b, open := s.bars, &s.open
	sign, limit := open.sign, s.options.Exits.MaxHoldingBars
	stop, target, cause, half := open.nearest(), open.target, ledger.ByStop, 0.0
	if stop != open.stop {
		cause = ledger.ByTrail
	}
	if s.halves != nil {
		stop, target = s.halves.levels(s, bar, stop)
		half = float64(sign * s.halves.open[bar])
	}
	reached := func(price float64) bool { return stop != 0 && sign*(price-stop) <= 0 }
	passed := func(price float64) bool { return target != 0 && sign*(price-target) >= 0 }
	against, inFavour, price := b.Low[bar], b.High[bar], b.Open[bar]
	if sign < 0 {
		against, inFavour = inFavour, against
	}
	older := bar > open.bar
	x.bar, x.time, x.price, x.atOpen = bar, b.Time[bar], price, true
	switch {
	case older && open.sessionEnd != 0 && open.sessionEnd <= x.time:
		x.cause = ledger.BySession
		return
	case older && reached(price):
		x.cause = cause
		return
	case older && passed(price):
		x.cause, x.limit = ledger.ByTarget, price-half
		return
	}
	x.time, x.price, x.atOpen = b.Available(bar), b.Close[bar], false
	switch {
	case reached(against):
		x.cause, x.price = cause, sign*min(sign*stop, sign*price)
	case passed(inFavour):
		x.cause, x.price, x.limit = ledger.ByTarget, target, open.target
	case limit != 0 && bar+1-open.bar >= limit:
		x.cause, x.atClose = ledger.ByTime, true
	default:
		x.cause, x.atClose = ledger.BySession, true
	}
}
