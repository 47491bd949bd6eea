package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/kernel"
)

// Limits of a Config. They keep a network that came from outside from asking
// for more memory than anybody trains with.
const (
	MaxUnrolled   = 1 << 18 // units of all recurrent layers over all steps of a window
	MaxInputs     = 1 << 16
	MaxWidth      = 1 << 13 // of a hidden layer, and of the output
	MaxHidden     = 16
	MaxParameters = 1 << 23
)

// A Config is the shape of a network. In a Perceptron Inputs numbers go through
// the Hidden layers, each with LayerNorm (if it is on), Activation and, in
// training only, Dropout, and through one linear layer to Outputs numbers. In a
// recurrent network the Hidden layers, all of one width, read Window rows of
// Inputs numbers, and neither Activation nor LayerNorm is set.
type Config struct {
	Cell       Cell       `json:"cell,omitzero"`
	Window     int        `json:"window,omitzero"` // rows that a recurrent network reads; 0 for a Perceptron
	Inputs     int        `json:"inputs"`
	Hidden     []int      `json:"hidden"` // widths; empty is a linear model
	Outputs    int        `json:"outputs"`
	Activation Activation `json:"activation"`
	LayerNorm  bool       `json:"layer_norm,omitempty"` // what goes into an activation has mean 0 and variance 1 over the layer, then learned gains and biases
	Dropout    float64    `json:"dropout"`              // probability in [0, 1) that a hidden unit is left out of a training step
}

// Validate returns what is wrong with the shape, or nil.
func (c Config) Validate() error {
	switch {
	case c.Inputs < 1 || c.Inputs > MaxInputs:
		return fmt.Errorf("network inputs: want 1 to %d, have %d", MaxInputs, c.Inputs)
	case c.Outputs < 1 || c.Outputs > MaxWidth:
		return fmt.Errorf("network outputs: want 1 to %d, have %d", MaxWidth, c.Outputs)
	case len(c.Hidden) > MaxHidden:
		return fmt.Errorf("hidden layers: want at most %d, have %d", MaxHidden, len(c.Hidden))
	case int(c.Activation) >= len(activationNames):
		return fmt.Errorf("activation: %v is not one", c.Activation)
	case !(c.Dropout >= 0 && c.Dropout < 1):
		return fmt.Errorf("dropout: want at least 0 and below 1, have %v", c.Dropout)
	}
	if err := c.validateCell(); err != nil {
		return err
	}
	for i, width := range c.Hidden {
		if width < 1 || width > MaxWidth {
			return fmt.Errorf("hidden layer %d: want 1 to %d units, have %d", i+1, MaxWidth, width)
		}
	}
	if p := c.Parameters(); p > MaxParameters {
		return fmt.Errorf("network has %d parameters: want at most %d", p, MaxParameters)
	}
	return nil
}

// validateCell returns what is wrong between the cell and the rest.
func (c Config) validateCell() error {
	if c.Cell == Perceptron {
		if c.Window != 0 {
			return fmt.Errorf("window of %d rows: a perceptron has none", c.Window)
		}
		return nil
	}
	switch {
	case int(c.Cell) >= len(cellNames):
		return fmt.Errorf("cell: %v is not one", c.Cell)
	case len(c.Hidden) == 0:
		return fmt.Errorf("%v: want at least 1 hidden layer", c.Cell)
	case slices.ContainsFunc(c.Hidden, func(width int) bool { return width != c.Hidden[0] }):
		return fmt.Errorf("%v: want hidden layers of one width, have %v", c.Cell, c.Hidden)
	case c.Activation != ReLU || c.LayerNorm:
		return fmt.Errorf("%v has neither another activation nor layer normalization", c.Cell)
	case c.Window < 1 || c.Window > MaxUnrolled/len(c.Hidden)/max(1, c.Hidden[0]):
		return fmt.Errorf("%v: want a window of at least 1 row and at most %d hidden units over all layers and rows, have %d rows of %v", c.Cell, MaxUnrolled, c.Window, c.Hidden)
	}
	return nil
}

// Rows returns how many rows of features make one input: 1, or Window.
func (c Config) Rows() int { return max(1, c.Window) }

// Parameters returns the number of weights and biases.
func (c Config) Parameters() int {
	sum, in := 0, c.Inputs
	if c.Cell != Perceptron {
		for _, width := range c.Hidden {
			sum += c.Cell.gates() * width * (in + width + 2)
			in = width
		}
		return sum + (in+1)*c.Outputs
	}
	for _, out := range c.Hidden {
		sum += (in + 1) * out
		if c.LayerNorm {
			sum += 2 * out
		}
		in = out
	}
	return sum + (in+1)*c.Outputs
}

// A Network is its shape and its weights. The zero
// value is not a network; New and ParseSafetensors make one. Infer may be
// called by several goroutines at once; everything that changes weights may
// not.
type Network struct {
	config  Config
	cells   []cellLayer // the recurrent layers, from the first on
	layers  []layer     // of the perceptron, or the linear one behind the recurrent layers
	weight  []float32   // all of them, one after the other; see layer
	kernels *kernel.Set
}

// New returns a network with fresh weights, drawn from rng as PyTorch's
// nn.Linear draws them: every weight and bias of a layer is uniform in
// ±1/sqrt(fan in). The draws follow the order of the state dictionary: layer
// by layer, the weights row by row (one row per unit), then the biases. Gains
// and biases of a layer normalization begin with 1 and 0 and are not drawn. All
// of a recurrent layer is uniform in ±1/sqrt(width), as in torch.nn.LSTM.
func New(c Config, rng *rand.Rand) (*Network, error) {
	n, err := blank(c)
	if err != nil {
		return nil, err
	}
	draw := func(fan int) float32 {
		return float32((float64(2*rng.Float64()) - 1) * (1 / math.Sqrt(float64(fan))))
	}
	for _, t := range n.cellTensors() {
		for k := range t.len() {
			*t.at(n, k) = draw(c.Hidden[0])
		}
	}
	for _, l := range n.layers {
		for j := range l.out {
			for i := range l.in {
				*n.at(l, j, i) = draw(l.in)
			}
		}
		for j := range l.out {
			*n.at(l, j, l.in) = draw(l.in)
		}
		if l.normed {
			gain, _ := l.norm(n.weight)
			for j := range l.out {
				gain[j] = 1
			}
		}
	}
	return n, nil
}

// Config returns the shape.
func (n *Network) Config() Config { return n.config.clone() }

// Clone returns a deep copy.
func (n *Network) Clone() *Network {
	m := *n
	m.config, m.weight = n.config.clone(), slices.Clone(n.weight)
	return &m
}

func (c Config) clone() Config {
	c.Hidden = append([]int(nil), c.Hidden...)
	return c
}

// A layer says where the weights of one linear layer lie in a flat vector: a row
// of width() numbers for every input, one for every output, and then the row of
// the biases. A layer that is normalized has its gains and then its biases of
// that behind them. What the width adds to the outputs is zero for ever.
type layer struct {
	in, out int // O = out units over I = in inputs
	offset  int
	normed  bool
}

func (l layer) width() int  { return kernel.Width(l.out) }
func (l layer) linear() int { return l.offset + (l.in+1)*l.width() } // the end of weights and biases

// columns returns how many columns of a matrix of so many units a product
// computes. The other spare ones stay as they were made.
func columns(units int) int { return (units + 7) &^ 7 }

func (l layer) end() int {
	if l.normed {
		return l.linear() + 2*l.width()
	}
	return l.linear()
}

// weights and bias return those of the layer in a vector laid out like the
// weights.
func (l layer) weights(v []float32) []float32 { return v[l.offset : l.offset+l.in*l.width()] }
func (l layer) bias(v []float32) []float32    { return v[l.linear()-l.width() : l.linear()] }

// norm returns gains and biases of the normalization in a vector laid out like
// the weights.
func (l layer) norm(v []float32) (gain, bias []float32) {
	middle := l.linear() + l.width()
	return v[l.linear():middle], v[middle:l.end()]
}

// at returns the weight from input i to unit j of layer l; i == l.in is the unit's
// bias.
func (n *Network) at(l layer, j, i int) *float32 { return &n.weight[l.offset+i*l.width()+j] }

// blank returns a network of that shape with all weights zero.
func blank(c Config) (*Network, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	n := &Network{config: c.clone(), kernels: kernel.Best()}
	in, offset := c.Inputs, 0
	hidden := n.config.clone().Hidden
	if c.Cell != Perceptron {
		for _, units := range hidden {
			width := kernel.Width(units)
			x := layer{in: in, out: c.Cell.gates() * width, offset: offset}
			h := layer{in: units, out: x.out, offset: x.end()}
			n.cells = append(n.cells, cellLayer{x: x, h: h, units: units, width: width})
			in, offset = units, h.end()
		}
		hidden = nil
	}
	for i, out := range append(hidden, c.Outputs) {
		l := layer{in: in, out: out, offset: offset, normed: c.LayerNorm && i < len(hidden)}
		n.layers = append(n.layers, l)
		in, offset = out, l.end()
	}
	n.weight = make([]float32, (offset+31)&^31) // as kernel.Squares wants it
	return n, nil
}
