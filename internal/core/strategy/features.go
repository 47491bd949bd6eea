package strategy

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Features returns the columns of the network's input in their canonical order:
// for each input as written, for each of its timeframes, for each set as written.
// Saved models rely on this order and on the names.
func (s *Strategy) Features() []Feature {
	var list []Feature
	for _, in := range s.Inputs {
		id, output, sets := s.origin(in)
		i := slices.IndexFunc(s.Indicators, func(x Indicator) bool { return x.ID == id })
		column := Feature{Indicator: i, Output: slices.Index(s.Indicators[i].Indicator.Outputs(), output)}
		for _, tf := range in.Timeframes {
			column.Timeframe = tf
			if in.FuzzySet == "" {
				column.Name, column.Normalization = in.rawName(tf), in.Raw.Normalization
				list = append(list, column)
			}
			for _, member := range sets {
				column.Name, column.Set = in.memberName(tf, member.Name), member.Function
				list = append(list, column)
			}
		}
	}
	return list
}

// origin returns the indicator output that an input is about, and the sets that
// it goes through.
func (s *Strategy) origin(in Input) (id, output string, sets []fuzzy.Set) {
	if in.FuzzySet == "" {
		return in.Raw.IndicatorID, in.Raw.Output, nil
	}
	set := s.FuzzySets[slices.IndexFunc(s.FuzzySets, func(f FuzzySet) bool { return f.ID == in.FuzzySet })]
	return set.IndicatorID, set.Output, set.Sets
}

func (in Input) rawName(tf market.Timeframe) string {
	return tf.String() + "_" + in.Raw.Reference + "_raw"
}

func (in Input) memberName(tf market.Timeframe, set string) string {
	return tf.String() + "_" + in.FuzzySet + "_" + set
}
