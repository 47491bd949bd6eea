package indicator

import "github.com/ktrdr/ktrdr/internal/core/market"

func natrSpec() Spec {
	return Spec{
		Name:    "natr",
		Aliases: []string{"normalizedaveragetruerange"},
		Params:  []Param{period("period", 14, 1, 100, "Bars of the average.")},
		Outputs: []string{""},
		Scales:  []Scale{aboveZero},
		Doc:     "Normalised average true range: the average true range in percent of the close.",

		lookback: func(in Indicator) []int { return []int{in.whole("period")} },
		memory:   func(in Indicator) int { return forget(1 - 1/float64(in.whole("period"))) },
		start:    startNATR,
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
func startNATR(in Indicator) machine {
	atr := wilderRange(in.whole("period"))
	return steps(func(b market.Bar, out []float64) { out[0] = 100 * (atr(b) / b.Close) })
}
