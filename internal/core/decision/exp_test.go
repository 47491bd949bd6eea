package decision_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/decision"
)

// The values are Decimal(x).exp() of Python 3.11's decimal with 60 digits,
// rounded to the nearest float64.
func TestExp(t *testing.T) {
	for _, c := range []struct{ x, want float64 }{
		{0, 1}, {-1e-09, 0.999999999}, {-0.1, 0.9048374180359595}, {-0.5, 0.6065306597126334},
		{-0.6931471805599453, 0.5}, {-1, 0.36787944117144233}, {-2.5, 0.0820849986238988},
		{-10, 4.5399929762484854e-05}, {-33.25, 3.628344178047045e-15}, {-100, 3.720075976020836e-44},
		{-500, 7.124576406741286e-218}, {-700, 9.85967654375977e-305}, {-707.9, 3.655411389615008e-308},
		{-709, 0}, {math.Inf(-1), 0},
	} {
		if got := decision.Exp(c.x); math.Abs(got-c.want) > ulp(c.want) {
			t.Errorf("exp(%v) = %v, want %v", c.x, got, c.want)
		}
	}
}

func TestExpIsNearMathExp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(-708, 0).Draw(t, "x")
		// math.Exp itself is within one unit in the last place.
		if got, want := decision.Exp(x), math.Exp(x); math.Abs(got-want) > 2*ulp(want) {
			t.Fatalf("exp(%v) = %v, want %v", x, got, want)
		}
	})
}

// The bits are our own, from amd64: any CPU that gives others has fused or
// reordered an operation.
func TestExpBits(t *testing.T) {
	sum := uint64(0)
	for i := range 100_000 {
		sum = sum*31 + math.Float64bits(decision.Exp(-float64(i)/317))
	}
	if want := uint64(expBits); sum != want {
		t.Errorf("hash of the bits of exp = %#x, want %#x", sum, want)
	}
}

const expBits = 0xee194b4297e312a8

func ulp(v float64) float64 { return math.Nextafter(v, math.Inf(1)) - v }
