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
