package trial

import (
	"fmt"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// halves are half of one spread at each bar, as package backtest has them, and what
// finds prices at which a position is left.
type halves struct {
	open  []float64 // when the bar opens, and until it ends
	close []float64 // when it ends
	bids  *extremes // of lows and highs less half a spread: what a long is left at
	asks  *extremes // and with it: what a short is left at
}

// halvesOf returns those of spread on b, nil where a spread is no small part of a
// price, so that the prices less it have no order.
func halvesOf(spread *strategy.Spread, b *bars) *halves {
	n := b.Len()
	h := &halves{open: make([]float64, n)}
	if spread.Quotes {
		h.close = make([]float64, n)
		for i := range n {
			if h.close[i] = b.Quote(i).Spread() / 2; i+1 < n {
				h.open[i+1] = h.close[i]
			}
		}
	} else {
		for i, t := range b.Time {
			h.open[i] = spread.At(t).In(b.Symbol, b.Open[i]) / 2
		}
		h.close = h.open
	}
	low, high := make([]float64, n), make([]float64, n)
	for i, half := range h.open {
		if !(half <= b.Low[i]/2) {
			return nil
		}
		low[i], high[i] = b.Low[i]-half, b.High[i]-half
	}
	h.bids = extremesOf(low, high)
	low, high = make([]float64, n), make([]float64, n)
	for i, half := range h.open {
		low[i], high[i] = b.Low[i]+half, b.High[i]+half
	}
	h.asks = extremesOf(low, high)
	return h
}

// spreadKey is the same for spreads that are.
func spreadKey(s *strategy.Spread) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%+v", *s)
}

// spreadOf makes the spread of p that of the lanes and tells whether trials can go by
// it from order to order. One that package backtest refuses cannot: it is left to it
// to say so.
func (l *lanes) spreadOf(p policy) bool {
	key := spreadKey(p.options.Costs.Spread)
	if key == l.spread {
		return key == "" || l.halves != nil
	}
	l.spread, l.halves = key, nil
	if key == "" {
		return true
	}
	plain := backtest.Options{Costs: decision.Costs{Spread: p.options.Costs.Spread}}
	if _, err := backtest.New(backtest.Input{Series: l.sh.bars.Series, Signals: l.all.raws}, plain); err != nil {
		return false
	}
	l.halves = halvesOf(p.options.Costs.Spread, &l.sh.bars)
	return l.halves != nil
}

// nearly is by how much a price may be on the other side of a level less or with half
// a spread and on this side of the level: some roundings, of numbers that may be a
// million times the level.
const nearly = 0x1p-30

// left returns the first bar from from on, and before to, at which the open position
// meets one of two levels, else to. Levels of 0 and infinity are never met.
func (h *halves) left(s *simulation, from, to int, below, above float64) int {
	prices := h.bids
	if s.open.side == decision.Short {
		prices = h.asks
	}
	lower, upper := keyOf(below*(1+nearly)), keyOf(above*(1-nearly))
	for {
		bar := prices.leaves(from, to, lower, upper)
		if bar >= to || h.meets(s, bar, s.open.stop) {
			return bar
		}
		from = bar + 1
	}
}

// meets tells that the open position meets stop, or its target, on bar.
func (h *halves) meets(s *simulation, bar int, stop float64) bool {
	stop, target := h.levels(s, bar, stop)
	against, inFavour := s.bars.Low[bar], s.bars.High[bar]
	if s.open.side == decision.Short {
		against, inFavour = inFavour, against
	}
	return stop != 0 && s.open.sign*(against-stop) <= 0 || target != 0 && s.open.sign*(inFavour-target) >= 0
}

// levels returns the prices of bar at which the open position meets stop and its
// target; 0 is none.
//
//	level of the bar = max(0, level + sign * half)
func (h *halves) levels(s *simulation, bar int, stop float64) (inBar, target float64) {
	half := float64(s.open.sign * h.open[bar])
	if stop != 0 {
		inBar = max(0, stop+half)
	}
	if s.open.target != 0 {
		target = max(0, s.open.target+half)
	}
	return inBar, target
}

// bounds returns the levels that bound the open position from below and above.
func (o *opened) bounds() (below, above float64) {
	below, above = o.stop, o.target
	if o.side == decision.Short {
		below, above = above, below
	}
	if above == 0 {
		above = math.Inf(1)
	}
	return below, above
}
