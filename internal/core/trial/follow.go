package trial

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/ledger"
)

// A direction is what is particular to longs or to shorts.
type direction struct {
	sign         float64
	in, out      float64 // what prices are multiplied by to give those of the fills
	enter, leave ledger.Way
}

// directions returns those of longs and of shorts.
func (s *simulation) directions() [2]direction {
	up, down := s.longs.fill, s.shorts.fill
	buy, sell := ledger.WayOf(1, ledger.BySignal), ledger.WayOf(-1, ledger.BySignal)
	return [2]direction{{1, up, down, buy, sell}, {-1, down, up, sell, buy}}
}

// follow does trades of a plain trial without exits, decided before bar limit and over
// before the bars are, up to the first that is rare: of no quantity, no result, or no
// equity.
//
// The quantity of a trade waits for the trade before it, through a division. Everything
// else, the search for bars above all, goes on meanwhile, if it is in one loop and no
// branch has to be guessed.
func (s *simulation) follow(limit int) {
	b, o, sides, from := &s.book, &s.options, s.directions(), s.decides()
	opens, closes, times := s.bars.Open, s.bars.Close, s.bars.Time
	separation, isLimited := s.rules.MinSignalSeparation-1, o.Fraction > 0.5 || !o.FractionalUnits
	realised, won, lost, losses, trades, bars := b.realised, b.won, b.lost, 0, 0, 0
	orders, flat, last := s.orders.Lanes(), s.flat, s.open.bar
	for equity := b.capital + realised; from < limit; trades++ {
		entry, exit, side := s.signalled(from, limit)
		if exit >= len(opens) {
			break
		}
		x, price := &sides[side], opens[entry]
		fill, left := float64(price*x.in), float64(opens[exit]*x.out)
		quantity := o.Fraction * equity / float64(price*s.charge)
		if isLimited {
			quantity = s.quantity(entry-1, price, fill, equity)
		}
		value, proceeds := float64(fill*quantity), float64(left*quantity)
		fee, feeLeft := float64(value*o.Commission), float64(proceeds*o.Commission)
		net := float64(x.sign*(proceeds-value)) - (fee + feeLeft)
		after, rest := b.capital+(realised+net), equity-fee
		low := rest + float64(x.sign*(float64(closes[entry]*quantity)-value))
		high := low
		if exit > entry+1 {
			low, high = b.reach(&worth{rest, x.sign, quantity, value}, entry, exit)
		}
		if !(value > 0 && after > 0 && low > 0) || net == 0 {
			break
		}
		if high < b.peak && equity < b.peak {
			b.trough = priceOf(min(keyOf(b.trough), keyOf(low), keyOf(equity)))
		} else {
			b.mark(equity)
			b.passes(&worth{rest, x.sign, quantity, value}, entry, exit, low, high)
		}
		if int(b.after[exit]) > b.day {
			b.days(entry, exit, equity, rest, x.sign, quantity, value)
		}
		realised, equity = realised+net, after
		result := math.Float64bits(net)
		isLoss := result >> 63
		losses += int(isLoss)
		won, lost = won+math.Float64frombits(result&(isLoss-1)), lost+math.Float64frombits(result&-isLoss)
		orders = orders.Fill(times[entry], quantity, fill, x.enter).Fill(times[exit], quantity, left, x.leave)
		flat, last, from, bars = exit, entry, max(exit, entry+separation), bars+exit-entry
	}
	s.orders.Took(orders, 2*trades)
	b.realised, b.won, b.lost, b.held = realised, won, lost, b.held+bars
	b.trades, b.losses, b.wins = b.trades+trades, b.losses+losses, b.wins+trades-losses
	s.flat, s.open.bar, s.from = flat, last, from
}

// days takes in the ends of days until bar exit. The equity was before until bar entry,
// and is rest and what the position is worth from then on.
//
// Two are written for each stretch of bars whether they are in it or not: what is
// beyond it is written again.
func (b *book) days(entry, exit int, before, rest, sign, quantity, value float64) {
	day, held, out := b.day, int(b.after[entry]), int(b.after[exit])
	b.ended[day], b.ended[day+1] = before, before
	for day += 2; day < held; day++ {
		b.ended[day] = before
	}
	b.ended[held] = rest + float64(sign*(float64(b.last[held]*quantity)-value))
	b.ended[held+1] = rest + float64(sign*(float64(b.last[held+1]*quantity)-value))
	for day = held + 2; day < out; day++ {
		b.ended[day] = rest + float64(sign*(float64(b.last[day]*quantity)-value))
	}
	b.day = out
}
