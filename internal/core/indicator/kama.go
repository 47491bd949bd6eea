package indicator

import "math"

// The quickest and the slowest share with which KAMA follows the price: those of
// exponential averages of 2 and 30 bars.
const (
	kamaQuick = 2.0 / 3
	kamaSlow  = 2.0 / 31
)

func kamaSpec() Spec {
	return Spec{
		Name:    "kama",
		Aliases: []string{"kaufmanadaptivemovingaverage"},
		Params:  []Param{period("period", 10, 2, 500, "Bars over which trend and noise are compared."), source()},
		Outputs: []string{""},
		Scales:  []Scale{anyPrice},
		Doc:     "Kaufman's adaptive moving average: quick where prices go one way, nearly still where they only shake.",

		lookback: func(in Indicator) []int { return []int{in.whole("period")} },
		memory:   func(Indicator) int { return forget(1 - kamaSlow*kamaSlow) },
		start:    startKAMA,
	}
}

// startKAMA makes Kaufman's average.
//
//	ER = |p[t]-p[t-n]| / Σ |p[i]-p[i-1]| over the last n moves; 1 without moves
//	c  = (ER (2/3 - 2/31) + 2/31)²
//	KAMA[n-1] = p[n-1]    KAMA[t] = KAMA[t-1] + c (p[t] - KAMA[t-1])
//
// Range:   between the smallest and the largest price so far, to rounding.
// Warm-up: bars 0..n-1.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  P. Kaufman, Smarter Trading, 1995; TA-Lib, TA_KAMA.
func startKAMA(in Indicator) machine {
	n := in.whole("period")
	past, noise := newLag(n), newTotal(n)
	before, average := nan, nan
	return onSource(in, func(price float64) float64 {
		direction := math.Abs(price - past.add(price))
		moves := noise.total(math.Abs(price - before))
		if moves != moves {
			before, average = price, price
			return nan
		}
		before = price
		efficiency := 1.0
		if moves > direction {
			efficiency = direction / moves
		}
		c := float64(efficiency*(kamaQuick-kamaSlow)) + kamaSlow
		average = smooth(average, price, c*c)
		return average
	})
}
