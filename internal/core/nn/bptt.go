package nn

// A rewind is the scratch with which back-propagation goes through time.
type rewind struct {
	up      [][]quad         // up[t] is the derivative by what a layer gives at step t, as the layer above has it
	hidden  []quad           // the derivative by h', and then by h
	cell    []quad           // LSTM: by c', and then by c
	onInput [maxGates][]quad // by the sum of each gate's chain over the input
	onState [maxGates][]quad // by that over the state
	part    []quad
	grad    []quad // the gradient of one step, laid out like the weights
}

func newRewind(n *Network, stride int) *rewind {
	width := quads(n.config.Hidden[0]) * stride
	w := &rewind{hidden: make([]quad, width), cell: make([]quad, width), part: make([]quad, width), grad: make([]quad, len(n.weight))}
	for range n.config.Window {
		w.up = append(w.up, make([]quad, width))
	}
	for g := range n.config.Cell.gates() {
		w.onInput[g] = make([]quad, width)
		w.onState[g] = w.onInput[g]
	}
	if n.config.Cell == GRU {
		w.onState[2] = make([]quad, width)
	}
	return w
}

// backpropCells takes the derivative by the last state, in d.back.up of the last
// step, back through all steps and layers, and adds up the gradient of the gates,
// steps from the last to the first.
func (d *desk) backpropCells(n *Network, rows int, turned []turnedGate) {
	w, k := d.back, n.config.Cell.gates()
	last := n.config.Window - 1
	for _, g := range n.gates {
		clear(d.grad[g.x.offset:g.h.end()])
	}
	for t := range last {
		clear(w.up[t])
	}
	for l := len(d.cells.at) - 1; l >= 0; l-- {
		clear(w.hidden)
		clear(w.cell)
		for t := last; t >= 0; t-- {
			d.rewindStep(n, l, t, rows)
			d.cellGradient(n, l, t, rows)
			w.sumBack(w.hidden, w.onState[:k], d.stride, rows, turned[l*k:], false)
			if n.config.Cell == GRU {
				addRows(w.hidden, w.cell, d.stride, rows) // z·dh' goes straight to h
			}
			if l > 0 {
				w.sumBack(w.up[t], w.onInput[:k], d.stride, rows, turned[l*k:], true)
				if slope := d.cells.at[l][t].slope; slope != nil {
					scale(w.up[t], slope)
				}
			}
		}
	}
}

// A turnedGate is the weights of a gate turned round for the way back.
type turnedGate struct{ x, h []quad }

// sumBack writes Σ delta[g]·Wᵀ over the gates, in their order.
func (w *rewind) sumBack(dst []quad, delta [][]quad, stride, rows int, turned []turnedGate, input bool) {
	for g, d := range delta {
		wt, to := turned[g].h, w.part
		if input {
			wt = turned[g].x
		}
		if g == 0 {
			to = dst
		}
		multiply(to, d, stride, rows, wt, 4*(len(d)/stride))
		if g > 0 {
			addRows(dst, w.part, stride, rows)
		}
	}
}

// cellGradient adds the gradient of step t to that of the gates of layer l.
func (d *desk) cellGradient(n *Network, l, t, rows int) {
	w, m := d.back, &d.cells.at[l][t]
	hidden, _ := d.cells.state(l, t)
	transpose(d.xt, m.in, d.stride, rows)
	transpose(d.ht, hidden, d.stride, rows)
	for g, gate := range n.gatesOf(l) {
		gate.x.backwardWeights(w.grad, d.xt, w.onInput[g], d.stride, rows)
		gate.h.backwardWeights(w.grad, d.ht, w.onState[g], d.stride, rows)
		from, to := gate.x.offset, gate.h.end()
		add(d.grad[from:to], w.grad[from:to])
	}
}

// rewindStep takes the derivative by h' and c' of layer l at step t to the sums of
// its gates, and leaves in cell what goes to c (LSTM) or straight to h (GRU).
func (d *desk) rewindStep(n *Network, l, t, rows int) {
	w, m := d.back, &d.cells.at[l][t]
	hidden, cell := d.cells.state(l, t)
	for p := 0; p < len(w.hidden); p += d.stride {
		for i := p; i < p+rows; i++ {
			for k := range 4 {
				dh := w.up[t][i][k] + w.hidden[i][k]
				if n.config.Cell == GRU {
					w.rewindGRU(m, i, k, dh, hidden[i][k])
				} else {
					w.rewindLSTM(m, i, k, dh, cell[i][k])
				}
			}
		}
	}
	for g := range n.config.Cell.gates() {
		d.zeroTail(w.onInput[g], rows)
		d.zeroTail(w.onState[g], rows)
	}
}

func (w *rewind) rewindLSTM(m *moment, i, k int, dh, before float32) {
	in, forget, new, out, s := m.gate[0][i][k], m.gate[1][i][k], m.gate[2][i][k], m.gate[3][i][k], m.squash[i][k]
	dc := w.cell[i][k] + float32(float32(dh*out)*(1-float32(s*s)))
	w.onInput[0][i][k] = float32(float32(dc*new) * float32(in*(1-in)))
	w.onInput[1][i][k] = float32(float32(dc*before) * float32(forget*(1-forget)))
	w.onInput[2][i][k] = float32(float32(dc*in) * (1 - float32(new*new)))
	w.onInput[3][i][k] = float32(float32(dh*s) * float32(out*(1-out)))
	w.cell[i][k] = float32(dc * forget)
}

func (w *rewind) rewindGRU(m *moment, i, k int, dh, before float32) {
	reset, update, new := m.gate[0][i][k], m.gate[1][i][k], m.gate[2][i][k]
	dn := float32(float32(dh*(1-update)) * (1 - float32(new*new)))
	w.onInput[0][i][k] = float32(float32(dn*m.inner[i][k]) * float32(reset*(1-reset)))
	w.onInput[1][i][k] = float32(float32(dh*(before-new)) * float32(update*(1-update)))
	w.onInput[2][i][k] = dn
	w.onState[2][i][k] = float32(dn * reset)
	w.cell[i][k] = float32(dh * update)
}

// scale multiplies v by s, element by element.
func scale(v, s []quad) {
	for i := range v {
		q, f := &v[i], &s[i]
		q[0] *= f[0]
		q[1] *= f[1]
		q[2] *= f[2]
		q[3] *= f[3]
	}
}
