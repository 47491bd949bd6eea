package indicator

import "github.com/ktrdr/ktrdr/internal/core/market"

func chaikinSpec() Spec {
	return Spec{
		Name:    "chaikinoscillator",
		Aliases: []string{"adosc", "chaikin_oscillator"},
		Params: []Param{
			period("fast_period", 3, 1, 100, "Bars of the fast average."),
			period("slow_period", 10, 2, 200, "Bars of the slow average; more than fast_period."),
		},
		Outputs: []string{""},
		Scales:  []Scale{anyVolume},
		Doc:     "Chaikin oscillator: a fast less a slow average of the accumulation/distribution line.",
		Volume:  true,

		check:    fastBelowSlow,
		lookback: func(in Indicator) []int { return []int{in.whole("slow_period") - 1} },
		memory:   func(in Indicator) int { return forget(1 - alphaOf(in.whole("slow_period"))) },
		start:    startChaikin,
	}
}

// startChaikin makes the difference of two averages of the running total of
// mf_volume; see adline. The level of the total cancels.
//
//	EMAFromFirst(total, fast) - EMAFromFirst(total, slow)
//
// Range:   unbounded.
// Warm-up: bars 0..slow-2.
// NaN:     from the first bar on whose volume is not reported.
// Error:   below 1e-9 relative to the total against go-talib on random prices.
// Source:  M. Chaikin; TA-Lib, TA_ADOSC.
func startChaikin(in Indicator) machine {
	averages := twoAverages(in.whole("fast_period"), in.whole("slow_period"), true)
	total := 0.0
	return steps(func(b market.Bar, out []float64) {
		total += float64(closeLocation(b) * b.Volume)
		fast, slow := averages(total)
		out[0] = fast - slow
	})
}
