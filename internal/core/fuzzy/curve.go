package fuzzy

import "math"

// twoSided returns the degree of x in a gaussian with a shoulder or a plateau:
// one bell to the left of muLeft, another to the right of muRight, 1 between.
func twoSided(x, muLeft, sigmaLeft, muRight, sigmaRight float64) float64 {
	switch {
	case x < muLeft:
		return gaussian((x - muLeft) / sigmaLeft)
	case x > muRight:
		return gaussian((x - muRight) / sigmaRight)
	default:
		return gaussian(x - x) // 1, and NaN for NaN
	}
}

// logistic returns 1 / (1 + exp(-y)).
func logistic(y float64) float64 {
	e := fall(math.Abs(y))
	if y < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}

// bell returns 1 / (1 + |z|^power) for a power above 0, as the logistic of
// -power*ln|z|.
func bell(z, power float64) float64 { return logistic(-float64(power * logarithm(math.Abs(z)))) }

// logarithm returns the natural logarithm of z for z of at least 0: -Inf for 0,
// and infinity and NaN for themselves.
//
//	z = 2^k * f, f in [sqrt(1/2), sqrt(2))    s = (f-1)/(f+1)
//	ln z = k*ln 2 + 2*(s + s^3/3 + s^5/5 + …)
//
// The series ends with s^21: what it leaves out is below 2^-57 of the sum. The
// error is below 4 units in the last place. math.Log differs in the last bit
// between processors.
func logarithm(z float64) float64 {
	switch {
	case z == 0:
		return math.Inf(-1)
	case !(z <= math.MaxFloat64):
		return z
	}
	f, k := math.Frexp(z)
	if f < math.Sqrt2/2 {
		f, k = 2*f, k-1
	}
	s := (f - 1) / (f + 1)
	square, series := float64(s*s), 0.0
	for _, c := range atanhSeries {
		series = float64(square * (series + c))
	}
	return float64(float64(k)*math.Ln2) + float64(2*(s+float64(s*series)))
}

// atanhSeries holds the coefficients of s^20 … s^2 in atanh(s)/s.
var atanhSeries = [...]float64{
	1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3,
}
