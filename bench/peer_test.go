package bench_test

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// BenchmarkPeer is the work of bench/peers, on one thread, under the names that
// torch_peer.py prints. Trainings have dropout, clipping and numbers for people,
// which PyTorch's have not. What comes out must be what plain Go computes: the sums
// are those of a run with GODEBUG=cpu.avx2=off,cpu.fma=off,cpu.avx512f=off.
func BenchmarkPeer(b *testing.B) {
	for _, t := range []struct {
		batch int
		sum   uint32
	}{{32, 0xdac24d16}, {256, 0x8cfc4b0f}, {4096, 0x465d466b}} {
		b.Run(fmt.Sprintf("train/batch=%d", t.batch), func(b *testing.B) {
			c := nn.Config{Inputs: 50, Hidden: []int{64, 32}, Outputs: 3, Dropout: 0.2}
			train(b, c, 200_000, 200_000, t.batch, "samples/s", t.sum)
		})
	}
	b.Run("lstm/batch=64", func(b *testing.B) {
		c := nn.Config{Cell: nn.LSTM, Window: 20, Inputs: 36, Hidden: []int{64, 64}, Outputs: 3}
		train(b, c, 64*20+19, 64*20, 64, "sequences/s", 0x3361d8c9)
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
		b.ReportAllocs()
		for b.Loop() {
			for i := 0; i < rows; i += chunk {
				end := min(i+chunk, rows)
				n.Infer(dst[i*c.Outputs:end*c.Outputs], x[i*c.Inputs:end*c.Inputs], end-i)
			}
		}
		b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
		var content []byte
		for _, v := range dst {
			content = binary.LittleEndian.AppendUint32(content, math.Float32bits(v))
		}
		sameSum(b, content, 0xbda7b233)
	})
}

// sameSum fails unless content has the recorded sum.
func sameSum(b *testing.B, content []byte, want uint32) {
	b.Helper()
	if got := crc32.ChecksumIEEE(content); got != want {
		b.Fatalf("the sum of what was computed is %#x, want %#x", got, want)
	}
}

// train measures an epoch over inputs that end at the last of rows rows. The weights
// of the first have the given sum.
func train(b *testing.B, c nn.Config, rows, inputs, batch int, unit string, sum uint32) {
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
	fit := func() {
		if _, err := n.Fit(b.Context(), d, v, o, nil); err != nil {
			b.Fatal(err)
		}
	}
	fit()
	weights, err := n.AppendSafetensors(nil)
	if err != nil {
		b.Fatal(err)
	}
	sameSum(b, weights, sum)
	b.ReportAllocs()
	for b.Loop() {
		fit()
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
