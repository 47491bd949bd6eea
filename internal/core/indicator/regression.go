package indicator

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

func regressionSpec() Spec {
	return Spec{
		Name:    "linearregression",
		Aliases: []string{"linreg", "linearreg", "linear_regression"},
		Params:  []Param{period("period", 14, 2, 500, "Bars that the line is fitted to."), source()},
		Outputs: []string{"value", "slope", "angle", "intercept", "forecast"},
		Scales:  []Scale{anyPrice, anyPrice, {Unit: Nonlinear, Min: -90, Max: 90}, anyPrice, anyPrice},
		Doc:     "Linear regression: the straight line through the last bars, at the current one and one further.",

		lookback: func(in Indicator) []int {
			first := in.whole("period") - 1
			return []int{first, first, first, first, first}
		},
		start: startRegression,
	}
}

// startRegression fits p = intercept + slope·i to the last n prices, i = 0..n-1,
// by least squares.
//
//	slope = Σ (i - (n-1)/2) p / (n(n²-1)/12)    intercept = mean - slope (n-1)/2
//	value = intercept + slope (n-1)    forecast = intercept + slope n
//	angle = arctangent of slope, in degrees
//
// Range:   angle between -90 and 90; it depends on the scale of the price.
// Warm-up: bars 0..n-2.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  TA-Lib, TA_LINEARREG, _SLOPE, _ANGLE, _INTERCEPT and TA_TSF.
func startRegression(in Indicator) machine {
	price, window := in.barSource(), newRamp(in.whole("period"))
	n := float64(in.whole("period"))
	middle, squares := (n-1)/2, float64(n*(float64(n*n)-1))/12
	return steps(func(b market.Bar, out []float64) {
		anchor, sum, weighted := window.add(price(b))
		slope := (weighted - float64((middle+1)*sum)) / squares
		center, half := anchor+sum/n, float64(slope*middle)
		out[0], out[1], out[3] = center+half, slope, center-half
		out[2] = atan(slope) * (180 / math.Pi)
		out[4] = center + float64(slope*(middle+1))
	})
}
