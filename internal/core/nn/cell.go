package nn

import (
	"strconv"

	"github.com/ktrdr/ktrdr/internal/core/elementary"
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

// maxGates is the largest number of gates of a cell.
const maxGates = 4

// gates returns how many gates the cell has: i, f, g, o or r, z, n.
func (c Cell) gates() int { return [...]int{Perceptron: 0, LSTM: 4, GRU: 3}[c] }

// A gate is one gate of one recurrent layer: the linear layer over its input and
// the one over its state. Their weights are neighbours.
type gate struct{ x, h layer }

// gatesOf returns the gates of layer l.
func (n *Network) gatesOf(l int) []gate {
	k := n.config.Cell.gates()
	return n.gates[l*k : (l+1)*k]
}

// gateTensors lists the arrays of the recurrent layers: lstm.weight_ih_l0 (4H,I),
// lstm.weight_hh_l0 (4H,H), lstm.bias_ih_l0, lstm.bias_hh_l0 (4H), and so on.
func (n *Network) gateTensors() []tensor {
	var list []tensor
	if n.config.Cell == Perceptron {
		return nil
	}
	for l, h := range n.config.Hidden {
		gates := n.gatesOf(l)
		rows, in := len(gates)*h, gates[0].x.in
		name := func(what string) string { return n.config.Cell.String() + "." + what + "_l" + strconv.Itoa(l) }
		list = append(list,
			tensor{name("weight_ih"), []int{rows, in}, func(n *Network, k int) *float32 { l := gates[k/in/h].x; return n.at(l, k/in%h, k%in) }},
			tensor{name("weight_hh"), []int{rows, h}, func(n *Network, k int) *float32 { l := gates[k/h/h].h; return n.at(l, k/h%h, k%h) }},
			tensor{name("bias_ih"), []int{rows}, func(n *Network, k int) *float32 { l := gates[k/h].x; return n.at(l, k%h, l.bias()) }},
			tensor{name("bias_hh"), []int{rows}, func(n *Network, k int) *float32 { l := gates[k/h].h; return n.at(l, k%h, l.bias()) }})
	}
	return list
}

// A moment is one recurrent layer at one step of a tile's windows. All arrays but
// in have the width of the layer.
type moment struct {
	in     []quad           // what goes in, dropout applied
	slope  []quad           // what dropout multiplied in by; nil where it does not fall on it
	gate   [maxGates][]quad // the gates' values
	inner  []quad           // GRU: h·Wh + bh of gate n
	cell   []quad           // LSTM: c'
	squash []quad           // LSTM: tanh(c')
	hidden []quad           // h'
}

// An unroll is the scratch of the recurrent layers for a tile of windows.
type unroll struct {
	stride int
	at     [][]moment // of layer and step; for inference all steps of a layer are one
	zero   []quad     // the state before the first step
	sum    []quad
}

// newUnroll returns scratch that keeps every step if keep is true, as
// back-propagation needs it, and one step otherwise.
func newUnroll(n *Network, stride int, keep bool) *unroll {
	c := n.config
	tile := func(width int) []quad { return make([]quad, quads(width)*stride) }
	u := &unroll{stride: stride, zero: tile(c.Hidden[0]), sum: tile(c.Hidden[0])}
	for l, h := range c.Hidden {
		steps := make([]moment, c.Window)
		for t := range steps {
			if t > 0 && !keep {
				steps[t] = steps[0]
				continue
			}
			m := moment{hidden: tile(h)}
			if l == 0 {
				m.in = tile(c.Inputs)
			} else if m.in = u.at[l-1][t].hidden; keep && c.Dropout > 0 {
				m.in, m.slope = tile(h), tile(h)
			}
			for g := range c.Cell.gates() {
				m.gate[g] = tile(h)
			}
			if c.Cell == GRU {
				m.inner = tile(h)
			} else {
				m.cell, m.squash = tile(h), tile(h)
			}
			steps[t] = m
		}
		u.at = append(u.at, steps)
	}
	return u
}

// state returns h and c of layer l before step t.
func (u *unroll) state(l, t int) (hidden, cell []quad) {
	if t == 0 {
		return u.zero, u.zero
	}
	return u.at[l][t-1].hidden, u.at[l][t-1].cell
}

// forward runs the windows that end at the rows end of x through the recurrent
// layers. drop is nil but in training; place is that of the tile's first row.
func (u *unroll) forward(n *Network, x []float32, end []int, drop *dropout, place uint64) {
	window, inputs, rows := n.config.Window, n.config.Inputs, len(end)
	for t := range window {
		for r, e := range end {
			gather(u.at[0][t].in, u.stride, r, x, inputs, e-window+1+t)
		}
		for l := range u.at {
			m := &u.at[l][t]
			if m.slope != nil {
				u.dropInput(m, u.at[l-1][t].hidden, drop, rows, place*uint64(window)+uint64(t), window, l-1)
			}
			u.step(n, l, t, rows)
		}
	}
}

// addRows adds the first rows rows of a tile to those of another.
func addRows(sum, v []quad, stride, rows int) {
	for p := 0; p < len(sum); p += stride {
		add(sum[p:p+rows], v[p:p+rows])
	}
}

// dropInput writes hidden with dropout into the input of m. The draws depend on
// the row's place, the step and the layer.
func (u *unroll) dropInput(m *moment, hidden []quad, drop *dropout, rows int, place uint64, window, layer int) {
	copy(m.in, hidden)
	fillOnes(m.slope)
	for r := range rows {
		drop.apply(m.in, m.slope, u.stride, r, place+uint64(r*window), layer)
	}
}

func fillOnes(v []quad) {
	for i := range v {
		v[i] = quad{1, 1, 1, 1}
	}
}

// step takes layer l through step t. A gate sums up the chain over the input,
// with its bias, and then the chain over the state, with its bias.
func (u *unroll) step(n *Network, l, t, rows int) {
	m := &u.at[l][t]
	hidden, cell := u.state(l, t)
	gru := n.config.Cell == GRU
	for g, gate := range n.gatesOf(l) {
		gate.x.forward(m.gate[g], m.in, u.stride, rows, n.weight)
		if gru && g == 2 {
			gate.h.forward(m.inner, hidden, u.stride, rows, n.weight)
			continue
		}
		gate.h.forward(u.sum, hidden, u.stride, rows, n.weight)
		addRows(m.gate[g], u.sum, u.stride, rows)
	}
	for p := 0; p < len(m.hidden); p += u.stride {
		for i := p; i < p+rows; i++ {
			for k := range 4 {
				if gru {
					m.stepGRU(i, k, hidden)
				} else {
					m.stepLSTM(i, k, cell)
				}
			}
		}
	}
}

// stepLSTM and stepGRU compute lane k of quad i from the sums of the gates.
func (m *moment) stepLSTM(i, k int, before []quad) {
	in, forget, new, out := elementary.Sigmoid(m.gate[0][i][k]), elementary.Sigmoid(m.gate[1][i][k]), elementary.Tanh(m.gate[2][i][k]), elementary.Sigmoid(m.gate[3][i][k])
	m.gate[0][i][k], m.gate[1][i][k], m.gate[2][i][k], m.gate[3][i][k] = in, forget, new, out
	c := float32(forget*before[i][k]) + float32(in*new)
	s := elementary.Tanh(c)
	m.cell[i][k], m.squash[i][k], m.hidden[i][k] = c, s, float32(out*s)
}

func (m *moment) stepGRU(i, k int, before []quad) {
	reset, update := elementary.Sigmoid(m.gate[0][i][k]), elementary.Sigmoid(m.gate[1][i][k])
	new := elementary.Tanh(m.gate[2][i][k] + float32(reset*m.inner[i][k]))
	m.gate[0][i][k], m.gate[1][i][k], m.gate[2][i][k] = reset, update, new
	m.hidden[i][k] = float32((1-update)*new) + float32(update*before[i][k])
}
