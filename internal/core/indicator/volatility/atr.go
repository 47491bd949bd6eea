package volatility

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func atrSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "atr",
		Aliases: []string{"atrindicator"},
		Params: []indicator.Param{
			indicator.Period("period", 14, 1, 100, "Bars of the average."),
			indicator.Definition("textbook is the Wilder average of the true range from bar 1 on; " +
				"ktrdr is its simple moving average, with high less low as the range of bar 0."),
		},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.AbovePrice()},
		Doc:     "Average true range: how far a bar moves, counted from the close before it.",

		Lookback: func(in indicator.Indicator) []int { return []int{rangeLookback(in, in.Whole("period"))} },
		Memory:   func(in indicator.Indicator) int { return rangeMemory(in, in.Whole("period")) },
		Start: func(in indicator.Indicator) indicator.Machine {
			add := averageRange(in, in.Whole("period"))
			return indicator.Steps(func(b market.Bar, out []float64) { out[0] = add(b) })
		},
		Compute: func(in indicator.Indicator, s market.Series, out [][]float64) {
			n := in.Whole("period")
			if in.IsKTRDR() {
				rolling.NewAverage(n).Means(out[0], TrueRange(make([]float64, s.Len()), s.High, s.Low, s.Close))
				return
			}
			ATR(out[0], s.High, s.Low, s.Close, n)
		},
	}
}

// rangeLookback and rangeMemory are those of the average true range of n bars.
func rangeLookback(in indicator.Indicator, n int) int {
	if in.IsKTRDR() {
		return n - 1
	}
	return n
}

func rangeMemory(in indicator.Indicator, n int) int {
	if in.IsKTRDR() {
		return 0
	}
	return indicator.Forget(1 - 1/float64(n))
}

// averageRange returns the average true range of n bars, one bar at a time, as
// the indicator's definition wants it.
func averageRange(in indicator.Indicator, n int) func(b market.Bar) float64 {
	if in.IsKTRDR() {
		ranges, window := &rolling.Ranger{}, rolling.NewAverage(n)
		return func(b market.Bar) float64 { return window.Mean(ranges.Add(b.High, b.Low, b.Close)) }
	}
	return wilderRange(n)
}

// wilderRange returns the Wilder average of the true range from bar 1 on.
func wilderRange(n int) func(b market.Bar) float64 {
	ranges, average, isFollowing := &rolling.Ranger{}, rolling.NewWilder(n), false
	return func(b market.Bar) float64 {
		tr := ranges.Add(b.High, b.Low, b.Close)
		if !isFollowing {
			isFollowing = true
			return math.NaN()
		}
		return average.Add(tr)
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
	rolling.MustAlign("ATR", n, len(close), dst, high, low)
	if len(close) <= n {
		rolling.Unknown(dst)
		return dst
	}
	sum := 0.0
	for t := 1; t <= n; t++ {
		sum += rolling.TrueRange(high[t], low[t], close[t-1])
	}
	average, alpha := sum/float64(n), 1/float64(n)
	rolling.Unknown(dst[:n])
	dst[n] = average
	before := close[n]
	for t := n + 1; t < len(close); t++ {
		average = rolling.Smooth(average, rolling.TrueRange(high[t], low[t], before), alpha)
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
	rolling.MustAlign("TrueRange", 1, len(close), dst, high, low)
	for t := range dst {
		if t == 0 {
			dst[0] = high[0] - low[0]
			continue
		}
		dst[t] = rolling.TrueRange(high[t], low[t], close[t-1])
	}
	return dst
}
