package volatility

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func keltnerSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "keltnerchannels",
		Aliases: []string{"keltner_channels", "keltnerchannelsindicator"},
		Params: []indicator.Param{
			indicator.Period("period", 20, 2, 500, "Bars of the exponential average of the close."),
			indicator.Period("atr_period", 10, 2, 200, "Bars of the average true range."),
			indicator.Multiplier(2, 10, "Distance of the bands from the middle, in average true ranges."),
			indicator.Definition("textbook begins the average with a simple one and uses the Wilder average of the true range; " +
				"ktrdr begins with the first close and uses the simple average of the range."),
		},
		Outputs: []string{"upper", "middle", "lower"},
		Scales:  []indicator.Scale{indicator.AnyPrice(), indicator.AnyPrice(), indicator.AnyPrice()},
		Doc:     "Keltner channel: an exponential average, and a number of average true ranges above and below it.",

		Lookback: func(in indicator.Indicator) []int {
			middle := in.Whole("period") - 1
			bands := max(middle, rangeLookback(in, in.Whole("atr_period")))
			return []int{bands, middle, bands}
		},
		Memory: func(in indicator.Indicator) int {
			return max(indicator.Forget(1-rolling.AlphaOf(in.Whole("period"))), rangeMemory(in, in.Whole("atr_period")))
		},
		Start: startKeltner,
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
func startKeltner(in indicator.Indicator) indicator.Machine {
	middle, atr, k := rolling.NewExponential(in.Whole("period"), in.IsKTRDR()), averageRange(in, in.Whole("atr_period")), in.Number("multiplier")
	return indicator.Steps(func(b market.Bar, out []float64) {
		center, width := middle.Add(b.Close), float64(k*atr(b))
		out[0], out[1], out[2] = center+width, center, center-width
	})
}
