package volatility

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func stddevSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "standarddeviation",
		Aliases: []string{"stddev", "standard_deviation"},
		Params:  []indicator.Param{indicator.Period("period", 20, 2, 500, "Bars of the window."), indicator.Source()},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.AbovePrice()},
		Doc:     "Standard deviation of the last prices.",

		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("period") - 1} },
		Start:    startStdDev,
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
func startStdDev(in indicator.Indicator) indicator.Machine {
	window, n := rolling.NewSpread(in.Whole("period")), float64(in.Whole("period"))
	return indicator.OnSource(in, func(price float64) float64 {
		_, deviations := window.Add(price)
		return math.Sqrt(deviations / n)
	})
}
