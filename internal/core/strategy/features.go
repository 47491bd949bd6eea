package strategy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Features returns the columns of the network's input in their canonical order:
// for each input as written, for each of its lags from none on, for each of its
// timeframes, for each set as written.
// Saved models rely on this order and on the names.
func (s *Strategy) Features() []Feature {
	var list []Feature
	for _, in := range s.Inputs {
		list = append(list, s.FeaturesOf(in)...)
	}
	return list
}

// FeaturesOf returns the columns of one input in their order.
func (s *Strategy) FeaturesOf(in Input) []Feature {
	var list []Feature
	id, output, set := s.origin(in)
	i := slices.IndexFunc(s.Indicators, func(x Indicator) bool { return x.ID == id })
	at := slices.Index(s.Indicators[i].Indicator.Outputs(), output)
	for lag := range in.Lags + 1 {
		for _, tf := range in.Timeframes {
			column := Feature{Timeframe: tf, Source: s.Indicators[i].Source, Indicator: i, Output: at, Lag: lag}
			if in.FuzzySet == "" {
				column.Name, column.Normalization = in.rawName(tf, lag), in.Raw.Normalization
				list = append(list, column)
			}
			for k, member := range s.sets(set) {
				column.Name, column.Set, column.Place = in.memberName(tf, member.Name, lag), member.Function, s.FuzzySets[set].Place
				column.FuzzySet, column.Member, column.Reference = set, k, s.FuzzySets[set].Reference
				list = append(list, column)
			}
		}
	}
	return list
}

// origin returns the indicator output that an input is about, and the index of
// the fuzzy set that it goes through; -1 for a raw value.
func (s *Strategy) origin(in Input) (id, output string, set int) {
	if in.FuzzySet == "" {
		return in.Raw.IndicatorID, in.Raw.Output, -1
	}
	set = slices.IndexFunc(s.FuzzySets, func(f FuzzySet) bool { return f.ID == in.FuzzySet })
	return s.FuzzySets[set].IndicatorID, s.FuzzySets[set].Output, set
}

// sets returns the sets of the fuzzy set with that index; none for -1.
func (s *Strategy) sets(set int) []fuzzy.Set {
	if set < 0 {
		return nil
	}
	return s.FuzzySets[set].Sets
}

func (in Input) rawName(tf market.Timeframe, lag int) string {
	return tf.String() + "_" + in.Raw.Reference + "_raw" + lagName(lag)
}

func (in Input) memberName(tf market.Timeframe, set string, lag int) string {
	return tf.String() + "_" + in.FuzzySet + "_" + set + lagName(lag)
}

// Unlagged returns the name of the same feature of the decision bar.
func (f Feature) Unlagged() string { return strings.TrimSuffix(f.Name, lagName(f.Lag)) }

// lagName ends the name of a feature of an earlier bar.
func lagName(lag int) string {
	if lag == 0 {
		return ""
	}
	return "_lag_" + strconv.Itoa(lag)
}
