package average

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func trixSpec() indicator.Spec {
	s := cascade("trix", "tripleexponentialaverage", 3,
		"TRIX: by how much a threefold exponential average rises per bar, in percent.", startTRIX)
	s.Scales = []indicator.Scale{indicator.Ratio()}
	s.Lookback = func(in indicator.Indicator) []int { return []int{3*(in.Whole("period")-1) + 1} }
	return s
}

// startTRIX makes the change of a threefold exponential average.
//
//	100 (e3[t] - e3[t-1]) / e3[t-1]    e1 = EMA(p, n), e2 = EMA(e1, n), e3
//
// Range:   unbounded; 0 where all prices so far are equal.
// Warm-up: bars 0..3(n-1).
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  J. Hutson, Stocks & Commodities, 1983; TA-Lib, TA_TRIX.
func startTRIX(in indicator.Indicator) indicator.Machine {
	n := in.Whole("period")
	first, second, third, past := rolling.NewEMA(n), rolling.NewEMA(n), rolling.NewEMA(n), rolling.NewLag(1)
	return indicator.OnSource(in, func(price float64) float64 {
		smoothed := third.Add(second.Add(first.Add(price)))
		return rolling.Change(smoothed, past.Add(smoothed))
	})
}
