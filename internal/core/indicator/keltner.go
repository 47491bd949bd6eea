package indicator

import "github.com/ktrdr/ktrdr/internal/core/market"

func keltnerSpec() Spec {
	return Spec{
		Name:    "keltnerchannels",
		Aliases: []string{"keltner_channels", "keltnerchannelsindicator"},
		Params: []Param{
			period("period", 20, 2, 500, "Bars of the exponential average of the close."),
			period("atr_period", 10, 2, 200, "Bars of the average true range."),
			multiplier(2, 10, "Distance of the bands from the middle, in average true ranges."),
			definition("textbook begins the average with a simple one and uses the Wilder average of the true range; " +
				"ktrdr begins with the first close and uses the simple average of the range."),
		},
		Outputs: []string{"upper", "middle", "lower"},
		Scales:  []Scale{anyPrice, anyPrice, anyPrice},
		Doc:     "Keltner channel: an exponential average, and a number of average true ranges above and below it.",

		lookback: func(in Indicator) []int {
			middle := in.whole("period") - 1
			bands := max(middle, in.rangeLookback(in.whole("atr_period")))
			return []int{bands, middle, bands}
		},
		memory: func(in Indicator) int {
			return max(forget(1-alphaOf(in.whole("period"))), in.rangeMemory(in.whole("atr_period")))
		},
		start: startKeltner,
	}
}

// startKeltner makes the channel.
//
//	middle = EMA(close, n)    upper, lower = middle ± m·ATR(k)
//
// Range:   upper >= middle >= lower.
// Warm-up: middle n-1 bars, bands until the average true range is known.
// NaN:     a price that is not a number ends the output.
// Error:   those of EMA and ATR.
// Source:  L. B. Raschke's form of C. Keltner's channel.
// Differs: Keltner took ten-day averages of typical price and range.
func startKeltner(in Indicator) machine {
	middle, atr, k := in.exponential(in.whole("period")), in.averageRange(in.whole("atr_period")), in.number("multiplier")
	return steps(func(b market.Bar, out []float64) {
		center, width := middle.add(b.Close), float64(k*atr(b))
		out[0], out[1], out[2] = center+width, center, center-width
	})
}
