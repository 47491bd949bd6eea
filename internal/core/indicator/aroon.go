package indicator

import (
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func aroonSpec() Spec {
	return Spec{
		Name:    "aroon",
		Aliases: []string{"aroonindicator"},
		Params: []Param{
			period("period", 14, 1, 200, "Bars that count as long ago."),
			definition("textbook looks at period+1 bars and takes the newest of equal extremes; " +
				"ktrdr at period bars, and the oldest."),
		},
		Outputs: []string{"up", "down", "oscillator"},
		Scales:  []Scale{percent, percent, {Unit: Plain, Min: -100, Max: 100}},
		Doc:     "Aroon: how recent the highest high and the lowest low are, in percent, and the difference.",
		Obsolete: map[string]string{
			"include_oscillator": "the oscillator is always given: remove it",
		},

		lookback: func(in Indicator) []int {
			first := in.aroonBars() - 1
			return []int{first, first, first}
		},
		start: startAroon,
	}
}

func (in Indicator) aroonBars() int {
	if in.isKTRDR() {
		return in.whole("period")
	}
	return in.whole("period") + 1
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
func startAroon(in Indicator) machine {
	n := in.whole("period")
	bars := in.aroonBars()
	highs, lows := rolling.NewHighestAge(bars, in.isKTRDR()), rolling.NewLowestAge(bars, in.isKTRDR())
	percents := make([]float64, n+1)
	for k := range percents {
		percents[k] = float64(100 * (float64(n-k) / float64(n)))
	}
	return chunked(func(s market.Series, out [][]float64) {
		up, down, difference := out[0], out[1], out[2]
		highs.Fill(up, s.High, percents)
		lows.Fill(down, s.Low, percents)
		for t, rise := range up {
			difference[t] = rise - down[t]
		}
	})
}
