package elementary

import "math"

// The functions below are those that indicators need, in float64: the standard library's may be written in assembly, and its Go form
// leaves the compiler free to fuse operations. Each product that is added to
// something is rounded by a conversion.

// Ln returns the natural logarithm of x > 0, within 1 unit in the last place;
// exactly 0 for 1. NaN for NaN.
//
// Source: FreeBSD, e_log.c: x = 2^k (1+f), s = f/(2+f),
// ln(1+f) = f - (f²/2 - s (f²/2 + R(s²))).
func Ln(x float64) float64 {
	const (
		high = 6.93147180369123816490e-01 // ln 2, its leading bits
		low  = 1.90821492927058770002e-10 // and the rest
	)
	if x != x || x <= 0 || x > math.MaxFloat64 {
		return math.NaN()
	}
	f, exponent := math.Frexp(x)
	if f < math.Sqrt2/2 {
		f *= 2
		exponent--
	}
	f--
	k := float64(exponent)
	s := f / (2 + f)
	z := s * s
	w := z * z
	odd := float64(z * poly(w, 6.666666666666735130e-01, 2.857142874366239149e-01, 1.818357216161805012e-01, 1.479819860511658591e-01))
	even := float64(w * poly(w, 3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01))
	half := float64(float64(0.5*f) * f)
	return float64(k*high) - ((half - (float64(s*(half+odd+even)) + float64(k*low))) - f)
}

// poly returns c[0] + c[1] x + c[2] x² + …
func poly(x float64, c ...float64) float64 {
	sum := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		sum = float64(sum*x) + c[i]
	}
	return sum
}

// Atan returns the angle of slope x in radians, within 2 units in the last place.
//
// Source: Cephes, atan.c: reduced to |x| <= 0.66 about 0, 1 and infinity.
func Atan(x float64) float64 {
	const (
		tan3Pi8 = 2.41421356237309504880
		rest    = 6.123233995736765886130e-17 // of pi/2
	)
	switch a := math.Abs(x); {
	case a <= 0.66:
		return math.Copysign(atanSmall(a), x)
	case a > tan3Pi8:
		return math.Copysign(math.Pi/2-atanSmall(1/a)+rest, x)
	default:
		return math.Copysign(math.Pi/4+atanSmall((a-1)/(a+1))+rest/2, x)
	}
}

func atanSmall(x float64) float64 {
	z := x * x
	above := poly(z, -6.485021904942025371773e+01, -1.228866684490136173410e+02, -7.500855792314704667340e+01, -1.615753718733365076637e+01, -8.750608600031904122785e-01)
	below := poly(z, 1.945506571482613964425e+02, 4.853903996359136964868e+02, 4.328810604912902668951e+02, 1.650270098316988542046e+02, 2.485846490142306297962e+01, 1)
	return float64(x*(float64(z*above)/below)) + x
}

// Wave returns sine and cosine of the given share of a turn, 0 <= turn < 1,
// within 2 units in the last place of 1; exact at quarters.
//
// Source: Cephes, sin.c, on an eighth of a turn to either side of a quarter.
func Wave(turn float64) (sin, cos float64) {
	quarter := math.Floor(float64(4*turn) + 0.5)
	x := float64((float64(4*turn) - quarter) * (math.Pi / 2))
	z := x * x
	s := x + float64(x*float64(z*poly(z, -1.66666666666666307295e-1, 8.33333333332211858878e-3, -1.98412698295895385996e-4,
		2.75573136213857245213e-6, -2.50507477628578072866e-8, 1.58962301576546568060e-10)))
	c := 1 - float64(0.5*z) + float64(float64(z*z)*poly(z, 4.16666666666665929218e-2, -1.38888888888730564116e-3,
		2.48015872888517045348e-5, -2.75573141792967388112e-7, 2.08757008419747316778e-9, -1.13585365213876817300e-11))
	switch quarter {
	case 1:
		return c, -s
	case 2:
		return -s, -c
	case 3:
		return -c, s
	default: // 0 and 4
		return s, c
	}
}
