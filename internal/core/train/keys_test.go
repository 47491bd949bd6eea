package train_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// TestRun_every_key trains with each key about the network and its fitting
// changed: whatever the strategy file says reaches the trainer, and no two of
// them mean the same.
func TestRun_every_key(t *testing.T) {
	type change struct{ source, old, with string }
	training := func(line string) change { return change{source, "seed: 3", line + "\n  seed: 3"} }
	regression := func(line string) change {
		return change{strings.Replace(regressionSource, "loss: huber\n  huber_delta: 0.02", "loss: huber", 1), "loss: huber", line}
	}
	const fast = "learning_rate: 0.1" // so that the validation loss rises again before its lowest point
	recurrent := func(architecture string) change {
		return change{source, "type: mlp\n  architecture: {hidden_layers: [16, 8], activation: tanh, dropout: 0.1}", architecture}
	}
	seen := map[string]string{}
	for name, c := range map[string]change{
		"nothing":          {source, "", ""},
		"hidden_layers":    {source, "[16, 8]", "[16, 9]"},
		"relu":             {source, "activation: tanh", "activation: relu"},
		"sigmoid":          {source, "activation: tanh", "activation: sigmoid"},
		"leaky_relu":       {source, "activation: tanh", "activation: leaky_relu"},
		"lstm":             recurrent("type: lstm\n  architecture: {hidden_size: 6, sequence_length: 4}"),
		"gru":              recurrent("type: gru\n  architecture: {hidden_size: 6, sequence_length: 4}"),
		"hidden_size":      recurrent("type: gru\n  architecture: {hidden_size: 7, sequence_length: 4}"),
		"num_layers":       recurrent("type: gru\n  architecture: {hidden_size: 6, num_layers: 1, sequence_length: 4}"),
		"sequence_length":  recurrent("type: gru\n  architecture: {hidden_size: 6, sequence_length: 5}"),
		"gru_dropout":      recurrent("type: gru\n  architecture: {hidden_size: 6, sequence_length: 4, dropout: 0.1}"),
		"layer_norm":       {source, "dropout: 0.1", "dropout: 0.1, layer_norm: true"},
		"dropout":          {source, "dropout: 0.1", "dropout: 0.2"},
		"epochs":           {source, "epochs: 9", "epochs: 1"},
		"batch_size":       {source, "batch_size: 64", "batch_size: 32"},
		"learning_rate":    {source, "learning_rate: 0.01", "learning_rate: 0.02"},
		"data_split":       {source, "{train: 0.7, validation: 0.15, test: 0.15}", "{train: 0.6, validation: 0.2, test: 0.2}"},
		"seed":             {source, "seed: 3", "seed: 4"},
		"adamw":            training("optimizer: adamw\n  weight_decay: 0.01"),
		"weight_decay":     training("weight_decay: 0.01"),
		"sgd":              training("optimizer: sgd"),
		"rmsprop":          training("optimizer: rmsprop"),
		"momentum":         training("optimizer: sgd\n  momentum: 0.5"),
		"gradient_clip":    training("gradient_clip: 0.01"),
		"early_stopping":   training("early_stopping: {patience: 1, min_delta: 10}"),
		"class_weights":    training("class_weights: none"),
		"focal":            training("loss: focal"),
		"focal_gamma":      training("loss: focal\n  focal_gamma: 1"),
		"label_smoothing":  training("label_smoothing: 0.1"),
		"step":             training("lr_scheduler: {type: step, step_size: 1, gamma: 0.5}"),
		"step_size":        training("lr_scheduler: {type: step, step_size: 2, gamma: 0.5}"),
		"exponential":      training("lr_scheduler: {type: exponential}"),
		"cosine":           training("lr_scheduler: {type: cosine}"),
		"min_factor":       training("lr_scheduler: {type: cosine, min_factor: 0.3}"),
		"fast":             {source, "learning_rate: 0.01", fast},
		"plateau":          {source, "learning_rate: 0.01", fast + "\n  lr_scheduler: {type: reduce_on_plateau, patience: 0, factor: 0.3}"},
		"patience":         {source, "learning_rate: 0.01", fast + "\n  lr_scheduler: {type: reduce_on_plateau, patience: 1, factor: 0.3}"},
		"one_cycle":        training("lr_scheduler: {type: one_cycle}"),
		"warmup":           training("lr_scheduler: {type: one_cycle, warmup: 0.6}"),
		"huber":            regression("loss: huber"),
		"huber_delta":      regression("loss: huber\n  huber_delta: 0.001"),
		"mse":              regression("loss: mse"),
		"quantile_default": regression("loss: quantile"),
		"quantile":         regression("loss: quantile\n  quantile: 0.8"),
	} {
		src := strings.Replace(c.source, "epochs: 12", "epochs: 9", 1)
		if !strings.Contains(src, c.old) {
			t.Fatalf("%s: %q is not in the strategy", name, c.old)
		}
		in := twoSymbols(t, strings.Replace(src, c.old, c.with, 1), 500)
		m, e := mustRun(t, in)
		weights, err := m.Network.AppendSafetensors(nil)
		if err != nil {
			t.Fatal(err)
		}
		// The best weights may be older than what a key changes; the losses tell.
		course := fmt.Sprint(weights, e.TrainingMetrics.History.TrainLoss)
		if other, again := seen[course]; again {
			t.Errorf("%s trains as %s does", name, other)
		}
		seen[course] = name
		if b := artifact(t, in); !bytes.Contains(b, weights) {
			t.Errorf("%s: the artifact does not hold the weights", name)
		}
	}
}
