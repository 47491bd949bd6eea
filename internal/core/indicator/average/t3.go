package average

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func t3Spec() indicator.Spec {
	s := cascade("t3", "t3movingaverage", 6,
		"T3: six exponential averages weighed so that the result is smooth and lags little.", startT3)
	s.Params = append(s.Params, indicator.Param{
		Name: "volume_factor", Kind: indicator.KindNumber, Default: indicator.Number(0.7), Min: 0, Max: 1,
		Doc: "How much lag is taken off; 0 for a mere exponential average of exponential averages.",
	})
	return s
}

// startT3 makes Tillson's average.
//
//	c1 e6 + c2 e5 + c3 e4 + c4 e3    e1 = EMA(p, n), e2 = EMA(e1, n), … e6
//	c1 = -v³    c2 = 3v² + 3v³    c3 = -6v² - 3v - 3v³    c4 = 1 + 3v + v³ + 3v²
//
// Range:   unbounded; the price, to rounding, where all prices so far are equal.
// Warm-up: bars 0..6(n-1)-1.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  T. Tillson, Stocks & Commodities, January 1998; TA-Lib, TA_T3.
func startT3(in indicator.Indicator) indicator.Machine {
	var stages [6]*rolling.Follower
	for i := range stages {
		stages[i] = rolling.NewEMA(in.Whole("period"))
	}
	v := in.Number("volume_factor")
	v2, v3 := float64(v*v), float64(v*v*v)
	c1, c2 := -v3, float64(3*v2)+float64(3*v3)
	c3, c4 := -float64(6*v2)-float64(3*v)-float64(3*v3), 1+float64(3*v)+v3+float64(3*v2)
	return indicator.OnSource(in, func(price float64) float64 {
		var e [6]float64
		for i, stage := range stages {
			price = stage.Add(price)
			e[i] = price
		}
		return float64(c1*e[5]) + float64(c2*e[4]) + float64(c3*e[3]) + float64(c4*e[2])
	})
}
