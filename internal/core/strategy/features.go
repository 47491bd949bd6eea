package strategy

import (
	"slices"
)

// Features returns the columns of the network's input in their canonical order:
// for each input as written, for each of its timeframes, for each set as written.
// Saved models rely on this order and on the names.
func (s *Strategy) Features() []Feature {
	var list []Feature
	for _, in := range s.Inputs {
		set := s.FuzzySets[slices.IndexFunc(s.FuzzySets, func(f FuzzySet) bool { return f.ID == in.FuzzySet })]
		i := slices.IndexFunc(s.Indicators, func(x Indicator) bool { return x.ID == set.IndicatorID })
		output := slices.Index(s.Indicators[i].Indicator.Outputs(), set.Output)
		for _, tf := range in.Timeframes {
			for _, member := range set.Sets {
				list = append(list, Feature{Name: tf.String() + "_" + set.ID + "_" + member.Name,
					Timeframe: tf, Indicator: i, Output: output, Set: member.Function})
			}
		}
	}
	return list
}
