package strategy

var (
	modelShape = shape{
		keys:  []string{"type", "architecture"},
		later: []string{"features"},
		hints: map[string]string{
			"training":      "training settings stand under the top-level key training: move them there",
			"hidden_layers": "it stands under model.architecture",
		},
	}
	architectureShape = shape{
		keys:  []string{"hidden_layers", "activation", "output_activation", "dropout", "layer_norm"},
		later: []string{"hidden_size", "num_layers", "sequence_length"},
		hints: map[string]string{
			"layers":      "the key is called hidden_layers",
			"batch_norm":  "what is there is layer_norm: true",
			"input_size":  "remove it: it follows from nn_inputs",
			"output_size": "remove it: it follows from the labels",
		},
	}
)

const (
	maxLayers = 8
	maxWidth  = 4096
)

func (d *decoder) model(s *Strategy, n node) {
	f, ok := n.fields(modelShape)
	if !ok {
		return
	}
	if n, ok = f.need("type", TypeMLP); !ok {
		return
	}
	if s.Model.Type, ok = n.choice([]string{TypeMLP}, []string{"lstm", "gru"}); !ok {
		return // what its architecture takes is not known
	}
	n, ok = f.need("architecture", "a mapping with hidden_layers, for example {hidden_layers: [64, 32]}")
	if !ok {
		return
	}
	if f, ok = n.fields(architectureShape); !ok {
		return
	}
	d.hidden(s, f)
	s.Model.Activation = f.choice("activation", ActivationReLU,
		[]string{ActivationReLU, ActivationTanh, ActivationSigmoid, ActivationLeakyReLU}, nil)
	s.Model.LayerNorm = f.flag("layer_norm", false)
	s.Model.Dropout = f.number("dropout", 0.2, interval{low: 0, high: 1, highOpen: true})
	if n, ok := f.get("output_activation"); ok {
		d.outputActivation(s, n)
	}
}

func (d *decoder) hidden(s *Strategy, f fields) {
	n, ok := f.need("hidden_layers", "a list of widths such as [64, 32]")
	if !ok {
		return
	}
	items, ok := n.list()
	if ok && (len(items) < 1 || len(items) > maxLayers) {
		n.problem("want 1 to %d hidden layers, have %d", maxLayers, len(items))
		return
	}
	for _, item := range items {
		if width, ok := item.whole(1, maxWidth); ok {
			s.Model.Hidden = append(s.Model.Hidden, width)
		}
	}
}

// outputActivation accepts what the output format implies, and so says nothing
// new, and refuses the rest.
func (d *decoder) outputActivation(s *Strategy, n node) {
	v, ok := n.choice([]string{"softmax", "linear"}, []string{"sigmoid", "tanh"})
	if !ok || s.Decisions.OutputFormat == "" {
		return
	}
	want := "softmax"
	if s.Decisions.OutputFormat == Regression {
		want = "linear"
	}
	if v != want {
		n.problem("output_format %s has the output activation %s, not %s: correct or remove it", s.Decisions.OutputFormat, want, v)
	}
}
