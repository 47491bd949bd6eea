package backtest

import (
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A Day is what the equity curve does over the bars that end on a day.
type Day struct {
	Low, High float64 // of the equity at their closes
	Sum       float64 // of every other bar from the first on, in order, and of the rest, both together
	Last      float64 // at the last of them
	Held      int     // bars during which something was held

	LowClose, HighClose float64 // of the closes themselves

	at place // where the first of them is
}

// A diary sums the equity up by days, while the bars are at hand. It is for curves
// that follow from the deals.
type diary struct {
	ends  []int // the last bar of each day
	days  []Day // that are begun
	tally tally // of the last of them
	place place
}

// note takes in the bars up to the last one simulated.
func (s *Simulation) note() {
	d, closes := &s.diary, s.in.Series.Close
	var x stretch
	if d.ends == nil {
		d.ends = market.DayEnds(s.in.Series.Time, s.in.Series.Timeframe)
		d.days = make([]Day, 0, len(d.ends))
	}
	for !s.keepsCurve && d.place.bar < s.last.Bar {
		if n := len(d.days); n == 0 || d.place.bar > d.ends[n-1] {
			d.days = append(d.days, Day{at: d.place})
			d.tally = newTally()
		}
		end := d.ends[len(d.days)-1] + 1
		day, t := &d.days[len(d.days)-1], &d.tally
		for to := min(end, s.last.Bar); d.place.bar < to; {
			s.stretch(&x, &d.place, to)
			if x.sign == 0 {
				t.flat(closes[x.from:x.to], x.balance)
				day.Last = x.balance
				continue
			}
			t.held(closes[x.from:x.to], &x)
			day.Last = x.at(closes[x.to-1])
		}
		t.write(day)
	}
}

// Days returns the days of the curve. They end where market.DayEnds says.
func (b *Books) Days() []Day {
	s := b.s
	s.note()
	days, ends := s.diary.days, s.diary.ends
	if s.keepsCurve {
		days = make([]Day, len(ends))
		DaysOf(days, ends, s.last.Equity)
		from := 0
		for d, end := range ends {
			t := newTally()
			t.flat(s.in.Series.Close[from:end+1], 0)
			days[d].LowClose, days[d].HighClose = t.lowClose, t.highClose
			from = end + 1
		}
	} else {
		days = slices.Clone(days)
	}
	s.addHeld(days, ends)
	return days
}

// DaysOf writes the days of a curve that is written out, without its closes.
func DaysOf(days []Day, ends []int, equity []float64) {
	from := 0
	for d, end := range ends {
		t := newTally()
		t.held(equity[from:end+1], &stretch{sign: 1, quantity: 1})
		days[d] = Day{Low: t.lowClose, High: t.highClose, Sum: t.even + t.odd, Last: equity[end], at: place{bar: from}}
		from = end + 1
	}
}

// addHeld counts the bars of each day during which a position was held.
func (s *Simulation) addHeld(days []Day, ends []int) {
	day := 0
	for _, block := range s.deals.blocks() {
		for i := range block {
			from, to := int(block[i].Entry), block[i].HeldTo()
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
	low, high           float64 // of the equity
	lowClose, highClose float64
	even, odd           float64 // of the bars since the first: the next belongs to even
}

func newTally() tally {
	inf := math.Inf(1)
	return tally{low: inf, high: -inf, lowClose: inf, highClose: -inf}
}

func (t *tally) write(d *Day) {
	d.Low, d.High, d.LowClose, d.HighClose, d.Sum = t.low, t.high, t.lowClose, t.highClose, t.even+t.odd
}

// held takes in the closes of x, and the equity at each. That rises with the close
// of a long and falls with that of a short, rounding included, so that its extremes
// are at those of the closes. A new one is rare in a long day: the branches are
// foreseen.
func (t *tally) held(closes []float64, x *stretch) {
	balance, sign, quantity, value := x.balance, x.sign, x.quantity, x.value
	even, odd := t.even, t.odd
	low, high := closes[0], closes[0]
	for len(closes) >= 2 {
		a, b := closes[0], closes[1]
		even += balance + float64(sign*(float64(a*quantity)-value))
		odd += balance + float64(sign*(float64(b*quantity)-value))
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
		a := closes[0]
		even, odd = odd, even+(balance+float64(sign*(float64(a*quantity)-value)))
		low, high = lesser(low, a), greater(high, a)
	}
	t.even, t.odd = even, odd
	t.lowClose, t.highClose = lesser(t.lowClose, low), greater(t.highClose, high)
	worst, best := x.at(low), x.at(high)
	if sign < 0 {
		worst, best = best, worst
	}
	t.low, t.high = lesser(t.low, worst), greater(t.high, best)
}

// flat takes in closes, of which there is at least one, at which equity is e.
func (t *tally) flat(closes []float64, e float64) {
	even, odd, low, high := t.even, t.odd, t.lowClose, t.highClose
	n := len(closes)
	for len(closes) >= 2 {
		a, b := closes[0], closes[1]
		even += e
		odd += e
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
	if n&1 != 0 {
		even, odd = odd, even+e
		low, high = lesser(low, closes[0]), greater(high, closes[0])
	}
	t.even, t.odd, t.lowClose, t.highClose = even, odd, low, high
	t.low, t.high = lesser(t.low, e), greater(t.high, e)
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
