package indicator

func apoSpec() Spec {
	return priceOscillator("apo", "absolutepriceoscillator", anyPrice,
		"Absolute price oscillator: a fast less a slow average.",
		func(fast, slow float64) float64 { return fast - slow })
}

func ppoSpec() Spec {
	return priceOscillator("ppo", "percentagepriceoscillator", ratio,
		"Percentage price oscillator: a fast less a slow average, in percent of the slow one.", change)
}

// priceOscillator is the entry of an oscillator that compares two averages.
//
//	APO = fast - slow    PPO = 100 (fast - slow) / slow
//	fast, slow = EMAs begun at the same bar, as in MACD; or SMAs
//
// Range:   unbounded; 0 where prices are flat.
// Warm-up: bars 0..slow-2.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  G. Appel; TA-Lib, TA_APO and TA_PPO.
// Differs: TA-Lib takes simple averages unless told otherwise.
func priceOscillator(name, alias string, scale Scale, doc string, compare func(fast, slow float64) float64) Spec {
	return Spec{
		Name:    name,
		Aliases: []string{alias},
		Params: []Param{
			period("fast_period", 12, 1, 100, "Bars of the fast average."),
			period("slow_period", 26, 1, 200, "Bars of the slow average; more than fast_period."),
			{
				Name: "ma_type", Kind: KindText, Default: Text("EMA"), Choices: []string{"EMA", "SMA"},
				Doc: "Kind of the averages: exponential or simple.",
			},
			source(),
		},
		Outputs: []string{""},
		Scales:  []Scale{scale},
		Doc:     doc,

		check:    fastBelowSlow,
		lookback: func(in Indicator) []int { return []int{in.whole("slow_period") - 1} },
		memory: func(in Indicator) int {
			if in.Value("ma_type").Text() == "SMA" {
				return 0
			}
			return forget(1 - alphaOf(in.whole("slow_period")))
		},
		start: func(in Indicator) machine {
			nFast, nSlow := in.whole("fast_period"), in.whole("slow_period")
			if in.Value("ma_type").Text() == "SMA" {
				quick, steady := newAverage(nFast), newAverage(nSlow)
				return onSource(in, func(price float64) float64 { return compare(quick.mean(price), steady.mean(price)) })
			}
			averages := twoAverages(nFast, nSlow, false)
			return onSource(in, func(price float64) float64 { return compare(averages(price)) })
		},
	}
}
