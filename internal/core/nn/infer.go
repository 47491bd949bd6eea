package nn

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/elementary"
)

// Infer writes the outputs of the network for rows rows of x into dst and
// returns it: logits of a classifier, values of a regression. A row of a
// recurrent network is its window, oldest first. Dropout plays no part. It
// allocates its scratch once per call, and dst where that is too short.
//
// Shape:   x is (rows,Rows()·I) and dst (rows,O), both row-major; dst may be nil.
// NaN:     a row that holds a NaN or an infinity gives outputs that are NaN or
// infinite, and leaves the other rows alone.
// Panics:  if x does not hold rows rows.
// Error:   the bits of a row's outputs depend on the row and the weights only,
// not on the other rows, on how many there are, or on where it stands.
func (n *Network) Infer(dst, x []float32, rows int) []float32 {
	per := n.config.Rows()
	if rows < 0 || len(x) != rows*per*n.config.Inputs {
		panic(fmt.Sprintf("nn: Infer has %d inputs for %d rows of %d", len(x), rows, per*n.config.Inputs))
	}
	return n.infer(dst, x, rows, func(i int) int { return (i+1)*per - 1 })
}

// InferAt is Infer for the windows that end at the rows ends of one matrix, so
// that windows may overlap: window i is rows ends[i]-Rows()+1 to ends[i].
//
// Shape:   x is (M,I) and dst (len(ends),O), both row-major; dst may be nil.
// Panics:  if a window does not lie within x, or x holds no whole rows.
// Error:   the same bits as Infer for the same windows.
func (n *Network) InferAt(dst, x []float32, ends []int32) []float32 {
	for i, e := range ends {
		if int(e) < n.config.Rows()-1 || int(e) >= len(x)/n.config.Inputs {
			panic(fmt.Sprintf("nn: InferAt has window %d of %d rows end at row %d of %d", i, n.config.Rows(), e, len(x)/n.config.Inputs))
		}
	}
	return n.infer(dst, x, len(ends), func(i int) int { return int(ends[i]) })
}

// infer is Infer for rows inputs, of which number i ends at row end(i) of x.
func (n *Network) infer(dst, x []float32, rows int, end func(i int) int) []float32 {
	out := n.config.Outputs
	if cap(dst) < rows*out {
		dst = make([]float32, rows*out)
	}
	dst = dst[:rows*out]
	if rows == 0 {
		return dst
	}
	t := newTile(n, min(rows, shardRows), false)
	for from := 0; from < rows; from += shardRows {
		count := min(shardRows, rows-from)
		for r := range count {
			t.end[r] = end(from + r)
		}
		t.forward(n, x, count)
		for r := range count {
			t.output(dst[(from+r)*out:][:out], r)
		}
	}
	return dst
}

// A tile is the scratch of a forward pass of up to stride rows.
type tile struct {
	stride  int
	end     []int       // the row of the features at which each input ends
	cells   *unroll     // of a recurrent network; value[0] is then what it gives
	value   [][]quad    // value[0] is the input, value[l+1] what layer l gives
	hat     [][]quad    // hat[l] is the normalized sums of layer l, where it is normed
	inverse [][]float32 // and inverse[l] one over their deviation
}

// newTile returns scratch for up to rows rows, which keeps what back-propagation
// needs of the recurrent layers if keep is true.
func newTile(n *Network, rows int, keep bool) *tile {
	count := len(n.layers)
	t := &tile{stride: (rows + 1) &^ 1, end: make([]int, rows), value: make([][]quad, count+1), hat: make([][]quad, count), inverse: make([][]float32, count)}
	if n.config.Cell != Perceptron {
		t.cells = newUnroll(n, t.stride, keep)
	}
	t.value[0] = make([]quad, quads(n.layers[0].in)*t.stride)
	for i, l := range n.layers {
		t.value[i+1] = make([]quad, quads(l.out)*t.stride)
		if l.normed {
			t.hat[i], t.inverse[i] = make([]quad, quads(l.out)*t.stride), make([]float32, t.stride)
		}
	}
	return t
}

// load takes the first rows inputs, which end at the rows t.end of x, to value[0].
func (t *tile) load(n *Network, x []float32, rows int, drop *dropout, place uint64) {
	if t.cells == nil {
		for r, e := range t.end[:rows] {
			gather(t.value[0], t.stride, r, x, n.config.Inputs, e)
		}
		return
	}
	t.cells.forward(n, x, t.end[:rows], drop, place)
	steps := t.cells.at[len(t.cells.at)-1]
	copy(t.value[0], steps[len(steps)-1].hidden)
}

// forward runs the first rows inputs through the network, without dropout.
func (t *tile) forward(n *Network, x []float32, rows int) {
	t.load(n, x, rows, nil, 0)
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
		p[c] = elementary.Exp(v - top)
		sum += p[c]
	}
	for c := range p {
		p[c] /= sum
	}
	return top, elementary.Log(sum)
}
