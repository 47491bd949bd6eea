package indicator

import "github.com/ktrdr/ktrdr/internal/core/market"

func stochRSISpec() Spec {
	return Spec{
		Name:    "stochrsi",
		Aliases: []string{"stochasticrsi", "stoch_rsi"},
		Params: []Param{
			period("period", 14, 2, 100, "Bars of the relative strength index."),
			period("k_period", 14, 1, 100, "Bars of its range."),
			period("d_period", 3, 1, 20, "Bars of the average of k."),
			source(),
		},
		Outputs: []string{"k", "d"},
		Scales:  []Scale{percent, percent},
		Doc:     "Stochastic RSI: where the relative strength index lies in its own range, and the average of that.",

		lookback: func(in Indicator) []int {
			k := in.whole("period") + in.whole("k_period") - 1
			return []int{k, k + in.whole("d_period") - 1}
		},
		memory: func(in Indicator) int { return 2 * forget(1-1/float64(in.whole("period"))) },
		start:  startStochRSI,
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
func startStochRSI(in Indicator) machine {
	n := in.whole("k_period")
	price, rsi, window, average := in.barSource(), newStrength(in.whole("period")), newExtent(n), newAverage(in.whole("d_period"))
	return steps(func(b market.Bar, out []float64) {
		x := rsi.add(price(b))
		top, bottom := window.add(x, x)
		k := float64(100 * place(x, top, bottom))
		out[0], out[1] = k, within(average.mean(k), 0, 100)
	})
}
