package rolling_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

// A regression here means that indicators of a window take longer to compute.
func BenchmarkWindow(b *testing.B) {
	const values = 1 << 17
	rng := rand.New(rand.NewPCG(1, 1))
	x, dst, center := make([]float64, values), make([]float64, values), make([]float64, values)
	price := 100.0
	for i := range x {
		price += rng.NormFloat64() * 0.05
		x[i], center[i] = price, price+rng.NormFloat64()
	}
	table := make([]float64, 500)
	for i := range table {
		table[i] = float64(i)
	}
	for _, n := range []int{14, 26, 200} {
		mean := rolling.NewAverage(n)
		b.Run(fmt.Sprintf("of=mean/n=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				mean.Means(dst, x)
			}
			one, want := rolling.NewAverage(n), make([]float64, values)
			for i, v := range x {
				want[i] = one.Mean(v)
			}
			rolling.NewAverage(n).Means(dst, x)
			mustEqual(b, "a column", dst, want)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/values, "ns/bar")
		})
		high, age, deviation := rolling.NewHighest(n), rolling.NewHighestAge(n, false), rolling.NewDeviation(n)
		for _, c := range []struct {
			name string
			fill func(dst, src, center []float64)
		}{
			{"highest", func(dst, src, _ []float64) { high.Fill(dst, src) }},
			{"age", func(dst, src, _ []float64) { age.Fill(dst, src, table) }},
			{"deviation", deviation.Sums},
		} {
			b.Run(fmt.Sprintf("of=%s/n=%d", c.name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					for at := 0; at < values; at += rolling.Chunk {
						c.fill(dst[at:][:rolling.Chunk], x[at:][:rolling.Chunk], center[at:])
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/values, "ns/bar")
				for end := n - 1; end < values; end += 97 {
					window := x[end-n+1 : end+1]
					want := map[string]float64{"highest": slices.Max(window), "age": table[int(since(window, slices.Max(window), false))]}
					for _, v := range window {
						want["deviation"] += math.Abs(v - center[end])
					}
					if math.Abs(dst[end]-want[c.name]) > 1e-12*want[c.name] {
						b.Fatalf("at %d it is %v, want %v", end, dst[end], want[c.name])
					}
				}
			})
		}
	}
}
