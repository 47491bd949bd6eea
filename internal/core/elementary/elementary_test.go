package elementary_test

import (
	"math"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/elementary"
)

// stride is how many float32 the accuracy tests skip; 1 visits all of them (it
// was run so once, and gave the bounds that the comments state).
const stride = 2003

// ulps returns |got - want| in units in the last place of float32 at want.
func ulps(got float32, want float64) float64 {
	if want == 0 {
		return math.Abs(float64(got)) / math.SmallestNonzeroFloat32
	}
	_, e := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(e, -125)-24)
}

func TestExp(t *testing.T) {
	for name, c := range map[string]struct{ x, want float32 }{
		"zero": {0, 1}, "negative_zero": {float32(math.Copysign(0, -1)), 1}, "far_below": {-1e30, 0},
		"below_normal_results": {-87.34, 0}, "above": {88.73, float32(math.Inf(1))},
		"minus_infinity": {float32(math.Inf(-1)), 0}, "infinity": {float32(math.Inf(1)), float32(math.Inf(1))},
	} {
		t.Run(name, func(t *testing.T) {
			if got := elementary.Exp(c.x); got != c.want {
				t.Errorf("exp(%v) = %v, want %v", c.x, got, c.want)
			}
		})
	}
	if got := elementary.Exp(float32(math.NaN())); got == got {
		t.Errorf("exp(NaN) = %v, want NaN", got)
	}
	worst, at := 0.0, float32(0)
	for u := uint32(0); u < 0x42b16b86; u += stride { // up to 88.71
		for _, x := range [...]float32{math.Float32frombits(u), -math.Float32frombits(u)} {
			if x < -87.336 {
				continue
			}
			if e := ulps(elementary.Exp(x), math.Exp(float64(x))); e > worst {
				worst, at = e, x
			}
		}
	}
	if worst > 1 {
		t.Errorf("exp(%v) is %v units in the last place off, want at most 1", at, worst)
	}
	t.Logf("worst: %v at %v", worst, at)
}

func TestLog(t *testing.T) {
	if got := elementary.Log(1); got != 0 {
		t.Errorf("log(1) = %v, want 0", got)
	}
	if got := elementary.Log(float32(math.Inf(1))); !math.IsInf(float64(got), 1) {
		t.Errorf("log(+Inf) = %v, want +Inf", got)
	}
	if got := elementary.Log(float32(math.NaN())); got == got {
		t.Errorf("log(NaN) = %v, want NaN", got)
	}
	worst, at := 0.0, float32(0)
	for u := uint32(0x00800000); u < 0x7f800000; u += stride {
		x := math.Float32frombits(u)
		want := math.Log(float64(x))
		e := min(ulps(elementary.Log(x), want), math.Abs(float64(elementary.Log(x))-want)/6e-8)
		if e > worst {
			worst, at = e, x
		}
	}
	if worst > 0.8 {
		t.Errorf("log(%v) is %v units in the last place off, want at most 0.8", at, worst)
	}
	t.Logf("worst: %v at %v", worst, at)
}

func TestTanh(t *testing.T) {
	if got := elementary.Tanh(float32(math.NaN())); got == got {
		t.Errorf("tanh(NaN) = %v, want NaN", got)
	}
	worst, at := 0.0, float32(0)
	for u := uint32(0); u <= 0x7f800000; u += stride {
		x := math.Float32frombits(u)
		got := elementary.Tanh(x)
		if odd := elementary.Tanh(-x); odd != -got {
			t.Fatalf("tanh(-%v) = %v, want %v", x, odd, -got)
		}
		if e := ulps(got, math.Tanh(float64(x))); e > worst {
			worst, at = e, x
		}
	}
	if worst > 1.4 {
		t.Errorf("tanh(%v) is %v units in the last place off, want at most 1.4", at, worst)
	}
	t.Logf("worst: %v at %v", worst, at)
}

func TestCosPi(t *testing.T) {
	for i := range 10_001 {
		x := float64(i) / 10_000
		if got, want := elementary.CosPi(x), math.Cos(math.Pi*x); math.Abs(got-want) > 5e-16 {
			t.Fatalf("cos(π %v) = %v, want %v", x, got, want)
		}
	}
}

func TestSigmoid(t *testing.T) {
	for x := float32(-100); x < 100; x += 0.00373 {
		want := 1 / (1 + math.Exp(-float64(x)))
		if got := elementary.Sigmoid(x); x > -87 && ulps(got, want) > 3 || x <= -88 && got != 0 {
			t.Fatalf("sigmoid(%v) = %v, want %v", x, got, want)
		}
	}
	if got := elementary.Sigmoid(float32(math.NaN())); got == got {
		t.Errorf("sigmoid(NaN) = %v, want NaN", got)
	}
	if got := elementary.Sigmoid(float32(math.Inf(1))); got != 1 {
		t.Errorf("sigmoid(Inf) = %v, want 1", got)
	}
}
