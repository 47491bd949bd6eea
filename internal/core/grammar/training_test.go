package grammar_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// TestParseFit reads every key about fitting, alone, and compares it with the
// field that the trainer reads; the canonical form keeps it, and the hash tells
// it from another value.
func TestParseFit(t *testing.T) {
	regression := strings.NewReplacer("{source: zigzag}", "{source: forward_return, horizon: 4}",
		"classification", "regression\n  cost_model: {round_trip_cost: 0.001, min_edge_multiplier: 1.5}").Replace(minimal)
	for name, c := range map[string]struct {
		source     string
		old, add   string
		change     string // another value of the same key
		get        func(s *strategy.Strategy) any
		want, bare any // bare is where the key is not written
	}{
		"layer_norm": {minimal, "[8]", ", layer_norm: true", "", func(s *strategy.Strategy) any { return s.Model.LayerNorm }, true, false},
		"activation": {minimal, "[8]", ", activation: leaky_relu", "sigmoid", func(s *strategy.Strategy) any { return s.Model.Activation }, "leaky_relu", "relu"},
		"step": {minimal, "", "lr_scheduler: {type: step, step_size: 4, gamma: 0.25}", "0.5", schedule,
			strategy.Schedule{Type: "step", Every: 4, Factor: 0.25}, strategy.Schedule{}},
		"exponential": {minimal, "", "lr_scheduler: {type: exponential, gamma: 0.9}", "0.8", schedule,
			strategy.Schedule{Type: "exponential", Factor: 0.9}, strategy.Schedule{}},
		"cosine": {minimal, "", "lr_scheduler: {type: cosine, min_factor: 0.1}", "0.2", schedule,
			strategy.Schedule{Type: "cosine", Floor: 0.1}, strategy.Schedule{}},
		"reduce_on_plateau": {minimal, "", "lr_scheduler: {type: reduce_on_plateau, patience: 3, factor: 0.2}", "0.3", schedule,
			strategy.Schedule{Type: "reduce_on_plateau", Every: 3, Factor: 0.2}, strategy.Schedule{}},
		"one_cycle": {minimal, "", "lr_scheduler: {type: one_cycle, warmup: 0.2}", "0.4", schedule,
			strategy.Schedule{Type: "one_cycle", WarmUp: 0.2}, strategy.Schedule{}},
		"scheduler_off":   {minimal, "", "lr_scheduler: false", "", schedule, strategy.Schedule{}, strategy.Schedule{}},
		"sgd":             {minimal, "", "optimizer: sgd\n  momentum: 0.5", "0.6", func(s *strategy.Strategy) any { return s.Training.Momentum }, 0.5, 0.0},
		"sgd_default":     {minimal, "", "optimizer: sgd", "adamw", func(s *strategy.Strategy) any { return s.Training.Momentum }, 0.9, 0.0},
		"rmsprop":         {minimal, "", "optimizer: rmsprop", "adamw", func(s *strategy.Strategy) any { return s.Training.Optimizer }, "rmsprop", "adam"},
		"adamw":           {minimal, "", "optimizer: adamw", "sgd", func(s *strategy.Strategy) any { return s.Training.Optimizer }, "adamw", "adam"},
		"focal":           {minimal, "", "loss: focal", "cross_entropy", func(s *strategy.Strategy) any { return s.Training.FocalGamma }, 2.0, 0.0},
		"focal_gamma":     {minimal, "", "loss: focal\n  focal_gamma: 0", "1", func(s *strategy.Strategy) any { return s.Training.FocalGamma }, 0.0, 0.0},
		"label_smoothing": {minimal, "", "label_smoothing: 0.1", "0.2", func(s *strategy.Strategy) any { return s.Training.LabelSmoothing }, 0.1, 0.0},
		"calibration":     {minimal, "", "calibration: temperature", "none", func(s *strategy.Strategy) any { return s.Training.Calibration }, "temperature", "none"},
		"quantile":        {regression, "", "loss: quantile\n  quantile: 0.9", "0.8", func(s *strategy.Strategy) any { return s.Training.Quantile }, 0.9, 0.0},
	} {
		t.Run(name, func(t *testing.T) {
			old, with := c.old, c.old+c.add
			if old == "" {
				old, with = "training:\n", "training:\n  "+c.add+"\n"
			}
			src := strings.Replace(c.source, old, with, 1)
			s, bare := parse(t, src), parse(t, c.source)
			if d := cmp.Diff([]any{c.want, c.bare}, []any{c.get(s), c.get(bare)}); d != "" {
				t.Error(d)
			}
			again := parse(t, string(s.MarshalCanonical()))
			if d := cmp.Diff(c.want, c.get(again)); d != "" || again.Hash() != s.Hash() {
				t.Errorf("after the canonical form: %s, hash %s, want %s", d, again.Hash(), s.Hash())
			}
			if c.change != "" {
				last := c.add[strings.LastIndexAny(strings.TrimRight(c.add, "}"), " ")+1:]
				other := parse(t, strings.Replace(src, " "+last, " "+c.change+strings.Repeat("}", strings.Count(last, "}")), 1))
				if other.Hash() == s.Hash() || bare.Hash() == s.Hash() {
					t.Error("another value has the same hash")
				}
			}
		})
	}
}

func schedule(s *strategy.Strategy) any { return s.Training.Schedule }

// TestParseRecurrent reads the architecture of recurrent networks.
func TestParseRecurrent(t *testing.T) {
	for architecture, want := range map[string]strategy.Model{
		"{sequence_length: 20}": {Type: "lstm", Hidden: []int{64, 64}, Sequence: 20, Dropout: 0.2},
		"{sequence_length: 5, hidden_size: 8, num_layers: 3, dropout: 0}": {Type: "lstm", Hidden: []int{8, 8, 8}, Sequence: 5},
	} {
		src := strings.Replace(minimal, "type: mlp\n  architecture: {hidden_layers: [8]}", "type: lstm\n  architecture: "+architecture, 1)
		s := parse(t, src)
		if d := cmp.Diff(want, s.Model); d != "" {
			t.Error(d)
		}
		again := parse(t, string(s.MarshalCanonical()))
		if d := cmp.Diff(want, again.Model); d != "" || again.Hash() != s.Hash() {
			t.Errorf("after the canonical form: %s, hash %s, want %s", d, again.Hash(), s.Hash())
		}
		for old, with := range map[string]string{"lstm": "gru", "sequence_length: ": "sequence_length: 1", "{": "{dropout: 0.3, "} {
			if old == "{" && want.Dropout == 0 {
				continue
			}
			if other := strings.Replace(src[strings.Index(src, "model:"):], old, with, 1); parse(t, src[:strings.Index(src, "model:")]+other).Hash() == s.Hash() {
				t.Errorf("the hash is the same with %s for %s", with, old)
			}
		}
	}
}
