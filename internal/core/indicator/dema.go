package indicator

func demaSpec() Spec {
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
func startDEMA(in Indicator) machine {
	n := in.whole("period")
	first, second := newEMA(n), newEMA(n)
	return onSource(in, func(price float64) float64 {
		once := first.add(price)
		return float64(2*once) - second.add(once)
	})
}

func temaSpec() Spec {
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
func startTEMA(in Indicator) machine {
	n := in.whole("period")
	first, second, third := newEMA(n), newEMA(n), newEMA(n)
	return onSource(in, func(price float64) float64 {
		once := first.add(price)
		twice := second.add(once)
		return float64(3*(once-twice)) + third.add(twice)
	})
}

// cascade is the entry of an average that is made of exponential averages of
// each other.
func cascade(name, alias string, stages int, doc string, start func(in Indicator) machine) Spec {
	return Spec{
		Name:    name,
		Aliases: []string{alias},
		Params:  []Param{period("period", 20, 1, 500, "Bars of each exponential average."), source()},
		Outputs: []string{""},
		Scales:  []Scale{anyPrice},
		Doc:     doc,

		lookback: func(in Indicator) []int { return []int{stages * (in.whole("period") - 1)} },
		memory:   func(in Indicator) int { return stages * forget(1-alphaOf(in.whole("period"))) },
		start:    start,
	}
}
