package label

import "math"

// rangeVolatility returns the exponentially weighted mean of (high-low)/close.
//
//	N[t] = (1-a)*N[t-1] + (high-low)/close    D[t] = (1-a)*D[t-1] + 1    a = 2/(span+1)
//	v[t] = N[t] / D[t]
//
// The first span-1 values are NaN.
func rangeVolatility(high, low, close []float64, span int) []float64 {
	vol := make([]float64, len(close))
	keep, sum, weights := 1-2/float64(span+1), 0.0, 0.0
	for t := range vol {
		sum = float64(keep*sum) + (high[t]-low[t])/close[t]
		weights = float64(keep*weights) + 1
		vol[t] = sum / weights
	}
	unknown(vol[:min(span-1, len(vol))])
	return vol
}

// returnVolatility returns the exponentially weighted standard deviation of the
// logarithmic returns r of close, without bias:
//
//	W = sum of w    V = sum of w^2    mean = sum of w*r / W    w = (1-a)^age
//	v = sqrt( sum of w*(r-mean)^2 * W / (W^2 - V) )            a = 2/(span+1)
//
// as pandas computes ewm(span).std(): each return moves the mean, and the sum of
// squares grows by what the move leaves, so nothing cancels. The first span
// values are NaN.
func returnVolatility(close []float64, span int) []float64 {
	vol := make([]float64, len(close))
	keep := 1 - 2/float64(span+1)
	keep2 := keep * keep
	var mean, squares, weights, weights2 float64
	for t := 1; t < len(close); t++ {
		old := float64(keep * weights)
		weights = old + 1
		weights2 = float64(keep2*weights2) + 1
		delta := logRatio(close[t], close[t-1]) - mean
		mean += delta / weights
		squares = float64(keep*squares) + float64(delta*delta*(old/weights))
		vol[t] = math.Sqrt(squares * weights / (float64(weights*weights) - weights2))
	}
	unknown(vol[:min(span, len(vol))])
	return vol
}

// logRatio returns the natural logarithm of a/b for positive a and b.
//
//	a/b = 2^k * f, f in [sqrt(1/2), sqrt(2))    s = (f-1)/(f+1)
//	ln(a/b) = k*ln 2 + 2*(s + s^3/3 + s^5/5 + …)
//
// The series ends with s^23: what it leaves out is below 2^-60 of the sum. For
// returns of less than 40 % k is 0 and s comes from the prices themselves, so
// that nothing cancels. math.Log differs in the last bit between processors.
func logRatio(a, b float64) float64 {
	k, s := 0, (a-b)/(a+b)
	if math.Abs(s) > 0.17 {
		f, exponent := math.Frexp(a / b)
		if k = exponent; f < math.Sqrt2/2 {
			f, k = 2*f, k-1
		}
		s = (f - 1) / (f + 1)
	}
	square, series := s*s, 0.0
	for _, c := range atanhSeries {
		series = float64(square * (series + c))
	}
	return float64(float64(k)*math.Ln2) + float64(2*(s+float64(s*series)))
}

// atanhSeries holds the coefficients of s^22 … s^2 in atanh(s)/s.
var atanhSeries = [...]float64{
	1.0 / 23, 1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3,
}

func unknown(column []float64) {
	for i := range column {
		column[i] = math.NaN()
	}
}
