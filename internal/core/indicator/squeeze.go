package indicator

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// squeezeRange is the number of bars of the range in the Keltner channel.
const squeezeRange = 10

func squeezeSpec() Spec {
	return Spec{
		Name:    "squeezeintensity",
		Aliases: []string{"squeeze_intensity", "squeezeintensityindicator"},
		Params: []Param{
			period("bb_period", 20, 2, 100, "Bars of the Bollinger bands."),
			multiplierNamed("bb_multiplier", 2, 5, "Width of the Bollinger bands, in standard deviations."),
			period("kc_period", 20, 2, 100, "Bars of the Keltner channel's average."),
			multiplierNamed("kc_multiplier", 2, 5, "Width of the Keltner channel, in average true ranges of 10 bars."),
			source(),
			definition("which definition of Bollinger bands and Keltner channels is compared."),
		},
		Outputs: []string{""},
		Scales:  []Scale{{Unit: Plain, Min: 0, Max: 0.5}},
		Doc:     "Squeeze intensity: how deep the Bollinger bands lie inside the Keltner channel. It never exceeds 0.5.",

		lookback: func(in Indicator) []int {
			return []int{max(in.whole("bb_period")-1, in.whole("kc_period")-1, in.rangeLookback(squeezeRange))}
		},
		memory: func(in Indicator) int {
			return max(forget(1-alphaOf(in.whole("kc_period"))), in.rangeMemory(squeezeRange))
		},
		start: startSqueeze,
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
func startSqueeze(in Indicator) machine {
	n := in.whole("bb_period")
	price, window, divided := in.barSource(), newSpread(n), 1/float64(n-in.ddof())
	middle, atr := in.exponential(in.whole("kc_period")), in.averageRange(squeezeRange)
	bands, channel := in.number("bb_multiplier"), in.number("kc_multiplier")
	return steps(func(b market.Bar, out []float64) {
		center, deviations := window.add(price(b))
		narrow := float64(bands * math.Sqrt(deviations*divided))
		keltner, wide := middle.add(b.Close), float64(channel*atr(b))
		above, below := (keltner+wide)-(center+narrow), (center-narrow)-(keltner-wide)
		switch inside := min(above, below); {
		case inside <= 0 || wide == 0:
			out[0] = 0
		default:
			out[0] = min(inside/(2*wide), 0.5)
		}
	})
}
