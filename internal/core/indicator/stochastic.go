package indicator

import (
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func stochasticSpec() Spec {
	return Spec{
		Name:    "stochastic",
		Aliases: []string{"stoch", "stochasticindicator"},
		Params: []Param{
			period("k_period", 14, 1, 100, "Bars of the range."),
			period("d_period", 3, 1, 20, "Bars of the average of k."),
			period("smooth_k", 3, 1, 20, "Bars of the average that k is; 1 for none."),
		},
		Outputs: []string{"k", "d"},
		Scales:  []Scale{percent, percent},
		Doc:     "Stochastic oscillator: where the close lies in the range of the last bars, smoothed, in percent.",

		lookback: func(in Indicator) []int {
			k := in.whole("k_period") - 1 + in.whole("smooth_k") - 1
			return []int{k, k + in.whole("d_period") - 1}
		},
		start: startStochastic,
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
func startStochastic(in Indicator) machine {
	window := rolling.NewBand(in.whole("k_period"))
	smoothed, average := newBrief(in.whole("smooth_k")), newBrief(in.whole("d_period"))
	return chunked(func(s market.Series, out [][]float64) {
		k, d := out[0], out[1]
		tops, bottoms := window.Fill(s.High, s.Low)
		for t, price := range s.Close {
			k[t] = 100 * place(price, tops[t], bottoms[t])
		}
		smoothed.means(k, k, 0, 100)
		average.means(d, k, 0, 100)
	})
}

// place returns where x lies between bottom (0) and top (1); in the middle where
// they are equal.
func place(x, top, bottom float64) float64 {
	if top == bottom {
		return 0.5
	}
	return (x - bottom) / (top - bottom)
}

// within keeps what rounding took out of its range.
func within(x, low, high float64) float64 { return min(max(x, low), high) }
