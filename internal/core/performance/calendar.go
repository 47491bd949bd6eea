package performance

import (
	"sort"
	"time"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
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

// tables returns the years and months of r in time order. Periods without bars
// are not there.
func tables(r backtest.Result, times []int64, tf market.Timeframe) (years, months []Period) {
	year := func(year int, _ time.Month) (int, time.Month) { return year + 1, time.January }
	month := func(year int, month time.Month) (int, time.Month) { return year, month + 1 }
	return periods(r, times, tf, "2006", year), periods(r, times, tf, "2006-01", month)
}

// periods returns the rows of the periods that end where after says.
func periods(r backtest.Result, times []int64, tf market.Timeframe, layout string, after func(int, time.Month) (int, time.Month)) []Period {
	var rows []Period
	begin, trade := r.Options.Capital, 0
	for from := 0; from < len(times); {
		moment := time.Unix(tf.End(times[from])-1, 0).UTC()
		year, month := after(moment.Year(), moment.Month())
		limit := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).Unix()
		to := from + sort.Search(len(times)-from, func(i int) bool { return tf.End(times[from+i]) > limit })
		end := r.Equity[to-1]
		row := Period{Name: moment.Format(layout), Net: end - begin, Exposure: exposure(r.Position[from:to]),
			MaxDrawdownPct: drawdownWithin(begin, r.Equity[from:to])}
		if begin > 0 {
			row.Return = defined(end/begin - 1)
		}
		for ; trade < len(r.Trades) && r.Trades[trade].ExitTime <= limit; trade++ {
			row.Trades++
			if r.Trades[trade].Net > 0 {
				row.WinningTrades++
			}
		}
		rows = append(rows, row)
		begin, from = end, to
	}
	return rows
}

// drawdownWithin returns the largest fall from a peak of equity, or from begin,
// as a fraction of the peak; nil where none of them is above 0.
func drawdownWithin(begin float64, equity []float64) *float64 {
	peak, trough, worst := begin, begin, 0.0
	for _, e := range equity {
		if e > peak {
			if peak > 0 {
				worst = max(worst, (peak-trough)/peak)
			}
			peak, trough = e, e
		} else if e < trough {
			trough = e
		}
	}
	if peak <= 0 {
		return nil
	}
	return defined(max(worst, (peak-trough)/peak))
}
