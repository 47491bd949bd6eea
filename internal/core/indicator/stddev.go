package indicator

import "math"

func stddevSpec() Spec {
	return Spec{
		Name:    "standarddeviation",
		Aliases: []string{"stddev", "standard_deviation"},
		Params:  []Param{period("period", 20, 2, 500, "Bars of the window."), source()},
		Outputs: []string{""},
		Scales:  []Scale{abovePrice},
		Doc:     "Standard deviation of the last prices.",

		lookback: func(in Indicator) []int { return []int{in.whole("period") - 1} },
		start:    startStdDev,
	}
}

// startStdDev makes the standard deviation of the last n prices.
//
//	sqrt( Σ (p - SMA)² / n )
//
// Range:   at least 0; 0 where the window is flat.
// Warm-up: bars 0..n-2.
// NaN:     a price that is not a number ends the output.
// Error:   that of Bollinger.
// Source:  TA-Lib, TA_STDDEV.
// Differs: from TA-Lib, which takes a running mean of squares, as Bollinger says.
func startStdDev(in Indicator) machine {
	window, n := newSpread(in.whole("period")), float64(in.whole("period"))
	return onSource(in, func(price float64) float64 {
		_, deviations := window.add(price)
		return math.Sqrt(deviations / n)
	})
}
