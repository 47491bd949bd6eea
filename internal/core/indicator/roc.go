package indicator

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

func rocSpec() Spec {
	return Spec{
		Name:    "roc",
		Aliases: []string{"rocindicator"},
		Params: []Param{
			period("period", 10, 1, 100, "Bars between the two prices."),
			source(),
		},
		Outputs: []string{""},
		Scales:  []Scale{{Unit: Plain, Min: -100, Max: math.Inf(1)}},
		Doc:     "Rate of change: the price against that some bars ago, in percent.",

		lookback: func(in Indicator) []int { return []int{in.whole("period")} },
		start: func(in Indicator) machine {
			past := newLag(in.whole("period"))
			return onSource(in, func(price float64) float64 { return change(price, past.add(price)) })
		},
		compute: func(in Indicator, s market.Series, out [][]float64) {
			ROC(out[0], in.source(s), in.whole("period"))
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
	alignedWith("ROC", n, len(price), dst)
	unknown(dst[:min(n, len(dst))])
	for t := n; t < len(price); t++ {
		dst[t] = change(price[t], price[t-n])
	}
	return dst
}

// change returns by how much x differs from before, in percent.
func change(x, before float64) float64 { return 100 * ((x - before) / before) }
