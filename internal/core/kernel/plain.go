package kernel

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/elementary"
)

// plain is the implementation that runs everywhere and defines what the others
// must give. Where it writes float32(x*y) it forbids the compiler to fuse.
var plain = Set{
	name:    "plain",
	product: productPlain, gather: gatherPlain, sumRows: sumRowsPlain, add: addPlain, scale: scalePlain, mask: maskPlain,
	cut: cutPlain, rectify: rectifyPlain, leaky: leakyPlain, tanh: tanhPlain, sigmoid: sigmoidPlain, drop: dropPlain,
	softmax: softmaxPlain, squares: squaresPlain, transpose: transposePlain, prefetch: prefetchPlain, classes: prefetchClassesPlain,
	adam: adamPlain, sgd: sgdPlain, rmsProp: rmsPropPlain,
	lstm: lstmPlain, lstmBack: lstmBackPlain, gru: gruPlain, gruBack: gruBackPlain, norm: normPlain, normBack: normBackPlain,
}

// productEach takes two rows by four columns at a time, whose eight sums stay
// in registers.
func productEach(p Product) {
	for m := 0; m < p.Rows; m += 2 {
		a0, a1 := p.A[m*p.ARow:], p.A[min(m+1, p.Rows-1)*p.ARow:]
		for n := 0; n < p.Columns; n += 4 {
			var s0, s1 [4]float32
			if p.Start != nil {
				s0 = [4]float32(p.Start[n:])
				s1 = s0
			}
			productBlock(&s0, &s1, a0, a1, p.B[n:], &p)
			p.finish(m, n, &s0)
			if m+1 < p.Rows {
				p.finish(m+1, n, &s1)
			}
		}
	}
}

// finish writes four chains of row m.
func (p *Product) finish(m, n int, s *[4]float32) {
	c := p.C[m*p.CRow+n:][:4]
	for j := range c {
		switch p.Then {
		case Add:
			c[j] += s[j]
		case Rectify:
			c[j] = rectified(s[j])
		default:
			c[j] = s[j]
		}
	}
}

// The processor cannot guess which units are at work and which are dropped, so the
// functions that ask for it do not branch but make masks of all ones or zeros.

// below is all ones where x is below y.
func below(x, y uint32) uint32 { return uint32((int64(x) - int64(y)) >> 63) }

// rectified returns +0 for numbers below 0, and x elsewhere.
func rectified(x float32) float32 {
	const least, infinity = 1<<31 + 1, 0xff800000 // of the bits of numbers below 0
	u := math.Float32bits(x)
	return math.Float32frombits(u &^ below(u-least, infinity-least+1))
}

// kept returns x where mask is all ones, and +0 elsewhere.
func kept(x float32, mask uint32) float32 { return math.Float32frombits(math.Float32bits(x) & mask) }

func gatherPlain(dst, x []float32, rows []int, back, width, stride int) {
	for r, row := range rows {
		copy(dst[r*stride:][:width], x[(row-back)*width:])
	}
}

func sumRowsPlain(dst, d []float32, rows, stride int) {
	for j := range dst {
		var sum float32
		for r := range rows {
			sum += d[r*stride+j]
		}
		dst[j] += sum
	}
}

func addPlain(dst, v []float32) {
	for i, x := range v {
		dst[i] += x
	}
}

func scalePlain(dst, v []float32) {
	for i, x := range v {
		dst[i] *= x
	}
}

func maskPlain(dst, v []float32, scale float32) {
	const infinity = 0x7f800000
	for i, x := range v {
		dst[i] = kept(dst[i]*scale, below(math.Float32bits(x)-1, infinity))
	}
}

func rectifyPlain(v []float32) {
	for i, x := range v {
		v[i] = rectified(x)
	}
}

func leakyPlain(v, slope []float32) {
	for i, x := range v {
		s := float32(1)
		if !(x > 0) {
			s = leak
		}
		v[i] = x * s
		if slope != nil {
			slope[i] = s
		}
	}
}

func tanhPlain(v, slope []float32) {
	for i, x := range v {
		h := elementary.Tanh(x)
		v[i] = h
		if slope != nil {
			slope[i] = 1 - float32(h*h)
		}
	}
}

func sigmoidPlain(v, slope []float32) {
	for i, x := range v {
		h := elementary.Sigmoid(x)
		v[i] = h
		if slope != nil {
			slope[i] = float32(h * (1 - h))
		}
	}
}

func dropPlain(v, slope []float32, rows, stride int, d Draw) {
	state := d.First
	for r := range rows {
		low, high := d.row(state)
		state += d.Next
		for j := range stride {
			keep := ^below(hash(low+uint32(j)*golden32, high), d.Threshold)
			i := r*stride + j
			v[i] = kept(v[i]*d.Scale, keep)
			if slope != nil {
				slope[i] = kept(slope[i]*d.Scale, keep)
			}
		}
	}
}

func softmaxPlain(z, top, logSum []float32, best []int32, classes int) {
	n := len(top)
	for r := range n {
		first := 0
		for c := range classes {
			if z[c*n+r] > z[first*n+r] {
				first = c
			}
		}
		most := z[first*n+r]
		var sum float32
		for c := range classes {
			e := elementary.Exp(z[c*n+r] - most)
			z[c*n+r] = e
			sum += e
		}
		for c := range classes {
			z[c*n+r] /= sum
		}
		top[r], logSum[r], best[r] = most, elementary.Log(sum), int32(first)
	}
}

func squaresPlain(v []float32) (lanes [squareLanes]float64) {
	for i, x := range v {
		lanes[i%squareLanes] += float64(x) * float64(x) // the product is exact
	}
	return lanes
}

func transposePlain(dst, src []float32, rows, columns, dstRow, srcRow int) {
	for r := range rows {
		for c, v := range src[r*srcRow:][:columns] {
			dst[c*dstRow+r] = v
		}
	}
}

func prefetchPlain([]float32, []int32, int) {}

func prefetchClassesPlain([]int32, []int32) {}

func adamPlain(w, g, m, v []float32, s AdamStep) {
	for i, x := range w {
		d := cut(float32(g[i]*s.Clip)+float32(s.Decay*x), leastGradient)
		m[i] = cut(float32(s.Beta1*m[i])+float32(s.Rest1*d), leastMoment)
		v[i] = cut(float32(s.Beta2*v[i])+float32(s.Rest2*float32(d*d)), leastSquare)
		root := float32(math.Sqrt(float64(v[i])))
		w[i] = float32(s.Keep*x) - float32(s.Pace*m[i])/(float32(root*s.Root)+s.Epsilon)
	}
}

func sgdPlain(w, g, m []float32, s SGDStep) {
	for i, x := range w {
		d := cut(float32(g[i]*s.Clip)+float32(s.Decay*x), leastGradient)
		m[i] = cut(float32(s.Momentum*m[i])+d, leastMoment)
		w[i] = x - float32(s.Pace*m[i])
	}
}

func rmsPropPlain(w, g, v []float32, s RMSPropStep) {
	for i, x := range w {
		d := cut(float32(g[i]*s.Clip)+float32(s.Decay*x), leastGradient)
		v[i] = cut(float32(s.Alpha*v[i])+float32(s.Rest*float32(d*d)), leastSquare)
		w[i] = x - float32(s.Pace*d)/(float32(math.Sqrt(float64(v[i])))+s.Epsilon)
	}
}

// cut returns x, or 0 where x is below least in size.
func cut(x, least float32) float32 {
	if x < least && x > -least {
		return 0
	}
	return x
}

func cutPlain(v []float32, least float32) {
	for i, x := range v {
		v[i] = cut(x, least)
	}
}
