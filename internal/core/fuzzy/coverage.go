package fuzzy

import (
	"fmt"
	"math"
	"slices"
)

// Blind is the degree up to which a value hardly belongs to a set: one that
// belongs to no set by more says nothing.
const Blind = 0.05

// gridSteps is how many steps a range is looked at in.
const gridSteps = 1000

// Centre returns where a function is 1, or the middle of where it is; of a
// shoulder the edge, and of a sigmoid, which is 1 nowhere, where it is half.
func (f Function) Centre() float64 {
	p := f.params
	switch f.kind {
	case Triangular:
		return p[1]
	case Trapezoidal:
		return p[1] + float64((p[2]-p[1])/2)
	case Gauss2:
		return p[0] + float64((p[2]-p[0])/2)
	case Gaussian, Bell, Sigmoid, LeftShoulder, Singleton:
		return p[0]
	case RightShoulder:
		return p[1]
	default:
		panic(fmt.Sprintf("fuzzy: centre of %v", f.kind))
	}
}

// Reaches reports whether some value from low to high belongs to the set by more
// than Blind.
func (f Function) Reaches(low, high float64) bool {
	return slices.ContainsFunc(grid(low, high, f), func(x float64) bool { return f.Degree(x) > Blind })
}

// Alike reports whether two functions differ by no more than Blind for every
// value from low to high.
func Alike(a, b Function, low, high float64) bool {
	return !slices.ContainsFunc(grid(low, high, a, b), func(x float64) bool { return math.Abs(a.Degree(x)-b.Degree(x)) > Blind })
}

// grid returns points from low to high, and the parameters of the functions among
// them, where narrow sets are.
func grid(low, high float64, functions ...Function) []float64 {
	points := make([]float64, 0, gridSteps+5)
	for i := range gridSteps + 1 {
		points = append(points, low+(high-low)*float64(i)/gridSteps)
	}
	for _, f := range functions {
		for _, p := range f.Params() {
			if p >= low && p <= high {
				points = append(points, p)
			}
		}
	}
	return points
}

// Hole returns the first stretch of values from low to high that belong to no set
// by more than Blind.
func Hole(sets []Set, low, high float64) (from, to float64, ok bool) {
	for _, x := range grid(low, high) {
		covered := slices.ContainsFunc(sets, func(m Set) bool { return m.Function.Degree(x) > Blind })
		switch {
		case !covered && !ok:
			from, to, ok = x, x, true
		case !covered:
			to = x
		case ok:
			return from, to, to > from
		}
	}
	return from, to, ok && to > from
}
