package strategy

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Bars names the bars of one symbol on one timeframe.
type Bars struct {
	Symbol    market.Symbol
	Timeframe market.Timeframe
}

// A Source is a series of bars that indicators can read in place of the bars of
// the symbol that is decided on. It is the same for every symbol.
type Source struct {
	ID string
	Bars
}

// Reads returns all bars that the strategy reads, each once: those of every symbol
// on every timeframe, and then those of its context.
func (s *Strategy) Reads() []Bars {
	var all []Bars
	for _, symbol := range s.Symbols {
		for _, tf := range s.Timeframes {
			all = append(all, Bars{symbol, tf})
		}
	}
	for _, source := range s.Context {
		if !slices.Contains(all, source.Bars) {
			all = append(all, source.Bars)
		}
	}
	return all
}

// ProviderBars is the provider of the bars that are held.
const ProviderBars = "bars"

// SourceOf returns the source that the indicator of an input reads; ok is false for
// the bars of the symbol itself.
func (s *Strategy) SourceOf(in Input) (source Source, ok bool) {
	id, _, _ := s.origin(in)
	i := slices.IndexFunc(s.Indicators, func(x Indicator) bool { return x.ID == id })
	if i < 0 {
		return source, false
	}
	i = slices.IndexFunc(s.Context, func(x Source) bool { return x.ID == s.Indicators[i].Source })
	if i < 0 {
		return source, false
	}
	return s.Context[i], true
}

func (s *Strategy) contextList() []object {
	var list []object
	for _, c := range s.Context {
		list = append(list, object{{"provider", ProviderBars}, {"id", c.ID}, {"symbol", c.Symbol}, {"timeframe", c.Timeframe}})
	}
	return list
}
