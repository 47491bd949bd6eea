package volume

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func chaikinSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "chaikinoscillator",
		Aliases: []string{"adosc", "chaikin_oscillator"},
		Params: []indicator.Param{
			indicator.Period("fast_period", 3, 1, 100, "Bars of the fast average."),
			indicator.Period("slow_period", 10, 2, 200, "Bars of the slow average; more than fast_period."),
		},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.AnyVolume()},
		Doc:     "Chaikin oscillator: a fast less a slow average of the accumulation/distribution line.",
		Volume:  true,

		Check:    indicator.FastBelowSlow,
		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("slow_period") - 1} },
		Memory: func(in indicator.Indicator) int {
			return indicator.Forget(1 - rolling.AlphaOf(in.Whole("slow_period")))
		},
		Start: startChaikin,
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
func startChaikin(in indicator.Indicator) indicator.Machine {
	averages := rolling.NewPair(in.Whole("fast_period"), in.Whole("slow_period"), true)
	total := 0.0
	return indicator.Steps(func(b market.Bar, out []float64) {
		total += float64(closeLocation(b) * b.Volume)
		fast, slow := averages(total)
		out[0] = fast - slow
	})
}
