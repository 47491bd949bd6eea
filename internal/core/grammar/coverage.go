package grammar

import (
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// warnShape tells of sets that are allowed but can hardly be meant: two that say
// the same, one that no value belongs to, centres in no order, and values
// between or beyond the sets that belong to none of them.
func (d *decoder) warnShape(s *strategy.Strategy, f document.Mapping, set strategy.FuzzySet) {
	var centres []float64
	for _, member := range set.Sets {
		centres = append(centres, member.Function.Centre())
	}
	falling := slices.Clone(centres)
	slices.Reverse(falling)
	if !slices.IsSorted(centres) && !slices.IsSorted(falling) {
		f.Warn("the sets do not stand in the order of their centres %v: is one of them mistyped?", centres)
	}
	low, high := slices.Min(centres), slices.Max(centres)
	lowest, highest := bounds(s, set)
	isBounded := !math.IsInf(lowest, 0) && !math.IsInf(highest, 0)
	if isBounded {
		low, high = lowest, highest
	}
	for i, a := range set.Sets {
		n, _ := f.Get(a.Name)
		if isBounded && !a.Function.Reaches(low, high) {
			n.Warn("no value belongs to it: those of %s lie between %v and %v", set.About(), low, high)
			continue
		}
		for _, b := range set.Sets[:i] {
			switch {
			case a.Function == b.Function:
				n.Warn("it is the same as %s: the network sees one value twice", b.Name)
			case high > low && fuzzy.Alike(a.Function, b.Function, low, high):
				n.Warn("it differs from %s by no more than %v anywhere: the network sees nearly one value twice", b.Name, fuzzy.Blind)
			}
		}
	}
	if from, to, ok := fuzzy.Hole(set.Sets, low, high); ok {
		f.Warn("values from %.4g to %.4g belong to no set by more than %v: move the sets together or give the outermost ones shoulders",
			from, to, fuzzy.Blind)
	}
}

// bounds returns the range that the values of the set's output cannot leave.
func bounds(s *strategy.Strategy, set strategy.FuzzySet) (low, high float64) {
	if set.Reference != "" {
		return 0, math.Inf(1)
	}
	scale := scaleOf(s, set)
	return scale.Min, scale.Max
}

// scaleOf returns how the values of the set's output behave.
func scaleOf(s *strategy.Strategy, set strategy.FuzzySet) indicator.Scale {
	i := slices.IndexFunc(s.Indicators, func(x strategy.Indicator) bool { return x.ID == set.IndicatorID })
	spec := s.Indicators[i].Indicator.Spec()
	return spec.Scales[slices.Index(spec.Outputs, set.Output)]
}
