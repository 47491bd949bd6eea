package strategy

import (
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
)

// Coverage is looked at on a grid of gridSteps+1 points; a value that belongs to
// no set by more than blind says nothing to the network.
const (
	gridSteps = 1000
	blind     = 0.05
)

// warnShape tells of sets that are allowed but can hardly be meant: two that say
// the same, one that no value belongs to, centres in no order, and values
// between or beyond the sets that belong to none of them.
func (d *decoder) warnShape(s *Strategy, f fields, set FuzzySet) {
	var centres []float64
	for _, member := range set.Sets {
		centres = append(centres, centre(member.Function))
	}
	falling := slices.Clone(centres)
	slices.Reverse(falling)
	if !slices.IsSorted(centres) && !slices.IsSorted(falling) {
		f.warn("the sets do not stand in the order of their centres %v: is one of them mistyped?", centres)
	}
	low, high := slices.Min(centres), slices.Max(centres)
	lowest, highest := set.bounds(s)
	isBounded := !math.IsInf(lowest, 0) && !math.IsInf(highest, 0)
	if isBounded {
		low, high = lowest, highest
	}
	points := grid(set.Sets, low, high)
	for i, a := range set.Sets {
		n, _ := f.get(a.Name)
		if isBounded && !slices.ContainsFunc(points, func(x float64) bool { return a.Function.Degree(x) > blind }) {
			n.warn("no value belongs to it: those of %s lie between %v and %v", set.reference(), low, high)
			continue
		}
		for _, b := range set.Sets[:i] {
			n.warnAlike(a.Function, b, points)
		}
	}
	if from, to, ok := hole(set.Sets, low, high); ok {
		f.warn("values from %.4g to %.4g belong to no set by more than %v: move the sets together or give the outermost ones shoulders",
			from, to, blind)
	}
}

// warnAlike tells of a set a that says at every point what b says.
func (n node) warnAlike(a fuzzy.Function, b fuzzy.Set, points []float64) {
	if a == b.Function {
		n.warn("it is the same as %s: the network sees one value twice", b.Name)
		return
	}
	apart := func(x float64) bool { return math.Abs(a.Degree(x)-b.Function.Degree(x)) > blind }
	if len(points) > 0 && !slices.ContainsFunc(points, apart) {
		n.warn("it differs from %s by no more than %v anywhere: the network sees nearly one value twice", b.Name, blind)
	}
}

// grid returns points from low to high, and the parameters of the sets among
// them, where narrow sets are; none where there is no range.
func grid(sets []fuzzy.Set, low, high float64) []float64 {
	if !(high > low) {
		return nil
	}
	points := make([]float64, 0, gridSteps+1)
	for i := range gridSteps + 1 {
		points = append(points, low+(high-low)*float64(i)/gridSteps)
	}
	for _, member := range sets {
		for _, p := range member.Function.Params() {
			if p >= low && p <= high {
				points = append(points, p)
			}
		}
	}
	return points
}

// reference names the output that the sets are about.
func (set FuzzySet) reference() string {
	if set.Output == "" {
		return set.IndicatorID
	}
	return set.IndicatorID + "." + set.Output
}

// bounds returns the range that the values of the set's output cannot leave.
func (set FuzzySet) bounds(s *Strategy) (low, high float64) {
	i := slices.IndexFunc(s.Indicators, func(x Indicator) bool { return x.ID == set.IndicatorID })
	spec := s.Indicators[i].Indicator.Spec()
	scale := spec.Scales[slices.Index(spec.Outputs, set.Output)]
	return scale.Min, scale.Max
}

// centre returns where a function is 1, or the middle of where it is; of a
// shoulder the edge, and of a sigmoid, which is 1 nowhere, where it is half.
func centre(f fuzzy.Function) float64 {
	p := f.Params()
	switch f.Kind() {
	case fuzzy.Triangular:
		return p[1]
	case fuzzy.Trapezoidal:
		return p[1] + (p[2]-p[1])/2
	case fuzzy.Gauss2:
		return p[0] + (p[2]-p[0])/2
	case fuzzy.Gaussian, fuzzy.Bell, fuzzy.Sigmoid, fuzzy.LeftShoulder, fuzzy.Singleton:
		return p[0]
	case fuzzy.RightShoulder:
		return p[1]
	default:
		panic("strategy: " + f.Kind().String() + " has no centre")
	}
}

// hole returns the first stretch of [low, high] where no set reaches blind.
func hole(sets []fuzzy.Set, low, high float64) (from, to float64, ok bool) {
	if !(high > low) {
		return 0, 0, false
	}
	for i := range gridSteps + 1 {
		x := low + (high-low)*float64(i)/gridSteps
		covered := slices.ContainsFunc(sets, func(m fuzzy.Set) bool { return m.Function.Degree(x) > blind })
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
