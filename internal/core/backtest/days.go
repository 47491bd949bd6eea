package backtest

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/decision"
)

// A Day is what the equity curve does over some bars.
type Day struct {
	Low, High float64 // of the equity at their closes
	Sum       float64 // of every other bar from the first on, in order, and of the rest, both together
	Last      float64 // at the last of them
	Held      int     // bars during which something was held

	at place // where the first of them is
}

// Days returns the days of the curve that end with the given bars, of which the
// last is the last there is.
func (b *Books) Days(ends []int) []Day {
	s := b.s
	days := make([]Day, len(ends))
	if s.keepsCurve {
		DaysOf(days, ends, s.last.Equity)
	} else {
		s.sumDays(days, ends)
	}
	s.addHeld(days, ends)
	return days
}

// DaysOf writes the days of a curve that is written out.
func DaysOf(days []Day, ends []int, equity []float64) {
	from := 0
	for d, end := range ends {
		t := tally{low: equity[from], high: equity[from]}
		t.closes(equity[from:end+1], &stretch{sign: 1, quantity: 1})
		days[d] = Day{Low: t.low, High: t.high, Sum: t.sum(), Last: equity[end], at: place{bar: from}}
		from = end + 1
	}
}

// addHeld counts the bars of each day during which a position was held.
func (s *Simulation) addHeld(days []Day, ends []int) {
	day := 0
	for _, block := range s.deals.blocks() {
		for i := range block {
			from, to := int(block[i].Entry), block[i].heldTo()
			for ends[day] < from {
				day++
			}
			for ends[day] < to-1 {
				days[day].Held += ends[day] + 1 - from
				from = ends[day] + 1
				day++
			}
			days[day].Held += to - from
		}
	}
}

// A tally adds the values of a day up.
type tally struct {
	low, high float64
	even, odd float64 // of the bars since the first: the next belongs to even
}

func (t *tally) sum() float64 { return t.even + t.odd }

// closes takes in the equity of x at each of the closes. A new extreme is rare in a
// long day, so that the branches are foreseen.
func (t *tally) closes(closes []float64, x *stretch) {
	balance, sign, quantity, value := x.balance, x.sign, x.quantity, x.value
	low, high, even, odd := t.low, t.high, t.even, t.odd
	for len(closes) >= 2 {
		a := balance + float64(sign*(float64(closes[0]*quantity)-value))
		b := balance + float64(sign*(float64(closes[1]*quantity)-value))
		even += a
		odd += b
		if a < low {
			low = a
		}
		if b < low {
			low = b
		}
		if a > high {
			high = a
		}
		if b > high {
			high = b
		}
		closes = closes[2:]
	}
	if len(closes) == 1 {
		e := balance + float64(sign*(float64(closes[0]*quantity)-value))
		low, high = lesser(low, e), greater(high, e)
		even, odd = odd, even+e
	}
	t.low, t.high, t.even, t.odd = low, high, even, odd
}

// flat takes in n bars, at least one, at which equity is e.
func (t *tally) flat(n int, e float64) {
	even, odd := t.even, t.odd
	for range n / 2 {
		even += e
		odd += e
	}
	if n&1 != 0 {
		even, odd = odd, even+e
	}
	t.even, t.odd = even, odd
	t.low, t.high = lesser(t.low, e), greater(t.high, e)
}

// sumDays is Days for a curve that follows from the deals.
func (s *Simulation) sumDays(days []Day, ends []int) {
	closes, p := s.in.Series.Close, place{}
	for d, end := range ends {
		day := &days[d]
		day.at = p
		t := tally{low: math.Inf(1), high: math.Inf(-1)}
		for p.bar <= end {
			x := s.stretch(&p, end+1)
			if x.sign == 0 {
				t.flat(x.to-x.from, x.balance)
				day.Last = x.balance
				continue
			}
			t.closes(closes[x.from:x.to], &x)
			day.Last = x.balance + float64(x.sign*(float64(closes[x.to-1]*x.quantity)-x.value))
		}
		day.Low, day.High, day.Sum = t.low, t.high, t.sum()
	}
}

// Curve writes the equity at the bars of a day of Days into dst, which has as many
// elements.
func (b *Books) Curve(dst []float64, d *Day) {
	if b.s.keepsCurve {
		copy(dst, b.s.last.Equity[d.at.bar:])
		return
	}
	p := d.at
	b.s.curve(&p, dst, p.bar+len(dst))
}

// A Closing is what reports count of a trade.
type Closing struct {
	Net   float64
	Hours float64 // Trade.HoldingHours
	Time  int64   // Trade.ExitTime
	Side  decision.Position
}

// Closings calls yield with all trades in order, some at a time. What it is given
// is overwritten by the next.
func (b *Books) Closings(yield func([]Closing) bool) {
	var some [256]Closing
	n, series := 0, &b.s.in.Series
	for _, block := range b.s.deals.blocks() {
		for i := range block {
			d := &block[i]
			at := series.Time[d.Exit]
			if !d.AtOpen {
				at = series.Timeframe.End(at)
			}
			some[n] = Closing{Net: d.Net, Hours: float64(at-series.Time[d.Entry]) / 3600, Time: at, Side: d.Side}
			if n++; n == len(some) {
				if !yield(some[:]) {
					return
				}
				n = 0
			}
		}
	}
	if n > 0 {
		yield(some[:n])
	}
}
