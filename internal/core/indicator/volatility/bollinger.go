package volatility

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func bollingerSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "bollingerbands",
		Aliases: []string{"bbands", "bollinger_bands", "bollingerbandsindicator"},
		Params: []indicator.Param{
			indicator.Period("period", 20, 2, 200, "Bars of the average and of the standard deviation."),
			indicator.Multiplier(2, 10, "Distance of the bands from the middle, in standard deviations."),
			indicator.Source(),
			indicator.Definition("textbook divides the squared deviations by period; ktrdr by period-1, which makes the bands wider."),
		},
		Outputs: []string{"upper", "middle", "lower"},
		Scales:  []indicator.Scale{indicator.AnyPrice(), indicator.AnyPrice(), indicator.AnyPrice()},
		Doc:     "Bollinger bands: the simple moving average, and a number of standard deviations above and below it.",

		Lookback: func(in indicator.Indicator) []int {
			first := in.Whole("period") - 1
			return []int{first, first, first}
		},
		Start: func(in indicator.Indicator) indicator.Machine {
			price, window, n := in.BarSource(), rolling.NewSpread(in.Whole("period")), in.Whole("period")
			k, divided := in.Number("multiplier"), 1/float64(n-ddof(in))
			return indicator.Steps(func(b market.Bar, out []float64) {
				center, deviations := window.Add(price(b))
				width := float64(k * math.Sqrt(deviations*divided))
				out[0], out[1], out[2] = center+width, center, center-width
			})
		},
		Compute: func(in indicator.Indicator, s market.Series, out [][]float64) {
			Bollinger(out[0], out[1], out[2], in.Source(s), in.Whole("period"), in.Number("multiplier"), ddof(in))
		},
	}
}

// ddof returns what the definition takes from the period in the divisor of a
// variance: pandas, and so the original, 1.
func ddof(in indicator.Indicator) int {
	if in.IsKTRDR() {
		return 1
	}
	return 0
}

// Bollinger writes the mean of the last n values of price into middle, and k
// standard deviations above and below it into upper and lower.
//
//	middle = SMA(price, n)
//	sd     = sqrt( sum over the window of (p-middle)^2 / (n-ddof) )
//	upper  = middle + k*sd    lower = middle - k*sd
//
// Shape:   all slices have the length of price; none may overlap another.
// Range:   upper >= middle >= lower for k >= 0; all exactly the price where the
// window is flat.
// Warm-up: [0..n-2] is NaN.
// NaN:     a NaN price makes the n values whose window holds it NaN.
// Panics:  if n < 1, ddof is not 0 or 1, n <= ddof, or the lengths differ.
// Error:   sd is within 2(n+1)²·2^-53 of its value, relative to itself and
// whatever lies before the window: each sum is off by n roundings at most, since
// none ever shrinks, and what cancels between the two is at most n times what
// is left, since they are taken about a price of the window (see rolling.Average).
// Middle is SMA, to the bit.
// Source:  J. Bollinger, Bollinger on Bollinger Bands, 2001 (ddof 0); the
// original KTRDR (ddof 1, the default of pandas).
// Differs: TA-Lib takes a running mean of squares, which is off by up to 5e-10
// on ordinary prices and far more where a quiet window follows a large move.
func Bollinger(upper, middle, lower, price []float64, n int, k float64, ddof int) {
	rolling.MustAlign("Bollinger", n, len(price), upper, middle, lower)
	if ddof < 0 || ddof > 1 || n <= ddof {
		panic("Bollinger: ddof is neither 0 nor 1, or leaves nothing to divide by")
	}
	share, divided := 1/float64(n), 1/float64(n-ddof)
	for start := 0; start < len(price); start += n {
		end := min(start+n, len(price))
		block, anchor := price[start:end], price[start]
		up, mid, low := upper[start:end], middle[start:end], lower[start:end]
		rolling.SumOlderSquares(up, low, price[max(0, start-n+1):start], anchor)
		sum, squares := 0.0, 0.0
		for j, p := range block {
			difference := p - anchor
			sum += difference
			squares += float64(difference * difference)
			all := up[j] + sum
			// Rounding may take the sum of squared deviations just below 0.
			deviations := max(low[j]+squares-float64(all*all*share), 0)
			width := float64(k * math.Sqrt(deviations*divided))
			center := anchor + float64(all*share)
			up[j], mid[j], low[j] = center+width, center, center-width
		}
	}
	first := min(n-1, len(price))
	rolling.Unknown(upper[:first])
	rolling.Unknown(middle[:first])
	rolling.Unknown(lower[:first])
}
