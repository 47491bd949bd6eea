package bench_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// BenchmarkPeer is the work of bench/peers, on one thread, under the names that
// torch_peer.py prints. Trainings have dropout, clipping and numbers for people,
// which PyTorch's have not.
func BenchmarkPeer(b *testing.B) {
	for _, batch := range []int{32, 256, 4096} {
		b.Run(fmt.Sprintf("train/batch=%d", batch), func(b *testing.B) {
			c := nn.Config{Inputs: 50, Hidden: []int{64, 32}, Outputs: 3, Dropout: 0.2}
			train(b, c, 200_000, 200_000, batch, "samples/s")
		})
	}
	b.Run("lstm/batch=64", func(b *testing.B) {
		c := nn.Config{Cell: nn.LSTM, Window: 20, Inputs: 36, Hidden: []int{64, 64}, Outputs: 3}
		train(b, c, 64*20+19, 64*20, 64, "sequences/s")
	})
	b.Run("infer", func(b *testing.B) {
		const rows, chunk = 1_000_000, 4096
		c := nn.Config{Inputs: 32, Hidden: []int{64, 32}, Outputs: 3}
		rng := rand.New(rand.NewPCG(1, 1))
		n, err := nn.New(c, rng)
		if err != nil {
			b.Fatal(err)
		}
		x, dst := uniform(rng, rows*c.Inputs), make([]float32, rows*c.Outputs)
		for b.Loop() {
			for i := 0; i < rows; i += chunk {
				end := min(i+chunk, rows)
				n.Infer(dst[i*c.Outputs:end*c.Outputs], x[i*c.Inputs:end*c.Inputs], end-i)
			}
		}
		b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

// train measures an epoch over inputs that end at the last of rows rows.
func train(b *testing.B, c nn.Config, rows, inputs, batch int, unit string) {
	rng := rand.New(rand.NewPCG(1, 1))
	n, err := nn.New(c, rng)
	if err != nil {
		b.Fatal(err)
	}
	d := nn.Data{X: uniform(rng, rows*c.Inputs), Class: make([]int32, inputs)}
	for i := range inputs {
		d.Class[i] = int32(rng.IntN(c.Outputs))
		if rows > inputs {
			d.At = append(d.At, int32(i+rows-inputs))
		}
	}
	v := nn.Data{X: d.X[:c.Rows()*c.Inputs], Class: d.Class[:1]}
	if d.At != nil {
		v.At = []int32{int32(c.Rows() - 1)}
	}
	o := nn.Options{Epochs: 1, BatchSize: batch, LearningRate: 0.001, Loss: nn.Loss{Kind: nn.CrossEntropy},
		Optimizer: nn.Adam, GradientClip: 1, Threads: 1, Seed: 1}
	for b.Loop() {
		if _, err := n.Fit(b.Context(), d, v, o, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(inputs*b.N)/b.Elapsed().Seconds(), unit)
}

func uniform(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = rng.Float32()
	}
	return x
}
