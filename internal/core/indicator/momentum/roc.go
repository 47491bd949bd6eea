package momentum

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func rocSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "roc",
		Aliases: []string{"rocindicator"},
		Params: []indicator.Param{
			indicator.Period("period", 10, 1, 100, "Bars between the two prices."),
			indicator.Source(),
		},
		Outputs: []string{""},
		Scales:  []indicator.Scale{{Unit: indicator.Plain, Min: -100, Max: math.Inf(1)}},
		Doc:     "Rate of change: the price against that some bars ago, in percent.",

		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("period")} },
		Start: func(in indicator.Indicator) indicator.Machine {
			past := rolling.NewLag(in.Whole("period"))
			return indicator.OnSource(in, func(price float64) float64 { return rolling.Change(price, past.Add(price)) })
		},
		Compute: func(in indicator.Indicator, s market.Series, out [][]float64) {
			ROC(out[0], in.Source(s), in.Whole("period"))
		},
	}
}

// ROC writes the change of price over n bars, in percent, into dst and returns
// dst.
//
//	ROC[t] = 100 * (p[t] - p[t-n]) / p[t-n]
//
// Shape:   len(dst) == len(price); they must not overlap.
// Range:   at least -100 for positive prices; 0 where prices are flat.
// Warm-up: dst[0..n-1] is NaN.
// NaN:     a NaN price makes that bar and the one n bars later NaN.
// Panics:  if n < 1 or the lengths differ.
// Error:   three roundings, relative to the result.
// Source:  the definition.
// Differs: TA-Lib computes 100*(p[t]/p[t-n] - 1), which loses digits where the
// change is small, and gives 0 for a price of 0, which is refused here.
func ROC(dst, price []float64, n int) []float64 {
	rolling.MustAlign("ROC", n, len(price), dst)
	rolling.Unknown(dst[:min(n, len(dst))])
	for t := n; t < len(price); t++ {
		dst[t] = rolling.Change(price[t], price[t-n])
	}
	return dst
}
