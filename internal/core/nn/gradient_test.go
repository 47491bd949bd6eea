package nn_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/kernel"
	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// TestGradient holds the float32 gradient to that of the float64 reference, and
// the reference to central finite differences, for every activation, loss,
// weighting and dropout.
func TestGradient(t *testing.T) {
	type row struct {
		loss    nn.Loss
		outputs int
	}
	for _, activation := range []nn.Activation{nn.ReLU, nn.Tanh, nn.Sigmoid, nn.LeakyReLU} {
		for name, c := range map[string]row{
			"cross_entropy":               {nn.Loss{Kind: nn.CrossEntropy}, 3},
			"cross_entropy_class_weights": {nn.Loss{Kind: nn.CrossEntropy, ClassWeights: []float32{0.5, 7, 1.25}}, 3},
			"cross_entropy_five_classes":  {nn.Loss{Kind: nn.CrossEntropy}, 5},
			"mse":                         {nn.Loss{Kind: nn.MSE}, 1},
			"huber":                       {nn.Loss{Kind: nn.Huber, Delta: 0.3}, 1},
			"label_smoothing":             {nn.Loss{Kind: nn.CrossEntropy, Smoothing: 0.2, ClassWeights: []float32{0.5, 7, 1.25}}, 3},
			"focal":                       {nn.Loss{Kind: nn.Focal, Gamma: 2, ClassWeights: []float32{0.5, 7, 1.25}}, 3},
			"focal_half":                  {nn.Loss{Kind: nn.Focal, Gamma: 0.5}, 2},
			"quantile":                    {nn.Loss{Kind: nn.Pinball, Quantile: 0.2}, 1},
		} {
			// Tanh meets every loss, cross-entropy every activation.
			if c.loss.Kind != nn.CrossEntropy && activation != nn.Tanh {
				continue
			}
			for _, dropout := range []float64{0, 0.3} {
				for _, weighted := range []bool{false, true} {
					t.Run(fmt.Sprintf("%v/%s/dropout_%v/weighted_%v", activation, name, dropout, weighted), func(t *testing.T) {
						config := nn.Config{Inputs: 5, Hidden: []int{6, 5}, Outputs: c.outputs, Activation: activation, Dropout: dropout}
						checkGradient(t, config, c.loss, weighted)
					})
				}
			}
		}
	}
}

func checkGradient(t *testing.T, config nn.Config, loss nn.Loss, weighted bool) {
	rng := rand.New(rand.NewPCG(3, 5))
	n, d := network(config, 11), problem(rng, config, loss.Kind, 150, weighted) // two full shards and a part of one
	const seed = 99
	r := reference{config: config}
	if config.Dropout > 0 {
		r.factor = func(row, layer int) []float32 {
			return nn.DropoutFactors(config.Dropout, seed, uint64(row), layer, config.Hidden[layer])
		}
	}
	gotLoss, got := nn.Gradient(n, d, nn.Options{Loss: loss, Seed: seed})
	w := float64s(nn.Get(n))
	if want := r.loss(w, loss, d); math.Abs(gotLoss-want) > 1e-6 {
		t.Errorf("loss = %v, want %v", gotLoss, want)
	}
	want := r.gradient(w, loss, d)
	var difference, size float64
	for i := range want {
		difference += (float64(got[i]) - want[i]) * (float64(got[i]) - want[i])
		size += want[i] * want[i]
	}
	if e := math.Sqrt(difference / size); e > 2e-6 || size == 0 {
		t.Errorf("gradient differs from the reference by %v of its length %v, want at most 2e-6", e, math.Sqrt(size))
	}
	const h = 1e-5
	for i := range w {
		at := w[i]
		w[i] = at + h
		up := r.loss(w, loss, d)
		w[i] = at - h
		down := r.loss(w, loss, d)
		w[i] = at
		// A kink of ReLU or Huber within ±h may add up to h to the difference quotient.
		if numeric := (up - down) / (2 * h); math.Abs(numeric-want[i]) > 1e-6 {
			t.Errorf("reference gradient %d = %v, finite differences give %v", i, want[i], numeric)
		}
	}
}

// TestGradient_layer_norm holds the float32 gradient of normalized layers to
// central finite differences of the float64 reference.
func TestGradient_layer_norm(t *testing.T) {
	for _, activation := range []nn.Activation{nn.ReLU, nn.Tanh, nn.Sigmoid, nn.LeakyReLU} {
		t.Run(activation.String(), func(t *testing.T) {
			config := nn.Config{Inputs: 5, Hidden: []int{7, 6}, Outputs: 3, Activation: activation, LayerNorm: true, Dropout: 0.3}
			loss := nn.Loss{Kind: nn.CrossEntropy, ClassWeights: []float32{0.5, 7, 1.25}}
			n, d := network(config, 11), problem(rand.New(rand.NewPCG(3, 5)), config, loss.Kind, 150, true)
			const seed = 99
			r := reference{config: config, factor: func(row, layer int) []float32 {
				return nn.DropoutFactors(config.Dropout, seed, uint64(row), layer, config.Hidden[layer])
			}}
			_, got := nn.Gradient(n, d, nn.Options{Loss: loss, Seed: seed})
			compareNumeric(t, got, float64s(nn.Get(n)), func(w []float64) float64 { return r.loss(w, loss, d) })
		})
	}
}

// compareNumeric holds a gradient to central differences of loss around w.
func compareNumeric(t *testing.T, got []float32, w []float64, loss func(w []float64) float64) {
	t.Helper()
	const h = 1e-5
	var difference, size float64
	for i, at := range w {
		w[i] = at + h
		up := loss(w)
		w[i] = at - h
		down := loss(w)
		w[i] = at
		want := (up - down) / (2 * h)
		difference += (float64(got[i]) - want) * (float64(got[i]) - want)
		size += want * want
	}
	if e := math.Sqrt(difference / size); !(e <= 5e-6) || len(got) != len(w) {
		t.Errorf("gradient differs from finite differences by %v of its length %v, want at most 5e-6", e, math.Sqrt(size))
	}
}

// TestGradient_threads shows that neither threads nor the shards' distribution
// shows in the bits.
func TestGradient_threads(t *testing.T) {
	config := nn.Config{Inputs: 13, Hidden: []int{17, 5}, Outputs: 3, Dropout: 0.2}
	loss := nn.Loss{Kind: nn.CrossEntropy, ClassWeights: []float32{1, 2, 3}}
	rng := rand.New(rand.NewPCG(1, 2))
	n, d := network(config, 4), problem(rng, config, loss.Kind, 64*7+9, true)
	wantLoss, want := nn.Gradient(n, d, nn.Options{Loss: loss, Threads: 1})
	for _, threads := range []int{2, 3, 8} {
		gotLoss, got := nn.Gradient(n, d, nn.Options{Loss: loss, Threads: threads})
		if gotLoss != wantLoss {
			t.Errorf("%d threads: loss = %v, want %v", threads, gotLoss, wantLoss)
		}
		for i := range want {
			if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
				t.Fatalf("%d threads: gradient %d = %v, want %v", threads, i, got[i], want[i])
			}
		}
	}
}

// TestGradient_contract computes a gradient by the arithmetic contract of the
// package comment, one rounding at a time, for a linear model: chains of 64
// rows, added in order.
func TestGradient_contract(t *testing.T) {
	config := nn.Config{Inputs: 3, Outputs: 1}
	rng := rand.New(rand.NewPCG(8, 8))
	n, d := network(config, 2), problem(rng, config, nn.MSE, 200, false)
	_, got := nn.Gradient(n, d, nn.Options{Loss: nn.Loss{Kind: nn.MSE}})
	w := nn.Get(n)
	want := make([]float32, 4)
	for from := 0; from < 200; from += 64 {
		chain := make([]float32, 4)
		for r := from; r < min(from+64, 200); r++ {
			x := d.X[3*r : 3*r+3]
			z := w[3]
			for i := range x {
				z = kernel.FMA(x[i], w[i], z)
			}
			delta := float32(1.0/200) * (2 * (z - d.Target[r]))
			for i := range x {
				chain[i] = kernel.FMA(x[i], delta, chain[i])
			}
			chain[3] += delta
		}
		for i := range want {
			want[i] += chain[i]
		}
	}
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Errorf("gradient %d = %x, want %x", i, got[i], want[i])
		}
	}
}

// TestFit_reference follows a whole training in float64: shuffled batches, class
// weights, dropout, clipping, L2 decay, Adam.
func TestFit_reference(t *testing.T) {
	config := nn.Config{Inputs: 7, Hidden: []int{9, 6}, Outputs: 3, Activation: nn.Tanh, Dropout: 0.2}
	const rows, batch, seed, epochs = 200, 70, 5, 4
	d := problem(rand.New(rand.NewPCG(2, 3)), config, nn.CrossEntropy, rows, true)
	o := nn.Options{Epochs: epochs, BatchSize: batch, LearningRate: 0.01, WeightDecay: 0.01, GradientClip: 0.3, Seed: seed,
		Loss: nn.Loss{Kind: nn.CrossEntropy, ClassWeights: []float32{1, 3, 0.5}}}
	n := network(config, 1)
	w := float64s(nn.Get(n))
	m, v := make([]float64, len(w)), make([]float64, len(w))
	steps := 0.0
	for epoch := 1; epoch <= epochs; epoch++ {
		order := nn.Shuffled(rows, seed, epoch)
		for from := 0; from < rows; from += batch {
			part := order[from:min(from+batch, rows)]
			r := reference{config: config, factor: func(row, layer int) []float32 {
				return nn.DropoutFactors(config.Dropout, seed, uint64(epoch*rows+from+row), layer, config.Hidden[layer])
			}}
			g := r.gradient(w, o.Loss, pick(d, config.Inputs, part))
			size := 0.0
			for _, x := range g {
				size += x * x
			}
			clip := min(1, o.GradientClip/(math.Sqrt(size)+1e-6))
			steps++
			for i := range w {
				x := g[i]*clip + o.WeightDecay*w[i]
				m[i] = 0.9*m[i] + 0.1*x
				v[i] = 0.999*v[i] + 0.001*x*x
				w[i] -= o.LearningRate * (m[i] / (1 - math.Pow(0.9, steps))) / (math.Sqrt(v[i]/(1-math.Pow(0.999, steps))) + 1e-8)
			}
		}
	}
	f, err := n.Fit(t.Context(), d, d, o, nil)
	if err != nil || f.Best != epochs {
		t.Fatalf("best epoch %d, want the last, to compare weights (%v)", f.Best, err)
	}
	for i, got := range nn.Get(n) {
		if math.Abs(float64(got)-w[i]) > 1e-5 {
			t.Errorf("weight %d = %v after %v steps, want %v", i, got, steps, w[i])
		}
	}
}

// pick returns some rows of d.
func pick(d nn.Data, width int, rows []int32) nn.Data {
	var p nn.Data
	for _, i := range rows {
		p.X = append(p.X, d.X[int(i)*width:int(i+1)*width]...)
		p.Class, p.Weight = append(p.Class, d.Class[i]), append(p.Weight, d.Weight[i])
	}
	return p
}
