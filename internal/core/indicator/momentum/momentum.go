package momentum

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func momentumSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "momentum",
		Aliases: []string{"mom", "momentumindicator"},
		Params:  []indicator.Param{indicator.Period("period", 10, 1, 100, "Bars between the two prices."), indicator.Source()},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.AnyPrice()},
		Doc:     "Momentum: the price less that some bars ago.",

		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("period")} },
		Start:    startMomentum,
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
func startMomentum(in indicator.Indicator) indicator.Machine {
	past := rolling.NewLag(in.Whole("period"))
	return indicator.OnSource(in, func(price float64) float64 { return price - past.Add(price) })
}
