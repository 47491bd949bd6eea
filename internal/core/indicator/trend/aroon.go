package trend

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func aroonSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "aroon",
		Aliases: []string{"aroonindicator"},
		Params: []indicator.Param{
			indicator.Period("period", 14, 1, 200, "Bars that count as long ago."),
			indicator.Definition("textbook looks at period+1 bars and takes the newest of equal extremes; " +
				"ktrdr at period bars, and the oldest."),
		},
		Outputs: []string{"up", "down", "oscillator"},
		Scales:  []indicator.Scale{indicator.Percent(), indicator.Percent(), {Unit: indicator.Plain, Min: -100, Max: 100}},
		Doc:     "Aroon: how recent the highest high and the lowest low are, in percent, and the difference.",
		Obsolete: map[string]string{
			"include_oscillator": "the oscillator is always given: remove it",
		},

		Lookback: func(in indicator.Indicator) []int {
			first := aroonBars(in) - 1
			return []int{first, first, first}
		},
		Start: startAroon,
	}
}

func aroonBars(in indicator.Indicator) int {
	if in.IsKTRDR() {
		return in.Whole("period")
	}
	return in.Whole("period") + 1
}

// startAroon makes Aroon up, down and their difference.
//
//	k    = bars since the highest high (lowest low) of the last n+1 bars
//	up   = 100 (n-k)/n    down likewise    oscillator = up - down
//
// Range:   [0, 100]; with definition ktrdr, whose window is n bars, above 0.
// Warm-up: bars 0..n-1; with definition ktrdr 0..n-2.
// NaN:     a price that is not a number ends the output.
// Error:   two roundings.
// Source:  T. Chande, 1995; TA-Lib, TA_AROON, which takes the newest of equals.
func startAroon(in indicator.Indicator) indicator.Machine {
	n := in.Whole("period")
	bars := aroonBars(in)
	highs, lows := rolling.NewHighestAge(bars, in.IsKTRDR()), rolling.NewLowestAge(bars, in.IsKTRDR())
	percents := make([]float64, n+1)
	for k := range percents {
		percents[k] = float64(100 * (float64(n-k) / float64(n)))
	}
	return indicator.Chunked(func(s market.Series, out [][]float64) {
		up, down, difference := out[0], out[1], out[2]
		highs.Fill(up, s.High, percents)
		lows.Fill(down, s.Low, percents)
		for t, rise := range up {
			difference[t] = rise - down[t]
		}
	})
}
