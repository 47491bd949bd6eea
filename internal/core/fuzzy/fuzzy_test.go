package fuzzy_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
)

var inf, nan = math.Inf(1), math.NaN()

func ExampleNew() {
	low, err := fuzzy.New(fuzzy.Trapezoidal, []float64{0, 0, 20, 40})
	if err != nil {
		fmt.Println(err)
		return
	}
	rsi := []float64{0, 20, 25, 40, 70}
	fmt.Println(low.Degrees(make([]float64, len(rsi)), rsi))
	// Output: [1 1 0.75 0 0]
}

func ExampleFunction_Hedged() {
	near, err := fuzzy.New(fuzzy.Gauss2, []float64{40, 10, 60, 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range []fuzzy.Function{near, near.Hedged(fuzzy.Very), near.Hedged(fuzzy.Somewhat)} {
		fmt.Printf("%v: %.3f at 30, %.0f at 50\n", f, f.Degree(30), f.Degree(50))
	}
	// Output:
	// gauss2[40 10 60 20]: 0.607 at 30, 1 at 50
	// very gauss2[40 10 60 20]: 0.368 at 30, 1 at 50
	// somewhat gauss2[40 10 60 20]: 0.779 at 30, 1 at 50
}

// The numbers without a comment are those of the original KTRDR's array path
// (Python, numpy 1.24, 8 decimals).
func TestDegree(t *testing.T) {
	for _, c := range []struct {
		name   string
		f      fuzzy.Function
		x      float64
		degree float64
	}{
		{"triangle_foot", must(fuzzy.Triangular, 20, 30, 40), 20, 0},
		{"triangle_rising", must(fuzzy.Triangular, 20, 30, 40), 25, 0.5},
		{"triangle_peak", must(fuzzy.Triangular, 20, 30, 40), 30, 1},
		{"triangle_falling", must(fuzzy.Triangular, 20, 30, 40), 37.5, 0.25},
		{"triangle_end", must(fuzzy.Triangular, 20, 30, 40), 40, 0},
		{"left_edge_on", must(fuzzy.Triangular, 0, 0, 30), 0, 1},
		{"left_edge_before", must(fuzzy.Triangular, 0, 0, 30), -1, 0},
		{"left_edge_after", must(fuzzy.Triangular, 0, 0, 30), 15, 0.5},
		{"right_edge_before", must(fuzzy.Triangular, 60, 100, 100), 80, 0.5},
		{"right_edge_on", must(fuzzy.Triangular, 60, 100, 100), 100, 1}, // 1 on the original's other path only
		{"right_edge_after", must(fuzzy.Triangular, 60, 100, 100), 101, 0},
		{"trapezoid_rising", must(fuzzy.Trapezoidal, 10, 20, 30, 40), 15, 0.5},
		{"trapezoid_first", must(fuzzy.Trapezoidal, 10, 20, 30, 40), 20, 1},
		{"trapezoid_last", must(fuzzy.Trapezoidal, 10, 20, 30, 40), 30, 1},
		{"trapezoid_falling", must(fuzzy.Trapezoidal, 10, 20, 30, 40), 36, 0.4},
		{"trapezoid_end", must(fuzzy.Trapezoidal, 10, 20, 30, 40), 40, 0},
		{"shoulder_on", must(fuzzy.Trapezoidal, 0, 0, 20, 40), 0, 1},
		{"shoulder_inside", must(fuzzy.Trapezoidal, 0, 0, 20, 40), 1e-9, 1},
		{"shoulder_falling", must(fuzzy.Trapezoidal, 0, 0, 20, 40), 30, 0.5},
		{"shoulder_beyond", must(fuzzy.Trapezoidal, 0, 0, 20, 40), -7, 1},            // 0 in the original
		{"right_shoulder_on", must(fuzzy.Trapezoidal, 60, 80, 100, 100), 100, 1},     // by the closed-edge rule
		{"right_shoulder_beyond", must(fuzzy.Trapezoidal, 60, 80, 100, 100), 1e9, 1}, // by the closed-edge rule
		{"bell_center", must(fuzzy.Gaussian, 50, 15), 50, 1},
		{"bell_one_sigma", must(fuzzy.Gaussian, 50, 15), 65, .60653066},
		{"bell_two_sigma", must(fuzzy.Gaussian, 50, 15), 80, .13533528},
		{"bell_far", must(fuzzy.Gaussian, 50, 15), 100, .00386592},
		{"bell_too_far", must(fuzzy.Gaussian, 0, 1), 40, 0}, // e^-800 is not a float64
		// By definition.
		{"singleton_on", must(fuzzy.Triangular, 5, 5, 5), 5, 1},
		{"singleton_next_below", must(fuzzy.Triangular, 5, 5, 5), math.Nextafter(5, 0), 0},
		{"singleton_next_above", must(fuzzy.Triangular, 5, 5, 5), math.Nextafter(5, 9), 0},
		{"singleton_zero", must(fuzzy.Triangular, 0, 0, 0), math.Copysign(0, -1), 1},
		{"triangle_infinite", must(fuzzy.Triangular, 20, 30, 40), inf, 0},
		{"triangle_minus_infinite", must(fuzzy.Triangular, 20, 30, 40), -inf, 0},
		{"shoulder_minus_infinite", must(fuzzy.Trapezoidal, 0, 0, 20, 40), -inf, 1},
		{"shoulder_infinite", must(fuzzy.Trapezoidal, 0, 0, 20, 40), inf, 0},
		{"right_shoulder_infinite", must(fuzzy.Trapezoidal, 60, 80, 100, 100), inf, 1},
		{"bell_infinite", must(fuzzy.Gaussian, 50, 15), -inf, 0},
		{"widest_bell", must(fuzzy.Gaussian, 0, 5e-324), math.MaxFloat64, 0},
		{"gauss2_left", must(fuzzy.Gauss2, 40, 10, 60, 5), 30, .60653066},
		{"gauss2_plateau_begins", must(fuzzy.Gauss2, 40, 10, 60, 5), 40, 1},
		{"gauss2_plateau_ends", must(fuzzy.Gauss2, 40, 10, 60, 5), 60, 1},
		{"gauss2_right", must(fuzzy.Gauss2, 40, 10, 60, 5), 65, .60653066},
		{"gauss2_right_two_sigma", must(fuzzy.Gauss2, 50, 10, 50, 5), 60, .13533528},
		{"gauss2_infinite", must(fuzzy.Gauss2, 40, 10, 60, 5), inf, 0},
		{"gauss2_minus_infinite", must(fuzzy.Gauss2, 40, 10, 60, 5), -inf, 0},
		{"bell_curve_centre", must(fuzzy.Bell, 50, 10, 2), 50, 1},
		{"bell_curve_half", must(fuzzy.Bell, 50, 10, 2), 60, .5},
		{"bell_curve_half_left", must(fuzzy.Bell, 50, 10, 7.3), 40, .5},
		{"bell_curve_two_widths", must(fuzzy.Bell, 50, 10, 2), 70, 1. / 17},
		{"bell_curve_root", must(fuzzy.Bell, 0, 1, .25), 9, .25},
		{"bell_curve_infinite", must(fuzzy.Bell, 50, 10, 2), -inf, 0},
		{"bell_curve_step", must(fuzzy.Bell, 0, 1, 1000), .9, 1},
		{"sigmoid_centre", must(fuzzy.Sigmoid, 60, .5), 60, .5},
		{"sigmoid_rising", must(fuzzy.Sigmoid, 60, .5), 62, .73105858}, // 1/(1+1/e)
		{"sigmoid_falling", must(fuzzy.Sigmoid, 60, -.5), 62, .26894142},
		{"sigmoid_infinite", must(fuzzy.Sigmoid, 60, .5), inf, 1},
		{"sigmoid_minus_infinite", must(fuzzy.Sigmoid, 60, .5), -inf, 0},
		{"left_shoulder_beyond", must(fuzzy.LeftShoulder, 20, 40), -inf, 1},
		{"left_shoulder_edge", must(fuzzy.LeftShoulder, 20, 40), 20, 1},
		{"left_shoulder_falling", must(fuzzy.LeftShoulder, 20, 40), 25, .75},
		{"left_shoulder_end", must(fuzzy.LeftShoulder, 20, 40), 40, 0},
		{"right_shoulder_foot", must(fuzzy.RightShoulder, 60, 80), 60, 0},
		{"right_shoulder_rising", must(fuzzy.RightShoulder, 60, 80), 75, .75},
		{"right_shoulder_edge", must(fuzzy.RightShoulder, 60, 80), 80, 1},
		{"right_shoulder_far", must(fuzzy.RightShoulder, 60, 80), inf, 1},
		{"singleton_at", must(fuzzy.Singleton, 5), 5, 1},
		{"singleton_beside", must(fuzzy.Singleton, 5), math.Nextafter(5, 9), 0},
		{"singleton_infinite", must(fuzzy.Singleton, 5), inf, 0},
		{"very", must(fuzzy.Triangular, 20, 30, 40).Hedged(fuzzy.Very), 25, .25},
		{"very_on_the_peak", must(fuzzy.Triangular, 20, 30, 40).Hedged(fuzzy.Very), 30, 1},
		{"somewhat", must(fuzzy.Triangular, 20, 30, 40).Hedged(fuzzy.Somewhat), 37.5, .5},
		{"somewhat_at_the_foot", must(fuzzy.Triangular, 20, 30, 40).Hedged(fuzzy.Somewhat), 20, 0},
		{"widest_triangle", must(fuzzy.Triangular, -1e300, 0, 1e300), 5e299, 0.5},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.f.Degree(c.x); !(math.Abs(got-c.degree) <= 5e-9) {
				t.Errorf("%v.Degree(%v) = %v, want %v", c.f, c.x, got, c.degree)
			}
		})
	}
	for _, kind := range fuzzy.Kinds() {
		t.Run("nan/"+kind.String(), func(t *testing.T) {
			for _, f := range []fuzzy.Function{some(kind), some(kind).Hedged(fuzzy.Very), some(kind).Hedged(fuzzy.Somewhat)} {
				if got := f.Degree(nan); !math.IsNaN(got) {
					t.Errorf("%v.Degree(NaN) = %v, want NaN", f, got)
				}
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		kind    fuzzy.Kind
		params  []float64
		wantErr string
	}{
		{"too_few", fuzzy.Triangular, []float64{1, 2}, "triangular: want 3 numbers a <= b <= c, have 2"},
		{"too_many", fuzzy.Gaussian, []float64{1, 2, 3}, "gaussian: want 2 numbers"},
		{"none", fuzzy.Trapezoidal, nil, "trapezoidal: want 4 numbers"},
		{"triangle_order", fuzzy.Triangular, []float64{1, 3, 2}, "want 3 numbers a <= b <= c, have [1 3 2]"},
		{"trapezoid_order", fuzzy.Trapezoidal, []float64{2, 1, 3, 4}, "want 4 numbers a <= b <= c <= d"},
		{"sigma_zero", fuzzy.Gaussian, []float64{1, 0}, "sigma > 0, have [1 0]"},
		{"sigma_negative", fuzzy.Gaussian, []float64{1, -2}, "sigma > 0"},
		{"nan", fuzzy.Triangular, []float64{1, nan, 2}, "parameter 2 is NaN"},
		{"infinite", fuzzy.Trapezoidal, []float64{-inf, 1, 2, 3}, "parameter 1 is -Inf"},
		{"too_large", fuzzy.Gaussian, []float64{2e300, 1}, "parameter 1 is 2e+300"},
		{"two_shoulders", fuzzy.Trapezoidal, []float64{1, 1, 2, 2}, "two shoulders"},
		{"gauss2_sigma", fuzzy.Gauss2, []float64{1, 0, 2, 1}, "sigma_left > 0"},
		{"gauss2_sigma_right", fuzzy.Gauss2, []float64{1, 1, 2, -1}, "sigma_right > 0"},
		{"gauss2_order", fuzzy.Gauss2, []float64{3, 1, 2, 1}, "mu_right >= mu_left"},
		{"bell_width", fuzzy.Bell, []float64{1, 0, 2}, "width > 0 and slope > 0, have [1 0 2]"},
		{"bell_slope", fuzzy.Bell, []float64{1, 2, -2}, "slope > 0"},
		{"bell_steep", fuzzy.Bell, []float64{1, 2, 1001}, "slope 1001: want at most 1000"},
		{"sigmoid_flat", fuzzy.Sigmoid, []float64{1, 0}, "2 numbers centre and slope"},
		{"left_shoulder_order", fuzzy.LeftShoulder, []float64{2, 2}, "left_shoulder: want 2 numbers a < b, have [2 2]"},
		{"right_shoulder_order", fuzzy.RightShoulder, []float64{2, 1}, "want 2 numbers a < b"},
		{"singleton_two", fuzzy.Singleton, []float64{2, 1}, "singleton: want 1 number, have 2"},
		{"no_kind", 0, []float64{1}, "Kind(0) is not a kind"},
		{"beyond_kinds", 10, []float64{1}, "Kind(10) is not a kind"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if f, err := fuzzy.New(c.kind, c.params); err == nil || !strings.Contains(err.Error(), c.wantErr) {
				t.Errorf("New(%v, %v) = %v, %v, want an error with %q", c.kind, c.params, f, err, c.wantErr)
			}
		})
	}
}

func TestFunctionIsAValue(t *testing.T) {
	given := []float64{20, 30, 40}
	f, err := fuzzy.New(fuzzy.Triangular, given)
	if err != nil {
		t.Fatal(err)
	}
	given[0], f.Params()[1] = 0, 0
	if f != must(fuzzy.Triangular, 20, 30, 40) {
		t.Errorf("%v changed with the slices of its caller", f)
	}
	if f == must(fuzzy.Triangular, 20, 30, 41) || f == must(fuzzy.Trapezoidal, 20, 30, 30, 40) {
		t.Errorf("%v equals another function", f)
	}
	if got := f.String(); got != "triangular[20 30 40]" {
		t.Errorf("String() = %q", got)
	}
	very := f.Hedged(fuzzy.Very)
	if got := very.String(); got != "very triangular[20 30 40]" || very == f || very.Hedge() != fuzzy.Very || f.Hedge() != fuzzy.Plain {
		t.Errorf("very %v is %q with the hedge %v", f, got, very.Hedge())
	}
	if very.Hedged(fuzzy.Plain) != f {
		t.Error("a hedge that is taken away leaves a trace")
	}
}

func TestMisusePanics(t *testing.T) {
	for name, call := range map[string]func(){
		"degree_of_zero":  func() { fuzzy.Function{}.Degree(1) },
		"degrees_of_zero": func() { fuzzy.Function{}.Degrees(nil, nil) },
		"lengths":         func() { some(fuzzy.Gaussian).Degrees(make([]float64, 1), make([]float64, 2)) },
		"params_of_zero":  func() { fuzzy.Function{}.Params() },
		"no_hedge":        func() { some(fuzzy.Bell).Hedged(3) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("did not panic")
				}
			}()
			call()
		})
	}
}

func TestKindText(t *testing.T) {
	for _, name := range []string{"triangular", "TrapezoidalMF", "gaussianmf", "GAUSSIAN"} {
		k, err := fuzzy.ParseKind(name)
		if err != nil || !strings.HasPrefix(strings.ToLower(name), k.String()) {
			t.Errorf("ParseKind(%q) = %v, %v", name, k, err)
		}
	}
	for _, name := range []string{"", "triangle", "sigmoidmf", "gauss2mf", "bellmf", "gaussian ", "Kind(1)"} {
		if k, err := fuzzy.ParseKind(name); err == nil {
			t.Errorf("ParseKind(%q) = %v, want an error", name, k)
		}
	}
	text, err := json.Marshal(fuzzy.Kinds())
	if want := `["triangular","trapezoidal","gaussian","gauss2","bell","sigmoid","left_shoulder","right_shoulder","singleton"]`; err != nil || string(text) != want {
		t.Errorf("kinds as JSON = %s, %v, want %s", text, err, want)
	}
	var back []fuzzy.Kind
	if err := json.Unmarshal(text, &back); err != nil || fmt.Sprint(back) != fmt.Sprint(fuzzy.Kinds()) {
		t.Errorf("kinds from JSON = %v, %v", back, err)
	}
	if _, err := json.Marshal(fuzzy.Kind(0)); err == nil {
		t.Error("the zero kind was marshalled")
	}
}

func FuzzParseKind(f *testing.F) {
	f.Add("triangularmf")
	f.Add("Gaussian")
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := fuzzy.ParseKind(s); err == nil {
			if again, err := fuzzy.ParseKind(k.String()); err != nil || again != k {
				t.Fatalf("%q -> %v -> %v, %v", s, k, again, err)
			}
		}
	})
}

func TestHedgeText(t *testing.T) {
	for _, h := range fuzzy.Hedges() {
		if again, err := fuzzy.ParseHedge(strings.ToUpper(h.String())); err != nil || again != h {
			t.Errorf("ParseHedge of %v = %v, %v", h, again, err)
		}
	}
	for _, name := range []string{"", "plain", "extremely", "Hedge(1)"} {
		if h, err := fuzzy.ParseHedge(name); err == nil {
			t.Errorf("ParseHedge(%q) = %v, want an error", name, h)
		}
	}
	if _, err := fuzzy.ParseHedge("vary"); err == nil || !strings.Contains(err.Error(), "did you mean very?") {
		t.Errorf("ParseHedge(vary) = %v, want the nearest name", err)
	}
}

// some returns a function of the kind.
func some(kind fuzzy.Kind) fuzzy.Function {
	switch kind {
	case fuzzy.Triangular:
		return must(kind, 20, 30, 40)
	case fuzzy.Trapezoidal:
		return must(kind, 20, 30, 40, 50)
	case fuzzy.Gauss2:
		return must(kind, 40, 15, 60, 5)
	case fuzzy.Bell:
		return must(kind, 50, 15, 2.5)
	case fuzzy.LeftShoulder, fuzzy.RightShoulder:
		return must(kind, 20, 50)
	case fuzzy.Singleton:
		return must(kind, 50)
	default:
		return must(kind, 50, 15)
	}
}

// TestGaussianEnds: a gaussian is above 0 until the exponent is 708, where Degrees says that
// it ends, and 0 from there on.
func TestGaussianEnds(t *testing.T) {
	f, err := fuzzy.New(fuzzy.Gaussian, []float64{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []float64{690, 700, 704.5, 707.999} {
		if d := f.Degree(math.Sqrt(2 * q)); !(d > 0 && math.Abs(d/math.Exp(-q)-1) < 1e-11) {
			t.Errorf("at an exponent of %v the degree is %v, want about %v", q, d, math.Exp(-q))
		}
	}
	for _, q := range []float64{708.001, 709, 1e9} {
		if d := f.Degree(math.Sqrt(2 * q)); d != 0 {
			t.Errorf("at an exponent of %v the degree is %v, want 0", q, d)
		}
	}
}
