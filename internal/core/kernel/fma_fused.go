//go:build amd64.v3 || arm64 || riscv64

package kernel

// wide is the type of numbers in a chain.
type wide = float32

// fma is one instruction on these processors. The compiler is free to fuse a product
// and a sum, and for these it does, but for products of constants; TestFMA and
// TestProduct fail where it should cease to.
//
//go:noinline
func fma(a, b, c float32) float32 { return a*b + c }

// productBlock adds the chains of two rows of four columns to s0 and s1.
func productBlock(s0, s1 *[4]float32, a0, a1, b []float32, p *Product) {
	w0, w1, w2, w3 := s0[0], s0[1], s0[2], s0[3]
	x0, x1, x2, x3 := s1[0], s1[1], s1[2], s1[3]
	for k := range p.Steps {
		v, x := a0[k*p.AStep], a1[k*p.AStep]
		q := (*[4]float32)(b[k*p.BRow:])
		w0, w1, w2, w3 = v*q[0]+w0, v*q[1]+w1, v*q[2]+w2, v*q[3]+w3
		x0, x1, x2, x3 = x*q[0]+x0, x*q[1]+x1, x*q[2]+x2, x*q[3]+x3
	}
	*s0, *s1 = [4]float32{w0, w1, w2, w3}, [4]float32{x0, x1, x2, x3}
}

// chains continues eight chains of FMA.
func (s *list) chains(sum *[8]float32, low, high [][4]float32) {
	s0, s1, s2, s3, s4, s5, s6, s7 := sum[0], sum[1], sum[2], sum[3], sum[4], sum[5], sum[6], sum[7]
	number := s.number[:s.count]
	at := s.at[:len(number)]
	for i, x := range number {
		k := at[i]
		q := &low[k]
		s0 = x*q[0] + s0
		s1 = x*q[1] + s1
		s2 = x*q[2] + s2
		s3 = x*q[3] + s3
		r := &high[k] // whose check keeps the compiler from reading all eight first, for which it has no registers
		s4 = x*r[0] + s4
		s5 = x*r[1] + s5
		s6 = x*r[2] + s6
		s7 = x*r[3] + s7
	}
	*sum = [8]float32{s0, s1, s2, s3, s4, s5, s6, s7}
}

// chainsOfAll is the same: no number is rare to an instruction.
func (s *list) chainsOfAll(sum *[8]float32, low, high [][4]float32) { s.chains(sum, low, high) }
