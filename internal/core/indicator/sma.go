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
		start:    func(in Indicator) machine { return onSource(in, newAverage(in.whole("period")).mean) },
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
// Error:   below (n+4)·2^-53 times the range of the window, plus 2^-53 of the
// result. It does not grow along the series, because nothing is ever subtracted
// from a sum: see sumOlder.
// Source:  the mean; sums of a sliding window by two stacks.
// Differs: from TA-Lib by the drift of its running sum.
func SMA(dst, price []float64, n int) []float64 {
	alignedWith("SMA", n, len(price), dst)
	share := 1 / float64(n)
	older, olderNext := make([]float64, n), make([]float64, n) // see sumOlder
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
	unknown(dst[:min(n-1, len(dst))])
	return dst
}

// sumOlder prepares a block of bars, n at most, whose first price is anchor. It
// writes into out, for each bar of the block, the sum of price less anchor over
// those bars of its window that lie before the block; before holds the n-1
// prices there, or none for the first block.
//
// With the sum that grows inside the block this gives the sum over every window
// from additions alone, two per bar. Every window holds the anchor, so that the
// differences stay as small as the window's range, and are 0 where it is flat.
func sumOlder(out, before []float64, anchor float64) {
	clear(out[min(len(before), len(out)):])
	sum := 0.0
	for j := len(before) - 1; j >= 0; j-- {
		sum += before[j] - anchor
		if j < len(out) {
			out[j] = sum
		}
	}
}
