package nn

import (
	"fmt"
	"math"
)

// Infer writes the outputs of the network for rows rows of x into dst and
// returns it: logits of a classifier, values of a regression. Dropout plays no
// part. It allocates its scratch once per call, and dst where that is too
// short.
//
// Shape:   x is (rows,I) and dst (rows,O), both row-major; dst may be nil.
// NaN:     a row that holds a NaN or an infinity gives outputs that are NaN or
// infinite, and leaves the other rows alone.
// Panics:  if x does not hold rows rows.
// Error:   the bits of a row's outputs depend on the row and the weights only,
// not on the other rows, on how many there are, or on where it stands.
func (n *Network) Infer(dst, x []float32, rows int) []float32 {
	in, out := n.config.Inputs, n.config.Outputs
	if rows < 0 || len(x) != rows*in {
		panic(fmt.Sprintf("nn: Infer has %d inputs for %d rows of %d", len(x), rows, in))
	}
	if cap(dst) < rows*out {
		dst = make([]float32, rows*out)
	}
	dst = dst[:rows*out]
	if rows == 0 {
		return dst
	}
	t := newTile(n, min(rows, shardRows))
	for from := 0; from < rows; from += shardRows {
		count := min(shardRows, rows-from)
		gather(t.in(0), t.stride, x[from*in:], in, count, func(r int) int { return r })
		t.forward(n, count)
		t.outputs(dst[from*out:], out, count)
	}
	return dst
}

// A tile is the scratch of a forward pass of up to stride rows.
type tile struct {
	stride int
	value  [][]quad // value[0] is the input, value[l+1] what layer l gives
}

func newTile(n *Network, rows int) *tile {
	t := &tile{stride: (rows + 1) &^ 1, value: make([][]quad, len(n.layers)+1)}
	t.value[0] = make([]quad, quads(n.config.Inputs)*t.stride)
	for i, l := range n.layers {
		t.value[i+1] = make([]quad, quads(l.out)*t.stride)
	}
	return t
}

func (t *tile) in(layer int) []quad { return t.value[layer] }

// forward runs the first rows rows through the network.
func (t *tile) forward(n *Network, rows int) {
	for i, l := range n.layers {
		l.forward(t.value[i+1], t.value[i], t.stride, rows, n.weight)
		if i < len(n.layers)-1 {
			n.config.Activation.apply(t.value[i+1])
		}
	}
}

// outputs copies the last layer into row-major dst.
func (t *tile) outputs(dst []float32, width, rows int) {
	last := t.value[len(t.value)-1]
	for r := range rows {
		for o := range width {
			dst[r*width+o] = last[o/4*t.stride+r][o%4]
		}
	}
}

// apply replaces every value v by the activation of v.
func (a Activation) apply(v []quad) {
	if a == Tanh {
		for i := range v {
			q := &v[i]
			q[0], q[1], q[2], q[3] = tanh(q[0]), tanh(q[1]), tanh(q[2]), tanh(q[3])
		}
		return
	}
	for i := range v {
		q := &v[i]
		q[0], q[1], q[2], q[3] = max(q[0], 0), max(q[1], 0), max(q[2], 0), max(q[3], 0)
	}
}

// Softmax writes the probabilities of each row of logits into dst and returns
// it.
//
//	p[c] = exp(z[c] - max z) / Σ exp(z - max z)
//
// Shape:   both are (rows,classes), row-major; dst is made where it is too
// short and may be logits itself.
// Range:   [0, 1]; a row sums to 1 within classes × 6e-8.
// NaN:     a row with a NaN or a positive infinity is NaN throughout.
// Panics:  if classes < 1 or does not divide len(logits).
// Error:   the exponential is our own (see doc.go), so the bits are the same on
// every CPU.
func Softmax(dst, logits []float32, classes int) []float32 {
	if classes < 1 || len(logits)%classes != 0 {
		panic(fmt.Sprintf("nn: Softmax has %d logits of %d classes", len(logits), classes))
	}
	if cap(dst) < len(logits) {
		dst = make([]float32, len(logits))
	}
	dst = dst[:len(logits)]
	for i := 0; i < len(logits); i += classes {
		softmaxRow(dst[i:i+classes], logits[i:i+classes])
	}
	return dst
}

// softmaxRow is Softmax of one row. It returns log Σ exp(z), the logarithm of
// the normaliser, as max z and log of the sum of the shifted exponentials.
func softmaxRow(p, z []float32) (top, logSum float32) {
	top = z[0]
	for _, v := range z[1:] {
		top = max(top, v)
	}
	var sum float32
	for c, v := range z {
		p[c] = exp(v - top)
		sum += p[c]
	}
	for c := range p {
		p[c] /= sum
	}
	return top, log(sum)
}

// Constants of exp, log and tanh: the coefficients of the Cephes library
// (S. Moshier, single/expf.c, logf.c, tanhf.c), each rounded to float32.
const (
	log2E  = 1.44269504088896341
	ln2Hi  = 0.693359375 // nine bits, so that a multiple below 2^15 is exact
	ln2Lo  = -2.12194440e-4
	expMin = -87.33654 // the smallest argument whose exponential is normal
	expMax = 88.72283
)

// exp returns e to the x.
//
//	n = round(x / ln 2), r = x - n ln 2, e^x = 2^n (1 + r + r² P(r))
//
// Range:   [0, +Inf]; arguments below expMin give +0 (no subnormal results),
// above expMax +Inf.
// NaN:     NaN gives NaN.
// Error:   below 1.1 units in the last place, over every float32.
// Source:  Cephes expf, with products and sums rounded one by one.
func exp(x float32) float32 {
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

// log returns the natural logarithm of a normal positive x.
//
//	x = 2^e m with m in [sqrt(1/2), sqrt(2)), z = m - 1
//	log x = z - z²/2 + z³ P(z) + e ln 2
//
// Range:   finite.
// NaN:     NaN gives NaN, +Inf gives +Inf; zero, negative and subnormal
// arguments do not occur (softmax sums are at least 1) and are not defined.
// Error:   below 1 unit in the last place or 6e-8 absolute, whichever is larger.
// Source:  Cephes logf, with products and sums rounded one by one.
func log(x float32) float32 {
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

// tanh returns the hyperbolic tangent of x.
//
//	|x| < 0.625: x + x³ P(x²)    else: sign(x) (1 - 2/(e^(2|x|) + 1))
//
// Range:   [-1, 1]; odd.
// NaN:     NaN gives NaN.
// Error:   below 2 units in the last place, over every float32.
// Source:  Cephes tanhf, with products and sums rounded one by one.
func tanh(x float32) float32 {
	z := math.Float32frombits(math.Float32bits(x) &^ (1 << 31))
	if z >= 0.625 {
		t := 1 - 2/(exp(z+z)+1)
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
