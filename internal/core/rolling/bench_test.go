package rolling_test

import (
	"fmt"
	"math/rand/v2"
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
	for _, n := range []int{14, 26, 200} {
		mean := rolling.NewAverage(n)
		b.Run(fmt.Sprintf("of=mean/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				mean.Means(dst, x)
			}
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
				for b.Loop() {
					for at := 0; at < values; at += rolling.Chunk {
						c.fill(dst[at:][:rolling.Chunk], x[at:][:rolling.Chunk], center[at:])
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/values, "ns/bar")
			})
		}
	}
}
