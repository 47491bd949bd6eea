package nn

import (
	"strconv"

	"github.com/ktrdr/ktrdr/internal/core/kernel"
)

// A Cell is what the hidden layers of a network are made of. The zero value is
// Perceptron.
type Cell uint8

// The cells. A Perceptron reads one row of features. The recurrent ones read a
// window of consecutive rows, oldest first, beginning with states of zero, and
// what the last layer holds after the last row goes through a linear layer to
// the outputs. With x the input of a layer at a step, h and c its states before
// it, and σ the sigmoid:
//
//	LSTM  i,f,o = σ(x·Wx + bx + h·Wh + bh)    g = tanh(x·Wx + bx + h·Wh + bh)
//	      c' = f c + i g                      h' = o tanh(c')
//	GRU   r,z = σ(x·Wx + bx + h·Wh + bh)      n = tanh(x·Wx + bx + r (h·Wh + bh))
//	      h' = (1-z) n + z h
//
// Dropout falls on what goes from one layer to the next, anew at every step, and
// on the last state.
//
// Source: torch.nn.LSTM and torch.nn.GRU, whose order of gates and two biases
// these are; F. Gers, J. Schmidhuber, F. Cummins, Learning to forget, 2000;
// K. Cho et al., Learning phrase representations, 2014, with the reset gate
// after the product.
const (
	Perceptron Cell = iota
	LSTM
	GRU
)

// gates returns how many gates the cell has: i, f, g, o or r, z, n.
func (c Cell) gates() int { return [...]int{Perceptron: 0, LSTM: 4, GRU: 3}[c] }

// A cellLayer is one recurrent layer: the linear layers over its input and over
// its state, each with the units of all gates beside each other, a gate width
// numbers wide.
type cellLayer struct {
	x, h         layer
	units, width int
}

// unit returns the unit of x and h that is row number row of PyTorch's weights,
// which leave no room between the gates.
func (c cellLayer) unit(row int) int { return row/c.units*c.width + row%c.units }

// cellTensors lists the arrays of the recurrent layers: lstm.weight_ih_l0 (4H,I),
// lstm.weight_hh_l0 (4H,H), lstm.bias_ih_l0, lstm.bias_hh_l0 (4H), and so on.
func (n *Network) cellTensors() []tensor {
	var list []tensor
	for i, c := range n.cells {
		rows := n.config.Cell.gates() * c.units
		for _, part := range [...]struct {
			name string
			l    layer
		}{{"ih", c.x}, {"hh", c.h}} {
			l, name := part.l, part.name+"_l"+strconv.Itoa(i)
			list = append(list, tensor{n.config.Cell.String() + ".weight_" + name, []int{rows, l.in},
				func(n *Network, k int) *float32 { return n.at(l, c.unit(k/l.in), k%l.in) }})
		}
		for _, part := range [...]struct {
			name string
			l    layer
		}{{"ih", c.x}, {"hh", c.h}} {
			l, name := part.l, part.name+"_l"+strconv.Itoa(i)
			list = append(list, tensor{n.config.Cell.String() + ".bias_" + name, []int{rows},
				func(n *Network, k int) *float32 { return n.at(l, c.unit(k), l.in) }})
		}
	}
	return list
}

// A moment is one recurrent layer at one step of a tile's windows. Its matrices
// have a row for every window and kernel.Width of what they hold.
type moment struct {
	in     []float32 // what goes in, dropout applied, inRow numbers from row to row
	inRow  int
	own    []float32 // memory for in where it is a copy
	slope  []float32 // what dropout multiplied in by; nil where it does not fall on it
	gates  []float32 // the gates' values
	sums   []float32 // GRU: the gates' sums over the state
	cell   []float32 // LSTM: c'
	squash []float32 // LSTM: tanh(c')
	hidden []float32 // h'
}

// An unroll is the scratch of the recurrent layers for a tile of windows.
type unroll struct {
	at   [][]moment // of layer and step; for inference all steps of a layer are one
	zero []float32  // the state before the first step
}

// newUnroll returns scratch for up to rows windows that keeps every step if keep
// is true, as back-propagation needs it, and one step otherwise.
func newUnroll(n *Network, rows int, keep bool) *unroll {
	c := n.config
	u := &unroll{zero: make([]float32, rows*n.cells[0].width)}
	for i, l := range n.cells {
		steps := make([]moment, c.Window)
		for t := range steps {
			if t > 0 && !keep {
				steps[t] = steps[0]
				continue
			}
			m := moment{gates: make([]float32, rows*l.x.width()), hidden: make([]float32, rows*l.width), inRow: kernel.Width(l.x.in)}
			if dropped := i > 0 && keep && c.Dropout > 0; i == 0 || dropped {
				m.own = make([]float32, rows*m.inRow)
				m.in = m.own
				if dropped {
					m.slope = make([]float32, rows*m.inRow)
				}
			} else {
				m.in = u.at[i-1][t].hidden
			}
			if c.Cell == GRU {
				m.sums = make([]float32, rows*l.h.width())
			} else {
				m.cell, m.squash = make([]float32, rows*l.width), make([]float32, rows*l.width)
			}
			steps[t] = m
		}
		u.at = append(u.at, steps)
	}
	return u
}

// state returns h and c of layer l before step t.
func (u *unroll) state(l, t int) (hidden, cell []float32) {
	if t == 0 {
		return u.zero, u.zero
	}
	return u.at[l][t-1].hidden, u.at[l][t-1].cell
}

// forward runs the windows that end at the rows end of x through the recurrent
// layers. drop is nil but in training; place is that of the tile's first row.
func (u *unroll) forward(n *Network, x []float32, end []int, drop *dropout, place uint64) {
	window, rows := n.config.Window, len(end)
	for t := range window {
		first := &u.at[0][t]
		first.in, first.inRow = gather(n.kernels, first.own, x, n.config.Inputs, end, window-1-t)
		for l := range u.at {
			m := &u.at[l][t]
			if m.slope != nil {
				size := rows * m.inRow
				copy(m.in, u.at[l-1][t].hidden[:size])
				fillOnes(m.slope[:size])
				n.kernels.Drop(m.in[:size], m.slope[:size], rows, m.inRow, drop.draw(place*uint64(window)+uint64(t), window, l-1))
			}
			u.step(n, l, t, rows)
		}
	}
}

func fillOnes(v []float32) {
	for i := range v {
		v[i] = 1
	}
}

// step takes layer l through step t. A gate sums up the chain over the input,
// from its bias on, and then the chain over the state, from its bias on.
func (u *unroll) step(n *Network, l, t, rows int) {
	m, c := &u.at[l][t], n.cells[l]
	hidden, cell := u.state(l, t)
	n.kernels.Multiply(c.x.forward(m.gates, m.in, m.inRow, rows, n.weight, kernel.Store))
	if n.config.Cell == GRU {
		n.kernels.Multiply(c.h.forward(m.sums, hidden, c.width, rows, n.weight, kernel.Store))
		n.kernels.GRU(kernel.GRUStep{Rows: rows, Width: c.width, Gates: m.gates, State: m.sums, Before: hidden, Hidden: m.hidden})
		return
	}
	n.kernels.Multiply(c.h.forward(m.gates, hidden, c.width, rows, n.weight, kernel.Add))
	n.kernels.LSTM(kernel.LSTMStep{Rows: rows, Width: c.width, Gates: m.gates, Before: cell, Cell: m.cell, Squash: m.squash, Hidden: m.hidden})
}
