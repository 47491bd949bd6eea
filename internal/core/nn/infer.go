package nn

import "fmt"

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
		for r := range count {
			gather(t.value[0], t.stride, r, x, in, from+r)
		}
		t.forward(n, count)
		for r := range count {
			t.output(dst[(from+r)*out:][:out], r)
		}
	}
	return dst
}

// A tile is the scratch of a forward pass of up to stride rows.
type tile struct {
	stride  int
	value   [][]quad    // value[0] is the input, value[l+1] what layer l gives
	hat     [][]quad    // hat[l] is the normalized sums of layer l, where it is normed
	inverse [][]float32 // and inverse[l] one over their deviation
}

func newTile(n *Network, rows int) *tile {
	count := len(n.layers)
	t := &tile{stride: (rows + 1) &^ 1, value: make([][]quad, count+1), hat: make([][]quad, count), inverse: make([][]float32, count)}
	t.value[0] = make([]quad, quads(n.config.Inputs)*t.stride)
	for i, l := range n.layers {
		t.value[i+1] = make([]quad, quads(l.out)*t.stride)
		if l.normed {
			t.hat[i], t.inverse[i] = make([]quad, quads(l.out)*t.stride), make([]float32, t.stride)
		}
	}
	return t
}

// forward runs the first rows rows through the network.
func (t *tile) forward(n *Network, rows int) {
	for i := range n.layers {
		t.layer(n, i, rows)
	}
}

// layer runs the first rows rows through layer i and its activation.
func (t *tile) layer(n *Network, i, rows int) {
	l, value := n.layers[i], t.value[i+1]
	l.forward(value, t.value[i], t.stride, rows, n.weight)
	if i == len(n.layers)-1 {
		return
	}
	if l.normed {
		l.normalize(value, t.hat[i], t.inverse[i], t.stride, rows, n.weight)
	}
	n.config.Activation.apply(value, t.stride, l.out)
}

// output copies row r of the last layer into dst.
func (t *tile) output(dst []float32, r int) {
	last := t.value[len(t.value)-1]
	for o := range dst {
		dst[o] = last[o/4*t.stride+r][o%4]
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
