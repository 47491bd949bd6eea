package performance

import "math"

// z95OneSided is the 95 % quantile of the standard normal distribution.
const z95OneSided = 1.6448536269514722

// ProbabilisticSharpe returns the probability that the true Sharpe ratio per
// period exceeds benchmark, given that n independent returns with the given
// skewness and raw kurtosis showed sharpe.
//
//	PSR = Phi( (sharpe - benchmark) / SharpeStandardError )
//
// Range:   [0, 1]; 1/2 where sharpe is benchmark.
// NaN:     a NaN argument gives NaN, and so do moments that no returns have.
// Panics:  if n < 2.
// Error:   below 1e-12 absolute.
// Source:  D. H. Bailey and M. López de Prado, The Sharpe Ratio Efficient
// Frontier, Journal of Risk 15(2), 2012.
// Differs: libraries that take their excess kurtosis for the raw one give a
// larger probability.
func ProbabilisticSharpe(sharpe, benchmark, skewness, kurtosis float64, n int) float64 {
	return normalCDF((sharpe - benchmark) / SharpeStandardError(sharpe, skewness, kurtosis, n))
}

// MinTrackRecord returns how many returns it takes until sharpe, per period,
// exceeds benchmark at a confidence of 95 %, if they keep their moments.
//
//	MinTRL = 1 + (1 - skewness*sharpe + (kurtosis-1)/4*sharpe^2) * (z / (sharpe-benchmark))^2    z = 1.645
//
// Range:   above 1; +Inf where sharpe is not above benchmark.
// NaN:     a NaN argument gives NaN.
// Panics:  never.
// Error:   a few units in the last place.
// Source:  as of ProbabilisticSharpe.
func MinTrackRecord(sharpe, benchmark, skewness, kurtosis float64) float64 {
	if sharpe <= benchmark {
		return math.Inf(1)
	}
	variance := 1 - float64(skewness*sharpe) + float64((kurtosis-1)/4*float64(sharpe*sharpe))
	distance := z95OneSided / (sharpe - benchmark)
	return 1 + float64(variance*float64(distance*distance))
}

// SharpeScale returns what a Sharpe ratio per period is multiplied by to be one of
// several periods, where each return goes along with the one before it.
//
//	scale = q / sqrt( q + 2 * sum over k from 1 to q-1 of (q-k) * autocorrelation^k )
//
// Range:   at least 0; sqrt(q) at an autocorrelation of 0, less above it and more below.
// NaN:     where the autocorrelation is NaN or outside of (-1, 1).
// Panics:  if q < 1.
// Error:   below 1e-12 relative for q < 400 and an autocorrelation in [-0.9, 0.9].
// Source:  A. W. Lo, The Statistics of Sharpe Ratios, Financial Analysts Journal
// 58(4), 2002, for returns whose autocorrelations are powers of the first.
// Differs: with all q-1 autocorrelations measured, as the paper also has it, the scale
// of a year of days would mostly be made of their errors.
func SharpeScale(q int, autocorrelation float64) float64 {
	if q < 1 {
		panic("performance: SharpeScale wants at least one period")
	}
	if !(autocorrelation > -1 && autocorrelation < 1) {
		return math.NaN()
	}
	sum, power := 0.0, 1.0
	for k := 1; k < q; k++ {
		power *= autocorrelation
		sum += float64(float64(q-k) * power)
	}
	return float64(q) / math.Sqrt(float64(q)+float64(2*sum))
}

// normalCDF returns the standard normal distribution function at x.
//
//	Phi(x) = 1/2 + phi(x) * (x + x^3/3 + x^5/(3*5) + x^7/(3*5*7) + …)
//
// Range:   [0, 1]; 0 below -8 and 1 above 8, where the rest is under 1e-15.
// NaN:     NaN gives NaN.
// Panics:  never.
// Error:   below 1e-12 absolute.
// Source:  G. Marsaglia, Evaluating the Normal Distribution, Journal of
// Statistical Software 11(4), 2004.
// Differs: math.Erfc may fuse its multiplications on some CPUs and so differ in
// the last bit; see power.
func normalCDF(x float64) float64 {
	switch {
	case math.IsNaN(x):
		return x
	case x < -8:
		return 0
	case x > 8:
		return 1
	}
	square, term, sum := float64(x*x), x, 0.0
	for k := 3.0; sum+term != sum; k += 2 {
		sum += term
		term = float64(term * square / k)
	}
	density := 1 / (math.Sqrt(2*math.Pi) * power(math.E, square/2))
	return min(1, max(0, 0.5+float64(density*sum)))
}
