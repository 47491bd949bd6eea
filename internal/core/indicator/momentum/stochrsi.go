package momentum

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func stochRSISpec() indicator.Spec {
	return indicator.Spec{
		Name:    "stochrsi",
		Aliases: []string{"stochasticrsi", "stoch_rsi"},
		Params: []indicator.Param{
			indicator.Period("period", 14, 2, 100, "Bars of the relative strength index."),
			indicator.Period("k_period", 14, 1, 100, "Bars of its range."),
			indicator.Period("d_period", 3, 1, 20, "Bars of the average of k."),
			indicator.Source(),
		},
		Outputs: []string{"k", "d"},
		Scales:  []indicator.Scale{indicator.Percent(), indicator.Percent()},
		Doc:     "Stochastic RSI: where the relative strength index lies in its own range, and the average of that.",

		Lookback: func(in indicator.Indicator) []int {
			k := in.Whole("period") + in.Whole("k_period") - 1
			return []int{k, k + in.Whole("d_period") - 1}
		},
		Memory: func(in indicator.Indicator) int { return 2 * indicator.Forget(1-1/float64(in.Whole("period"))) },
		Start:  startStochRSI,
	}
}

// startStochRSI makes the fast stochastic of the relative strength index.
//
//	k = 100 (RSI - LL) / (HH - LL)    over the last k_period values of RSI; 50
//	    where HH = LL
//	d = SMA(k, d_period)
//
// Range:   [0, 100].
// Warm-up: period bars, and k_period-1, and d_period-1.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-6 absolute against go-talib: a narrow range of RSI enlarges
// what its roundings differ by.
// Source:  T. Chande and S. Kroll, The New Technical Trader, 1994; TA-Lib,
// TA_STOCHRSI.
// Differs: TA-Lib gives 0 where the range is nothing.
func startStochRSI(in indicator.Indicator) indicator.Machine {
	n := in.Whole("k_period")
	price, rsi, window, average := in.BarSource(), newStrength(in.Whole("period")), rolling.NewExtent(n), rolling.NewAverage(in.Whole("d_period"))
	return indicator.Steps(func(b market.Bar, out []float64) {
		x := rsi.add(price(b))
		top, bottom := window.Add(x, x)
		k := float64(100 * rolling.Place(x, top, bottom))
		out[0], out[1] = k, rolling.Within(average.Mean(k), 0, 100)
	})
}
