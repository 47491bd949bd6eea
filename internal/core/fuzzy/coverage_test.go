package fuzzy_test

import (
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
)

func TestCentre(t *testing.T) {
	for _, c := range []struct {
		f    fuzzy.Function
		want float64
	}{
		{must(fuzzy.Triangular, 10, 40, 60), 40}, {must(fuzzy.Trapezoidal, 0, 20, 40, 50), 30}, {must(fuzzy.Gaussian, 50, 3), 50},
		{must(fuzzy.Gauss2, 40, 3, 60, 9), 50}, {must(fuzzy.Bell, 50, 3, 2), 50}, {must(fuzzy.Sigmoid, 60, -1), 60},
		{must(fuzzy.LeftShoulder, 20, 40), 20}, {must(fuzzy.RightShoulder, 60, 80), 80}, {must(fuzzy.Singleton, 5), 5},
	} {
		if got := c.f.Centre(); got != c.want {
			t.Errorf("%v.Centre() = %v, want %v", c.f, got, c.want)
		}
		if c.f.Kind() != fuzzy.Sigmoid && c.f.Degree(c.want) != 1 {
			t.Errorf("%v is %v at its centre", c.f, c.f.Degree(c.want))
		}
	}
}

func TestReaches(t *testing.T) {
	for _, c := range []struct {
		f    fuzzy.Function
		want bool
	}{
		{must(fuzzy.RightShoulder, 90, 110), true}, {must(fuzzy.RightShoulder, 99.9, 110), false},
		{must(fuzzy.Triangular, 49.96, 49.97, 49.98), true}, {must(fuzzy.Singleton, 33.333), true}, {must(fuzzy.Singleton, 101), false},
	} {
		if got := c.f.Reaches(0, 100); got != c.want {
			t.Errorf("%v.Reaches(0, 100) = %v, want %v", c.f, got, c.want)
		}
	}
}

func TestAlike(t *testing.T) {
	a := must(fuzzy.Gaussian, 50, 15)
	for _, c := range []struct {
		b    fuzzy.Function
		want bool
	}{
		{must(fuzzy.Gauss2, 50, 15, 50.5, 15.5), true}, {must(fuzzy.Gaussian, 52, 15), false}, {a.Hedged(fuzzy.Very), false},
		{must(fuzzy.Bell, 50, 20, 2), false},
	} {
		if got := fuzzy.Alike(a, c.b, 0, 100); got != c.want {
			t.Errorf("Alike(%v, %v) = %v, want %v", a, c.b, got, c.want)
		}
	}
	if one, other := must(fuzzy.Singleton, 1.2345), must(fuzzy.Singleton, 2); fuzzy.Alike(one, other, 0, 100) {
		t.Error("two singletons are alike")
	}
}

func TestHole(t *testing.T) {
	set := func(f fuzzy.Function) fuzzy.Set { return fuzzy.Set{Function: f} }
	sets := []fuzzy.Set{set(must(fuzzy.LeftShoulder, 20, 30)), set(must(fuzzy.RightShoulder, 70, 80))}
	from, to, ok := fuzzy.Hole(sets, 0, 100)
	if !ok || from < 29 || from > 30 || to < 70 || to > 71 {
		t.Errorf("Hole = %v to %v, %v, want about 30 to 70", from, to, ok)
	}
	// At 100 alone no set reaches: a point is no stretch.
	if from, to, ok := fuzzy.Hole([]fuzzy.Set{set(must(fuzzy.Trapezoidal, -2, -1, 99.9, 100))}, 0, 100); ok {
		t.Errorf("Hole = %v to %v, want none at the last point", from, to)
	}
	if from, to, ok := fuzzy.Hole(append(sets, set(must(fuzzy.Triangular, 20, 50, 80))), 0, 100); ok {
		t.Errorf("Hole = %v to %v, want none", from, to)
	}
}
