package single

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

func candleSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "candle",
		Outputs: []string{"body", "upper_shadow", "lower_shadow"},
		Scales:  []indicator.Scale{indicator.Symmetric(), indicator.Fraction(), indicator.Fraction()},
		Doc:     "Candle: body, positive where the bar rose, and shadows as shares of the bar's range.",

		Lookback: func(indicator.Indicator) []int { return []int{0, 0, 0} },
		Start:    startCandle,
	}
}

// startCandle makes the parts of a bar.
//
//	body = (close-open) / (high-low)
//	upper_shadow = (high - max(open, close)) / (high-low)
//	lower_shadow = (min(open, close) - low) / (high-low)
//
// Range:   body [-1, 1], shadows [0, 1]; all 0 where high = low.
// Warm-up: none.
// NaN:     a price that is not a number ends the output.
// Error:   three roundings.
// Source:  the definition.
func startCandle(indicator.Indicator) indicator.Machine {
	return indicator.Steps(func(b market.Bar, out []float64) {
		whole := b.High - b.Low
		if whole == 0 {
			clear(out)
			return
		}
		out[0] = (b.Close - b.Open) / whole
		out[1] = (b.High - max(b.Open, b.Close)) / whole
		out[2] = (min(b.Open, b.Close) - b.Low) / whole
	})
}
