package elementary_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/elementary"
)

// TestElementary compares with the standard library, whose functions are within
// 1 unit in the last place themselves.
func TestElementary(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	units := func(got, want float64) float64 {
		return math.Abs(got-want) / (math.Nextafter(math.Abs(want), math.Inf(1)) - math.Abs(want))
	}
	for range 200_000 {
		x := math.Exp(20 * rng.NormFloat64())
		if rng.IntN(2) == 0 {
			x = 1 + 0.01*rng.NormFloat64()
		}
		if got, want := elementary.Ln(x), math.Log(x); units(got, want) > 2 {
			t.Fatalf("ln(%v) = %v, want %v", x, got, want)
		}
		slope := rng.NormFloat64() * math.Exp(3*rng.NormFloat64())
		if got, want := elementary.Atan(slope), math.Atan(slope); units(got, want) > 2 {
			t.Fatalf("atan(%v) = %v, want %v", slope, got, want)
		}
		turn := rng.Float64()
		sin, cos := elementary.Wave(turn)
		wantSin, wantCos := math.Sincos(2 * math.Pi * turn)
		if math.Abs(sin-wantSin) > 1e-15 || math.Abs(cos-wantCos) > 1e-15 {
			t.Fatalf("wave(%v) = %v, %v, want %v, %v", turn, sin, cos, wantSin, wantCos)
		}
	}
}

func TestElementaryAtTheEdges(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"ln_1", elementary.Ln(1), 0},
		{"ln_2", elementary.Ln(2), math.Ln2},
		{"ln_0", elementary.Ln(0), math.NaN()},
		{"ln_negative", elementary.Ln(-1), math.NaN()},
		{"ln_infinite", elementary.Ln(math.Inf(1)), math.NaN()},
		{"ln_nan", elementary.Ln(math.NaN()), math.NaN()},
		{"ln_smallest", elementary.Ln(math.SmallestNonzeroFloat64), -744.4400719213812},
		{"ln_largest", elementary.Ln(math.MaxFloat64), math.Log(math.MaxFloat64)},
		{"atan_0", elementary.Atan(0), 0},
		{"atan_1", elementary.Atan(1), math.Pi / 4},
		{"atan_infinite", elementary.Atan(math.Inf(-1)), -math.Pi / 2},
		{"atan_nan", elementary.Atan(math.NaN()), math.NaN()},
	} {
		if math.Float64bits(c.got) != math.Float64bits(c.want) && !(math.IsNaN(c.got) && math.IsNaN(c.want)) {
			t.Errorf("%s = %v, want %v", c.name, c.got, c.want)
		}
	}
	for i, want := range [][2]float64{{0, 1}, {1, 0}, {0, -1}, {-1, 0}} {
		if sin, cos := elementary.Wave(float64(i) / 4); math.Abs(sin-want[0]) != 0 || math.Abs(cos-want[1]) != 0 {
			t.Errorf("wave(%v/4) = %v, %v, want %v", i, sin, cos, want)
		}
	}
}
