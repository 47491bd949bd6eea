package average

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func distanceSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "distancefromma",
		Aliases: []string{"distance_from_ma", "distancefrommaindicator"},
		Params: []indicator.Param{
			indicator.Period("period", 20, 1, 200, "Bars of the average."),
			{
				Name: "ma_type", Kind: indicator.KindText, Default: indicator.Text("SMA"), Choices: []string{"SMA", "EMA"},
				Doc: "Kind of the average: simple or exponential.",
			},
			indicator.Source(),
			indicator.Definition("which definition of the exponential average is meant; the simple one has but one."),
		},
		Outputs: []string{""},
		Scales:  []indicator.Scale{{Unit: indicator.Plain, Min: -100, Max: indicator.Ratio().Max}},
		Doc:     "Distance from a moving average, in percent of the average.",

		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("period") - 1} },
		Memory: func(in indicator.Indicator) int {
			if in.Value("ma_type").Text() == "SMA" {
				return 0
			}
			return indicator.Forget(1 - rolling.AlphaOf(in.Whole("period")))
		},
		Start: startDistance,
	}
}

// startDistance makes the distance from an average.
//
//	100 (p - MA) / MA    MA = SMA(p, n), or EMA(p, n); with definition ktrdr
//	EMAAdjusted(p, n)
//
// Range:   above -100; 0 where prices are flat.
// Warm-up: bars 0..n-2.
// NaN:     a price that is not a number ends the output.
// Error:   that of the average, and three roundings.
// Source:  the original KTRDR.
// Differs: the original gives values of the exponential form from bar 0 on.
func startDistance(in indicator.Indicator) indicator.Machine {
	n := in.Whole("period")
	add := rolling.NewAverage(n).Mean
	switch {
	case in.Value("ma_type").Text() == "SMA":
	case in.IsKTRDR():
		add = rolling.NewAdjusted(n).Add
	default:
		add = rolling.NewEMA(n).Add
	}
	return indicator.OnSource(in, func(price float64) float64 { return rolling.Change(price, add(price)) })
}
