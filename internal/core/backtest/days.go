package backtest

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/daily"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A diary sums the equity up by days, while the bars are at hand. It is for curves
// that follow from the deals.
type diary struct {
	ends  []int       // the last bar of each day
	days  []daily.Day // that are begun
	tally daily.Tally // of the last of them
	place daily.Place
}

// note takes in the bars up to the last one simulated.
func (s *Simulation) note() {
	d, closes := &s.diary, s.in.Series.Close
	var x daily.Stretch
	if d.ends == nil {
		d.ends = market.DayEnds(s.in.Series.Time, s.in.Series.Timeframe)
		d.days = make([]daily.Day, 0, len(d.ends))
	}
	for !s.keepsCurve && d.place.Bar < s.last.Bar {
		day, end := d.today()
		t := &d.tally
		for to := min(end, s.last.Bar); d.place.Bar < to; {
			past := d.place.Deal
			s.stretch(&x, &d.place, to)
			for ; past < d.place.Deal; past++ { // of what was left, some within this bar or at its close
				day.Held += s.deals.At(past).HeldTo() - x.From
			}
			if x.Sign == 0 {
				t.Flat(closes[x.From:x.To], x.Balance)
				day.Last = x.Balance
				continue
			}
			day.Held += x.To - x.From
			t.Held(closes[x.From:x.To], &x)
			day.Last = x.At(closes[x.To-1])
		}
		t.Write(day)
	}
}

// today returns the day of the next bar, which it begins where that is due, and the
// bar after its last.
func (d *diary) today() (day *daily.Day, end int) {
	if n := len(d.days); n == 0 || d.place.Bar > d.ends[n-1] {
		d.days = append(d.days, daily.Day{At: d.place})
		d.tally = daily.NewTally()
	}
	last := len(d.days) - 1
	return &d.days[last], d.ends[last] + 1
}

// Ends returns the last bar of each day, as market.DayEnds has them. It is not to be
// written to.
func (b *Books) Ends() []int {
	b.s.note()
	return b.s.diary.ends
}

// Days returns the days of the curve. They end where market.DayEnds says.
func (b *Books) Days() []daily.Day {
	s := b.s
	s.note()
	days, ends := s.diary.days, s.diary.ends
	if s.keepsCurve {
		days = make([]daily.Day, len(ends))
		daily.DaysOf(days, ends, s.last.Equity)
		from := 0
		for d, end := range ends {
			t := daily.NewTally()
			t.Closes(s.in.Series.Close[from : end+1])
			days[d].LowClose, days[d].HighClose = t.LowClose, t.HighClose
			from = end + 1
		}
		s.addHeld(days, ends)
		return days
	}
	return slices.Clone(days)
}

// addHeld counts the bars of each day during which a position was held.
func (s *Simulation) addHeld(days []daily.Day, ends []int) {
	day, counted := 0, 0
	for i := range s.deals.Len() {
		d := s.deals.At(i)
		from, to := max(counted, int(d.Entry)), d.HeldTo() // parts of a position overlap
		if counted = to; from >= to {
			continue
		}
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

// Curve writes the equity at the bars of a day of Days into dst, which has as many
// elements.
func (b *Books) Curve(dst []float64, d *daily.Day) {
	if b.s.keepsCurve {
		copy(dst, b.s.last.Equity[d.At.Bar:])
		return
	}
	p := d.At
	b.s.curve(&p, dst, p.Bar+len(dst))
}
