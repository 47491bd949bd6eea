package average

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func demaSpec() indicator.Spec {
	return cascade("dema", "doubleexponentialmovingaverage", 2,
		"Double exponential moving average: an exponential average with most of its lag taken off.", startDEMA)
}

// startDEMA makes the double exponential average.
//
//	2 e1 - e2    e1 = EMA(p, n), e2 = EMA(e1, n)
//
// Range:   unbounded; the price where all prices so far are equal.
// Warm-up: bars 0..2(n-1)-1.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  P. Mulloy, Stocks & Commodities, January 1994; TA-Lib, TA_DEMA.
func startDEMA(in indicator.Indicator) indicator.Machine {
	n := in.Whole("period")
	first, second := rolling.NewEMA(n), rolling.NewEMA(n)
	return indicator.OnSource(in, func(price float64) float64 {
		once := first.Add(price)
		return float64(2*once) - second.Add(once)
	})
}

func temaSpec() indicator.Spec {
	return cascade("tema", "tripleexponentialmovingaverage", 3,
		"Triple exponential moving average: an exponential average with nearly all of its lag taken off.", startTEMA)
}

// startTEMA makes the triple exponential average.
//
//	3 (e1 - e2) + e3    e1 = EMA(p, n), e2 = EMA(e1, n), e3 = EMA(e2, n)
//
// Range:   unbounded; the price where all prices so far are equal.
// Warm-up: bars 0..3(n-1)-1.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  P. Mulloy, Stocks & Commodities, January 1994; TA-Lib, TA_TEMA.
func startTEMA(in indicator.Indicator) indicator.Machine {
	n := in.Whole("period")
	first, second, third := rolling.NewEMA(n), rolling.NewEMA(n), rolling.NewEMA(n)
	return indicator.OnSource(in, func(price float64) float64 {
		once := first.Add(price)
		twice := second.Add(once)
		return float64(3*(once-twice)) + third.Add(twice)
	})
}

// cascade is the entry of an average that is made of exponential averages of
// each other.
func cascade(name, alias string, stages int, doc string, start func(in indicator.Indicator) indicator.Machine) indicator.Spec {
	return indicator.Spec{
		Name:    name,
		Aliases: []string{alias},
		Params:  []indicator.Param{indicator.Period("period", 20, 1, 500, "Bars of each exponential average."), indicator.Source()},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.AnyPrice()},
		Doc:     doc,

		Lookback: func(in indicator.Indicator) []int { return []int{stages * (in.Whole("period") - 1)} },
		Memory: func(in indicator.Indicator) int {
			return stages * indicator.Forget(1-rolling.AlphaOf(in.Whole("period")))
		},
		Start: start,
	}
}
