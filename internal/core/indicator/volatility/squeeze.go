package volatility

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

// squeezeRange is the number of bars of the range in the Keltner channel.
const squeezeRange = 10

func squeezeSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "squeezeintensity",
		Aliases: []string{"squeeze_intensity", "squeezeintensityindicator"},
		Params: []indicator.Param{
			indicator.Period("bb_period", 20, 2, 100, "Bars of the Bollinger bands."),
			indicator.MultiplierNamed("bb_multiplier", 2, 5, "Width of the Bollinger bands, in standard deviations."),
			indicator.Period("kc_period", 20, 2, 100, "Bars of the Keltner channel's average."),
			indicator.MultiplierNamed("kc_multiplier", 2, 5, "Width of the Keltner channel, in average true ranges of 10 bars."),
			indicator.Source(),
			indicator.Definition("which definition of Bollinger bands and Keltner channels is compared."),
		},
		Outputs: []string{""},
		Scales:  []indicator.Scale{{Unit: indicator.Plain, Min: 0, Max: 0.5}},
		Doc:     "Squeeze intensity: how deep the Bollinger bands lie inside the Keltner channel. It never exceeds 0.5.",

		Lookback: func(in indicator.Indicator) []int {
			return []int{max(in.Whole("bb_period")-1, in.Whole("kc_period")-1, rangeLookback(in, squeezeRange))}
		},
		Memory: func(in indicator.Indicator) int {
			return max(indicator.Forget(1-rolling.AlphaOf(in.Whole("kc_period"))), rangeMemory(in, squeezeRange))
		},
		Start: startSqueeze,
	}
}

// startSqueeze compares Bollinger bands of the source with a Keltner channel of
// the close.
//
//	max(0, min(KCu-BBu, BBl-KCl) / (KCu-KCl))
//
// Range:   [0, 0.5]: both distances together are at most the whole width; 0 where
// the channel has none.
// Warm-up: until bands and channel are known.
// NaN:     a price that is not a number ends the output.
// Error:   those of Bollinger, EMA and ATR, relative to the width.
// Source:  the original KTRDR, after J. Carter's squeeze.
// Differs: the original shows 0 before the bands are known, and documents a
// range up to 1 that its formula cannot reach.
func startSqueeze(in indicator.Indicator) indicator.Machine {
	n := in.Whole("bb_period")
	price, window, divided := in.BarSource(), rolling.NewSpread(n), 1/float64(n-ddof(in))
	middle, atr := rolling.NewExponential(in.Whole("kc_period"), in.IsKTRDR()), averageRange(in, squeezeRange)
	bands, channel := in.Number("bb_multiplier"), in.Number("kc_multiplier")
	return indicator.Steps(func(b market.Bar, out []float64) {
		center, deviations := window.Add(price(b))
		narrow := float64(bands * math.Sqrt(deviations*divided))
		keltner, wide := middle.Add(b.Close), float64(channel*atr(b))
		above, below := (keltner+wide)-(center+narrow), (center-narrow)-(keltner-wide)
		switch inside := min(above, below); {
		case inside <= 0 || wide == 0:
			out[0] = 0
		default:
			out[0] = min(inside/(2*wide), 0.5)
		}
	})
}
