package nn

// A desk is the scratch with which one job takes a shard of up to shardRows rows
// through the network and back.
type desk struct {
	*tile
	slope [][]quad // slope[l] is the derivative of hidden layer l's values, dropout included
	delta [][]quad // delta[l] is the derivative of the loss by what layer l sums up
	xt    []quad   // a tile turned round
	ht    []quad   // and one of a state
	back  *rewind  // of a recurrent network
	drops []quad   // what dropout multiplied its last state by; nil is nothing
	grad  []quad   // the shard's gradient, laid out like the weights
	z, g  []float32
	loss  float64 // weighted sum over the shard
	right int
}

func newDesk(n *Network) *desk {
	d := &desk{
		tile: newTile(n, shardRows, true), grad: make([]quad, len(n.weight)),
		z: make([]float32, n.config.Outputs), g: make([]float32, n.config.Outputs),
	}
	widest := 0
	for i, l := range n.layers {
		d.delta = append(d.delta, make([]quad, quads(l.out)*d.stride))
		if i < len(n.layers)-1 {
			d.slope = append(d.slope, make([]quad, quads(l.out)*d.stride))
		}
		widest = max(widest, quads(l.in))
	}
	if n.config.Cell != Perceptron {
		widest = max(widest, quads(n.config.Inputs))
		d.ht = make([]quad, quads(shardRows)*4*quads(n.config.Hidden[0]))
		d.back = newRewind(n, d.stride)
		if n.config.Dropout > 0 {
			d.drops = make([]quad, len(d.value[0]))
		}
	}
	d.xt = make([]quad, quads(shardRows)*4*widest)
	return d
}

// A shard is consecutive rows of a batch.
type shard struct {
	rows    []int32 // indices into the data
	place   uint64  // of the first row within the whole training, for dropout
	divisor float64 // sum of the weights of the whole batch
}

// backprop computes the gradient of a shard's part of the batch loss into
// d.grad.
func (d *desk) backprop(n *Network, l Loss, drop *dropout, data *Data, s shard, w turned) {
	rows := len(s.rows)
	for r, i := range s.rows {
		d.end[r] = data.end(i)
	}
	d.load(n, data.X, rows, drop, s.place)
	if d.drops != nil {
		d.dropState(n, drop, rows, s.place)
	}
	d.forwardTraining(n, drop, rows, s.place)
	d.lossAndDelta(l, data, s)
	for i := len(n.layers) - 1; i >= 0; i-- {
		if l := n.layers[i]; l.normed {
			l.backwardNorm(d.grad, d.delta[i], d.hat[i], d.inverse[i], d.stride, rows, n.weight)
		}
		transpose(d.xt, d.value[i], d.stride, rows)
		n.layers[i].backwardWeights(d.grad, d.xt, d.delta[i], d.stride, rows)
		if i > 0 {
			d.backwardInputs(n.layers[i], i, rows, w.layers[i])
		}
	}
	if d.back != nil {
		up := d.back.up[n.config.Window-1]
		multiply(up, d.delta[0], d.stride, rows, w.layers[0], 4*quads(n.layers[0].out))
		if d.drops != nil {
			scale(up, d.drops)
		}
		d.backpropCells(n, rows, w.gates)
	}
}

// A turned is the weights turned round for the way back: of every gate, and of
// every layer that something lies before.
type turned struct {
	layers [][]quad
	gates  []turnedGate
}

func newTurned(n *Network) turned {
	size := func(l layer) []quad { return make([]quad, quads(l.in)*4*quads(l.out)) }
	var w turned
	for _, l := range n.layers {
		w.layers = append(w.layers, size(l))
	}
	for _, g := range n.gates {
		w.gates = append(w.gates, turnedGate{size(g.x), size(g.h)})
	}
	return w
}

// update turns the weights of n.
func (w turned) update(n *Network) {
	for i, l := range n.layers {
		if i > 0 || n.gates != nil {
			l.transposeWeights(w.layers[i], n.weight)
		}
	}
	for i, g := range n.gates {
		g.x.transposeWeights(w.gates[i].x, n.weight)
		g.h.transposeWeights(w.gates[i].h, n.weight)
	}
}

// dropState drops units of the last state of a recurrent network.
func (d *desk) dropState(n *Network, drop *dropout, rows int, place uint64) {
	window := uint64(n.config.Window)
	fillOnes(d.drops)
	for r := range rows {
		drop.apply(d.value[0], d.drops, d.stride, r, (place+uint64(r))*window+window-1, len(n.config.Hidden)-1)
	}
}

// forwardTraining is tile.forward with dropout, and notes the slopes.
func (d *desk) forwardTraining(n *Network, drop *dropout, rows int, place uint64) {
	for i := range n.layers {
		d.layer(n, i, rows)
		if i == len(n.layers)-1 {
			return
		}
		value := d.value[i+1]
		n.config.Activation.slope(d.slope[i], value)
		if drop == nil {
			continue
		}
		for r := range rows {
			drop.apply(value, d.slope[i], d.stride, r, place+uint64(r), i)
		}
	}
}

// lossAndDelta sums up the loss of the shard and writes its derivative by the
// outputs, zero for the rows that only fill up the last quad of rows.
func (d *desk) lossAndDelta(l Loss, data *Data, s shard) {
	last := len(d.delta) - 1
	delta := d.delta[last]
	d.loss, d.right = 0, 0
	for r, i := range s.rows {
		d.output(d.z, r)
		loss, right := l.row(d.g, d.z, data, i)
		w := float64(l.weight(data, i))
		d.loss += float64(w * float64(loss))
		if right {
			d.right++
		}
		share := float32(w / s.divisor)
		for o, g := range d.g {
			delta[o/4*d.stride+r][o%4] = share * g
		}
	}
	d.zeroTail(delta, len(s.rows))
}

// zeroTail clears the rows between rows and the next multiple of four.
func (d *desk) zeroTail(delta []quad, rows int) {
	for p := 0; p < len(delta); p += d.stride {
		clear(delta[p+rows : p+4*quads(rows)])
	}
}

// backwardInputs takes the derivative from what layer i sums up to what the
// layer before it sums up.
//
//	delta[i-1] = (delta[i] · Wᵀ) * slope[i-1]
func (d *desk) backwardInputs(l layer, i, rows int, wt []quad) {
	delta, slope := d.delta[i-1], d.slope[i-1]
	multiply(delta, d.delta[i], d.stride, rows, wt, 4*quads(l.out))
	for p := 0; p < len(delta); p += d.stride {
		for r := p; r < p+rows; r++ {
			q, s := &delta[r], &slope[r]
			q[0] *= s[0]
			q[1] *= s[1]
			q[2] *= s[2]
			q[3] *= s[3]
		}
	}
	d.zeroTail(delta, rows)
}
