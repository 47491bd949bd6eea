package nn_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/kernel"
	"github.com/ktrdr/ktrdr/internal/core/nn"
	"github.com/ktrdr/ktrdr/internal/core/rate"
)

var xor = nn.Data{X: []float32{0, 0, 0, 1, 1, 0, 1, 1}, Class: []int32{0, 1, 1, 0}}

func crossEntropy() nn.Loss { return nn.Loss{Kind: nn.CrossEntropy} }

// rings is a problem that no linear model solves: class 1 within a ring.
func rings(rng *rand.Rand, rows int) nn.Data {
	d := nn.Data{X: make([]float32, 2*rows), Class: make([]int32, rows)}
	for i := range rows {
		x, y := 4*rng.Float32()-2, 4*rng.Float32()-2
		d.X[2*i], d.X[2*i+1] = x, y
		if r := x*x + y*y; r > 0.5 && r < 2 {
			d.Class[i] = 1
		}
	}
	return d
}

func fit(t testing.TB, c nn.Config, train, validation nn.Data, o nn.Options) (*nn.Network, nn.Fitting) {
	t.Helper()
	n := network(c, o.Seed)
	f, err := n.Fit(t.Context(), train, validation, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return n, f
}

func TestFit_xor(t *testing.T) {
	for _, activation := range []nn.Activation{nn.ReLU, nn.Tanh, nn.Sigmoid, nn.LeakyReLU} {
		n, f := fit(t, nn.Config{Inputs: 2, Hidden: []int{8}, Outputs: 2, Activation: activation}, xor, xor,
			nn.Options{Epochs: 600, BatchSize: 4, LearningRate: 0.02, Loss: crossEntropy(), Seed: 2})
		if s := f.History[f.Best-1].Validation; s.Accuracy != 1 || s.Loss > 0.02 {
			t.Errorf("%v: score %+v, want every row right", activation, s)
		}
		p := nn.Softmax(nil, n.Infer(nil, xor.X, 4), 2)
		for i, class := range xor.Class {
			if p[2*i+int(class)] < 0.95 {
				t.Errorf("%v: probability of class %d for row %d = %v", activation, class, i, p[2*i+int(class)])
			}
		}
	}
}

func TestFit_learns_rings(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	train, validation := rings(rng, 3000), rings(rng, 1000)
	o := nn.Options{Epochs: 40, BatchSize: 32, LearningRate: 0.005, Loss: crossEntropy(), Seed: 1, GradientClip: 1, WeightDecay: 1e-5}
	c := nn.Config{Inputs: 2, Hidden: []int{32, 16}, Outputs: 2, Dropout: 0.05}
	if _, f := fit(t, c, train, validation, o); f.History[f.Best-1].Validation.Accuracy < 0.93 {
		t.Errorf("accuracy %v, want at least 0.93", f.History[f.Best-1].Validation.Accuracy)
	}
	for i := range train.Class {
		train.Class[i] = rng.Int32N(2)
	}
	if _, f := fit(t, c, train, validation, o); f.History[f.Best-1].Validation.Accuracy > 0.75 {
		t.Errorf("accuracy %v after learning random classes", f.History[f.Best-1].Validation.Accuracy)
	}
}

func TestFit_overfits_a_few_rows(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for name, c := range map[string]struct {
		loss    nn.Loss
		outputs int
	}{
		"cross_entropy": {crossEntropy(), 3},
		"mse":           {nn.Loss{Kind: nn.MSE}, 1},
		"huber":         {nn.Loss{Kind: nn.Huber, Delta: 0.1}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			config := nn.Config{Inputs: 10, Hidden: []int{64}, Outputs: c.outputs}
			d := problem(rng, config, c.loss.Kind, 20, true)
			_, f := fit(t, config, d, d, nn.Options{Epochs: 500, BatchSize: 20, LearningRate: 0.01, Loss: c.loss})
			if loss := f.History[f.Best-1].Validation.Loss; loss > 1e-3 {
				t.Errorf("loss %v after 500 epochs on 20 rows, want it learned by heart", loss)
			}
		})
	}
}

// TestFit_same_bits trains with 1, 2 and 8 threads and twice.
func TestFit_same_bits(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	c := nn.Config{Inputs: 2, Hidden: []int{19, 6}, Outputs: 2, Activation: nn.Tanh, Dropout: 0.25}
	train, validation := rings(rng, 1500), rings(rng, 333)
	o := nn.Options{Epochs: 5, BatchSize: 300, LearningRate: 0.01, Loss: nn.Loss{Kind: nn.CrossEntropy, ClassWeights: []float32{1, 2}},
		GradientClip: 0.5, WeightDecay: 1e-4, Seed: 7}
	n, f := fit(t, c, train, validation, o)
	for _, threads := range []int{1, 2, 8} {
		o.Threads = threads
		m, g := fit(t, c, train, validation, o)
		if !slices.Equal(nn.Get(m), nn.Get(n)) {
			t.Errorf("weights differ with %d threads", threads)
		}
		if !slices.Equal(g.History, f.History) || g.Best != f.Best {
			t.Errorf("history differs with %d threads: %+v, want %+v", threads, g.History, f.History)
		}
	}
	o.Seed = 8
	m := network(c, 7)
	if _, err := m.Fit(t.Context(), train, validation, o, nil); err != nil {
		t.Fatal(err)
	}
	if slices.Equal(nn.Get(m), nn.Get(n)) {
		t.Error("another seed of the order and of dropout gave the same weights")
	}
}

// TestFit_bits pins the bits of trained weights. The sums come from this package
// itself, so they prove nothing but that a change, a CPU or a compiler changed
// the arithmetic: whoever has to replace them changes the arithmetic contract.
func TestFit_bits(t *testing.T) {
	for name, c := range map[string]struct {
		config nn.Config
		loss   nn.Loss
		want   string
	}{
		"relu_cross_entropy": {nn.Config{Inputs: 7, Hidden: []int{13, 6}, Outputs: 3, Dropout: 0.2},
			nn.Loss{Kind: nn.CrossEntropy, ClassWeights: []float32{1, 2, 0.5}}, "bf67833c91ffea5dd8de7c13f406c29afac2e3eebcbc2b53d304c661ceb39413"},
		"tanh_huber": {nn.Config{Inputs: 7, Hidden: []int{13, 6}, Outputs: 1, Activation: nn.Tanh},
			nn.Loss{Kind: nn.Huber, Delta: 0.3}, "13c99eac8a2d11ec21086a8408199fef14450aa8f0f8ed5f3f2d306a3cd24b03"},
	} {
		t.Run(name, func(t *testing.T) {
			d := problem(rand.New(rand.NewPCG(5, 1)), c.config, c.loss.Kind, 500, true)
			n, _ := fit(t, c.config, d, d, nn.Options{Epochs: 10, BatchSize: 150, LearningRate: 0.01, Loss: c.loss, WeightDecay: 1e-3, GradientClip: 1, Seed: 1, Threads: 2})
			b, err := n.AppendSafetensors(nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%x", sha256.Sum256(b)); got != c.want {
				t.Errorf("weights have the sum %s, want %s", got, c.want)
			}
		})
	}
}

// A kind is a training that differs from the others in what it computes, and the
// sum of the weights that it ends with.
type kind struct {
	change func(c *nn.Config, o *nn.Options)
	want   string
}

var kinds = map[string]kind{
	"sigmoid_focal_one_cycle": {func(c *nn.Config, o *nn.Options) {
		c.Activation, o.Loss = nn.Sigmoid, nn.Loss{Kind: nn.Focal, Gamma: 1.5}
		o.Schedule = rate.Schedule{Kind: rate.OneCycle, WarmUp: 0.3}
	}, "b55c2dc27c554d8efd35fa0912d172e0b8d86eea206c51385a6d5d76f8f9960b"},
	"layer_norm_smoothing_cosine": {func(c *nn.Config, o *nn.Options) {
		c.Activation, c.LayerNorm, o.Loss.Smoothing = nn.LeakyReLU, true, 0.1
		o.Schedule = rate.Schedule{Kind: rate.Cosine, Floor: 0.05}
	}, "bd0fc6b077a069e04bc6bf2fe3d4a3967348e679b8952cca31e2c71f3c0721fa"},
	"adamw_exponential": {func(_ *nn.Config, o *nn.Options) {
		o.Optimizer, o.Schedule = nn.AdamW, rate.Schedule{Kind: rate.Exponential, Factor: 0.9}
	}, "6e436273ca816ec18e4f312d2c276481fde7f09ec7e593a1c0730100a407a0f2"},
	"sgd_quantile_plateau": {func(c *nn.Config, o *nn.Options) {
		c.Outputs, o.Loss = 1, nn.Loss{Kind: nn.Pinball, Quantile: 0.3}
		o.Optimizer, o.Momentum, o.Schedule = nn.SGD, 0.9, rate.Schedule{Kind: rate.Plateau, Factor: 0.5}
	}, "819e531ef018b63f03a2197b3f2ecc7470fbe27840d065eb86a99fbfe6a684da"},
	"lstm":    {func(c *nn.Config, _ *nn.Options) { c.Cell, c.Window, c.Hidden = nn.LSTM, 4, []int{6, 6} }, "bb689380e707909f44dd77432ab187f52360e3fa911cf33de99d4c6d09c146df"},
	"gru":     {func(c *nn.Config, _ *nn.Options) { c.Cell, c.Window, c.Hidden = nn.GRU, 4, []int{6, 6} }, "04309ef7b0a7dfa91e9c161640e5fbba9d2a884b50c1622dfade7e65691837de"},
	"rmsprop": {func(_ *nn.Config, o *nn.Options) { o.Optimizer = nn.RMSProp }, "8cb3495b8280294bbdf04a1a57aa18f34ded3b1757f2750ac64cea7e9c13d2f3"},
	"mse":     {func(c *nn.Config, o *nn.Options) { c.Outputs, o.Loss = 1, nn.Loss{Kind: nn.MSE} }, "12de102135b9c65dc032e55a3b178152d6227e326b39fa1d411da8701738afa0"},
	"groups": {func(c *nn.Config, o *nn.Options) {
		c.Inputs, c.Hidden, o.BatchSize, o.Epochs = 70, []int{160, 130}, 400, 2
	}, "8c189c6c6a05023cd6b49340b23a6b4db9a8cc59dc7d83b1abaa99e991b24454"},
}

// train trains a network of a kind on a set of kernels.
func (k kind) train(t *testing.T, set *kernel.Set, threads int) (*nn.Network, nn.Fitting) {
	t.Helper()
	c := nn.Config{Inputs: 7, Hidden: []int{13, 6}, Outputs: 3, Dropout: 0.2}
	o := nn.Options{Epochs: 5, BatchSize: 150, LearningRate: 0.01, Loss: crossEntropy(), WeightDecay: 1e-3, GradientClip: 1, Seed: 1, Threads: threads}
	k.change(&c, &o)
	d := problem(rand.New(rand.NewPCG(5, 1)), c, o.Loss.Kind, 500, true)
	if c.Window > 0 {
		d = windows(rand.New(rand.NewPCG(5, 1)), c, o.Loss.Kind, 500)
	}
	n := network(c, o.Seed)
	nn.Use(n, set)
	f, err := n.Fit(t.Context(), d, d, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return n, f
}

// TestFit_bits_of_every_kind pins what TestFit_bits leaves out: the other
// activations, losses, optimizers and schedules, layer normalization and the
// recurrent cells.
func TestFit_bits_of_every_kind(t *testing.T) {
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			n, _ := k.train(t, kernel.Best(), 2)
			b, err := n.AppendSafetensors(nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%x", sha256.Sum256(b)); got != k.want {
				t.Errorf("weights have the sum %s, want %s", got, k.want)
			}
		})
	}
}

// TestFit_sets trains every kind on every set of kernels that this processor can
// run, with 1, 2 and 8 threads: weights and history have the same bits.
func TestFit_sets(t *testing.T) {
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			want, history := k.train(t, kernel.All()[0], 1)
			for _, set := range kernel.All() {
				for _, threads := range []int{1, 2, 8} {
					n, f := k.train(t, set, threads)
					if !slices.Equal(nn.Get(n), nn.Get(want)) || fmt.Sprint(f) != fmt.Sprint(history) {
						t.Errorf("%s with %d threads: other weights or another history", set.Name(), threads)
					}
				}
			}
		})
	}
}

// TestFit_keeps_the_best trains far too fast, so that the validation loss goes
// up and down, and looks whether the weights are those of the best epoch.
func TestFit_keeps_the_best(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	train, validation := rings(rng, 300), rings(rng, 300)
	o := nn.Options{Epochs: 30, BatchSize: 30, LearningRate: 0.3, Loss: crossEntropy(), Seed: 1}
	n, f := fit(t, nn.Config{Inputs: 2, Hidden: []int{16}, Outputs: 2}, train, validation, o)
	best := f.History[f.Best-1].Validation
	if f.Best == len(f.History) {
		t.Fatalf("the last epoch is the best: the test shows nothing")
	}
	for _, e := range f.History {
		if e.Validation.Loss < best.Loss || e.Validation.Loss == best.Loss && e.Number < f.Best {
			t.Errorf("epoch %d has loss %v, epoch %d with %v was kept", e.Number, e.Validation.Loss, f.Best, best.Loss)
		}
	}
	got, err := n.Evaluate(t.Context(), validation, o.Loss, 2)
	if err != nil || got != best {
		t.Errorf("Evaluate = %+v, %v, want %+v as in the best epoch", got, err, best)
	}
	if again := o.Loss.MeanLoss(n.Infer(nil, validation.X, 300), 2, validation); again != best.Loss {
		t.Errorf("MeanLoss of Infer = %v, want %v", again, best.Loss)
	}
}

// TestFit_ties trains on rows that give no gradient, so that all epochs are
// equal.
func TestFit_ties(t *testing.T) {
	d := nn.Data{X: []float32{1, 1}, Target: []float32{0, 0}}
	n := network(nn.Config{Inputs: 1, Outputs: 1}, 1)
	nn.Set(n, []float32{0, 0})
	f, err := n.Fit(t.Context(), d, d, nn.Options{Epochs: 4, BatchSize: 2, LearningRate: 0.1, Loss: nn.Loss{Kind: nn.MSE}}, nil)
	if err != nil || f.Best != 1 || len(f.History) != 4 {
		t.Errorf("best epoch %d of %d (%v), want the first of 4", f.Best, len(f.History), err)
	}
}

func TestFit_early_stopping(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 9))
	train, validation := rings(rng, 200), rings(rng, 200)
	c := nn.Config{Inputs: 2, Hidden: []int{16}, Outputs: 2}
	o := nn.Options{Epochs: 500, BatchSize: 20, LearningRate: 0.05, Loss: crossEntropy(), Patience: 5}
	_, f := fit(t, c, train, validation, o)
	if last := len(f.History); !f.Stopped || last != f.Best+5 {
		t.Errorf("stopped = %v after epoch %d with the best in %d, want 5 epochs later", f.Stopped, last, f.Best)
	}
	o.MinDelta = 10 // nothing improves by that much
	if _, f = fit(t, c, train, validation, o); len(f.History) != 6 {
		t.Errorf("%d epochs, want the first and 5 of patience", len(f.History))
	}
	o.Epochs = 3
	if _, f = fit(t, c, train, validation, o); f.Stopped {
		t.Error("stopped early although all epochs were done")
	}
}

func TestFit_diverges(t *testing.T) {
	d := nn.Data{X: []float32{1, -1, 3e38, 2}, Target: []float32{3e38, 1, 2, -3e38}}
	n := network(nn.Config{Inputs: 1, Hidden: []int{4}, Outputs: 1}, 1)
	before := nn.Get(n)
	_, err := n.Fit(t.Context(), d, d, nn.Options{Epochs: 3, BatchSize: 2, LearningRate: 1, Loss: nn.Loss{Kind: nn.MSE}}, nil)
	diverged, ok := errors.AsType[*nn.DivergedError](err)
	if !ok || diverged.Epoch != 1 || diverged.Batch < 1 {
		t.Fatalf("error %v, want one that names epoch 1 and the batch", err)
	}
	if !strings.Contains(err.Error(), "epoch 1 batch") || !strings.Contains(err.Error(), "learning rate") {
		t.Errorf("error %q, want where it happened and what to do", err)
	}
	if !slices.Equal(nn.Get(n), before) {
		t.Error("weights changed although no epoch was finished")
	}
}

// TestFit_diverges_later raises the rate until the weights run away: the error
// names the epoch, the weights are those of the best one, and no checkpoint holds
// what is not finite.
func TestFit_diverges_later(t *testing.T) {
	d := nn.Data{X: []float32{1, -1}, Target: []float32{2, -2}}
	n := network(nn.Config{Inputs: 1, Outputs: 1}, 1)
	var best []float32
	last := 0
	o := nn.Options{Epochs: 40, BatchSize: 2, LearningRate: 20, Loss: nn.Loss{Kind: nn.MSE}, Optimizer: nn.SGD,
		Schedule: rate.Schedule{Kind: rate.OneCycle, WarmUp: 0.5}}
	o.Checkpoint = func(p nn.Progress, state func() nn.State) {
		best, last = state().Best, p.Epoch
	}
	f, err := n.Fit(t.Context(), d, d, o, nil)
	diverged, ok := errors.AsType[*nn.DivergedError](err)
	if !ok || diverged.Epoch != len(f.History)+1 || diverged.Batch > 1 || f.Best >= len(f.History) || f.Best < 2 {
		t.Fatalf("best epoch %d of %d, error %v: want a divergence in the next", f.Best, len(f.History), err)
	}
	if last != len(f.History) {
		t.Errorf("the last checkpoint is of epoch %d of %d", last, len(f.History))
	}
	if got := nn.Get(n); !slices.Equal(got, best) {
		t.Errorf("weights %v, want those of the best epoch %v", got, best)
	}
}

// TestFit_diverged_checkpoint: a step from a finite loss to infinite weights is not
// kept, since the checkpoint before it is the last that anybody can go on from.
func TestFit_diverged_checkpoint(t *testing.T) {
	d := nn.Data{X: []float32{1e19, 1e19}, Target: []float32{1e18, 1e18}}
	n := network(nn.Config{Inputs: 1, Outputs: 1}, 1)
	nn.Set(n, []float32{0, 0})
	o := nn.Options{Epochs: 2, BatchSize: 1, LearningRate: 1000, Loss: nn.Loss{Kind: nn.MSE}, Optimizer: nn.SGD, ReportEvery: 1}
	reports := 0
	o.Checkpoint = func(p nn.Progress, state func() nn.State) {
		t.Errorf("a checkpoint after batch %d with the weights %v", p.Batch, state().Weights)
	}
	_, err := n.Fit(t.Context(), d, d, o, func(nn.Progress) { reports++ })
	diverged, ok := errors.AsType[*nn.DivergedError](err)
	if !ok || diverged.Epoch != 1 || diverged.Batch != 2 || reports != 1 {
		t.Errorf("error %v after %d reports, want a divergence in batch 2 after one", err, reports)
	}
}

// TestFit_diverges_in_validation: the training knows nothing of the rows that it
// fails on, and the error says so.
func TestFit_diverges_in_validation(t *testing.T) {
	d := nn.Data{X: []float32{1, -1}, Target: []float32{2, -2}}
	n := network(nn.Config{Inputs: 1, Outputs: 1}, 1)
	far := nn.Data{X: []float32{3e38}, Target: []float32{-3e38}}
	_, err := n.Fit(t.Context(), d, far, nn.Options{Epochs: 3, BatchSize: 2, LearningRate: 0.1, Loss: nn.Loss{Kind: nn.MSE}}, nil)
	diverged, ok := errors.AsType[*nn.DivergedError](err)
	if !ok || diverged.Batch != 0 || !strings.Contains(err.Error(), "epoch 1: the validation loss is +Inf: the validation rows may lie far outside") {
		t.Errorf("error %v, want one about the validation loss of epoch 1", err)
	}
}

func TestFit_cancel(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	cause := errors.New("no longer wanted")
	ctx, cancel := context.WithCancelCause(t.Context())
	batches := 0
	n := network(nn.Config{Inputs: 2, Hidden: []int{4}, Outputs: 2}, 1)
	_, err := n.Fit(ctx, rings(rng, 1000), rings(rng, 10), nn.Options{Epochs: 1000, BatchSize: 10, LearningRate: 0.01, Loss: crossEntropy(), ReportEvery: 1},
		func(nn.Progress) {
			if batches++; batches == 25 {
				cancel(cause)
			}
		})
	if !errors.Is(err, cause) || batches != 25 {
		t.Errorf("error %v after %d batches, want the cause after 25", err, batches)
	}
}

// TestFit_cancel_within_a_batch shows that one huge batch is no obstacle.
func TestFit_cancel_within_a_batch(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n := network(nn.Config{Inputs: 2, Hidden: []int{4}, Outputs: 2}, 1)
	if _, err := n.Fit(ctx, rings(rng, 1000), rings(rng, 10), nn.Options{Epochs: 1, BatchSize: 1000, LearningRate: 0.01, Loss: crossEntropy()}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want cancelled", err)
	}
}

func TestFit_progress(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	var seen []nn.Progress
	n := network(nn.Config{Inputs: 2, Hidden: []int{4}, Outputs: 2}, 1)
	f, err := n.Fit(t.Context(), rings(rng, 95), rings(rng, 10), nn.Options{Epochs: 2, BatchSize: 10, LearningRate: 0.01, Loss: crossEntropy(), ReportEvery: 4},
		func(p nn.Progress) { seen = append(seen, p) })
	if err != nil {
		t.Fatal(err)
	}
	var got [][2]int
	for _, p := range seen {
		got = append(got, [2]int{p.Epoch, p.Batch})
		if p.Batches != 10 || p.Epochs != 2 {
			t.Errorf("%+v, want 2 epochs of 10 batches", p)
		}
	}
	if want := [][2]int{{1, 4}, {1, 8}, {1, 10}, {2, 4}, {2, 8}, {2, 10}}; !slices.Equal(got, want) {
		t.Errorf("reports at %v, want %v", got, want)
	}
	if !math.IsNaN(seen[0].ValidationLoss) || seen[3].ValidationLoss != f.History[0].Validation.Loss {
		t.Errorf("validation losses %v and %v, want NaN and %v", seen[0].ValidationLoss, seen[3].ValidationLoss, f.History[0].Validation.Loss)
	}
}

func TestFit_refuses(t *testing.T) {
	config := nn.Config{Inputs: 2, Hidden: []int{3}, Outputs: 2}
	good := nn.Options{Epochs: 1, BatchSize: 4, LearningRate: 0.1, Loss: crossEntropy()}
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		want   string
		change func(*nn.Data, *nn.Options)
	}{
		"no_rows":             {"rows", func(d *nn.Data, _ *nn.Options) { *d = nn.Data{} }},
		"nan_feature":         {"row 2 feature 1 is NaN: leave incomplete rows out", func(d *nn.Data, _ *nn.Options) { d.X[5] = nan }},
		"infinite_feature":    {"row 2 feature 1 is -Inf: leave incomplete rows out", func(d *nn.Data, _ *nn.Options) { d.X[5] = float32(math.Inf(-1)) }},
		"features_missing":    {"7 features for 4 rows of 2", func(d *nn.Data, _ *nn.Options) { d.X = d.X[:7] }},
		"class_too_high":      {"row 0 has class 2: want 0 to 1", func(d *nn.Data, _ *nn.Options) { d.Class[0] = 2 }},
		"class_negative":      {"row 0 has class -1: want 0 to 1", func(d *nn.Data, _ *nn.Options) { d.Class[0] = -1 }},
		"weight_zero":         {"row 2 has weight 0: want a finite number above 0, leave rows without weight out", func(d *nn.Data, _ *nn.Options) { d.Weight = []float32{1, 1, 0, 1} }},
		"weight_nan":          {"row 2 has weight NaN", func(d *nn.Data, _ *nn.Options) { d.Weight = []float32{1, 1, nan, 1} }},
		"weights_missing":     {"2 weights for 4 rows", func(d *nn.Data, _ *nn.Options) { d.Weight = []float32{1, 1} }},
		"targets_for_classes": {"cross_entropy of 4 rows has 0 classes and 4 targets", func(d *nn.Data, _ *nn.Options) { d.Class, d.Target = nil, make([]float32, 4) }},
		"no_epochs":           {"epochs is 0: want 1 to 1e+06", func(_ *nn.Data, o *nn.Options) { o.Epochs = 0 }},
		"no_batch":            {"batch size is 0: want 1 to", func(_ *nn.Data, o *nn.Options) { o.BatchSize = 0 }},
		"rate_zero":           {"learning rate is 0: want", func(_ *nn.Data, o *nn.Options) { o.LearningRate = 0 }},
		"rate_nan":            {"learning rate is NaN", func(_ *nn.Data, o *nn.Options) { o.LearningRate = math.NaN() }},
		"decay_negative":      {"weight decay is -1: want 0 to 1000", func(_ *nn.Data, o *nn.Options) { o.WeightDecay = -1 }},
		"clip_infinite":       {"gradient clip is +Inf", func(_ *nn.Data, o *nn.Options) { o.GradientClip = math.Inf(1) }},
		"threads_negative":    {"threads is -1: want 0 to 4096", func(_ *nn.Data, o *nn.Options) { o.Threads = -1 }},
		"no_loss":             {"loss: ", func(_ *nn.Data, o *nn.Options) { o.Loss = nn.Loss{} }},
		"class_weights_short": {"class weights: want 2, one per class, have 1", func(_ *nn.Data, o *nn.Options) { o.Loss.ClassWeights = []float32{1} }},
		"class_weight_zero":   {"weight of class 1 is 0: want a finite number above 0", func(_ *nn.Data, o *nn.Options) { o.Loss.ClassWeights = []float32{1, 0} }},
		"mse_of_two_outputs":  {"mse needs a network with 1 output, have 2", func(_ *nn.Data, o *nn.Options) { o.Loss = nn.Loss{Kind: nn.MSE} }},
		"huber_without_delta": {"huber delta is 0: want a finite number above 0", func(_ *nn.Data, o *nn.Options) { o.Loss = nn.Loss{Kind: nn.Huber} }},
		"delta_without_huber": {"huber delta belongs to huber, not to cross_entropy", func(_ *nn.Data, o *nn.Options) { o.Loss.Delta = 1 }},
		"gamma_negative":      {"focal gamma is -1: want 0 to 16", func(_ *nn.Data, o *nn.Options) { o.Loss = nn.Loss{Kind: nn.Focal, Gamma: -1} }},
		"smoothing_one":       {"label smoothing is 1: want at least 0 and below 1", func(_ *nn.Data, o *nn.Options) { o.Loss.Smoothing = 1 }},
		"smoothing_nan":       {"label smoothing is NaN", func(_ *nn.Data, o *nn.Options) { o.Loss.Smoothing = math.NaN() }},
		"quantile_zero":       {"quantile is 0: want above 0 and below 1", func(_ *nn.Data, o *nn.Options) { o.Loss = nn.Loss{Kind: nn.Pinball} }},
		"unknown_optimizer":   {"optimizer 9 is not one", func(_ *nn.Data, o *nn.Options) { o.Optimizer = 9 }},
		"momentum_of_adam":    {"momentum belongs to sgd, not to adam", func(_ *nn.Data, o *nn.Options) { o.Momentum = 0.9 }},
		"momentum_one":        {"momentum is 1: want at least 0 and below 1", func(_ *nn.Data, o *nn.Options) { o.Optimizer, o.Momentum = nn.SGD, 1 }},
		"unknown_schedule":    {"schedule 9 is not one", func(_ *nn.Data, o *nn.Options) { o.Schedule.Kind = 9 }},
		"step_of_no_epochs":   {"schedule step: a parameter is out of range", func(_ *nn.Data, o *nn.Options) { o.Schedule = rate.Schedule{Kind: rate.Step, Factor: 0.5} }},
		"factor_nan": {"schedule exponential: a parameter is out of range", func(_ *nn.Data, o *nn.Options) {
			o.Schedule = rate.Schedule{Kind: rate.Exponential, Factor: math.NaN()}
		}},
		"floor_above_one":    {"schedule cosine: a parameter is out of range", func(_ *nn.Data, o *nn.Options) { o.Schedule = rate.Schedule{Kind: rate.Cosine, Floor: 1.1} }},
		"warm_up_of_all":     {"schedule one_cycle: a parameter is out of range", func(_ *nn.Data, o *nn.Options) { o.Schedule = rate.Schedule{Kind: rate.OneCycle, WarmUp: 1} }},
		"factor_of_constant": {"schedule constant: a parameter is out of range", func(_ *nn.Data, o *nn.Options) { o.Schedule = rate.Schedule{Factor: 0.5} }},
	} {
		t.Run(name, func(t *testing.T) {
			d, o := nn.Data{X: slices.Clone(xor.X), Class: slices.Clone(xor.Class)}, good
			c.change(&d, &o)
			if _, err := network(config, 1).Fit(t.Context(), d, xor, o, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("as training data: %v, want %q", err, c.want)
			}
			if _, err := network(config, 1).Fit(t.Context(), xor, d, o, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("as validation data: %v, want %q", err, c.want)
			}
		})
	}
}

// TestFit_allocations: a step, whatever the batch, allocates nothing.
func TestFit_allocations(t *testing.T) {
	c := nn.Config{Inputs: 50, Hidden: []int{64, 32}, Outputs: 3, Dropout: 0.2}
	d := problem(rand.New(rand.NewPCG(1, 1)), c, nn.CrossEntropy, 1000, false)
	for _, threads := range []int{1, 2} {
		o := nn.Options{Loss: crossEntropy(), LearningRate: 0.001, Threads: threads, Seed: 1}
		nn.Stepper(network(c, 1), d, o, func(step func()) {
			step()
			if n := testing.AllocsPerRun(20, step); n != 0 {
				t.Errorf("%v allocations per step with %d threads, want 0", n, threads)
			}
		})
	}
}

func TestShuffle(t *testing.T) {
	first, again, other := nn.Shuffled(1000, 5, 1), nn.Shuffled(1000, 5, 1), nn.Shuffled(1000, 5, 2)
	if !slices.Equal(first, again) {
		t.Error("the order of an epoch differs when drawn twice")
	}
	if slices.Equal(first, other) || slices.Equal(first, nn.Shuffled(1000, 6, 1)) {
		t.Error("two epochs or two seeds have one order")
	}
	sorted := slices.Clone(first)
	slices.Sort(sorted)
	for i, v := range sorted {
		if int(v) != i {
			t.Fatalf("%d is missing from the order", i)
		}
	}
	// Every position gets every row about equally often.
	var count [5][5]float64
	const rounds = 20_000
	for epoch := range rounds {
		for at, row := range nn.Shuffled(5, 1, epoch) {
			count[at][row]++
		}
	}
	for at := range count {
		for row, n := range count[at] {
			if math.Abs(n-rounds/5) > 5*math.Sqrt(rounds*0.2*0.8) {
				t.Errorf("row %d came to place %d %v times of %d", row, at, n, rounds)
			}
		}
	}
}

func TestDropout(t *testing.T) {
	const p, width, rows = 0.3, 40, 2000
	dropped, both := 0, 0
	var previous []float32
	for row := range rows {
		f := nn.DropoutFactors(p, 1, uint64(row), 0, width)
		for i, v := range f {
			switch v {
			case 0:
				dropped++
				if previous != nil && previous[i] == 0 {
					both++
				}
			case float32(1 / (1 - p)):
			default:
				t.Fatalf("factor %v, want 0 or %v", v, 1/(1-p))
			}
		}
		previous = f
	}
	n := float64(width * rows)
	if share := float64(dropped) / n; math.Abs(share-p) > 5*math.Sqrt(p*(1-p)/n) {
		t.Errorf("%v of the units were dropped, want %v", share, p)
	}
	if share := float64(both) / n; math.Abs(share-p*p) > 5*math.Sqrt(p*p*(1-p*p)/n) {
		t.Errorf("%v of the units were dropped in neighbouring rows, want %v", share, p*p)
	}
	if slices.Equal(nn.DropoutFactors(p, 1, 0, 0, width), nn.DropoutFactors(p, 1, 0, 1, width)) ||
		slices.Equal(nn.DropoutFactors(p, 1, 0, 0, width), nn.DropoutFactors(p, 2, 0, 0, width)) {
		t.Error("two layers or two seeds drop the same units")
	}
}

// TestGroupRows: how rows are grouped decides the bits of a gradient, so that it is
// part of what a model follows from: the least power of two from 64 on with which
// three times rows, window and parameters are 2^22 or more.
func TestGroupRows(t *testing.T) {
	for _, c := range []struct {
		config nn.Config
		want   int
	}{
		{nn.Config{Inputs: 50, Hidden: []int{64, 32}, Outputs: 3}, 512},                           // 5,443 parameters: 256 make 4,180,224
		{nn.Config{Inputs: 51, Hidden: []int{64, 32}, Outputs: 3}, 256},                           // 5,507: 256 make 4,229,376
		{nn.Config{Inputs: 1, Outputs: 1}, 1 << 20},                                               // 2: 2^20 make 6,291,456
		{nn.Config{Inputs: 500, Hidden: []int{500}, Outputs: 3}, 64},                              // 252,003
		{nn.Config{Cell: nn.GRU, Window: 4, Inputs: 3, Hidden: []int{5}, Outputs: 3}, 4096},       // 168: 2,048 make 4,128,768
		{nn.Config{Cell: nn.LSTM, Window: 20, Inputs: 36, Hidden: []int{64, 64}, Outputs: 3}, 64}, // 59,587
		{nn.Config{Cell: nn.LSTM, Window: 16, Inputs: 2, Hidden: []int{4}, Outputs: 1}, 1024},     // 133: 512 make 3,268,608
	} {
		if got := nn.GroupRows(c.config); got != c.want {
			t.Errorf("%+v of %d parameters: groups of %d rows, want %d", c.config, c.config.Parameters(), got, c.want)
		}
	}
}
