package nn_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/kernel"
	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// BenchmarkTrain is training as a strategy asks for it, with dropout, clipping and
// metrics. A regression here is one of every training.
func BenchmarkTrain(b *testing.B) {
	c := nn.Config{Inputs: 50, Hidden: []int{64, 32}, Outputs: 3, Dropout: 0.2}
	all := problem(rand.New(rand.NewPCG(1, 1)), c, nn.CrossEntropy, 200_000, false)
	few := begin(c, all, 10_000)
	for i, set := range kernel.All() {
		d, epochs := all, 5
		if i == 0 { // plain Go, a thirtieth as fast
			d, epochs = few, 1
		}
		for _, batch := range []int{32, 256, 4096} {
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("kernels=%s/batch=%d/threads=%d", set.Name(), batch, threads), func(b *testing.B) {
					benchmarkTrain(b, c, d, set, nn.Options{Epochs: epochs, BatchSize: batch, Threads: threads})
				})
			}
		}
	}
}

// BenchmarkTrainNorm is the same with layer normalization.
func BenchmarkTrainNorm(b *testing.B) {
	c := nn.Config{Inputs: 50, Hidden: []int{64, 32}, Outputs: 3, Dropout: 0.2, LayerNorm: true}
	d := problem(rand.New(rand.NewPCG(1, 1)), c, nn.CrossEntropy, 100_000, false)
	for _, set := range kernel.All()[1:] {
		b.Run(fmt.Sprintf("kernels=%s/batch=256/threads=1", set.Name()), func(b *testing.B) {
			benchmarkTrain(b, c, d, set, nn.Options{Epochs: 2, BatchSize: 256, Threads: 1})
		})
	}
}

// BenchmarkTrainMany is many small trainings side by side, as folds, seeds and
// sweeps ask for them: twice the workers should give twice the models.
func BenchmarkTrainMany(b *testing.B) {
	c := nn.Config{Inputs: 12, Hidden: []int{32, 16}, Outputs: 3, Dropout: 0.1}
	d := problem(rand.New(rand.NewPCG(1, 1)), c, nn.CrossEntropy, 2000, false)
	const models = 50
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("models=%d/net=12-32-16-3/rows=%d/workers=%d", models, d.Len(), workers), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var next atomic.Int64
				var wg sync.WaitGroup
				for range workers {
					wg.Go(func() {
						for seed := next.Add(1); seed <= models; seed = next.Add(1) {
							o := nn.Options{Epochs: 10, BatchSize: 64, LearningRate: 0.001, Loss: crossEntropy(), Seed: uint64(seed), GradientClip: 1}
							if _, err := network(c, o.Seed).Fit(b.Context(), d, d, o, nil); err != nil {
								b.Error(err)
							}
						}
					})
				}
				wg.Wait()
			}
			b.ReportMetric(float64(models*b.N)/b.Elapsed().Seconds(), "models/s")
		})
	}
}

// BenchmarkTrainCells is the same for two recurrent layers of 64 units that read
// windows of 20 rows.
func BenchmarkTrainCells(b *testing.B) {
	for _, cell := range []nn.Cell{nn.LSTM, nn.GRU} {
		c := nn.Config{Cell: cell, Window: 20, Inputs: 36, Hidden: []int{64, 64}, Outputs: 3}
		d := windows(rand.New(rand.NewPCG(1, 1)), c, nn.CrossEntropy, 3200)
		for _, set := range kernel.All()[1:] {
			b.Run(fmt.Sprintf("cell=%v/kernels=%s", cell, set.Name()), func(b *testing.B) {
				benchmarkTrain(b, c, d, set, nn.Options{Epochs: 2, BatchSize: 64, Threads: 1})
			})
		}
	}
}

func benchmarkTrain(b *testing.B, c nn.Config, d nn.Data, set *kernel.Set, o nn.Options) {
	o.LearningRate, o.Loss, o.Seed, o.GradientClip = 0.001, crossEntropy(), 1, 1
	v := begin(c, d, 64)
	fit := func(d nn.Data, set *kernel.Set, o nn.Options) *nn.Network {
		n := network(c, 1)
		nn.Use(n, set)
		if _, err := n.Fit(b.Context(), d, v, o, nil); err != nil {
			b.Fatal(err)
		}
		return n
	}
	// Plain Go on one thread learns the same from some of the rows, to the bit.
	some, short, alone := begin(c, d, 2000/max(1, c.Window)), o, o
	short.Epochs, alone.Epochs, alone.Threads = 1, 1, 1
	if !slices.Equal(nn.Get(fit(some, set, short)), nn.Get(fit(some, kernel.All()[0], alone))) {
		b.Fatalf("%s on %d threads has learned other weights than plain Go on one", set.Name(), o.Threads)
	}
	b.ReportAllocs()
	for b.Loop() {
		fit(d, set, o)
	}
	b.ReportMetric(float64(d.Len()*o.Epochs*b.N)/b.Elapsed().Seconds(), "samples/s")
}

// begin returns the first rows of d, or the first windows, on all of its rows.
func begin(c nn.Config, d nn.Data, rows int) nn.Data {
	d.Class = d.Class[:rows]
	if d.At == nil {
		d.X = d.X[:rows*c.Inputs]
	} else {
		d.At = d.At[:rows]
	}
	if d.Weight != nil {
		d.Weight = d.Weight[:rows]
	}
	return d
}

// BenchmarkInfer is what a backtest asks of a strategy's network: all bars at
// once, or one.
func BenchmarkInfer(b *testing.B) {
	for _, activation := range []nn.Activation{nn.ReLU, nn.Tanh} {
		c := nn.Config{Inputs: 32, Hidden: []int{64, 32}, Outputs: 3, Activation: activation}
		for i, set := range kernel.All() {
			many := 1_000_000
			if i == 0 { // plain Go, a thirtieth as fast
				many = 20_000
			}
			for _, rows := range []int{1, many} {
				b.Run(fmt.Sprintf("net=32-64-32-3/activation=%v/kernels=%s/rows=%d", activation, set.Name(), rows), func(b *testing.B) {
					n, dst := network(c, 1), make([]float32, 3*rows)
					nn.Use(n, set)
					x := problem(rand.New(rand.NewPCG(1, 1)), c, nn.CrossEntropy, rows, false).X
					b.ReportAllocs()
					for b.Loop() {
						n.Infer(dst, x, rows)
					}
					b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
					some := min(rows, 1000)
					want := make([]float32, 3*some)
					nn.Use(n, kernel.All()[0])
					if n.Infer(want, x[:some*c.Inputs], some); !slices.Equal(dst[:3*some], want) {
						b.Fatalf("%s answers other than plain Go", set.Name())
					}
				})
			}
		}
	}
}
