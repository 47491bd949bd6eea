package kernel

// fma is one instruction on this processor. The compiler is free to fuse a product
// and a sum, and for arm64 it does, but for products of constants; TestFMA fails where it should
// cease to.
//
//go:noinline
func fma(a, b, c float32) float32 { return a*b + c }

func productPlain(p Product) { productEach(p) }

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
