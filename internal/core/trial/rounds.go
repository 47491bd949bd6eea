package trial

import (
	"math"
	"math/bits"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
)

// isPlain tells that a round can take trades of p: what they cost is a share of their
// value, and their exits are levels that do not move, or a number of bars.
func (p policy) isPlain() bool {
	o, x := &p.options, &p.options.Exits
	return o.SeparationSeconds == 0 && o.Sizing == decision.Sizing{} && o.Costs == decision.Costs{} &&
		*x == decision.Exits{StopLoss: x.StopLoss, TakeProfit: x.TakeProfit, MaxHoldingBars: x.MaxHoldingBars}
}

// forever is longer than any position is held, in bars.
const forever = 1 << 40

// plain is what rounds know of a trial beside its columns.
type plain struct {
	entries      []uint64    // bars at whose closes a position is opened
	against      [2][]uint64 // bars at whose closes a long is left, and a short
	stop, target [2]float64  // by what prices of entries are multiplied; never met: 0 or infinity
	longest      int         // bars that a position is held
}

func plainOf(p policy, on *signals, longs, shorts factors) plain {
	x := plain{entries: on.buys, against: [2][]uint64{on.sells, on.buys}, longest: p.options.Exits.MaxHoldingBars,
		stop: [2]float64{longs.stop, shorts.stop}, target: [2]float64{longs.target, shorts.target}}
	if p.rules.AllowShort {
		x.entries = on.both()
	}
	if x.longest == 0 {
		x.longest = forever
	}
	if longs.target == 0 {
		x.target[0] = math.Inf(1)
	}
	if shorts.stop == 0 {
		x.stop[1] = math.Inf(1)
	}
	return x
}

// columns are what rounds know of all trials, a value for each lane. The assembly knows
// their order.
type columns struct {
	// The next trade: held from entry to end, unless a level is met before.
	spans
	signal column[int64] // bar at whose open a signal ends it
	short  column[int64] // -1, or 0 for a long

	// What does not change during a trial.
	capital, fraction, charge, commission, slippage column[float64]
	separation                                      column[int64] // bars from an entry to the next decision for one
	whole                                           column[int64] // -1 where units are whole, or 0

	// What a simulation and its book have under the same names.
	realised, peak, trough      column[float64]
	held, trades, wins, losses  column[int64]
	won, lost                   column[float64]
	next                        column[int64] // bar from which on an entry may be decided
	flat, last                  column[int64] // bars: of the last exit, and of its entry
	moments, quantities, prices column[uint64]

	// The last trade: the equity before it, that less the commission of the entry, and
	// the position.
	before, rest, quantity, value column[float64]
}

type column[T any] [Together]T

// load takes the trial of lane i in, and store hands it back.
func (c *columns) load(i int, s *simulation) {
	o, b := &s.options, &s.book
	c.capital[i], c.fraction[i], c.charge[i], c.commission[i], c.slippage[i] = o.Capital, o.Fraction, s.charge, o.Commission, o.Slippage
	c.separation[i], c.whole[i] = int64(s.rules.MinSignalSeparation)-1, 0
	if !o.FractionalUnits {
		c.whole[i] = -1
	}
	c.realised[i], c.peak[i], c.trough[i], c.won[i], c.lost[i] = b.realised, b.peak, b.trough, b.won, b.lost
	c.held[i], c.trades[i], c.wins[i], c.losses[i] = int64(b.held), int64(b.trades), int64(b.wins), int64(b.losses)
	c.next[i], c.flat[i], c.last[i] = int64(s.decides()), int64(s.flat), int64(s.open.bar)
	c.moments[i], c.quantities[i], c.prices[i] = s.orders.Lanes().Words()
}

func (c *columns) store(i int, s *simulation) {
	b := &s.book
	s.orders.Took(ledger.LanesOf(c.moments[i], c.quantities[i], c.prices[i]), 2*(int(c.trades[i])-b.trades))
	b.realised, b.peak, b.trough, b.won, b.lost = c.realised[i], c.peak[i], c.trough[i], c.won[i], c.lost[i]
	b.held, b.trades, b.wins, b.losses = int(c.held[i]), int(c.trades[i]), int(c.wins[i]), int(c.losses[i])
	s.from, s.flat, s.open.bar = int(c.next[i]), int(c.flat[i]), int(c.last[i])
}

// drop hands the trial of lane i back, which goes on in no round.
func (c *columns) drop(i int, s *simulation) {
	c.store(i, s)
	c.end[i] = c.entry[i]
}

// rounds takes the trials of lanes, a set of bits, on by one trade each until nothing
// more follows from decisions before bar limit, or what does is not for a round.
//
// Each step is taken for all of them before the next: what one trial has to wait for, a
// search, a division, goes on beside that of others, with no branch to be guessed in
// between. Eight of them are settled by the same instructions.
func (l *lanes) rounds(lanes uint32, limit int) {
	const eight = 8
	left := lanes
	for set := left; set != 0; set &= set - 1 {
		i := bits.TrailingZeros32(set)
		l.columns.load(i, &l.sims[i])
	}
	for {
		if left = l.seek(left, limit); left == 0 {
			break
		}
		l.sh.curves.closes.allBetween(&l.columns.spans, bits.Len32(left))
		for from := 0; left>>from != 0; from += eight {
			trades := uint8(left >> from)
			if trades == 0 {
				continue
			}
			booked, passing := l.settle(from, trades)
			for set := passing; set != 0; set &= set - 1 {
				l.pass(from + bits.TrailingZeros8(set))
			}
			for set := booked; set != 0; set &= set - 1 {
				i, c := from+bits.TrailingZeros8(set), &l.columns
				l.sims[i].book.days(int(c.last[i]), int(c.flat[i]), c.before[i], c.rest[i], float64(1+2*c.short[i]), c.quantity[i], c.value[i])
			}
			for set := trades &^ booked; set != 0; set &= set - 1 {
				if i := from + bits.TrailingZeros8(set); !l.rare(i) {
					left &^= 1 << i
				}
			}
		}
	}
}

// seek finds the next trades of lanes and where they end, hands the trials back that have
// none for a round, and returns the lanes of the others.
func (l *lanes) seek(lanes uint32, limit int) uint32 {
	c, left, open := &l.columns, lanes, uint32(0)
	bars := int64(l.sh.bars.Len())
	for set := lanes; set != 0; set &= set - 1 {
		i := bits.TrailingZeros32(set)
		if !l.look(i, limit) {
			left &^= 1 << i
			c.drop(i, &l.sims[i])
		} else if c.signal[i] >= bars {
			open |= 1 << i
		}
	}
	if left == 0 {
		return 0
	}
	l.sh.bars.prices.allLeave(&c.spans, bits.Len32(left))
	for set := open; set != 0; set &= set - 1 {
		if i := bits.TrailingZeros32(set); c.end[i] >= bars { // it is open when the bars end
			left &^= 1 << i
			c.drop(i, &l.sims[i])
		}
	}
	return left
}

// look finds the next trade of lane i and reports whether there may be one for a round:
// decided before limit, and over before the bars are. It asks when one of its exits is
// met.
func (l *lanes) look(i, limit int) bool {
	s, c, from := &l.sims[i], &l.columns, int(l.columns.next[i])
	if from >= limit {
		return false
	}
	sign, n := first(s.plain.entries, from), s.bars.Len()
	entry := sign + 1
	if sign >= limit || entry >= n {
		return false
	}
	side := s.sideOf(sign)
	signal := s.against(side, entry) + 1
	if signal >= n && !s.hasExits {
		return false
	}
	price, short := s.bars.Open[entry], -key(side)
	stop, target := keyOf(price*s.plain.stop[side]), keyOf(price*s.plain.target[side])
	swap := (stop ^ target) & short
	c.entry[i], c.end[i], c.below[i], c.above[i] = int64(entry), int64(min(signal, entry+s.plain.longest-1, n)), stop^swap, target^swap
	c.signal[i], c.short[i] = int64(signal), short
	return true
}

// signalled returns the bars at whose opens the next trade begins and a signal ends it,
// decided from bar from on and before limit, and its side: 0 for a long and 1 for a short.
// If there is none, it ends behind the last bar.
func (s *simulation) signalled(from, limit int) (entry, exit, side int) {
	sign := first(s.plain.entries, from)
	if sign >= limit {
		return sign, s.bars.Len(), 0
	}
	side = s.sideOf(sign)
	return sign + 1, s.against(side, sign+1) + 1, side
}

// sideOf returns that of the signal at a bar: 0 for a long and 1 for a short.
func (s *simulation) sideOf(sign int) int { return int(s.sells[sign>>6] >> (sign & 63) & 1) }

// pass takes the equity of the last trade of lane i in, where it may have passed the peak.
func (l *lanes) pass(i int) {
	b, c := &l.sims[i].book, &l.columns
	b.peak, b.trough = c.peak[i], c.trough[i]
	b.mark(c.before[i])
	if from, to := int(c.last[i]), int(c.flat[i]); from < to {
		x := worth{c.rest[i], float64(1 + 2*c.short[i]), c.quantity[i], c.value[i]}
		low, high := x.reach(c.least[i], c.most[i])
		b.passes(&x, from, to, low, high)
	}
	c.peak[i], c.trough[i] = b.peak, b.trough
}

// rare takes the trial of lane i on by one trade, or what comes instead, and reports
// whether it goes on.
func (l *lanes) rare(i int) bool {
	s := &l.sims[i]
	l.columns.store(i, s)
	s.trade(int(l.columns.entry[i]) - 1)
	l.columns.load(i, s)
	return s.state == running
}
