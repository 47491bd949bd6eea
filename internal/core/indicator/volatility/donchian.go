package volatility

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func donchianSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "donchianchannels",
		Aliases: []string{"donchian", "donchianchannelsindicator"},
		Params:  []indicator.Param{indicator.Period("period", 20, 2, 500, "Bars of the channel, the current one included.")},
		Outputs: []string{"upper", "middle", "lower"},
		Scales:  []indicator.Scale{indicator.AnyPrice(), indicator.AnyPrice(), indicator.AnyPrice()},
		Doc:     "Donchian channel: the highest high and the lowest low of the last bars, and their mean.",
		Obsolete: map[string]string{
			"include_middle": "the middle is always given: remove it",
		},

		Lookback: func(in indicator.Indicator) []int {
			first := in.Whole("period") - 1
			return []int{first, first, first}
		},
		Start: startDonchian,
	}
}

// startDonchian makes the range of the last n bars. A close never leaves a
// channel that its own bar belongs to.
//
//	upper = max high[t-n+1..t]    lower = min low[t-n+1..t]
//	middle = (upper + lower) / 2
//
// Range:   upper >= middle >= lower.
// Warm-up: bars 0..n-2.
// NaN:     a price that is not a number ends the output.
// Error:   upper and lower none, middle one rounding.
// Source:  R. Donchian; TA-Lib, TA_MAX and TA_MIN.
func startDonchian(in indicator.Indicator) indicator.Machine {
	window := rolling.NewBand(in.Whole("period"))
	return indicator.Chunked(func(s market.Series, out [][]float64) {
		upper, center, lower := out[0], out[1], out[2]
		tops, bottoms := window.Fill(s.High, s.Low)
		for t, top := range tops {
			bottom := bottoms[t]
			upper[t], center[t], lower[t] = top, (top+bottom)/2, bottom
		}
	})
}
