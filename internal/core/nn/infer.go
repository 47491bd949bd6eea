package nn

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/elementary"
	"github.com/ktrdr/ktrdr/internal/core/kernel"
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
		last, width := t.outputs(n)
		for r := range count {
			copy(dst[(from+r)*out:][:out], last[r*width:])
		}
	}
	return dst
}

// shardRows is the number of rows whose gradients form one chain, and the size
// of the tiles that travel through the network. It is part of the arithmetic
// contract: changing it changes bits.
const shardRows = 64

// A tile is the scratch of a forward pass of some rows. Its matrices hold one row
// of features or units for each, with kernel.Width of them.
type tile struct {
	end     []int       // the row of the features at which each input ends
	in      []float32   // what goes into the first layer, inRow numbers from row to row
	inRow   int         //
	own     []float32   // memory for in, where it cannot lie within the features
	cells   *unroll     // of a recurrent network
	value   [][]float32 // value[l] is what layer l gives
	hat     [][]float32 // hat[l] is the normalized sums of layer l, where it is normed
	inverse [][]float32 // and inverse[l] one over their deviation
	scratch []float32   // of the normalization
}

// newTile returns scratch for up to rows rows, which keeps what back-propagation
// needs of the recurrent layers if keep is true.
func newTile(n *Network, rows int, keep bool) *tile {
	count := len(n.layers)
	t := &tile{end: make([]int, rows), own: make([]float32, rows*kernel.Width(n.layers[0].in)),
		value: make([][]float32, count), hat: make([][]float32, count), inverse: make([][]float32, count)}
	if n.cells != nil {
		t.cells = newUnroll(n, rows, keep)
	}
	for i, l := range n.layers {
		t.value[i] = make([]float32, rows*l.width())
		if l.normed {
			t.hat[i], t.inverse[i] = make([]float32, rows*l.width()), make([]float32, kernel.Width(rows))
			t.scratch = make([]float32, max(len(t.scratch), kernel.NormScratch(rows, l.width())))
		}
	}
	return t
}

// load makes the first rows inputs, which end at the rows t.end of x, what goes
// into the first layer.
func (t *tile) load(n *Network, x []float32, rows int, drop *dropout, place uint64) {
	if t.cells == nil {
		t.in, t.inRow = gather(n.kernels, t.own, x, n.config.Inputs, t.end[:rows], 0)
		return
	}
	t.cells.forward(n, x, t.end[:rows], drop, place)
	steps := t.cells.at[len(t.cells.at)-1]
	t.inRow = kernel.Width(n.layers[0].in)
	t.in = t.own
	copy(t.own, steps[len(steps)-1].hidden[:rows*t.inRow])
}

// gather returns the rows ends[r]-back of x, a matrix of that width, as a matrix
// and what lies between its rows: within x where they are equally far apart, and
// copied to own elsewhere.
func gather(k *kernel.Set, own, x []float32, width int, ends []int, back int) (rows []float32, row int) {
	apart := width
	if len(ends) > 1 {
		apart = (ends[1] - ends[0]) * width
	}
	first := (ends[0] - back) * width
	even := apart >= 0
	for r := 1; r < len(ends) && even; r++ {
		even = (ends[r]-ends[r-1])*width == apart
	}
	if even {
		return x[first:], apart
	}
	row = kernel.Width(width)
	k.Gather(own, x, ends, back, width, row)
	return own, row
}

// forward runs the first rows inputs through the network, without dropout.
func (t *tile) forward(n *Network, x []float32, rows int) {
	t.load(n, x, rows, nil, 0)
	for i := range n.layers {
		t.layer(n, i, rows, nil)
	}
}

// before returns what goes into layer i, and the numbers from row to row.
func (t *tile) before(n *Network, i int) (v []float32, row int) {
	if i == 0 {
		return t.in, t.inRow
	}
	return t.value[i-1], n.layers[i-1].width()
}

// layer runs the first rows rows through layer i and its activation, whose slope
// it writes if slope is not nil.
func (t *tile) layer(n *Network, i, rows int, slope []float32) {
	l, value, width := n.layers[i], t.value[i], n.layers[i].width()
	in, inRow := t.before(n, i)
	last := i == len(n.layers)-1
	then := kernel.Store
	if !last && !l.normed && n.config.Activation == ReLU {
		then = kernel.Rectify
	}
	n.kernels.Multiply(l.forward(value, in, inRow, rows, n.weight, then))
	if last || then == kernel.Rectify {
		return
	}
	if l.normed {
		t.normalize(n, i, rows, value)
	}
	n.config.Activation.apply(n.kernels, value[:rows*width], slope)
}

// forward is the product y = x·W + b.
func (l layer) forward(y, x []float32, row, rows int, weight []float32, then kernel.Then) kernel.Product {
	return kernel.Product{C: y, CRow: l.width(), A: x, ARow: row, AStep: 1, B: l.weights(weight), BRow: l.width(), Start: l.bias(weight),
		Rows: rows, Columns: columns(l.out), Steps: l.in, Then: then}
}

// outputs returns what the last layer gives, and the numbers from row to row.
func (t *tile) outputs(n *Network) (v []float32, row int) {
	last := len(n.layers) - 1
	return t.value[last], n.layers[last].width()
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

// softmaxRow is Softmax of one row.
func softmaxRow(p, z []float32) {
	top := z[0]
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
}
