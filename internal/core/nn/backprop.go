package nn

import "github.com/ktrdr/ktrdr/internal/core/kernel"

// A desk is the scratch with which one goroutine takes shards of up to shardRows
// rows through the network and back.
type desk struct {
	*tile
	slope [][]float32 // slope[l] is the derivative of hidden layer l's values, dropout included; nil for ReLU, whose values tell it
	delta [][]float32 // delta[l] is the derivative of the loss by what layer l sums up
	back  *rewind     // of a recurrent network
	drops []float32   // what dropout multiplied its last state by; nil is nothing
	marks *marks
	share []float32 // of the rows in the loss of the batch
	next  []int32   // inputs of the next shard, of which so many have been asked for,
	asked int       // and the rows of the data at which they end
	ahead []int32
	ends  []int32   // memory for ahead
	pace  int       // how many each glance asks for
	grad  []float32 // the gradient that is being added to, laid out like the weights
	fresh bool      // the weights' part of it is still to be written for the first time
	loss  float64   // weighted sum over the shards since the last start
	right int
}

func newDesk(n *Network) *desk {
	d := &desk{tile: newTile(n, shardRows, true), marks: newMarks(n.config.Outputs), share: make([]float32, shardRows)}
	for i, l := range n.layers {
		d.delta = append(d.delta, make([]float32, shardRows*l.width()))
		var slope []float32
		if i < len(n.layers)-1 && n.config.Activation != ReLU {
			slope = make([]float32, shardRows*l.width())
		}
		d.slope = append(d.slope, slope)
	}
	if n.cells != nil {
		d.back = newRewind(n, shardRows)
		if n.config.Dropout > 0 {
			d.drops = make([]float32, len(d.own))
		}
	}
	return d
}

// start makes the desk add to grad, from zero on. The first shard of a perceptron
// writes the gradient of the weights, which therefore need not be cleared.
func (d *desk) start(n *Network, grad []float32) {
	d.grad, d.fresh, d.loss, d.right = grad, n.cells == nil, 0, 0
	if !d.fresh {
		clear(grad)
		return
	}
	for _, l := range n.layers {
		clear(grad[l.linear()-l.width() : l.end()])
	}
}

// A shard is consecutive rows of a batch.
type shard struct {
	rows    []int32 // indices into the data
	next    []int32 // those that will be asked for after them
	place   uint64  // of the first row within the whole training, for dropout
	divisor float64 // sum of the weights of the whole batch
}

// backprop adds the gradient of a shard's part of the batch loss to d.grad.
func (d *desk) backprop(n *Network, l Loss, drop *dropout, data *Data, s shard, w turned) {
	rows := len(s.rows)
	for r, i := range s.rows {
		d.end[r] = data.end(i)
	}
	d.lookAhead(n, data, s.next)
	d.load(n, data.X, rows, drop, s.place)
	if d.drops != nil {
		d.dropState(n, drop, rows, s.place)
	}
	d.forwardTraining(n, drop, rows, s.place, data)
	d.lossAndDelta(n, l, data, s)
	for i := len(n.layers) - 1; i >= 0; i-- {
		l, delta := n.layers[i], d.delta[i]
		if l.normed {
			d.backwardNorm(n, i, rows)
		}
		in, inRow := d.before(n, i)
		then := kernel.Add
		if d.fresh {
			then = kernel.Store
		}
		n.kernels.Multiply(l.backwardWeights(d.grad, in, inRow, delta, rows, then))
		d.glance(n, data)
		l.backwardBias(n.kernels, d.grad, delta, rows)
		d.glance(n, data)
		if i > 0 {
			n.kernels.Multiply(l.backwardInputs(d.delta[i-1], delta, w.layers[i], rows))
			d.glance(n, data)
			d.throughActivation(n, drop, i-1, rows)
			d.glance(n, data)
		}
	}
	d.fresh = false
	if d.back != nil {
		up := d.back.up[n.config.Window-1]
		n.kernels.Multiply(n.layers[0].backwardInputs(up, d.delta[0], w.layers[0], rows))
		if d.drops != nil {
			n.kernels.Scale(up[:rows*d.inRow], d.drops[:rows*d.inRow])
		}
		d.backpropCells(n, rows, w.cells)
	}
}

// lookAhead notes the inputs that will be asked for next.
func (d *desk) lookAhead(n *Network, data *Data, next []int32) {
	if n.cells != nil {
		return
	}
	kernels := 6*len(n.layers) - 1
	d.next, d.ahead, d.asked, d.pace = next, next, 0, (len(next)+kernels-1)/kernels
	if data.At != nil {
		d.ends = d.ends[:0]
		for _, i := range next {
			d.ends = append(d.ends, data.At[i])
		}
		d.ahead = d.ends
	}
}

// glance asks for a few of the inputs ahead. It stands behind every kernel, so that
// all have been asked for when the shard has gone forward and back: more at once
// than the processor can wait for, about 16 lines of memory, would hold it up.
func (d *desk) glance(n *Network, data *Data) {
	from := d.asked
	if from == len(d.next) {
		return
	}
	d.asked = min(len(d.next), from+d.pace)
	n.kernels.Prefetch(data.X, d.ahead[from:d.asked], n.config.Inputs)
	if data.Class != nil {
		n.kernels.PrefetchClasses(data.Class, d.next[from:d.asked])
	}
}

// backwardWeights and backwardBias give the gradient of the weights and biases: for
// every one a chain over the rows of the tile, in row order.
//
//	dW[i,o] += Σ_r x[r,i] d[r,o]    db[o] += Σ_r d[r,o]
//
// x is (B,I), row numbers from row to row, d is (B,O), grad is laid out like the
// weights.
func (l layer) backwardWeights(grad, x []float32, row int, d []float32, rows int, then kernel.Then) kernel.Product {
	w := l.width()
	return kernel.Product{C: l.weights(grad), CRow: w, A: x, ARow: 1, AStep: row, B: d, BRow: w, Rows: l.in, Columns: columns(l.out), Steps: rows, Then: then}
}

func (l layer) backwardBias(k *kernel.Set, grad, d []float32, rows int) {
	k.SumRows(l.bias(grad), d, rows, l.width())
}

// backwardInputs is the product dx = d·Wᵀ, one chain over the units of the layer.
//
// d is (B,O), dx is (B,I), turned is Wᵀ.
func (l layer) backwardInputs(dx, d, turned []float32, rows int) kernel.Product {
	in := kernel.Width(l.in)
	return kernel.Product{C: dx, CRow: in, A: d, ARow: l.width(), AStep: 1, B: turned, BRow: in, Rows: rows, Columns: columns(l.in), Steps: l.out}
}

// throughActivation takes the derivative by what hidden layer i gives to what it
// sums up.
func (d *desk) throughActivation(n *Network, drop *dropout, i, rows int) {
	size, scale := rows*n.layers[i].width(), float32(1)
	switch {
	case d.slope[i] != nil:
		n.kernels.Scale(d.delta[i][:size], d.slope[i][:size])
		return
	case drop != nil:
		scale = drop.scale
	}
	n.kernels.Mask(d.delta[i][:size], d.value[i][:size], scale)
}

// A turned is the weights turned round for the way back: of every recurrent
// layer, and of every layer that something lies before.
type turned struct {
	layers [][]float32
	cells  []turnedCell
}

func newTurned(n *Network) turned {
	size := func(l layer) []float32 { return make([]float32, l.width()*kernel.Width(l.in)) }
	var w turned
	for i, l := range n.layers {
		if i == 0 && n.cells == nil {
			w.layers = append(w.layers, nil)
			continue
		}
		w.layers = append(w.layers, size(l))
	}
	for _, c := range n.cells {
		w.cells = append(w.cells, turnedCell{size(c.x), size(c.h)})
	}
	return w
}

// update turns the weights of n.
func (w turned) update(n *Network) {
	turn := func(dst []float32, l layer) {
		n.kernels.Transpose(dst, l.weights(n.weight), l.in, columns(l.out), kernel.Width(l.in), l.width())
	}
	for i, l := range n.layers {
		if i > 0 || n.cells != nil {
			turn(w.layers[i], l)
		}
	}
	for i, c := range n.cells {
		turn(w.cells[i].h, c.h)
		if i > 0 {
			turn(w.cells[i].x, c.x)
		}
	}
}

// dropState drops units of the last state of a recurrent network.
func (d *desk) dropState(n *Network, drop *dropout, rows int, place uint64) {
	window, size := n.config.Window, rows*d.inRow
	fillOnes(d.drops[:size])
	n.kernels.Drop(d.in[:size], d.drops[:size], rows, d.inRow, drop.draw(place*uint64(window)+uint64(window-1), window, len(n.config.Hidden)-1))
}

// forwardTraining is tile.forward with dropout, and notes the slopes.
func (d *desk) forwardTraining(n *Network, drop *dropout, rows int, place uint64, data *Data) {
	for i, l := range n.layers {
		size := rows * l.width()
		slope := d.slope[i]
		if slope != nil {
			slope = slope[:size]
		}
		d.layer(n, i, rows, slope)
		d.glance(n, data)
		if drop != nil && i < len(n.layers)-1 {
			n.kernels.Drop(d.value[i][:size], slope, rows, l.width(), drop.draw(place, 1, i))
			d.glance(n, data)
		}
	}
}

// leastSlope is what a derivative by an output must be in size to count. A class
// that is out of question has smaller ones, which are nothing beside the others
// but would come to lie among the subnormal numbers on the way back.
const leastSlope = 0x1p-80

// lossAndDelta adds up the loss of the shard and writes its derivative by the
// outputs.
func (d *desk) lossAndDelta(n *Network, l Loss, data *Data, s shard) {
	out, width := d.outputs(n)
	m, outputs := d.marks, n.config.Outputs
	m.mark(n.kernels, l, out, width, outputs, data, s.rows)
	d.glance(n, data)
	d.right += m.right
	if l.weighted(data) {
		for r, i := range s.rows {
			w := float64(l.weight(data, i))
			d.loss += float64(w * float64(m.loss[r]))
			d.share[r] = float32(w / s.divisor)
		}
	} else {
		share := float32(1 / s.divisor)
		for r, loss := range m.loss[:len(s.rows)] {
			d.loss += float64(loss)
			d.share[r] = share
		}
	}
	for o := 0; o < outputs*m.lanes; o += m.lanes {
		n.kernels.Scale(m.slope[o:][:m.lanes], d.share[:m.lanes])
	}
	n.kernels.Cut(m.slope[:outputs*m.lanes], leastSlope)
	n.kernels.Transpose(d.delta[len(d.delta)-1], m.slope, m.columns, len(s.rows), width, m.lanes)
}
