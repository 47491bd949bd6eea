package nn_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// BenchmarkFit is one epoch of training and one look at the validation rows. A
// regression here is one of every training.
func BenchmarkFit(b *testing.B) {
	c := nn.Config{Inputs: 50, Hidden: []int{64, 32}, Outputs: 3}
	const rows = 200_000
	d := problem(rand.New(rand.NewPCG(1, 1)), c, nn.CrossEntropy, rows, false)
	v := nn.Data{X: d.X[:50*64], Class: d.Class[:64]}
	for _, batch := range []int{32, 256, 4096} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("rows=%d/net=50-64-32-3/batch=%d/threads=%d", rows, batch, threads), func(b *testing.B) {
				n := network(c, 1)
				o := nn.Options{Epochs: 1, BatchSize: batch, LearningRate: 0.001, Loss: nn.Loss{Kind: nn.CrossEntropy}, Threads: threads, Seed: 1}
				for b.Loop() {
					if _, err := n.Fit(b.Context(), d, v, o, nil); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "samples/s")
			})
		}
	}
}

// BenchmarkInfer is what a backtest asks of a small strategy's network.
func BenchmarkInfer(b *testing.B) {
	for _, activation := range []nn.Activation{nn.ReLU, nn.Tanh} {
		c := nn.Config{Inputs: 12, Hidden: []int{32, 16}, Outputs: 3, Activation: activation}
		for _, rows := range []int{1, 10_000} {
			b.Run(fmt.Sprintf("rows=%d/net=12-32-16-3/activation=%v", rows, activation), func(b *testing.B) {
				n, dst := network(c, 1), make([]float32, 3*rows)
				x := problem(rand.New(rand.NewPCG(1, 1)), c, nn.CrossEntropy, rows, false).X
				for b.Loop() {
					n.Infer(dst, x, rows)
				}
				b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}
