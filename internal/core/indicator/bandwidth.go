package indicator

import "math"

func bandwidthSpec() Spec {
	return Spec{
		Name:    "bollingerbandwidth",
		Aliases: []string{"bb_width", "bollingerbandwidthindicator"},
		Params: []Param{
			period("period", 20, 2, 200, "Bars of the average and of the standard deviation."),
			multiplier(2, 10, "Distance of the bands from the middle, in standard deviations."),
			source(),
			definition("textbook divides the squared deviations by period; ktrdr by period-1."),
		},
		Outputs: []string{""},
		Scales:  []Scale{aboveZero},
		Doc:     "Bollinger bandwidth: the distance between the bands as a share of the middle.",

		lookback: func(in Indicator) []int { return []int{in.whole("period") - 1} },
		start:    startBandwidth,
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
func startBandwidth(in Indicator) machine {
	n := in.whole("period")
	window, k, divided := newSpread(n), in.number("multiplier"), 1/float64(n-in.ddof())
	return onSource(in, func(price float64) float64 {
		middle, deviations := window.add(price)
		return 2 * (k * math.Sqrt(deviations*divided) / middle)
	})
}
