package indicator

func momentumSpec() Spec {
	return Spec{
		Name:    "momentum",
		Aliases: []string{"mom", "momentumindicator"},
		Params:  []Param{period("period", 10, 1, 100, "Bars between the two prices."), source()},
		Outputs: []string{""},
		Scales:  []Scale{anyPrice},
		Doc:     "Momentum: the price less that some bars ago.",

		lookback: func(in Indicator) []int { return []int{in.whole("period")} },
		start:    startMomentum,
	}
}

// startMomentum makes the difference over n bars.
//
//	p[t] - p[t-n]
//
// Range:   unbounded; 0 where prices are flat.
// Warm-up: bars 0..n-1.
// NaN:     a price that is not a number ends the output.
// Error:   one rounding.
// Source:  the definition; TA-Lib, TA_MOM.
func startMomentum(in Indicator) machine {
	past := newLag(in.whole("period"))
	return onSource(in, func(price float64) float64 { return price - past.add(price) })
}
