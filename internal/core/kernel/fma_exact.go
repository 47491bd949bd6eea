//go:build !amd64.v3 && !arm64 && !riscv64

package kernel

import "math"

// wide is the type of numbers in a chain.
type wide = float64

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

// chainsOfAll continues eight chains, whatever the numbers are.
func (s *list) chainsOfAll(sum *[8]float64, low, high [][4]float64) {
	for i, x := range s.number[:s.count] {
		for k, y := range low[s.at[i]] {
			sum[k] = step(x*y, sum[k])
		}
		for k, y := range high[s.at[i]] {
			sum[4+k] = step(x*y, sum[4+k])
		}
	}
}

// chains is that for numbers of a safe extent.
func (s *list) chains(sum *[8]float64, low, high [][4]float64) {
	for i := 0; ; i++ {
		n, lane := eight(sum, s.number[i:s.count], s.at[i:s.count], low, high)
		if i += n; i == s.count {
			return
		}
		q := [2][4]float64{low[s.at[i]], high[s.at[i]]}
		for k := lane; k < 8; k++ {
			sum[k] = step(s.number[i]*q[k/4][k%4], sum[k])
		}
	}
}

// eight continues eight chains of FMA, whose sums are float32 but kept as float64,
// and returns how many steps it took and before which lane of the next one it stopped.
// It stops where a sum lies half-way between two float32: there it may not be exact, and
// elsewhere adding half a unit to its bits and cutting the rest off rounds it as
// a single rounding would.
func eight(sum *[8]float64, number []float64, at []uint32, low, high [][4]float64) (steps, lane int) {
	const half, below = 1 << 28, 1<<29 - 1 // the bits that a float32 has not
	s0, s1, s2, s3, s4, s5, s6, s7 := sum[0], sum[1], sum[2], sum[3], sum[4], sum[5], sum[6], sum[7]
	at, high = at[:len(number)], high[:len(low)]
	steps = len(number)
	for i, x := range number {
		q, r := &low[at[i]], &high[at[i]]
		u := math.Float64bits(s0+x*q[0]) + half
		if u&below == 0 {
			steps, lane = i, 0
			break
		}
		s0 = math.Float64frombits(u &^ below)
		if u = math.Float64bits(s1+x*q[1]) + half; u&below == 0 {
			steps, lane = i, 1
			break
		}
		s1 = math.Float64frombits(u &^ below)
		if u = math.Float64bits(s2+x*q[2]) + half; u&below == 0 {
			steps, lane = i, 2
			break
		}
		s2 = math.Float64frombits(u &^ below)
		if u = math.Float64bits(s3+x*q[3]) + half; u&below == 0 {
			steps, lane = i, 3
			break
		}
		s3 = math.Float64frombits(u &^ below)
		if u = math.Float64bits(s4+x*r[0]) + half; u&below == 0 {
			steps, lane = i, 4
			break
		}
		s4 = math.Float64frombits(u &^ below)
		if u = math.Float64bits(s5+x*r[1]) + half; u&below == 0 {
			steps, lane = i, 5
			break
		}
		s5 = math.Float64frombits(u &^ below)
		if u = math.Float64bits(s6+x*r[2]) + half; u&below == 0 {
			steps, lane = i, 6
			break
		}
		s6 = math.Float64frombits(u &^ below)
		if u = math.Float64bits(s7+x*r[3]) + half; u&below == 0 {
			steps, lane = i, 7
			break
		}
		s7 = math.Float64frombits(u &^ below)
	}
	*sum = [8]float64{s0, s1, s2, s3, s4, s5, s6, s7}
	return steps, lane
}
