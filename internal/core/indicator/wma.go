package indicator

func wmaSpec() Spec {
	return Spec{
		Name:    "weightedmovingaverage",
		Aliases: []string{"wma", "weightedmovingaverageindicator"},
		Params:  []Param{period("period", 20, 2, 500, "Bars of the average."), source()},
		Outputs: []string{""},
		Scales:  []Scale{anyPrice},
		Doc:     "Weighted moving average: weights rise evenly from the oldest bar to the newest.",

		lookback: func(in Indicator) []int { return []int{in.whole("period") - 1} },
		start:    startWMA,
	}
}

// startWMA makes the linearly weighted mean of the last n prices.
//
//	WMA = (1·p[t-n+1] + 2·p[t-n+2] + … + n·p[t]) / (n(n+1)/2)
//
// Range:   between the smallest and the largest price of the window, to rounding.
// Warm-up: bars 0..n-2.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  TA-Lib, TA_WMA.
// Differs: from TA-Lib by the drift of its running sums.
func startWMA(in Indicator) machine {
	n := in.whole("period")
	window, weights := newRamp(n), float64(n*(n+1)/2)
	return onSource(in, func(price float64) float64 {
		anchor, _, weighted := window.add(price)
		return anchor + weighted/weights
	})
}
