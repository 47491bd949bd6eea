package performance

import (
	"sort"
	"time"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A Period is one row of a table: a UTC year or month. A bar belongs to the
// period in which it ends, and one that ends at midnight to that of the day
// before; a trade to that in which it was left.
type Period struct {
	Name           string   `json:"period"`           // 2024 or 2024-03
	Return         *float64 `json:"return"`           // equity at its end / at its beginning - 1; nil where that is not above 0
	Net            float64  `json:"net"`              // equity at its end less that at its beginning
	MaxDrawdownPct *float64 `json:"max_drawdown_pct"` // from a peak within it or its beginning; nil where no peak is above 0
	Exposure       float64  `json:"exposure"`         // share of its bars during which a position was held
	Trades         int      `json:"trades"`           // left in it
	WinningTrades  int      `json:"winning_trades"`
}

// tables returns the years and months of c in time order, without the trades, and
// the Unix seconds at which the months end. Periods without bars are not there.
func tables(capital float64, c *curve, times []int64, tf market.Timeframe) (years, months []Period, limits []int64) {
	year := func(year int, _ time.Month) (int, time.Month) { return year + 1, time.January }
	month := func(year int, month time.Month) (int, time.Month) { return year, month + 1 }
	years, _ = periods(capital, c, times, tf, "2006", year)
	months, limits = periods(capital, c, times, tf, "2006-01", month)
	return years, months, limits
}

// sumMonths adds the trades of the months up in their years.
func (m *Metrics) sumMonths() {
	y := 0
	for _, month := range m.Months {
		for m.Years[y].Name != month.Name[:4] {
			y++
		}
		m.Years[y].Trades += month.Trades
		m.Years[y].WinningTrades += month.WinningTrades
	}
}

// periods returns the rows of the periods that end where after says, without the
// trades, and the Unix seconds at which they end. A period is made of whole days.
func periods(capital float64, c *curve, times []int64, tf market.Timeframe, layout string, after func(int, time.Month) (int, time.Month)) (rows []Period, limits []int64) {
	begin := capital
	for from := 0; from < len(c.ends); {
		first, _ := c.bars(from)
		moment := time.Unix(tf.End(times[first])-1, 0).UTC()
		year, month := after(moment.Year(), moment.Month())
		limit := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).Unix()
		to := from + sort.Search(len(c.ends)-from, func(d int) bool { return tf.End(times[c.ends[from+d]]) > limit })
		_, next := c.bars(to - 1)
		end, held := c.days[to-1].Last, 0
		for d := from; d < to; d++ {
			held += c.days[d].Held
		}
		row := Period{Name: moment.Format(layout), Net: end - begin,
			Exposure: float64(held) / float64(next-first), MaxDrawdownPct: c.drawdownWithin(begin, from, to)}
		if begin > 0 {
			row.Return = defined(end/begin - 1)
		}
		rows, limits = append(rows, row), append(limits, limit)
		begin, from = end, to
	}
	return rows, limits
}
