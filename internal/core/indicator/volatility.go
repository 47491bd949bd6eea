package indicator

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

func volatilitySpec() Spec {
	return Spec{
		Name:    "realisedvolatility",
		Aliases: []string{"realizedvolatility", "volatility", "historicalvolatility"},
		Params: []Param{
			period("period", 20, 2, 500, "Bars of the window."),
			{
				Name: "estimator", Kind: KindText, Default: Text("close"),
				Choices: []string{"close", "parkinson", "garman_klass", "yang_zhang"},
				Doc:     "What of a bar is used: closes; high and low; also open and close; also the gap before the bar.",
			},
		},
		Outputs: []string{""},
		Scales:  []Scale{aboveZero},
		Doc:     "Realised volatility: the standard deviation of log returns per bar, not annualised.",

		lookback: func(in Indicator) []int {
			switch in.Value("estimator").Text() {
			case "parkinson", "garman_klass":
				return []int{in.whole("period") - 1}
			default:
				return []int{in.whole("period")}
			}
		},
		start: func(in Indicator) machine {
			n := in.whole("period")
			switch in.Value("estimator").Text() {
			case "parkinson":
				return startVariance(n, parkinson)
			case "garman_klass":
				return startVariance(n, garmanKlass)
			case "yang_zhang":
				return startYangZhang(n)
			default:
				return startCloseVolatility(n)
			}
		},
	}
}

// startCloseVolatility makes the deviation of log returns of the close.
//
//	sqrt( Σ (r - mean r)² / (n-1) )    r = ln(close[t]/close[t-1]), last n
//
// Range:   at least 0; 0 where prices are flat.
// Warm-up: bars 0..n-1.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-12 against the formula with the standard library's logarithm.
// Source:  the sample standard deviation.
func startCloseVolatility(n int) machine {
	window, past, divided := newSpread(n), newLag(1), float64(n-1)
	return steps(func(b market.Bar, out []float64) {
		_, deviations := window.add(ln(b.Close / past.add(b.Close)))
		out[0] = math.Sqrt(deviations / divided)
	})
}

// startVariance makes the root of the mean over n bars of a bar's own estimate
// of the variance.
//
// Range:   at least 0; 0 where high = low throughout.
// Warm-up: bars 0..n-2.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-12 against the formulas with the standard library's logarithm.
// Source:  see the estimates.
func startVariance(n int, estimate func(b market.Bar) float64) machine {
	window := newTotal(n)
	return steps(func(b market.Bar, out []float64) { out[0] = math.Sqrt(window.total(estimate(b)) / float64(n)) })
}

// parkinson is ln(high/low)² / (4 ln 2): M. Parkinson, Journal of Business, 1980.
func parkinson(b market.Bar) float64 {
	r := ln(b.High / b.Low)
	return r * r / (4 * math.Ln2)
}

// garmanKlass is ln(high/low)²/2 - (2 ln 2 - 1) ln(close/open)²: M. Garman and
// M. Klass, Journal of Business, 1980.
func garmanKlass(b market.Bar) float64 {
	r, c := ln(b.High/b.Low), ln(b.Close/b.Open)
	return max(float64(0.5*float64(r*r))-float64((2*math.Ln2-1)*float64(c*c)), 0)
}

// startYangZhang makes the estimate that is right with gaps and with a drift.
//
//	o = ln(open/close[t-1])    c = ln(close/open)
//	RS = mean of ln(high/close) ln(high/open) + ln(low/close) ln(low/open)
//	k  = 0.34 / (1.34 + (n+1)/(n-1))
//	sqrt( var(o) + k var(c) + (1-k) RS )    sample variances over the last n bars
//
// Range:   at least 0.
// Warm-up: bars 0..n-1.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-12 against the formula with the standard library's logarithm.
// Source:  D. Yang and Q. Zhang, Journal of Business, 2000.
func startYangZhang(n int) machine {
	gaps, days, ranges, past := newSpread(n), newSpread(n), newTotal(n), newLag(1)
	k := 0.34 / (1.34 + float64(n+1)/float64(n-1))
	return steps(func(b market.Bar, out []float64) {
		gap := ln(b.Open / past.add(b.Close))
		if gap != gap { // the first bar has none
			out[0] = nan
			return
		}
		_, night := gaps.add(gap)
		_, day := days.add(ln(b.Close / b.Open))
		inside := ranges.total(float64(ln(b.High/b.Close)*ln(b.High/b.Open)) + float64(ln(b.Low/b.Close)*ln(b.Low/b.Open)))
		out[0] = math.Sqrt((night+float64(k*day))/float64(n-1) + float64((1-k)*(inside/float64(n))))
	})
}
