package performance

import "github.com/ktrdr/ktrdr/internal/core/market"

const (
	daySeconds  = 86_400
	yearSeconds = 365.25 * daySeconds
)

// addDrawdown fills in the drawdowns of the curve, whose peak begins at capital
// when the first bar opens.
func (m *Metrics) addDrawdown(capital float64, equity []float64, times []int64, tf market.Timeframe) {
	peak, peakBar := capital, -1
	longest := func(end int) {
		since := times[0]
		if peakBar >= 0 {
			since = tf.End(times[peakBar])
		}
		m.MaxDrawdownBars = max(m.MaxDrawdownBars, end-peakBar)
		m.MaxDrawdownDays = max(m.MaxDrawdownDays, float64(tf.End(times[end])-since)/daySeconds)
	}
	below := false
	for t, e := range equity {
		if e >= peak {
			if below {
				longest(t)
			}
			peak, peakBar, below = e, t, false
			continue
		}
		below = true
		m.MaxDrawdown = max(m.MaxDrawdown, peak-e)
		m.MaxDrawdownPct = max(m.MaxDrawdownPct, (peak-e)/peak)
	}
	if below {
		longest(len(equity) - 1)
	}
}

// dailyReturns returns the returns from the last point of one UTC day on which a
// bar ended to that of the next, the first of them from capital. A bar that ends
// at midnight belongs to the day before it. Where the equity came from is not
// above 0, nothing can be earned on it and the return is 0.
//
// With bars longer than a day this is one return per bar.
func dailyReturns(capital float64, equity []float64, times []int64, tf market.Timeframe) []float64 {
	days := (tf.End(times[len(times)-1])-times[0])/daySeconds + 2
	returns := make([]float64, 0, min(int64(len(equity)), days))
	last, day := capital, dayOf(times[0], tf)
	take := func(e float64) {
		r := 0.0
		if last > 0 {
			r = e/last - 1
		}
		returns = append(returns, r)
		last = e
	}
	for t := 1; t < len(equity); t++ {
		if d := dayOf(times[t], tf); d != day {
			take(equity[t-1])
			day = d
		}
	}
	take(equity[len(equity)-1])
	return returns
}

// dayOf returns the number of the UTC day at whose end, or within which, the bar
// that opens at open ends.
func dayOf(open int64, tf market.Timeframe) int64 {
	last := tf.End(open) - 1
	if last < 0 {
		return (last+1)/daySeconds - 1
	}
	return last / daySeconds
}
