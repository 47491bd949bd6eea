package average

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func wmaSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "weightedmovingaverage",
		Aliases: []string{"wma", "weightedmovingaverageindicator"},
		Params:  []indicator.Param{indicator.Period("period", 20, 2, 500, "Bars of the average."), indicator.Source()},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.AnyPrice()},
		Doc:     "Weighted moving average: weights rise evenly from the oldest bar to the newest.",

		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("period") - 1} },
		Start:    startWMA,
	}
}

// startWMA makes the linearly weighted mean of the last n prices.
//
//	WMA = (1·p[t-n+1] + 2·p[t-n+2] + … + n·p[t]) / (n(n+1)/2)
//
// Range:   between the smallest and the largest price of the window, to rounding.
// Warm-up: bars 0..n-2.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  TA-Lib, TA_WMA.
// Differs: from TA-Lib by the drift of its running sums.
func startWMA(in indicator.Indicator) indicator.Machine {
	n := in.Whole("period")
	window, weights := rolling.NewRamp(n), float64(n*(n+1)/2)
	return indicator.OnSource(in, func(price float64) float64 {
		anchor, _, weighted := window.Add(price)
		return anchor + weighted/weights
	})
}
