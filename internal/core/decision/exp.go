package decision

import "math"

// exp returns e to the power x for x <= 0.
//
//	x = k*ln 2 + r,  |r| <= ln 2 / 2      e^x = 2^k * e^r
//	e^r from the rational form of degree 5 of the source
//
// Range:   [0, 1]; exp(0) is exactly 1; 0 below -708, where the true value is
// under 1e-307 and changes no sum that holds a 1.
// NaN:     not for NaN; the caller has checked.
// Panics:  never.
// Error:   below 1 unit in the last place.
// Source:  FreeBSD msun e_exp.c, Sun Microsystems 1993.
// Differs: math.Exp has assembly of its own on several CPUs, and its bits with
// them. Here every operation is rounded by itself, so the bits are the same
// everywhere.
func exp(x float64) float64 {
	const (
		ln2Hi = 6.93147180369123816490e-01
		ln2Lo = 1.90821492927058770002e-10
		log2e = 1.44269504088896338700e+00

		p1 = 1.66666666666666657415e-01
		p2 = -2.77777777770155933842e-03
		p3 = 6.61375632143793436117e-05
		p4 = -1.65339022054652515390e-06
		p5 = 4.13813679705723846039e-08
	)
	if x < -708 {
		return 0
	}
	k := int64(float64(log2e*x) - 0.5)
	hi := x - float64(float64(k)*ln2Hi)
	lo := float64(float64(k) * ln2Lo)
	r := hi - lo
	t := float64(r * r)
	c := p4 + float64(t*p5)
	c = p3 + float64(t*c)
	c = p2 + float64(t*c)
	c = p1 + float64(t*c)
	c = r - float64(t*c)
	y := 1 - ((lo - float64(r*c)/(2-c)) - hi)
	return y * math.Float64frombits(uint64(1023+k)<<52)
}
