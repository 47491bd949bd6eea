package performance

import "github.com/ktrdr/ktrdr/internal/core/market"

const (
	daySeconds  = 86_400
	yearSeconds = 365.25 * daySeconds
)

// addDrawdown fills in the drawdowns of the curve, whose peak begins at capital
// when the first bar opens.
func (m *Metrics) addDrawdown(capital float64, equity []float64, times []int64, tf market.Timeframe) {
	peak, peakBar, trough := capital, -1, capital
	ends := func(bar int) { // of the drawdown from peak
		since := times[0]
		if peakBar >= 0 {
			since = tf.End(times[peakBar])
		}
		m.MaxDrawdown = max(m.MaxDrawdown, peak-trough)
		m.MaxDrawdownPct = max(m.MaxDrawdownPct, (peak-trough)/peak)
		m.MaxDrawdownBars = max(m.MaxDrawdownBars, bar-peakBar)
		m.MaxDrawdownDays = max(m.MaxDrawdownDays, float64(tf.End(times[bar])-since)/daySeconds)
	}
	for t, e := range equity {
		if e < peak {
			if e < trough {
				trough = e
			}
			continue
		}
		if trough < peak {
			ends(t)
		}
		peak, peakBar, trough = e, t, e
	}
	if trough < peak {
		ends(len(equity) - 1)
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
	last, midnight := capital, midnightAfter(times[0], tf)
	take := func(e float64) {
		r := 0.0
		if last > 0 {
			r = e/last - 1
		}
		returns = append(returns, r)
		last = e
	}
	for t := 1; t < len(equity); t++ {
		if tf.End(times[t]) > midnight {
			take(equity[t-1])
			midnight = midnightAfter(times[t], tf)
		}
	}
	take(equity[len(equity)-1])
	return returns
}

// midnightAfter returns the end of the UTC day in which the bar that opens at
// open ends.
func midnightAfter(open int64, tf market.Timeframe) int64 {
	end := tf.End(open)
	if rest := end % daySeconds; rest > 0 {
		return end - rest + daySeconds
	} else if rest < 0 { // before 1970
		return end - rest
	}
	return end
}
