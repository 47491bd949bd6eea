package average

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func smaSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "simplemovingaverage",
		Aliases: []string{"sma", "simplemovingaverageindicator"},
		Params: []indicator.Param{
			indicator.Period("period", 20, 2, 500, "Bars of the average."),
			indicator.Source(),
		},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.AnyPrice()},
		Doc:     "Simple moving average: the mean of the last bars.",

		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("period") - 1} },
		Start: func(in indicator.Indicator) indicator.Machine {
			return indicator.OnSource(in, rolling.NewAverage(in.Whole("period")).Mean)
		},
		Compute: func(in indicator.Indicator, s market.Series, out [][]float64) {
			SMA(out[0], in.Source(s), in.Whole("period"))
		},
	}
}

// SMA writes the mean of the last n values of price into dst and returns dst.
//
//	SMA[t] = (p[t-n+1] + … + p[t]) / n
//
// Shape:   len(dst) == len(price); they must not overlap.
// Range:   between the smallest and the largest value of the window, to
// rounding; exactly the price where the window is flat.
// Warm-up: dst[0..n-2] is NaN.
// NaN:     a NaN price makes the n values whose window holds it NaN; the series
// begins with the first that is not.
// Panics:  if n < 1 or the lengths differ.
// Error:   below (n+4)·2^-53 times the range of the window, plus 2^-53 of the
// result. It does not grow along the series, because nothing is ever subtracted
// from a sum: see rolling.Average.
// Source:  the mean; sums of a sliding window by two stacks.
// Differs: from TA-Lib by the drift of its running sum.
func SMA(dst, price []float64, n int) []float64 {
	rolling.MustAlign("SMA", n, len(price), dst)
	rolling.NewAverage(n).Means(dst, price)
	return dst
}
