package average

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

// The quickest and the slowest share with which KAMA follows the price: those of
// exponential averages of 2 and 30 bars.
const (
	kamaQuick = 2.0 / 3
	kamaSlow  = 2.0 / 31
)

func kamaSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "kama",
		Aliases: []string{"kaufmanadaptivemovingaverage"},
		Params:  []indicator.Param{indicator.Period("period", 10, 2, 500, "Bars over which trend and noise are compared."), indicator.Source()},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.AnyPrice()},
		Doc:     "Kaufman's adaptive moving average: quick where prices go one way, nearly still where they only shake.",

		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("period")} },
		Memory:   func(indicator.Indicator) int { return indicator.Forget(1 - kamaSlow*kamaSlow) },
		Start:    startKAMA,
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
func startKAMA(in indicator.Indicator) indicator.Machine {
	n := in.Whole("period")
	past, noise := rolling.NewLag(n), rolling.NewTotal(n)
	before, average := math.NaN(), math.NaN()
	return indicator.OnSource(in, func(price float64) float64 {
		direction := math.Abs(price - past.Add(price))
		moves := noise.Total(math.Abs(price - before))
		if moves != moves {
			before, average = price, price
			return math.NaN()
		}
		before = price
		efficiency := 1.0
		if moves > direction {
			efficiency = direction / moves
		}
		c := float64(efficiency*(kamaQuick-kamaSlow)) + kamaSlow
		average = rolling.Smooth(average, price, c*c)
		return average
	})
}
