package kernel

// normEpsilon keeps a row whose units are all alike from dividing by zero, as
// in torch.nn.LayerNorm.
const normEpsilon = 1e-5

// A Norm is layer normalization: every row of Y, the sums of a layer, gets mean 0
// and variance 1 over the units of the layer and is then scaled and shifted by
// learned factors g (Gain) and terms b (Bias).
//
//	m = Σ y[o] / U    s² = Σ (y[o]-m)² / U    hat[o] = (y[o]-m) / sqrt(s²+1e-5)
//	y[o] = g[o] hat[o] + b[o]
//
// Y and Hat are (Rows,Width), of which the first Units columns count and the spare
// ones become +0; Inverse is (Rows), one over the roots. Width is a multiple of 16.
//
// Range:   both sums are in float64, in the order of the units; m and the
// inverse root are rounded to float32 once, everything after at every step.
// Source:  J. Ba, J. Kiros, G. Hinton, Layer normalization, 2016.
type Norm struct {
	Rows, Units, Width int
	Y, Hat, Inverse    []float32
	Gain, Bias         []float32 // (Width)
	Scratch            []float32 // NormScratch numbers, as has Inverse room for Width(Rows)
}

// A NormBack turns Delta, the derivative by the output of a Norm, into that by its
// input, and adds the gradient of gains and biases, row by row.
//
//	dg[o] += d[o] hat[o]    db[o] += d[o]    e[o] = d[o] g[o]
//	d[o]   = ((e[o] - Σ e / U) - hat[o] (Σ e hat / U)) / sqrt(s²+1e-5)
//
// The sums over units are in float64, in their order, and their means are rounded to
// float32 once. Shapes are those of Norm.
type NormBack struct {
	Rows, Units, Width  int
	Delta, Hat, Inverse []float32
	Gain                []float32
	GainGrad, BiasGrad  []float32
	Scratch             []float32
}

// NormScratch returns how many numbers of scratch a Norm or NormBack needs.
func NormScratch(rows, width int) int { return 2 * (width + 1) * Width(rows) }

// Norm computes a Norm.
func (s *Set) Norm(n Norm) {
	if normed(n.Rows, n.Units, n.Width, "Norm", [][]float32{n.Y, n.Hat}, [][]float32{n.Gain, n.Bias}, n.Inverse, n.Scratch) {
		s.norm(n)
	}
}

// NormBack computes a NormBack.
func (s *Set) NormBack(n NormBack) {
	if normed(n.Rows, n.Units, n.Width, "NormBack", [][]float32{n.Delta, n.Hat}, [][]float32{n.Gain, n.GainGrad, n.BiasGrad}, n.Inverse, n.Scratch) {
		s.normBack(n)
	}
}

// normed tells whether there is anything to do.
func normed(rows, units, width int, name string, matrices, vectors [][]float32, inverse, scratch []float32) bool {
	want(rows >= 0 && units >= 1 && units <= width && width%16 == 0 && len(inverse) >= Width(rows) && len(scratch) >= NormScratch(rows, width), name)
	for _, v := range matrices {
		want(len(v) >= rows*width, name)
	}
	for _, v := range vectors {
		want(len(v) >= width, name)
	}
	return rows > 0
}
