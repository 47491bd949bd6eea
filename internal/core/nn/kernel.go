package nn

// Legend: B batch rows of a tile, I inputs, O outputs of a layer, K the length
// of a chain.
//
// A tile holds up to shardRows rows in panels of four features: quad p*stride+r
// is features 4p to 4p+3 of row r. Features that only fill up the last panel
// are zero.

// shardRows is the number of rows whose gradients form one chain, and the size
// of the tiles that travel through the network. It is part of the arithmetic
// contract: changing it changes bits.
const shardRows = 64

// dot multiplies two rows by one panel, the product that everything else is
// made of:
//
//	y[o] = ((0 + x[0] w[0,o]) + x[1] w[1,o]) + …    for o in 0..3, for rows r and r+1
//
// Shape:   x holds K/4 panels of stride quads; w is (K,4), K a multiple of 4.
// Range:   each product and each sum is rounded to float32, in that order of k;
// the conversions forbid the compiler to fuse them.
// NaN:     a NaN or infinity goes through to the outputs of its row.
// Panics:  if x is shorter than w asks for.
//
// It is unrolled by hand because that keeps eight sums, two factors and the
// product in registers: 8 GFLOP/s where the plain loops reach 2 to 3 (doc.go).
func dot(x []quad, stride, r int, w []quad) (y0, y1 quad) {
	var a0, a1, a2, a3, b0, b1, b2, b3 float32
	for len(w) >= 4 {
		xa, xb := &x[r], &x[r+1]
		r += stride
		s, t, q := xa[0], xb[0], &w[0]
		a0 += float32(s * q[0])
		a1 += float32(s * q[1])
		a2 += float32(s * q[2])
		a3 += float32(s * q[3])
		b0 += float32(t * q[0])
		b1 += float32(t * q[1])
		b2 += float32(t * q[2])
		b3 += float32(t * q[3])
		s, t, q = xa[1], xb[1], &w[1]
		a0 += float32(s * q[0])
		a1 += float32(s * q[1])
		a2 += float32(s * q[2])
		a3 += float32(s * q[3])
		b0 += float32(t * q[0])
		b1 += float32(t * q[1])
		b2 += float32(t * q[2])
		b3 += float32(t * q[3])
		s, t, q = xa[2], xb[2], &w[2]
		a0 += float32(s * q[0])
		a1 += float32(s * q[1])
		a2 += float32(s * q[2])
		a3 += float32(s * q[3])
		b0 += float32(t * q[0])
		b1 += float32(t * q[1])
		b2 += float32(t * q[2])
		b3 += float32(t * q[3])
		s, t, q = xa[3], xb[3], &w[3]
		a0 += float32(s * q[0])
		a1 += float32(s * q[1])
		a2 += float32(s * q[2])
		a3 += float32(s * q[3])
		b0 += float32(t * q[0])
		b1 += float32(t * q[1])
		b2 += float32(t * q[2])
		b3 += float32(t * q[3])
		w = w[4:]
	}
	return quad{a0, a1, a2, a3}, quad{b0, b1, b2, b3}
}

// multiply writes y = x·w, where w is panels of chain quads.
//
// x is (B,K), y is (B,O). One row more than B is written when B is odd.
func multiply(y, x []quad, stride, rows int, w []quad, chain int) {
	for ; len(w) > 0; w, y = w[chain:], y[stride:] {
		for r := 0; r < rows; r += 2 {
			y[r], y[r+1] = dot(x, stride, r, w[:chain])
		}
	}
}

// forward writes y = x·W + b, the bias being the last term of each chain.
//
// x is (B,I), y is (B,O).
func (l layer) forward(y, x []quad, stride, rows int, weight []quad) {
	for j := range quads(l.out) {
		panel := l.panel(weight, j)
		b, out := panel[l.bias()], y[j*stride:(j+1)*stride]
		for r := 0; r < rows; r += 2 {
			p, q := dot(x, stride, r, panel[:l.bias()])
			out[r] = quad{p[0] + b[0], p[1] + b[1], p[2] + b[2], p[3] + b[3]}
			out[r+1] = quad{q[0] + b[0], q[1] + b[1], q[2] + b[2], q[3] + b[3]}
		}
	}
}

// backwardWeights writes the gradient of the weights and biases: for every
// weight one chain over the rows of the tile, in row order.
//
//	dW[i,o] = Σ_r x[r,i] d[r,o]    db[o] = Σ_r d[r,o]
//
// xt is x turned round (transpose), d is (B,O) with zero rows up to the next
// multiple of four, grad is laid out like the weights.
func (l layer) backwardWeights(grad, xt, d []quad, stride, rows int) {
	chain, inputs := 4*quads(rows), 4*quads(l.in)
	for j := range quads(l.out) {
		g, panel := l.panel(grad, j), d[j*stride:j*stride+chain]
		for i := 0; i < inputs; i += 2 {
			g[i], g[i+1] = dot(xt, inputs, i, panel)
		}
		var b quad
		for r := range panel {
			q := &panel[r]
			b = quad{b[0] + q[0], b[1] + q[1], b[2] + q[2], b[3] + q[3]}
		}
		g[l.bias()] = b
	}
}

// transpose turns a tile x of K features round, so that dot can run down its
// rows: quad g*4*quads(K)+i of xt is rows 4g to 4g+3 of feature i. Rows that only
// fill up the last quad hold numbers of an earlier tile; backwardWeights
// multiplies them by zero.
func transpose(xt, x []quad, stride, rows int) {
	panels := len(x) / stride
	for g := range quads(rows) {
		out := xt[g*4*panels : (g+1)*4*panels]
		for p := range panels {
			q := x[p*stride+4*g:][:4]
			for i := range 4 {
				out[4*p+i] = quad{q[0][i], q[1][i], q[2][i], q[3][i]}
			}
		}
	}
}

// transposeWeights writes the weights of the layer, without biases, as panels
// of four inputs with one quad per output, for multiply to run back through.
func (l layer) transposeWeights(wt, weight []quad) {
	chain := 4 * quads(l.out)
	for j := range quads(l.out) {
		panel := l.panel(weight, j)
		for i := range quads(l.in) {
			out, in := wt[i*chain+4*j:][:4], panel[4*i:][:4]
			for o := range 4 {
				out[o] = quad{in[0][o], in[1][o], in[2][o], in[3][o]}
			}
		}
	}
}

// gather copies row i of a row-major matrix of that width to row r of a tile.
//
// x is (N,width), tile is (B,width).
func gather(tile []quad, stride, r int, x []float32, width, i int) {
	row := x[i*width:][:width]
	for ; len(row) >= 4; row = row[4:] {
		tile[r] = quad(row)
		r += stride
	}
	if len(row) > 0 {
		var q quad
		copy(q[:], row)
		tile[r] = q
	}
}
