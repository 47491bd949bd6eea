package indicator

import "github.com/ktrdr/ktrdr/internal/core/market"

func smaSpec() Spec {
	return Spec{
		Name:    "simplemovingaverage",
		Aliases: []string{"sma", "simplemovingaverageindicator"},
		Params: []Param{
			period("period", 20, 2, 500, "Bars of the average."),
			source(),
		},
		Outputs: []string{""},
		Scales:  []Scale{anyPrice},
		Doc:     "Simple moving average: the mean of the last bars.",

		lookback: func(in Indicator) []int { return []int{in.whole("period") - 1} },
		compute: func(in Indicator, s market.Series, out [][]float64) {
			SMA(out[0], in.source(s), in.whole("period"))
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
// Error:   below (n+2)·2^-53 times the range of the window, plus 2^-53 of the
// result. It does not grow along the series, because nothing is ever subtracted
// from a sum: see sumOlder.
// Source:  the mean; sums of a sliding window by two stacks.
// Differs: from TA-Lib by the drift of its running sum.
func SMA(dst, price []float64, n int) []float64 {
	alignedWith("SMA", n, len(price), dst)
	for start := 0; start < len(price); start += n {
		anchor := price[start]
		sumOlder(dst, price, start, n)
		sum, end := 0.0, min(start+n, len(price))
		for t := start; t < end; t++ {
			sum += price[t] - anchor
			dst[t] = anchor + (dst[t]+sum)/float64(n)
		}
	}
	unknown(dst[:min(n-1, len(dst))])
	return dst
}

// sumOlder prepares the block of n bars from start on: it writes into dst[t],
// for each bar t of the block, the sum over those bars of the window of t that
// lie before the block, of their differences from the block's first price.
//
// With the sums that grow inside the block this gives the sum over every window
// from additions alone, two per bar. Each window of the block holds the block's
// first bar, so the differences stay small and are 0 where prices are flat.
func sumOlder(dst, price []float64, start, n int) {
	end := min(start+n, len(price))
	if start == 0 {
		clear(dst[:end])
		return
	}
	anchor, sum := price[start], 0.0
	if start+n == end {
		dst[end-1] = 0 // the window of the last bar is the block itself
	}
	for i := start - 1; i > start-n; i-- {
		sum += price[i] - anchor
		if t := i + n - 1; t < end {
			dst[t] = sum
		}
	}
}
