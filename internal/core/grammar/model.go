package grammar

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

var (
	modelShape = document.Keys{
		Names: []string{"type", "architecture"},
		Hints: map[string]string{
			"features":      "remove it: inputs stand under nn_inputs, with lags for earlier bars and normalization for their scale",
			"training":      "training settings stand under the top-level key training: move them there",
			"hidden_layers": "it stands under model.architecture",
		},
	}
	architectureShape = document.Keys{
		Names: []string{"hidden_layers", "activation", "output_activation", "dropout", "layer_norm"},
		Hints: map[string]string{
			"layers": "the key is called hidden_layers", "batch_norm": "what is there is layer_norm: true",
			"hidden_size": notOfMLP, "num_layers": notOfMLP, "sequence_length": "it belongs to lstm and gru, an mlp reads one row",
			"input_size": "remove it: it follows from nn_inputs", "output_size": "remove it: it follows from the labels",
		},
	}
	recurrentShape = document.Keys{
		Names: []string{"hidden_size", "num_layers", "sequence_length", "dropout", "output_activation"},
		Hints: map[string]string{
			"hidden_layers": "it belongs to mlp, recurrent networks have hidden_size and num_layers", "layer_norm": "it belongs to mlp",
			"activation": "remove it: the cells have activations of their own", "lookback": "the key is called sequence_length",
			"input_size": "remove it: it follows from nn_inputs", "output_size": "remove it: it follows from the labels",
		},
	}
)

const notOfMLP = "it belongs to lstm and gru, an mlp has hidden_layers"

const (
	maxLayers   = 8
	maxWidth    = 4096
	maxSequence = 10_000
	maxUnrolled = 1 << 18 // units of all layers over all rows of a window
)

func (d *decoder) model(s *strategy.Strategy, n document.Node) {
	f, ok := n.Mapping(modelShape)
	if !ok {
		return
	}
	if n, ok = f.Need("type", strategy.TypeMLP); !ok {
		return
	}
	if s.Model.Type, ok = n.Choice([]string{strategy.TypeMLP, strategy.TypeLSTM, strategy.TypeGRU}); !ok {
		return // what its architecture takes is not known
	}
	if s.Model.Type == strategy.TypeMLP {
		f, ok = d.perceptron(s, f)
	} else {
		f, ok = d.recurrent(s, f)
	}
	if !ok {
		return
	}
	s.Model.Dropout = f.Number("dropout", 0.2, document.Interval{Low: 0, High: 1, HighOpen: true})
	if n, ok := f.Get("output_activation"); ok {
		d.outputActivation(s, n)
	}
}

// perceptron reads the architecture of an mlp and returns its keys.
func (d *decoder) perceptron(s *strategy.Strategy, f document.Mapping) (document.Mapping, bool) {
	n, ok := f.Need("architecture", "a mapping with hidden_layers, for example {hidden_layers: [64, 32]}")
	if !ok {
		return f, false
	}
	if f, ok = n.Mapping(architectureShape); ok {
		d.hidden(s, f)
		s.Model.Activation = f.Choice("activation", strategy.ActivationReLU,
			[]string{strategy.ActivationReLU, strategy.ActivationTanh, strategy.ActivationSigmoid, strategy.ActivationLeakyReLU})
		s.Model.LayerNorm = f.Flag("layer_norm", false)
	}
	return f, ok
}

// recurrent reads the architecture of an lstm or gru and returns its keys.
func (d *decoder) recurrent(s *strategy.Strategy, f document.Mapping) (document.Mapping, bool) {
	n, ok := f.Need("architecture", "a mapping with sequence_length, for example {hidden_size: 64, num_layers: 2, sequence_length: 20}")
	if !ok {
		return f, false
	}
	if f, ok = n.Mapping(recurrentShape); !ok {
		return f, false
	}
	m := &s.Model
	m.Hidden = slices.Repeat([]int{f.Whole("hidden_size", 64, 1, maxWidth)}, f.Whole("num_layers", 2, 1, maxLayers))
	if n, ok := f.Need("sequence_length", "how many bars the network reads at a time, for example 20"); ok {
		if m.Sequence, ok = n.Whole(1, maxSequence); ok && m.Sequence*len(m.Hidden)*m.Hidden[0] > maxUnrolled {
			n.Problem("%d bars of %d layers with %d units are more than %d altogether: choose fewer", m.Sequence, len(m.Hidden), m.Hidden[0], maxUnrolled)
		}
	}
	return f, true
}

func (d *decoder) hidden(s *strategy.Strategy, f document.Mapping) {
	n, ok := f.Need("hidden_layers", "a list of widths such as [64, 32]")
	if !ok {
		return
	}
	items, ok := n.List()
	if ok && (len(items) < 1 || len(items) > maxLayers) {
		n.Problem("want 1 to %d hidden layers, have %d", maxLayers, len(items))
		return
	}
	for _, item := range items {
		if width, ok := item.Whole(1, maxWidth); ok {
			s.Model.Hidden = append(s.Model.Hidden, width)
		}
	}
}

// outputActivation accepts what the output format implies, and so says nothing
// new, and refuses the rest.
func (d *decoder) outputActivation(s *strategy.Strategy, n document.Node) {
	v, ok := n.Choice([]string{"softmax", "linear"})
	if !ok || s.Decisions.OutputFormat == "" {
		return
	}
	want := "softmax"
	if s.Decisions.OutputFormat == strategy.Regression {
		want = "linear"
	}
	if v != want {
		n.Problem("output_format %s has the output activation %s, not %s: correct or remove it", s.Decisions.OutputFormat, want, v)
	}
}
