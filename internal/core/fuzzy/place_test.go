package fuzzy_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
)

func ExamplePlace() {
	rsi := []float64{28, 35, 41, 44, 48, 52, 55, 60, 66, 73}
	centres, err := fuzzy.Quantiles(rsi, 3)
	if err != nil {
		fmt.Println(err)
		return
	}
	sets, err := fuzzy.Place([]fuzzy.Shape{{Kind: fuzzy.LeftShoulder}, {Kind: fuzzy.Triangular}, {Kind: fuzzy.RightShoulder, Hedge: fuzzy.Very}}, centres)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range sets {
		fmt.Println(f)
	}
	// Output:
	// left_shoulder[38 50]
	// triangular[38 50 63]
	// very right_shoulder[50 63]
}

// The numbers are those of statistics.quantiles of Python 3.11 with the method
// "inclusive", every second cut of twice as many parts.
func TestQuantiles(t *testing.T) {
	x := []float64{3.5, -1, 2, 2, 10, 7.25, 0, 4}
	for n, want := range map[int][]float64{
		1: {2.75}, 2: {1.5, 4.8125}, 3: {0.3333333333333333, 2.75, 6.708333333333333}, 5: {-0.3, 2, 2.75, 3.95, 8.075},
	} {
		have, err := fuzzy.Quantiles(x, n)
		if err != nil || len(have) != n {
			t.Fatalf("Quantiles(%d) = %v, %v", n, have, err)
		}
		for i := range want {
			if math.Abs(have[i]-want[i]) > 1e-15*max(1, math.Abs(want[i]))*2 {
				t.Errorf("Quantiles(%d)[%d] = %v, want %v", n, i, have[i], want[i])
			}
		}
	}
}

// The centres were found by 5,000 rounds of the definition in plain Python 3.11
// with exact sums (math.fsum).
func TestCMeans(t *testing.T) {
	x := []float64{-3.1, -2.8, -2.9, 0.2, 0.1, -0.15, 0.05, 4.0, 4.4, 3.7, 5.0, 1.5}
	want := []float64{-2.9267247386373447, 0.24666793404973117, 4.254540304540536}
	have, err := fuzzy.CMeans(x, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if math.Abs(have[i]-want[i]) > 1e-5 {
			t.Errorf("CMeans = %v, want %v", have, want)
		}
	}
}

// TestCMeans_fixed_point: another round, from the definition, moves nothing.
func TestCMeans_fixed_point(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	x := make([]float64, 5000)
	for i := range x {
		x[i] = 30 + 8*rng.NormFloat64()
		if i%3 == 0 {
			x[i] += 40
		}
	}
	centres, err := fuzzy.CMeans(x, 4)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range centres {
		var sum, weight float64
		for _, v := range x {
			share := 0.0
			for _, other := range centres {
				share += (v - c) * (v - c) / ((v - other) * (v - other))
			}
			sum, weight = sum+v/(share*share), weight+1/(share*share)
		}
		if math.Abs(sum/weight-c) > 1e-4 {
			t.Errorf("centre %d of %v moves to %v", i, centres, sum/weight)
		}
	}
}

func TestPlacing_refuses(t *testing.T) {
	few := []float64{1, 1, 1, 1, 2}
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"quantiles_alike": {second(fuzzy.Quantiles(few, 3)), "two sets would have the same place 1"},
		"means_alike":     {second(fuzzy.CMeans(few, 3)), "two sets would have the same place 1"},
		"no_values":       {second(fuzzy.Quantiles(nil, 3)), "0 values"},
		"not_known":       {second(fuzzy.CMeans([]float64{1, nan, 3}, 2)), "a value is NaN"},
		"infinite":        {second(fuzzy.Quantiles([]float64{1, inf, 3}, 2)), "a value is +Inf"},
		"falling":         {second(fuzzy.Place(shapes("triangular triangular"), []float64{2, 1})), "do not rise"},
		"centres":         {second(fuzzy.Place(shapes("triangular triangular"), []float64{2})), "1 centres for 2 sets"},
		"one_set":         {fuzzy.CheckShapes(shapes("triangular")), "want at least two"},
		"shoulder_inside": {fuzzy.CheckShapes(shapes("triangular left_shoulder triangular")), "set 2 is a left_shoulder: only the first"},
		"shoulder_first":  {fuzzy.CheckShapes(shapes("right_shoulder triangular")), "set 1 is a right_shoulder: only the last"},
		"bell":            {fuzzy.CheckShapes(shapes("gaussian bell")), "set 2 is bell: want triangular or gaussian"},
	} {
		if tc.err == nil || !strings.Contains(tc.err.Error(), tc.want) {
			t.Errorf("%s: %v, want an error with %q", name, tc.err, tc.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func shapes(kinds string) []fuzzy.Shape {
	var all []fuzzy.Shape
	for _, name := range strings.Fields(kinds) {
		kind, err := fuzzy.ParseKind(name)
		if err != nil {
			panic(err)
		}
		all = append(all, fuzzy.Shape{Kind: kind})
	}
	return all
}

// TestPlacing_properties: centres lie within the values, do not depend on their
// order, and straight sets placed on them share every value between them out.
func TestPlacing_properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 2, 60).Draw(t, "x")
		n := rapid.IntRange(2, 5).Draw(t, "sets")
		place := rapid.SampledFrom([]func([]float64, int) ([]float64, error){fuzzy.Quantiles, fuzzy.CMeans}).Draw(t, "place")
		centres, err := place(x, n)
		if err != nil {
			t.Skip(err)
		}
		const rounding = 1e-9
		if !slices.IsSorted(centres) || centres[0] < slices.Min(x)-rounding || centres[n-1] > slices.Max(x)+rounding {
			t.Fatalf("centres %v of values from %v to %v", centres, slices.Min(x), slices.Max(x))
		}
		other := slices.Clone(x)
		slices.Reverse(other)
		if again, err := place(other, n); err != nil || !slices.Equal(again, centres) {
			t.Fatalf("centres %v, of the same values in another order %v (%v)", centres, again, err)
		}
		sets, err := fuzzy.Place(shapes("left_shoulder "+strings.Repeat("triangular ", n-2)+"right_shoulder"), centres)
		if err != nil {
			t.Fatal(err)
		}
		v := rapid.Float64Range(-2e6, 2e6).Draw(t, "value")
		sum := 0.0
		for _, f := range sets {
			sum += f.Degree(v)
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Fatalf("degrees of %v sum to %v", v, sum)
		}
	})
}

// TestPlace_gaussian: half way between neighbours as far on both sides each is
// one half.
func TestPlace_gaussian(t *testing.T) {
	sets, err := fuzzy.Place(shapes("gaussian gaussian gaussian"), []float64{10, 20, 30})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range sets {
		for _, x := range []float64{15 + 10*float64(i), 5 + 10*float64(i)} {
			if d := f.Degree(x); math.Abs(d-0.5) > 1e-15 {
				t.Errorf("set %d at %v is %v, want one half", i, x, d)
			}
		}
	}
}
