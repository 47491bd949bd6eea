package volatility

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func bandwidthSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "bollingerbandwidth",
		Aliases: []string{"bb_width", "bollingerbandwidthindicator"},
		Params: []indicator.Param{
			indicator.Period("period", 20, 2, 200, "Bars of the average and of the standard deviation."),
			indicator.Multiplier(2, 10, "Distance of the bands from the middle, in standard deviations."),
			indicator.Source(),
			indicator.Definition("textbook divides the squared deviations by period; ktrdr by period-1."),
		},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.AboveZero()},
		Doc:     "Bollinger bandwidth: the distance between the bands as a share of the middle.",

		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("period") - 1} },
		Start:    startBandwidth,
	}
}

// startBandwidth makes the width of Bollinger's bands.
//
//	(upper - lower) / middle = 2·k·sd / middle
//
// Range:   at least 0; 0 where the window is flat.
// Warm-up: bars 0..n-2.
// NaN:     a price that is not a number ends the output.
// Error:   that of Bollinger, and three roundings.
// Source:  J. Bollinger, Bollinger on Bollinger Bands, 2001.
// Differs: the original KTRDR shows 0 before the window is full.
func startBandwidth(in indicator.Indicator) indicator.Machine {
	n := in.Whole("period")
	window, k, divided := rolling.NewSpread(n), in.Number("multiplier"), 1/float64(n-ddof(in))
	return indicator.OnSource(in, func(price float64) float64 {
		middle, deviations := window.Add(price)
		return 2 * (k * math.Sqrt(deviations*divided) / middle)
	})
}
