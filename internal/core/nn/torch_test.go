package nn_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/nn"
	"github.com/ktrdr/ktrdr/internal/core/rate"
)

// A torchCase is a training of testdata/reference/torch_parity.json.
type torchCase struct {
	Cell         nn.Cell
	Window       int
	Inputs       int
	Hidden       []int
	Outputs      int
	Activation   nn.Activation
	LayerNorm    bool `json:"layer_norm"`
	Loss         string
	Delta        float64
	Gamma        float64
	Smoothing    float64
	Quantile     float64
	ClassWeights []float32 `json:"class_weights"`
	Optimizer    string
	Momentum     float64
	Rate         float64
	Decay        float64
	Clip         float64
	Schedule     string
	X            []float32
	Y            []float64
	Weights      []float32
	Gradient     []float64
	Losses       []float64 // before each step
	Rates        []float64 // of each step
	Trained      []float64 // weights after all steps
}

func (c torchCase) data(loss nn.Loss) nn.Data {
	d := nn.Data{X: c.X}
	for i, y := range c.Y {
		if loss.Kind.Classes() {
			d.Class = append(d.Class, int32(y))
		} else {
			d.Target = append(d.Target, float32(y))
		}
		if c.Window > 0 {
			d.At = append(d.At, int32((i+1)*c.Window-1))
		}
	}
	return d
}

func (c torchCase) options(t *testing.T) nn.Options {
	kind, err := nn.ParseLoss(c.Loss)
	if err != nil {
		t.Fatal(err)
	}
	optimizer, err := nn.ParseOptimizer(c.Optimizer)
	if err != nil {
		t.Fatal(err)
	}
	loss := nn.Loss{Kind: kind, Delta: c.Delta, Gamma: c.Gamma, Smoothing: c.Smoothing, Quantile: c.Quantile, ClassWeights: c.ClassWeights}
	return nn.Options{Epochs: len(c.Losses), BatchSize: len(c.Y), LearningRate: c.Rate, Loss: loss, Optimizer: optimizer,
		Momentum: c.Momentum, WeightDecay: c.Decay, GradientClip: c.Clip, Schedule: map[string]rate.Schedule{
			"step": {Kind: rate.Step, Every: 30, Factor: 0.1}, "exponential": {Kind: rate.Exponential, Factor: 0.95},
			"cosine": {Kind: rate.Cosine}, "one_cycle": {Kind: rate.OneCycle, WarmUp: 0.3},
			"reduce_on_plateau": {Kind: rate.Plateau, Every: 1, Factor: 0.5},
		}[c.Schedule]}
}

// TestTorch follows PyTorch, in float64, through the losses, the first gradient,
// the learning rates and the weights of 100 steps. Rounding to float32 may put
// the gradient off by 2e-6 of its length, a loss by 1e-5 and a trained weight by
// 5e-5; by ten times as much at a rate above 1, where every step multiplies what
// those before it were off.
func TestTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/reference/torch_parity.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		MadeBy string `json:"made_by"`
		Cases  map[string]torchCase
	}
	if err := json.Unmarshal(text, &file); err != nil || !strings.HasPrefix(file.MadeBy, "torch ") || len(file.Cases) == 0 {
		t.Fatalf("%d cases made by %q, error %v", len(file.Cases), file.MadeBy, err)
	}
	for name, c := range file.Cases {
		t.Run(name, func(t *testing.T) {
			o := c.options(t)
			slack := 1.0
			if c.Rate > 1 {
				slack = 10
			}
			d := c.data(o.Loss)
			n := network(nn.Config{Cell: c.Cell, Window: c.Window, Inputs: c.Inputs, Hidden: c.Hidden, Outputs: c.Outputs,
				Activation: c.Activation, LayerNorm: c.LayerNorm}, 0)
			nn.Set(n, c.Weights)
			_, gradient := nn.Gradient(n, d, o)
			if e := distance(gradient, c.Gradient); e > 2e-6 {
				t.Errorf("the gradient differs by %v of its length", e)
			}
			var trained []float32
			o.Checkpoint = func(p nn.Progress, state func() nn.State) {
				trained = state().Weights
				if i := p.Epoch - 1; math.Abs(p.TrainLoss-c.Losses[i]) > 1e-5*slack {
					t.Errorf("loss before step %d is %v, want %v", p.Epoch, p.TrainLoss, c.Losses[i])
				} else if math.Abs(p.LearningRate-c.Rates[i]) > 1e-9*c.Rates[i] {
					t.Errorf("rate of step %d is %v, want %v", p.Epoch, p.LearningRate, c.Rates[i])
				}
			}
			if _, err := n.Fit(t.Context(), d, d, o, nil); err != nil {
				t.Fatal(err)
			}
			worst := 0.0
			for i, want := range c.Trained {
				worst = max(worst, math.Abs(float64(trained[i])-want))
			}
			t.Logf("gradient %.1e, weights %.1e", distance(gradient, c.Gradient), worst)
			if worst > 5e-5*slack {
				t.Errorf("a weight differs by %v after %d steps", worst, len(c.Losses))
			}
		})
	}
}

// distance returns |a-b| / |b|.
func distance(a []float32, b []float64) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	var difference, size float64
	for i := range b {
		difference += (float64(a[i]) - b[i]) * (float64(a[i]) - b[i])
		size += b[i] * b[i]
	}
	return math.Sqrt(difference / size)
}
