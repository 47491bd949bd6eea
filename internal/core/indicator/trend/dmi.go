package trend

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

func dmiSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "directionalmovement",
		Aliases: []string{"dmi", "dx"},
		Params:  []indicator.Param{indicator.Period("period", 14, 2, 200, "Bars of the Wilder sums.")},
		Outputs: []string{"dx", "plus_di", "minus_di", "plus_dm", "minus_dm"},
		Scales:  []indicator.Scale{indicator.Percent(), indicator.Percent(), indicator.Percent(), indicator.AbovePrice(), indicator.AbovePrice()},
		Doc:     "Directional movement: the parts that ADX is made of, not averaged.",

		Lookback: func(in indicator.Indicator) []int {
			n := in.Whole("period")
			return []int{n, n, n, n - 1, n - 1}
		},
		Memory: func(in indicator.Indicator) int { return indicator.Forget(1 - 1/float64(in.Whole("period"))) },
		Start:  startDMI,
	}
}

// startDMI makes Wilder's directional sums and indicators.
//
//	plus_dm, minus_dm, R = sums of +DM, -DM, TR as in ADX, over bars 1..n-1, then
//	S = S - S/n + x
//	plus_di = 100 plus_dm/R    minus_di = 100 minus_dm/R
//	dx      = 100 |plus_di-minus_di| / (plus_di+minus_di)
//
// Range:   [0, 100] for the first three; 0 where prices are flat.
// Warm-up: n bars, one less for the sums.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  J. W. Wilder, New Concepts in Technical Trading Systems, 1978;
// TA-Lib, TA_DX, TA_PLUS_DI, TA_MINUS_DI, TA_PLUS_DM, TA_MINUS_DM.
func startDMI(in indicator.Indicator) indicator.Machine {
	moves := &mover{n: in.Whole("period")}
	return indicator.Steps(func(b market.Bar, out []float64) {
		moves.add(b)
		out[1], out[2], out[0] = moves.sums.index()
		out[3], out[4] = moves.sums.plus, moves.sums.minus
	})
}
