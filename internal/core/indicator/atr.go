package indicator

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

func atrSpec() Spec {
	return Spec{
		Name:    "atr",
		Aliases: []string{"atrindicator"},
		Params: []Param{
			period("period", 14, 1, 100, "Bars of the average."),
			definition("textbook is the Wilder average of the true range from bar 1 on; " +
				"ktrdr is its simple moving average, with high less low as the range of bar 0."),
		},
		Outputs: []string{""},
		Scales:  []Scale{abovePrice},
		Doc:     "Average true range: how far a bar moves, counted from the close before it.",

		lookback: func(in Indicator) []int { return []int{in.rangeLookback(in.whole("period"))} },
		memory:   func(in Indicator) int { return in.rangeMemory(in.whole("period")) },
		start: func(in Indicator) machine {
			add := in.averageRange(in.whole("period"))
			return steps(func(b market.Bar, out []float64) { out[0] = add(b) })
		},
		compute: func(in Indicator, s market.Series, out [][]float64) {
			n := in.whole("period")
			if in.isKTRDR() {
				SMA(out[0], TrueRange(make([]float64, s.Len()), s.High, s.Low, s.Close), n)
				return
			}
			ATR(out[0], s.High, s.Low, s.Close, n)
		},
	}
}

// rangeLookback and rangeMemory are those of the average true range of n bars.
func (in Indicator) rangeLookback(n int) int {
	if in.isKTRDR() {
		return n - 1
	}
	return n
}

func (in Indicator) rangeMemory(n int) int {
	if in.isKTRDR() {
		return 0
	}
	return forget(1 - 1/float64(n))
}

// averageRange returns the average true range of n bars, one bar at a time, as
// the indicator's definition wants it.
func (in Indicator) averageRange(n int) func(b market.Bar) float64 {
	if in.isKTRDR() {
		ranges, window := &ranger{}, newAverage(n)
		return func(b market.Bar) float64 { return window.mean(ranges.add(b)) }
	}
	return wilderRange(n)
}

// wilderRange returns the Wilder average of the true range from bar 1 on.
func wilderRange(n int) func(b market.Bar) float64 {
	ranges, average := &ranger{}, newWilder(n)
	return func(b market.Bar) float64 {
		isFollowing := ranges.isStarted
		if tr := ranges.add(b); isFollowing {
			return average.add(tr)
		}
		return math.NaN()
	}
}

// ATR writes the Wilder average of the true range into dst and returns dst.
//
//	TR[t]  = max(high[t], close[t-1]) - min(low[t], close[t-1])
//	ATR[n] = mean of TR[1..n]
//	ATR[t] = ATR[t-1] + (TR[t] - ATR[t-1]) / n
//
// Shape:   len(dst) == len(close), as the other columns; dst overlaps none.
// Range:   at least 0; 0 where prices are flat.
// Warm-up: dst[0..n-1] is NaN.
// NaN:     a NaN price makes that bar and all later ones NaN.
// Panics:  if n < 1 or the lengths differ.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  J. W. Wilder, New Concepts in Technical Trading Systems, 1978.
// Differs: the original KTRDR takes the simple mean; see SMA and TrueRange.
func ATR(dst, high, low, close []float64, n int) []float64 {
	alignedWith("ATR", n, len(close), dst, high, low)
	if len(close) <= n {
		unknown(dst)
		return dst
	}
	sum := 0.0
	for t := 1; t <= n; t++ {
		sum += trueRange(high[t], low[t], close[t-1])
	}
	average, alpha := sum/float64(n), 1/float64(n)
	unknown(dst[:n])
	dst[n] = average
	before := close[n]
	for t := n + 1; t < len(close); t++ {
		average = smooth(average, trueRange(high[t], low[t], before), alpha)
		dst[t] = average
		before = close[t]
	}
	return dst
}

// TrueRange writes the true range of each bar into dst and returns dst.
//
//	TR[0] = high[0] - low[0]
//	TR[t] = max(high[t], close[t-1]) - min(low[t], close[t-1])
//
// Shape:   len(dst) == len(close), as the other columns; dst overlaps none.
// Range:   at least 0.
// Warm-up: none.
// NaN:     a NaN price makes that bar NaN, a NaN close also the next one.
// Panics:  if the lengths differ.
// Error:   one rounding, as max(h-l, |h-c|, |l-c|) to the bit.
// Source:  J. W. Wilder, New Concepts in Technical Trading Systems, 1978.
// Differs: TA-Lib leaves bar 0 out.
func TrueRange(dst, high, low, close []float64) []float64 {
	alignedWith("TrueRange", 1, len(close), dst, high, low)
	for t := range dst {
		if t == 0 {
			dst[0] = high[0] - low[0]
			continue
		}
		dst[t] = trueRange(high[t], low[t], close[t-1])
	}
	return dst
}
