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
			if got := some(kind).Degree(nan); !math.IsNaN(got) {
				t.Errorf("%v.Degree(NaN) = %v, want NaN", kind, got)
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
		{"no_kind", 0, []float64{1}, "Kind(0) is not a kind"},
		{"beyond_kinds", 9, []float64{1}, "Kind(9) is not a kind"},
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
}

func TestMisusePanics(t *testing.T) {
	for name, call := range map[string]func(){
		"degree_of_zero":  func() { fuzzy.Function{}.Degree(1) },
		"degrees_of_zero": func() { fuzzy.Function{}.Degrees(nil, nil) },
		"lengths":         func() { some(fuzzy.Gaussian).Degrees(make([]float64, 1), make([]float64, 2)) },
		"params_of_zero":  func() { fuzzy.Function{}.Params() },
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
	for _, name := range []string{"", "triangle", "sigmoid", "gaussian ", "Kind(1)"} {
		if k, err := fuzzy.ParseKind(name); err == nil {
			t.Errorf("ParseKind(%q) = %v, want an error", name, k)
		}
	}
	text, err := json.Marshal(fuzzy.Kinds())
	if want := `["triangular","trapezoidal","gaussian"]`; err != nil || string(text) != want {
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

// some returns a function of the kind.
func some(kind fuzzy.Kind) fuzzy.Function {
	switch kind {
	case fuzzy.Triangular:
		return must(kind, 20, 30, 40)
	case fuzzy.Trapezoidal:
		return must(kind, 20, 30, 40, 50)
	default:
		return must(kind, 50, 15)
	}
}
