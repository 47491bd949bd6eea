//go:build !arm64

package kernel

import "math"

// fma makes do with float64.
//
//	p = a·b, exact in float64    s = p + c, rounded to float64
//
// Rounding s once more to float32 goes wrong only where s lies half-way between
// two float32 and is not exact. There, and where the result is subnormal, s is
// computed anew with rounding to odd, after which a second rounding is harmless.
//
// Source: S. Boldo, G. Melquiond, Emulation of FMA and correctly rounded sums,
// 2008.
func fma(a, b, c float32) float32 {
	p, z := float64(a)*float64(b), float64(c)
	s := p + z
	if rare(s) {
		return roundOdd(p, z)
	}
	return float32(s)
}

// rare tells whether s may be half-way between two float32, or is too small for
// a normal one.
func rare(s float64) bool {
	u := math.Float64bits(s)
	return u&(1<<29-1) == 1<<28 || u<<1 < (1023-126)<<53
}

// roundOdd returns p + c, rounded to odd in float64 and from there to float32.
//
//go:noinline
func roundOdd(p, c float64) float32 {
	s := p + c
	t := s - p
	rest := (p - (s - t)) + (c - t) // s + rest is p + c, exactly
	if u := math.Float64bits(s); rest != 0 && u&1 == 0 {
		if rest > 0 == (s > 0) {
			u++
		} else {
			u--
		}
		s = math.Float64frombits(u)
	}
	return float32(s)
}

// productBlock adds the chains of two rows of four columns to s0 and s1, which are
// float64 meanwhile but rounded to float32 at each step.
func productBlock(s0, s1 *[4]float32, a0, a1, b []float32, p *Product) {
	w0, w1, w2, w3 := float64(s0[0]), float64(s0[1]), float64(s0[2]), float64(s0[3])
	x0, x1, x2, x3 := float64(s1[0]), float64(s1[1]), float64(s1[2]), float64(s1[3])
	for k := range p.Steps {
		a, c := float64(a0[k*p.AStep]), float64(a1[k*p.AStep])
		q := (*[4]float32)(b[k*p.BRow:])
		b0, b1, b2, b3 := float64(q[0]), float64(q[1]), float64(q[2]), float64(q[3])
		w0, x0 = step(a*b0, w0), step(c*b0, x0)
		w1, x1 = step(a*b1, w1), step(c*b1, x1)
		w2, x2 = step(a*b2, w2), step(c*b2, x2)
		w3, x3 = step(a*b3, w3), step(c*b3, x3)
	}
	*s0 = [4]float32{float32(w0), float32(w1), float32(w2), float32(w3)}
	*s1 = [4]float32{float32(x0), float32(x1), float32(x2), float32(x3)}
}

// step is FMA for a product that is exact and a sum that is a float32.
func step(p, sum float64) float64 {
	s := p + sum
	if rare(s) {
		return float64(roundOdd(p, sum))
	}
	return float64(float32(s))
}
