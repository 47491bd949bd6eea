package kernel_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/kernel"
)

// BenchmarkProduct is the products of one tile of 64 rows through a layer of 64
// units and one of 32: forward, to the inputs, and to the weights.
func BenchmarkProduct(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	c := caseData{rng: rng}
	for _, set := range kernel.All() {
		for _, p := range []struct {
			name string
			kernel.Product
		}{
			{"forward_50_64_of_32", kernel.Product{Rows: 32, Steps: 50, Columns: 64, ARow: 64, AStep: 1, Then: kernel.Rectify}},
			{"weights_50_64_of_32", kernel.Product{Rows: 50, Steps: 32, Columns: 64, ARow: 1, AStep: 64, Then: kernel.Add}},
			{"inputs_3_32_of_32", kernel.Product{Rows: 32, Steps: 3, Columns: 32, ARow: 16, AStep: 1}},
			{"forward_50_64", kernel.Product{Rows: 64, Steps: 50, Columns: 64, ARow: 64, AStep: 1, Then: kernel.Rectify}},
			{"forward_64_32", kernel.Product{Rows: 64, Steps: 64, Columns: 32, ARow: 64, AStep: 1, Then: kernel.Rectify}},
			{"forward_32_3", kernel.Product{Rows: 64, Steps: 32, Columns: 16, ARow: 32, AStep: 1}},
			{"inputs_32_64", kernel.Product{Rows: 64, Steps: 32, Columns: 64, ARow: 32, AStep: 1}},
			{"weights_50_64", kernel.Product{Rows: 50, Steps: 64, Columns: 64, ARow: 1, AStep: 64, Then: kernel.Add}},
			{"weights_64_32", kernel.Product{Rows: 64, Steps: 64, Columns: 32, ARow: 1, AStep: 64, Then: kernel.Add}},
			{"weights_32_3", kernel.Product{Rows: 32, Steps: 64, Columns: 16, ARow: 1, AStep: 32, Then: kernel.Add}},
			{"forward_100_256", kernel.Product{Rows: 64, Steps: 100, Columns: 256, ARow: 112, AStep: 1}},
		} {
			b.Run(fmt.Sprintf("product=%s/kernels=%s", p.name, set.Name()), func(b *testing.B) {
				p.A, p.B, p.C, p.Start = c.numbers(1<<14, 1, false), c.numbers(1<<15, 1, false), c.numbers(1<<15, 1, false), c.numbers(256, 1, false)
				p.BRow, p.CRow = p.Columns, p.Columns
				multiply := func(set *kernel.Set) []float32 {
					q := p.Product
					q.C = slices.Clone(p.C)
					set.Multiply(q)
					return q.C
				}
				if !slices.Equal(multiply(set), multiply(kernel.All()[0])) {
					b.Fatalf("%s differs from plain Go", set.Name())
				}
				b.ReportAllocs()
				for b.Loop() {
					set.Multiply(p.Product)
				}
				b.ReportMetric(2e-9*float64(p.Rows*p.Steps*p.Columns*b.N)/b.Elapsed().Seconds(), "GFLOP/s")
			})
		}
	}
}

// BenchmarkElementwise is what else happens to a tile or to the weights of a net of
// six thousand weights. A regression here is small batches getting slow.
func BenchmarkElementwise(b *testing.B) {
	c := caseData{rng: rand.New(rand.NewPCG(1, 1))}
	const n = 64 * 92
	start := [4][]float32{c.numbers(n, 1, false), c.numbers(n, 1e-3, false), make([]float32, n), make([]float32, n)}
	for name, f := range map[string]func(set *kernel.Set, w, g, m, v []float32){
		"adam": func(set *kernel.Set, w, g, m, v []float32) {
			set.Adam(w, g, m, v, kernel.AdamStep{Clip: 1, Beta1: 0.9, Rest1: 0.1, Beta2: 0.999, Rest2: 0.001, Keep: 1, Pace: 1e-6, Root: 1.5, Epsilon: 1e-8})
		},
		"drop": func(set *kernel.Set, w, _, _, _ []float32) {
			set.Drop(w, nil, 92, 64, kernel.Draw{First: 1, Next: 7, Threshold: 1 << 30, Scale: 1.25})
		},
		"mask":    func(set *kernel.Set, w, g, _, _ []float32) { set.Mask(g, w, 1.25) },
		"tanh":    func(set *kernel.Set, w, g, _, _ []float32) { set.Tanh(w, g) },
		"squares": func(set *kernel.Set, w, _, _, v []float32) { v[0] = float32(set.Squares(w)) },
	} {
		run := func(set *kernel.Set, times func() bool) (values [4][]float32) {
			for i := range start {
				values[i] = slices.Clone(start[i])
			}
			for times() {
				f(set, values[0], values[1], values[2], values[3])
			}
			return values
		}
		for _, set := range kernel.All() {
			b.Run(fmt.Sprintf("kernel=%s/kernels=%s", name, set.Name()), func(b *testing.B) {
				got, want := run(set, times(3)), run(kernel.All()[0], times(3))
				for i := range want {
					if !slices.Equal(got[i], want[i]) {
						b.Fatalf("%s differs from plain Go", set.Name())
					}
				}
				b.ReportAllocs()
				run(set, b.Loop)
				b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "elements/s")
			})
		}
	}
}

// times returns what is true n times.
func times(n int) func() bool {
	return func() bool { n--; return n >= 0 }
}
