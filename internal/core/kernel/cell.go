package kernel

// An LSTMStep takes a layer of LSTM units through one step, given the sums of
// its gates i, f, n and o, which it replaces by their values:
//
//	i, f, o = σ(sums)    n = tanh(sum)    c' = f c + i n    h' = o tanh(c')
//
// Every product and sum is rounded to float32. Gates is (Rows,4·Width), gate
// beside gate, the rest is (Rows,Width), Width a multiple of 16.
type LSTMStep struct {
	Rows, Width          int
	Gates, Before        []float32 // the sums; c
	Cell, Squash, Hidden []float32 // c', tanh(c') and h'
}

// An LSTMBack takes the derivatives by h' and c' back through an LSTMStep. With
// dh = Up + Hidden and t = Squash = tanh(c'):
//
//	dc = Cell + (dh o)(1 - t t)
//	Delta = (dc n)(i (1-i)), (dc c)(f (1-f)), (dc i)(1 - n n), (dh t)(o (1-o))
//	Cell = dc f
type LSTMBack struct {
	Rows, Width           int
	Gates, Squash, Before []float32 // values of the gates; tanh(c'); c
	Up, Hidden            []float32 // the derivative by h' as the layer above and the next step have it
	Cell                  []float32 // the derivative by c', then by c
	Delta                 []float32 // that by the sums of the gates
}

// A GRUStep takes a layer of GRU units through one step, given the sums of its
// gates r, z and n over the input (Gates, replaced by the values of the gates)
// and over the state (State).
//
//	r, z = σ(Gates + State)    n = tanh(Gates + r State)    h' = (1-z) n + z h
//
// Gates and State are (Rows,3·Width), the rest is (Rows,Width).
type GRUStep struct {
	Rows, Width          int
	Gates, State, Before []float32 // Before is h
	Hidden               []float32 // h'
}

// A GRUBack takes the derivative by h' back through a GRUStep. With
// dh = Up + Hidden and s = State of gate n:
//
//	dn = (dh (1-z))(1 - n n)
//	DeltaInput = (dn s)(r (1-r)), (dh (h - n))(z (1-z)), dn
//	DeltaState = the same but dn r for gate n    Cell = dh z
type GRUBack struct {
	Rows, Width            int
	Gates, State, Before   []float32
	Up, Hidden             []float32 // the derivative by h'
	Cell                   []float32 // what goes straight to h
	DeltaInput, DeltaState []float32 // the derivative by the sums over input and state
}

// LSTM computes an LSTMStep.
func (s *Set) LSTM(l LSTMStep) {
	if n := l.Rows * l.Width; block(n, l.Width, 4, "LSTM", [][]float32{l.Gates}, [][]float32{l.Before, l.Cell, l.Squash, l.Hidden}) {
		s.lstm(l)
	}
}

// LSTMBack computes an LSTMBack.
func (s *Set) LSTMBack(l LSTMBack) {
	if n := l.Rows * l.Width; block(n, l.Width, 4, "LSTMBack", [][]float32{l.Gates, l.Delta}, [][]float32{l.Squash, l.Before, l.Up, l.Hidden, l.Cell}) {
		s.lstmBack(l)
	}
}

// GRU computes a GRUStep.
func (s *Set) GRU(g GRUStep) {
	if n := g.Rows * g.Width; block(n, g.Width, 3, "GRU", [][]float32{g.Gates, g.State}, [][]float32{g.Before, g.Hidden}) {
		s.gru(g)
	}
}

// GRUBack computes a GRUBack.
func (s *Set) GRUBack(g GRUBack) {
	if n := g.Rows * g.Width; block(n, g.Width, 3, "GRUBack", [][]float32{g.Gates, g.State, g.DeltaInput, g.DeltaState}, [][]float32{g.Before, g.Up, g.Hidden, g.Cell}) {
		s.gruBack(g)
	}
}

// block tells whether there is anything to do for tiles of n elements and those
// of gates times as many.
func block(n, width, gates int, name string, wide, narrow [][]float32) bool {
	want(width%16 == 0 && n >= 0, name)
	for _, v := range wide {
		want(len(v) >= gates*n, name)
	}
	for _, v := range narrow {
		want(len(v) >= n, name)
	}
	return n > 0
}
