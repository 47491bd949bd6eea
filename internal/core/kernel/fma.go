package kernel

import "math"

// FMA returns a·b + c rounded once to float32, which is what the fused
// instructions of processors give. Package math has it for float64 only.
//
//	p = a·b, exact in float64    s = p + c, rounded to float64
//
// Rounding s once more to float32 goes wrong only where s lies half-way between
// two float32 and is not exact. There, and where the result is subnormal, s is
// computed anew with rounding to odd, after which a second rounding is harmless.
//
// NaN:    as IEEE 754 has it; which NaN is not defined.
// Error:  half a unit in the last place, as for a single rounding.
// Source: S. Boldo, G. Melquiond, Emulation of FMA and correctly rounded sums,
// 2008.
func FMA(a, b, c float32) float32 {
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
