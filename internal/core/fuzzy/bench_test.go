package fuzzy_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
)

// A regression here means that building features takes longer: each bar asks
// for a dozen degrees. The values are an oscillator that crosses all the sets.
func BenchmarkDegrees(b *testing.B) {
	const values = 100_000
	x, dst := make([]float64, values), make([]float64, values)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range x {
		x[i] = 100 * rng.Float64()
	}
	for _, f := range []fuzzy.Function{
		must(fuzzy.Triangular, 20, 40, 60), must(fuzzy.Trapezoidal, 0, 0, 30, 50), must(fuzzy.Gaussian, 50, 15),
		must(fuzzy.Gauss2, 40, 15, 60, 10), must(fuzzy.Bell, 50, 15, 2), must(fuzzy.Sigmoid, 60, .2),
		must(fuzzy.Gaussian, 50, 15).Hedged(fuzzy.Somewhat),
	} {
		b.Run(fmt.Sprintf("kind=%v/hedge=%v/values=%d", f.Kind(), f.Hedge(), values), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.Degrees(dst, x)
			}
			sameDegrees(b, f, dst, x)
			b.ReportMetric(float64(b.N)*values/b.Elapsed().Seconds()/1e6, "Mdegrees/s")
		})
	}
}

// Thirty inputs with three sets each, column after column in pieces that stay in
// the first cache. Below a hundred million memberships per second, sixty for
// curves, building features waits for it.
func BenchmarkFuzzify(b *testing.B) {
	const inputs, values = 30, 1024
	x, dst := make([]float64, inputs*values), make([]float64, values)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range x {
		x[i] = 100 * rng.Float64()
	}
	for name, sets := range map[string][]fuzzy.Function{
		"triangular": {must(fuzzy.Triangular, 0, 20, 50), must(fuzzy.Triangular, 20, 50, 80), must(fuzzy.Triangular, 50, 80, 100)},
		"gaussian":   {must(fuzzy.Gaussian, 20, 15), must(fuzzy.Gaussian, 50, 15), must(fuzzy.Gaussian, 80, 15)},
	} {
		b.Run(fmt.Sprintf("kind=%s/inputs=%d/sets=%d", name, inputs, len(sets)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for i := range inputs {
					for _, f := range sets {
						f.Degrees(dst, x[i*values:][:values])
					}
				}
			}
			for _, f := range sets {
				sameDegrees(b, f, f.Degrees(dst, x[:values]), x[:values])
			}
			b.ReportMetric(float64(b.N)*inputs*values*float64(len(sets))/b.Elapsed().Seconds(), "memberships/s")
		})
	}
}

// sameDegrees holds a column of degrees to one after another.
func sameDegrees(b *testing.B, f fuzzy.Function, degrees, x []float64) {
	b.Helper()
	for i, v := range x {
		if want := f.Degree(v); math.Float64bits(degrees[i]) != math.Float64bits(want) {
			b.Fatalf("the degree of %v is %v, want %v", v, degrees[i], want)
		}
	}
}

func must(kind fuzzy.Kind, params ...float64) fuzzy.Function {
	f, err := fuzzy.New(kind, params)
	if err != nil {
		panic(err)
	}
	return f
}
