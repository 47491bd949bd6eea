package elementary

import "math"

// Constants of exp, log and tanh: the coefficients of the Cephes library
// (S. Moshier, single/expf.c, logf.c, tanhf.c), each rounded to float32.
const (
	log2E  = 1.44269504088896341
	ln2Hi  = 0.693359375 // nine bits, so that a multiple below 2^15 is exact
	ln2Lo  = -2.12194440e-4
	expMin = -87.33654 // the smallest argument whose exponential is normal
	expMax = 88.72283
)

// Exp returns e to the x.
//
//	n = round(x / ln 2), r = x - n ln 2, e^x = 2^n (1 + r + r² P(r))
//
// Range:   [0, +Inf]; arguments below expMin give +0 (no subnormal results),
// above expMax +Inf.
// NaN:     NaN gives NaN.
// Error:   below 1 unit in the last place, over every float32 from expMin to
// 88.71.
// Source:  Cephes expf, with products and sums rounded one by one.
func Exp(x float32) float32 {
	switch {
	case x != x:
		return x
	case x > expMax:
		return float32(math.Inf(1))
	case x < expMin:
		return 0
	}
	// floor of a float64 is exact, and so is the conversion of x.
	k := int32(math.Floor(float64(float32(log2E*x)) + 0.5))
	n := float32(k)
	r := x - float32(n*ln2Hi)
	r -= float32(n * ln2Lo)
	p := float32(float32(1.9875691500e-4*r)) + 1.3981999507e-3
	p = float32(p*r) + 8.3334519073e-3
	p = float32(p*r) + 4.1665795894e-2
	p = float32(p*r) + 1.6666665459e-1
	p = float32(p*r) + 5.0000001201e-1
	p = float32(p*float32(r*r)) + r
	p++
	// 2^n in two factors, because n can be 128 for the largest arguments.
	half := k / 2
	return float32(p*power2(half)) * power2(k-half)
}

// power2 returns 2^k for k in -126..127.
func power2(k int32) float32 { return math.Float32frombits(uint32(k+127) << 23) }

// Log returns the natural logarithm of a normal positive x.
//
//	x = 2^e m with m in [sqrt(1/2), sqrt(2)), z = m - 1
//	log x = z - z²/2 + z³ P(z) + e ln 2
//
// Range:   finite.
// NaN:     NaN gives NaN, +Inf gives +Inf; zero, negative and subnormal
// arguments do not occur (softmax sums are at least 1) and are not defined.
// Error:   below 0.8 units in the last place or 5e-8 absolute, whichever is
// larger, over every normal float32.
// Source:  Cephes logf, with products and sums rounded one by one.
func Log(x float32) float32 {
	if !(x <= math.MaxFloat32) {
		return x
	}
	bits := math.Float32bits(x)
	e := float32(int32(bits>>23) - 126)
	m := math.Float32frombits(bits&(1<<23-1) | 126<<23) // in [0.5, 1)
	if m < math.Sqrt2/2 {
		e--
		m += m
	}
	z := m - 1
	p := float32(7.0376836292e-2*z) - 1.1514610310e-1
	p = float32(p*z) + 1.1676998740e-1
	p = float32(p*z) - 1.2420140846e-1
	p = float32(p*z) + 1.4249322787e-1
	p = float32(p*z) - 1.6668057665e-1
	p = float32(p*z) + 2.0000714765e-1
	p = float32(p*z) - 2.4999993993e-1
	p = float32(p*z) + 3.3333331174e-1
	zz := float32(z * z)
	p = float32(float32(p*z) * zz)
	p += float32(e * ln2Lo)
	p -= float32(0.5 * zz)
	return (z + p) + float32(e*ln2Hi)
}

// Tanh returns the hyperbolic tangent of x.
//
//	|x| < 0.625: x + x³ P(x²)    else: sign(x) (1 - 2/(e^(2|x|) + 1))
//
// Range:   [-1, 1]; odd.
// NaN:     NaN gives NaN.
// Error:   below 1.4 units in the last place, over every float32.
// Source:  Cephes tanhf, with products and sums rounded one by one.
func Tanh(x float32) float32 {
	z := math.Float32frombits(math.Float32bits(x) &^ (1 << 31))
	if z >= 0.625 {
		t := 1 - 2/(Exp(z+z)+1)
		return math.Float32frombits(math.Float32bits(t) | math.Float32bits(x)&(1<<31))
	}
	s := float32(x * x)
	p := float32(-5.70498872745e-3*s) + 2.06390887954e-2
	p = float32(p*s) - 5.37397155531e-2
	p = float32(p*s) + 1.33314422036e-1
	p = float32(p*s) - 3.33332819422e-1
	p = float32(float32(p*s) * x)
	return p + x
}

// Sigmoid returns 1/(1+e^-x).
//
//	x >= 0: 1/(1+e^-x)    x < 0: e^x/(1+e^x)
//
// Range:   [0, 1]; 0 below expMin, 1 above 17.
// NaN:     NaN gives NaN.
// Error:   below 3 units in the last place.
func Sigmoid(x float32) float32 {
	if x < 0 {
		e := Exp(x)
		return e / (1 + e)
	}
	return 1 / (1 + Exp(-x))
}

// CosPi returns cos(πx) for x in [0, 1]; math.Cos does not promise the same bits
// on every CPU.
//
//	|πx| up to π/4 by the Taylor series of cosine, up to π/2 by that of sine of
//	the complement, beyond by -cos(π(1-x))
//
// Range:   [-1, 1].
// Error:   below 4e-16 absolute.
func CosPi(x float64) float64 {
	if x > 0.5 {
		return -CosPi(1 - x)
	}
	if x > 0.25 {
		y := math.Pi * (0.5 - x)
		return float64(y * series(float64(y*y), 2))
	}
	y := math.Pi * x
	return series(float64(y*y), 1)
}

// series returns 1 - y/(n(n+1)) (1 - y/((n+2)(n+3)) (1 - …)): for n = 1 the cosine
// of √y, for n = 2 the sine over √y. Twelve terms exhaust float64 for y < 1.
func series(y, n float64) float64 {
	sum := 1.0
	for k := n + 22; k >= n; k -= 2 {
		sum = 1 - float64(float64(y/(k*(k+1)))*sum)
	}
	return sum
}
