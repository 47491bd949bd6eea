package nn

import "github.com/ktrdr/ktrdr/internal/core/kernel"

// A rewind is the scratch with which back-propagation goes through time.
type rewind struct {
	up      [][]float32 // up[t] is the derivative by what a layer gives at step t, as the layer above has it
	hidden  []float32   // the derivative by h', and then by h
	cell    []float32   // LSTM: by c', and then by c; GRU: what goes straight to h
	onInput []float32   // by the sums of the gates over the input
	onState []float32   // by those over the state; LSTM: the same
}

func newRewind(n *Network, rows int) *rewind {
	c := n.cells[0]
	w := &rewind{hidden: make([]float32, rows*c.width), cell: make([]float32, rows*c.width), onInput: make([]float32, rows*c.x.width())}
	for range n.config.Window {
		w.up = append(w.up, make([]float32, rows*c.width))
	}
	if w.onState = w.onInput; n.config.Cell == GRU {
		w.onState = make([]float32, len(w.onInput))
	}
	return w
}

// backpropCells takes the derivative by the last state, in d.back.up of the last
// step, back through all steps and layers, and adds the gradient of the weights,
// chain by chain, steps from the last to the first.
func (d *desk) backpropCells(n *Network, rows int, turned []turnedCell) {
	w, last := d.back, n.config.Window-1
	for t := range last {
		clear(w.up[t])
	}
	for l := len(n.cells) - 1; l >= 0; l-- {
		clear(w.hidden)
		clear(w.cell)
		c := n.cells[l]
		size, gates := rows*c.width, c.x.width()
		for t := last; t >= 0; t-- {
			d.rewindStep(n, l, t, rows)
			d.cellGradient(n, l, t, rows)
			if t > 0 {
				n.kernels.Multiply(kernel.Product{C: w.hidden, CRow: c.width, A: w.onState, ARow: gates, AStep: 1, B: turned[l].h, BRow: c.width,
					Rows: rows, Columns: c.width, Steps: gates})
				if n.config.Cell == GRU {
					n.kernels.Add(w.hidden[:size], w.cell[:size])
				}
			}
			if l > 0 {
				n.kernels.Multiply(kernel.Product{C: w.up[t], CRow: c.width, A: w.onInput, ARow: gates, AStep: 1, B: turned[l].x, BRow: c.width,
					Rows: rows, Columns: c.width, Steps: gates})
				if slope := d.cells.at[l][t].slope; slope != nil {
					n.kernels.Scale(w.up[t][:size], slope[:size])
				}
			}
		}
	}
}

// A turnedCell is the weights of a recurrent layer turned round for the way back.
type turnedCell struct{ x, h []float32 }

// rewindStep takes the derivative by h' and c' of layer l at step t to the sums of
// its gates, and leaves in cell what goes to c (LSTM) or straight to h (GRU).
func (d *desk) rewindStep(n *Network, l, t, rows int) {
	w, m, width := d.back, &d.cells.at[l][t], n.cells[l].width
	hidden, cell := d.cells.state(l, t)
	if n.config.Cell == GRU {
		n.kernels.GRUBack(kernel.GRUBack{Rows: rows, Width: width, Gates: m.gates, State: m.sums, Before: hidden,
			Up: w.up[t], Hidden: w.hidden, Cell: w.cell, DeltaInput: w.onInput, DeltaState: w.onState})
		return
	}
	n.kernels.LSTMBack(kernel.LSTMBack{Rows: rows, Width: width, Gates: m.gates, Squash: m.squash, Before: cell,
		Up: w.up[t], Hidden: w.hidden, Cell: w.cell, Delta: w.onInput})
}

// cellGradient adds the gradient of step t to that of the weights of layer l.
func (d *desk) cellGradient(n *Network, l, t, rows int) {
	w, m, c := d.back, &d.cells.at[l][t], n.cells[l]
	n.kernels.Multiply(c.x.backwardWeights(d.grad, m.in, m.inRow, w.onInput, rows, kernel.Add))
	c.x.backwardBias(n.kernels, d.grad, w.onInput, rows)
	if n.config.Cell == GRU {
		c.h.backwardBias(n.kernels, d.grad, w.onState, rows)
	} else if t == 0 {
		copy(c.h.bias(d.grad), c.x.bias(d.grad)) // both biases are added to the same sums
	}
	if t > 0 { // the state before is zero
		hidden, _ := d.cells.state(l, t)
		n.kernels.Multiply(c.h.backwardWeights(d.grad, hidden, c.width, w.onState, rows, kernel.Add))
	}
}
