package average

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/elementary"
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func regressionSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "linearregression",
		Aliases: []string{"linreg", "linearreg", "linear_regression"},
		Params:  []indicator.Param{indicator.Period("period", 14, 2, 500, "Bars that the line is fitted to."), indicator.Source()},
		Outputs: []string{"value", "slope", "angle", "intercept", "forecast"},
		Scales:  []indicator.Scale{indicator.AnyPrice(), indicator.AnyPrice(), {Unit: indicator.Nonlinear, Min: -90, Max: 90}, indicator.AnyPrice(), indicator.AnyPrice()},
		Doc:     "Linear regression: the straight line through the last bars, at the current one and one further.",

		Lookback: func(in indicator.Indicator) []int {
			first := in.Whole("period") - 1
			return []int{first, first, first, first, first}
		},
		Start: startRegression,
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
func startRegression(in indicator.Indicator) indicator.Machine {
	price, window := in.BarSource(), rolling.NewRamp(in.Whole("period"))
	n := float64(in.Whole("period"))
	middle, squares := (n-1)/2, float64(n*(float64(n*n)-1))/12
	return indicator.Steps(func(b market.Bar, out []float64) {
		anchor, sum, weighted := window.Add(price(b))
		slope := (weighted - float64((middle+1)*sum)) / squares
		center, half := anchor+sum/n, float64(slope*middle)
		out[0], out[1], out[3] = center+half, slope, center-half
		out[2] = elementary.Atan(slope) * (180 / math.Pi)
		out[4] = center + float64(slope*(middle+1))
	})
}
