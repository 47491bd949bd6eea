package momentum

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func williamsSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "williamsr",
		Aliases: []string{"williams_r", "willr", "williamsrindicator"},
		Params:  []indicator.Param{indicator.Period("period", 14, 1, 100, "Bars of the range.")},
		Outputs: []string{""},
		Scales:  []indicator.Scale{{Unit: indicator.Plain, Min: -100, Max: 0}},
		Doc:     "Williams %R: how far the close lies below the top of the range, in percent, negative.",

		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("period") - 1} },
		Start:    startWilliams,
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
func startWilliams(in indicator.Indicator) indicator.Machine {
	window := rolling.NewBand(in.Whole("period"))
	return indicator.Chunked(func(s market.Series, out [][]float64) {
		column := out[0]
		tops, bottoms := window.Fill(s.High, s.Low)
		for t, price := range s.Close {
			column[t] = -100 * rolling.Place(-price, -bottoms[t], -tops[t])
		}
	})
}
