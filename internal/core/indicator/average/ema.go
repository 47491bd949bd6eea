package average

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func emaSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "exponentialmovingaverage",
		Aliases: []string{"ema", "exponentialmovingaverageindicator"},
		Params: []indicator.Param{
			indicator.Period("period", 20, 1, 500, "Bars of the average; each bar has the weight 2/(period+1)."),
			indicator.Source(),
			indicator.Definition("textbook begins with the simple average of the first period bars; " +
				"ktrdr begins with the first bar."),
			{
				Name: "adjust", Kind: indicator.KindFlag, Default: indicator.Flag(true),
				Doc: "Only with definition ktrdr: divide by the sum of the weights of the bars there are, " +
					"instead of giving the first bar all the weight that is missing.",
			},
		},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.AnyPrice()},
		Doc:     "Exponential moving average: recent bars weigh more.",

		Check: func(in indicator.Indicator, given map[string]indicator.Value) []error {
			return in.OnlyWith(given, indicator.KTRDR, "adjust")
		},
		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("period") - 1} },
		Memory:   func(in indicator.Indicator) int { return indicator.Forget(1 - rolling.AlphaOf(in.Whole("period"))) },
		Start: func(in indicator.Indicator) indicator.Machine {
			n := in.Whole("period")
			switch {
			case !in.IsKTRDR():
				return indicator.OnSource(in, rolling.NewEMA(n).Add)
			case in.Value("adjust").Flag():
				return indicator.OnSource(in, rolling.NewAdjusted(n).Add)
			default:
				return indicator.OnSource(in, rolling.NewEMAFromFirst(n).Add)
			}
		},
		Compute: func(in indicator.Indicator, s market.Series, out [][]float64) {
			price, n := in.Source(s), in.Whole("period")
			switch {
			case !in.IsKTRDR():
				EMA(out[0], price, n)
			case in.Value("adjust").Flag():
				EMAAdjusted(out[0], price, n)
			default:
				EMAFromFirst(out[0], price, n)
			}
		},
	}
}

// EMA writes the exponential moving average of price into dst and returns dst.
//
//	EMA[n-1] = mean of p[0..n-1]
//	EMA[t]   = EMA[t-1] + a * (p[t] - EMA[t-1])    a = 2/(n+1)
//
// Shape:   len(dst) == len(price); they must not overlap.
// Range:   between the smallest and the largest price so far, to rounding;
// exactly the price where all prices so far are equal.
// Warm-up: dst[0..n-2] is NaN.
// NaN:     a NaN price makes that bar and all later ones NaN.
// Panics:  if n < 1 or the lengths differ.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  TA-Lib, TA_EMA, default compatibility.
// Differs: from pandas and Tulip, which begin with the first price.
func EMA(dst, price []float64, n int) []float64 {
	rolling.MustAlign("EMA", n, len(price), dst)
	if len(price) < n {
		rolling.Unknown(dst)
		return dst
	}
	average, alpha := rolling.Mean(price[:n]), rolling.AlphaOf(n)
	rolling.Unknown(dst[:n-1])
	dst[n-1] = average
	for t := n; t < len(price); t++ {
		average = rolling.Smooth(average, price[t], alpha)
		dst[t] = average
	}
	return dst
}

// EMAFromFirst writes the exponential moving average of price that begins with
// the first price into dst and returns dst.
//
//	EMA[0] = p[0]
//	EMA[t] = EMA[t-1] + a * (p[t] - EMA[t-1])    a = 2/(n+1)
//
// Shape:   len(dst) == len(price); they must not overlap.
// Range:   between the smallest and the largest price so far, to rounding.
// Warm-up: dst[0..n-2] is NaN, although the recursion runs from bar 0: fewer
// than n bars are mostly the first price.
// NaN:     a NaN price makes that bar and all later ones NaN.
// Panics:  if n < 1 or the lengths differ.
// Error:   below 1e-8 absolute against pandas 1.5.3 (testdata/ktrdr.csv).
// Source:  pandas, ewm(span=n, adjust=False).mean().
// Differs: from pandas in the NaN of the warm-up.
func EMAFromFirst(dst, price []float64, n int) []float64 {
	rolling.MustAlign("EMAFromFirst", n, len(price), dst)
	if len(price) == 0 {
		return dst
	}
	average, alpha := price[0], rolling.AlphaOf(n)
	dst[0] = average
	for t := 1; t < len(price); t++ {
		average = rolling.Smooth(average, price[t], alpha)
		dst[t] = average
	}
	rolling.Unknown(dst[:min(n-1, len(dst))])
	return dst
}

// EMAAdjusted writes the exponentially weighted mean of all prices so far into
// dst and returns dst.
//
//	W[t]   = 1 + (1-a) * W[t-1]                       a = 2/(n+1), W[0] = 1
//	EMA[t] = EMA[t-1] + (p[t] - EMA[t-1]) / W[t]      EMA[0] = p[0]
//
// Shape:   len(dst) == len(price); they must not overlap.
// Range:   between the smallest and the largest price so far, to rounding.
// Warm-up: dst[0..n-2] is NaN, although the recursion runs from bar 0.
// NaN:     a NaN price makes that bar and all later ones NaN.
// Panics:  if n < 1 or the lengths differ.
// Error:   below 1e-8 absolute against pandas 1.5.3 (testdata/ktrdr.csv).
// Source:  pandas, ewm(span=n).mean(), written as a recursion on the mean.
// Differs: from pandas in the NaN of the warm-up. The original KTRDR also
// bent the result for one price series of its tests, which is left out here.
func EMAAdjusted(dst, price []float64, n int) []float64 {
	rolling.MustAlign("EMAAdjusted", n, len(price), dst)
	if len(price) == 0 {
		return dst
	}
	average, weights, keep := price[0], 1.0, 1-rolling.AlphaOf(n)
	dst[0] = average
	for t := 1; t < len(price); t++ {
		weights = rolling.Decay(weights, 1, keep)
		average = rolling.Smooth(average, price[t], 1/weights)
		dst[t] = average
	}
	rolling.Unknown(dst[:min(n-1, len(dst))])
	return dst
}
