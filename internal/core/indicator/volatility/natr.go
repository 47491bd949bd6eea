package volatility

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

func natrSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "natr",
		Aliases: []string{"normalizedaveragetruerange"},
		Params:  []indicator.Param{indicator.Period("period", 14, 1, 100, "Bars of the average.")},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.AboveZero()},
		Doc:     "Normalised average true range: the average true range in percent of the close.",

		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("period")} },
		Memory:   func(in indicator.Indicator) int { return indicator.Forget(1 - 1/float64(in.Whole("period"))) },
		Start:    startNATR,
	}
}

// startNATR makes the share of the average true range in the price.
//
//	100 ATR / close
//
// Range:   at least 0.
// Warm-up: bars 0..n-1.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  J. Forman, Stocks & Commodities, May 2006; TA-Lib, TA_NATR.
func startNATR(in indicator.Indicator) indicator.Machine {
	atr := wilderRange(in.Whole("period"))
	return indicator.Steps(func(b market.Bar, out []float64) { out[0] = 100 * (atr(b) / b.Close) })
}
