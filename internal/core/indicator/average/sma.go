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
// NaN:     a NaN price makes the n values whose window holds it NaN.
// Panics:  if n < 1 or the lengths differ.
// Error:   below (n+4)·2^-53 times the range of the window, plus 2^-53 of the
// result. It does not grow along the series, because nothing is ever subtracted
// from a sum: see rolling.SumOlder.
// Source:  the mean; sums of a sliding window by two stacks.
// Differs: from TA-Lib by the drift of its running sum.
func SMA(dst, price []float64, n int) []float64 {
	rolling.MustAlign("SMA", n, len(price), dst)
	share := 1 / float64(n)
	older, olderNext := make([]float64, n), make([]float64, n) // see rolling.SumOlder
	for start := 0; start < len(price); start += n {
		end := min(start+n, len(price))
		block, anchor, anchorNext := price[start:end], price[start], price[min(end, len(price)-1)]
		out, now, next := dst[start:][:len(block)], older[:len(block)], olderNext[:len(block)]
		// The sums of this block and those that the next one begins with do not wait
		// for each other.
		sum, back := 0.0, 0.0
		for k := len(block) - 1; k >= 0; k-- {
			next[k] = back
			back += block[k] - anchorNext
			j := len(block) - 1 - k
			sum += block[j] - anchor
			out[j] = anchor + float64((now[j]+sum)*share)
		}
		older, olderNext = olderNext, older
	}
	rolling.Unknown(dst[:min(n-1, len(dst))])
	return dst
}
