package momentum

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func stochasticSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "stochastic",
		Aliases: []string{"stoch", "stochasticindicator"},
		Params: []indicator.Param{
			indicator.Period("k_period", 14, 1, 100, "Bars of the range."),
			indicator.Period("d_period", 3, 1, 20, "Bars of the average of k."),
			indicator.Period("smooth_k", 3, 1, 20, "Bars of the average that k is; 1 for none."),
		},
		Outputs: []string{"k", "d"},
		Scales:  []indicator.Scale{indicator.Percent(), indicator.Percent()},
		Doc:     "Stochastic oscillator: where the close lies in the range of the last bars, smoothed, in percent.",

		Lookback: func(in indicator.Indicator) []int {
			k := in.Whole("k_period") - 1 + in.Whole("smooth_k") - 1
			return []int{k, k + in.Whole("d_period") - 1}
		},
		Start: startStochastic,
	}
}

// startStochastic makes the slow stochastic.
//
//	raw = 100 (close - LL) / (HH - LL)    over the last n bars; 50 where HH = LL
//	k   = SMA(raw, smooth_k)    d = SMA(k, d_period)
//
// Range:   [0, 100].
// Warm-up: n-1 bars, and smooth_k-1, and d_period-1.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  G. Lane; TA-Lib, TA_STOCH with simple averages.
// Differs: TA-Lib gives 0 where the range is nothing. The original KTRDR shows
// 50 before anything is known.
func startStochastic(in indicator.Indicator) indicator.Machine {
	window := rolling.NewBand(in.Whole("k_period"))
	smoothed, average := rolling.NewBrief(in.Whole("smooth_k")), rolling.NewBrief(in.Whole("d_period"))
	return indicator.Chunked(func(s market.Series, out [][]float64) {
		k, d := out[0], out[1]
		tops, bottoms := window.Fill(s.High, s.Low)
		for t, price := range s.Close {
			k[t] = 100 * rolling.Place(price, tops[t], bottoms[t])
		}
		smoothed.Means(k, k, 0, 100)
		average.Means(d, k, 0, 100)
	})
}
