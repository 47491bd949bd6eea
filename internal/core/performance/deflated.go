package performance

import "math"

// eulerGamma is the Euler-Mascheroni constant.
const eulerGamma = 0.57721566490153286

// ExpectedMaxSharpe returns the Sharpe ratio that the best of independent trials
// is expected to show though none has any skill, where their ratios have the
// given standard deviation. Trials need not be a whole number: those that are
// alike count as fewer.
//
//	SR0 = deviation * ( (1-g) * Z(1 - 1/trials) + g * Z(1 - 1/(trials*e)) )
//	g the Euler-Mascheroni constant, Z the quantile of the standard normal distribution
//
// Range:   at least 0; 0 for one trial.
// NaN:     a NaN argument gives NaN.
// Panics:  if trials < 1 or deviation < 0.
// Error:   below 1e-7 relative up to a million trials.
// Source:  D. H. Bailey and M. López de Prado, The Deflated Sharpe Ratio, Journal
// of Portfolio Management 40(5), 2014.
func ExpectedMaxSharpe(deviation, trials float64) float64 {
	if trials < 1 || deviation < 0 {
		panic("performance: ExpectedMaxSharpe wants at least one trial and a deviation of at least 0")
	}
	if math.IsNaN(trials) || math.IsNaN(deviation) {
		return math.NaN()
	}
	best := float64((1-eulerGamma)*normalQuantile(1-1/trials)) + float64(eulerGamma*normalQuantile(1-1/(trials*math.E)))
	return deviation * max(0, best)
}

// DeflatedSharpe returns the probability that the true Sharpe ratio per period of
// the best of several trials is above what the best of as many trials without
// skill would show: ProbabilisticSharpe against ExpectedMaxSharpe. deviation is
// that of the ratios of all trials, per period; the rest is about the best one.
//
// Range:   [0, 1]; against one trial it is ProbabilisticSharpe against 0.
// NaN:     as of the two.
// Panics:  as of the two.
// Error:   below 1e-7 absolute.
// Source:  as of ExpectedMaxSharpe.
// Differs: libraries that take their excess kurtosis for the raw one give a
// larger probability.
func DeflatedSharpe(sharpe, skewness, kurtosis float64, n int, deviation, trials float64) float64 {
	return ProbabilisticSharpe(sharpe, ExpectedMaxSharpe(deviation, trials), skewness, kurtosis, n)
}

// MinBacktestLength returns how many years a backtest has to have so that the best of
// independent trials without skill is not expected to show a Sharpe ratio per year above
// target.
//
//	MinBTL = ( ExpectedMaxSharpe(1, trials) / target )^2
//
// Range:   at least 0; 0 for one trial.
// NaN:     a NaN argument gives NaN.
// Panics:  if trials < 1.
// Error:   below 1e-6 relative up to a million trials.
// Source:  D. H. Bailey, J. M. Borwein, M. López de Prado and Q. J. Zhu,
// Pseudo-Mathematics and Financial Charlatanism, Notices of the AMS 61(5), 2014.
func MinBacktestLength(trials, target float64) float64 {
	most := ExpectedMaxSharpe(1, trials) / target
	return float64(most * most)
}

// normalQuantile returns the x at which normalCDF reaches p, by halving.
//
// Range:   [-8, 8], which are the quantiles of 0 and 1 as well.
// NaN:     NaN gives 8.
// Panics:  never.
// Error:   below 1e-7 absolute for p in [1e-7, 1 - 1e-7].
func normalQuantile(p float64) float64 {
	low, high := -8.0, 8.0
	for {
		middle := low + (high-low)/2
		if middle <= low || middle >= high {
			return high
		}
		if normalCDF(middle) < p {
			low = middle
		} else {
			high = middle
		}
	}
}
