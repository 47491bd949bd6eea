package indicator

import (
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func williamsSpec() Spec {
	return Spec{
		Name:    "williamsr",
		Aliases: []string{"williams_r", "willr", "williamsrindicator"},
		Params:  []Param{period("period", 14, 1, 100, "Bars of the range.")},
		Outputs: []string{""},
		Scales:  []Scale{{Unit: Plain, Min: -100, Max: 0}},
		Doc:     "Williams %R: how far the close lies below the top of the range, in percent, negative.",

		lookback: func(in Indicator) []int { return []int{in.whole("period") - 1} },
		start:    startWilliams,
	}
}

// startWilliams makes Williams %R.
//
//	-100 (HH - close) / (HH - LL)    over the last n bars; -50 where HH = LL
//
// Range:   [-100, 0].
// Warm-up: bars 0..n-2.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  L. Williams; TA-Lib, TA_WILLR.
// Differs: TA-Lib gives 0 where the range is nothing. The original KTRDR shows
// -50 before anything is known.
func startWilliams(in Indicator) machine {
	window := rolling.NewBand(in.whole("period"))
	return chunked(func(s market.Series, out [][]float64) {
		column := out[0]
		tops, bottoms := window.Fill(s.High, s.Low)
		for t, price := range s.Close {
			column[t] = -100 * place(-price, -bottoms[t], -tops[t])
		}
	})
}
