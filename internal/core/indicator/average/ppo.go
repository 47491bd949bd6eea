package average

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func apoSpec() indicator.Spec {
	return priceOscillator("apo", "absolutepriceoscillator", indicator.AnyPrice(),
		"Absolute price oscillator: a fast less a slow average.",
		func(fast, slow float64) float64 { return fast - slow })
}

func ppoSpec() indicator.Spec {
	return priceOscillator("ppo", "percentagepriceoscillator", indicator.Ratio(),
		"Percentage price oscillator: a fast less a slow average, in percent of the slow one.", rolling.Change)
}

// priceOscillator is the entry of an oscillator that compares two averages.
//
//	APO = fast - slow    PPO = 100 (fast - slow) / slow
//	fast, slow = EMAs, each begun with the mean of its own first prices and not
//	at the same bar as in MACD; or SMAs
//
// Range:   unbounded; 0 where prices are flat.
// Warm-up: bars 0..slow-2.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib on random and real prices, and
// against TTR (testdata/ttr.csv).
// Source:  G. Appel; TA-Lib, TA_APO and TA_PPO.
// Differs: TA-Lib takes simple averages unless told otherwise.
func priceOscillator(name, alias string, scale indicator.Scale, doc string, compare func(fast, slow float64) float64) indicator.Spec {
	return indicator.Spec{
		Name:    name,
		Aliases: []string{alias},
		Params: []indicator.Param{
			indicator.Period("fast_period", 12, 1, 100, "Bars of the fast average."),
			indicator.Period("slow_period", 26, 1, 200, "Bars of the slow average; more than fast_period."),
			{
				Name: "ma_type", Kind: indicator.KindText, Default: indicator.Text("EMA"), Choices: []string{"EMA", "SMA"},
				Doc: "Kind of the averages: exponential or simple.",
			},
			indicator.Source(),
		},
		Outputs: []string{""},
		Scales:  []indicator.Scale{scale},
		Doc:     doc,

		Check:    indicator.FastBelowSlow,
		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("slow_period") - 1} },
		Memory: func(in indicator.Indicator) int {
			if in.Value("ma_type").Text() == "SMA" {
				return 0
			}
			return indicator.Forget(1 - rolling.AlphaOf(in.Whole("slow_period")))
		},
		Start: func(in indicator.Indicator) indicator.Machine {
			nFast, nSlow := in.Whole("fast_period"), in.Whole("slow_period")
			if in.Value("ma_type").Text() == "SMA" {
				quick, steady := rolling.NewAverage(nFast), rolling.NewAverage(nSlow)
				return indicator.OnSource(in, func(price float64) float64 { return compare(quick.Mean(price), steady.Mean(price)) })
			}
			quick, steady := rolling.NewEMA(nFast), rolling.NewEMA(nSlow)
			return indicator.OnSource(in, func(price float64) float64 { return compare(quick.Add(price), steady.Add(price)) })
		},
	}
}
