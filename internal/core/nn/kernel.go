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

// multiply writes y = x·w for all panels of w, without a bias.
//
// x is (B,K), y is (B,O), w is O/4 panels of panelSize quads of which the first
// K, rounded up to a multiple of four, count. One row more than B may be
// written when B is odd.
func multiply(y, x []quad, stride, rows int, w []quad, panelSize, chain int) {
	for j := 0; (j+1)*panelSize <= len(w); j++ {
		panel, out := w[j*panelSize:j*panelSize+chain], y[j*stride:(j+1)*stride]
		for r := 0; r < rows; r += 2 {
			out[r], out[r+1] = dot(x, stride, r, panel)
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

// gather copies rows of a row-major matrix of that width into a tile: row r of
// the tile is row index(r). Rows up to the next multiple of padTo are zero.
//
// x is (N,width), tile is (B,width).
func gather(tile []quad, stride int, x []float32, width, rows int, index func(int) int) {
	for r := range rows {
		row := x[index(r)*width:][:width]
		p := r
		for ; len(row) >= 4; row = row[4:] {
			tile[p] = quad(row)
			p += stride
		}
		if len(row) > 0 {
			var q quad
			copy(q[:], row)
			tile[p] = q
		}
	}
}
