package volatility

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/elementary"
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func volatilitySpec() indicator.Spec {
	return indicator.Spec{
		Name:    "realisedvolatility",
		Aliases: []string{"realizedvolatility", "volatility", "historicalvolatility"},
		Params: []indicator.Param{
			indicator.Period("period", 20, 2, 500, "Bars of the window."),
			{
				Name: "estimator", Kind: indicator.KindText, Default: indicator.Text("close"),
				Choices: []string{"close", "parkinson", "garman_klass", "yang_zhang"},
				Doc:     "What of a bar is used: closes; high and low; also open and close; also the gap before the bar.",
			},
		},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.AboveZero()},
		Doc:     "Realised volatility: the standard deviation of log returns per bar, not annualised.",

		Lookback: func(in indicator.Indicator) []int {
			switch in.Value("estimator").Text() {
			case "parkinson", "garman_klass":
				return []int{in.Whole("period") - 1}
			default:
				return []int{in.Whole("period")}
			}
		},
		Start: func(in indicator.Indicator) indicator.Machine {
			n := in.Whole("period")
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
//	sqrt( Σ (r - mean r)² / (n-1) )    r = elementary.Ln(close[t]/close[t-1]), last n
//
// Range:   at least 0; 0 where prices are flat.
// Warm-up: bars 0..n-1.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-12 against the formula with the standard library's logarithm.
// Source:  the sample standard deviation.
func startCloseVolatility(n int) indicator.Machine {
	window, past, divided := rolling.NewSpread(n), rolling.NewLag(1), float64(n-1)
	return indicator.Steps(func(b market.Bar, out []float64) {
		_, deviations := window.Add(elementary.Ln(b.Close / past.Add(b.Close)))
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
func startVariance(n int, estimate func(b market.Bar) float64) indicator.Machine {
	window := rolling.NewTotal(n)
	return indicator.Steps(func(b market.Bar, out []float64) { out[0] = math.Sqrt(window.Total(estimate(b)) / float64(n)) })
}

// parkinson is elementary.Ln(high/low)² / (4 ln 2): M. Parkinson, Journal of Business, 1980.
func parkinson(b market.Bar) float64 {
	r := elementary.Ln(b.High / b.Low)
	return r * r / (4 * math.Ln2)
}

// garmanKlass is elementary.Ln(high/low)²/2 - (2 ln 2 - 1) elementary.Ln(close/open)²: M. Garman and
// M. Klass, Journal of Business, 1980.
func garmanKlass(b market.Bar) float64 {
	r, c := elementary.Ln(b.High/b.Low), elementary.Ln(b.Close/b.Open)
	return max(float64(0.5*float64(r*r))-float64((2*math.Ln2-1)*float64(c*c)), 0)
}

// startYangZhang makes the estimate that is right with gaps and with a drift.
//
//	o = elementary.Ln(open/close[t-1])    c = elementary.Ln(close/open)
//	RS = mean of elementary.Ln(high/close) elementary.Ln(high/open) + elementary.Ln(low/close) elementary.Ln(low/open)
//	k  = 0.34 / (1.34 + (n+1)/(n-1))
//	sqrt( var(o) + k var(c) + (1-k) RS )    sample variances over the last n bars
//
// Range:   at least 0.
// Warm-up: bars 0..n-1.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-12 against the formula with the standard library's logarithm.
// Source:  D. Yang and Q. Zhang, Journal of Business, 2000.
func startYangZhang(n int) indicator.Machine {
	gaps, days, ranges, past := rolling.NewSpread(n), rolling.NewSpread(n), rolling.NewTotal(n), rolling.NewLag(1)
	k := 0.34 / (1.34 + float64(n+1)/float64(n-1))
	return indicator.Steps(func(b market.Bar, out []float64) {
		gap := elementary.Ln(b.Open / past.Add(b.Close))
		if gap != gap { // the first bar has none
			out[0] = math.NaN()
			return
		}
		_, night := gaps.Add(gap)
		_, day := days.Add(elementary.Ln(b.Close / b.Open))
		inside := ranges.Total(float64(elementary.Ln(b.High/b.Close)*elementary.Ln(b.High/b.Open)) + float64(elementary.Ln(b.Low/b.Close)*elementary.Ln(b.Low/b.Open)))
		out[0] = math.Sqrt((night+float64(k*day))/float64(n-1) + float64((1-k)*(inside/float64(n))))
	})
}
