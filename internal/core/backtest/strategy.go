package backtest

import (
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// OptionsOf returns the options of a backtest of s: those of the request, and in
// them what the strategy decides.
func OptionsOf(s *strategy.Strategy, request Options) Options {
	request.SeparationSeconds = s.Decisions.MinSeparationSeconds
	request.Exits, request.Sizing, request.Costs = decision.ExitsOf(s), decision.SizingOf(s), decision.CostsOf(s)
	return request
}

// InputOf returns the input of a backtest of s over window, bars out of those
// held from the first on, at which a model says signals.
func InputOf(s *strategy.Strategy, held, window market.Series, signals []decision.Raw) Input {
	in := Input{Series: window, Signals: signals, Rules: decision.RulesOf(s)}
	if window.Len() == 0 {
		return in
	}
	first := held.Search(window.Time[0])
	cut := func(column []float64) []float64 {
		if column == nil {
			return nil
		}
		return column[first : first+window.Len()]
	}
	in.Volatility = cut(decision.VolatilityOf(s, held))
	in.SizingVolatility = cut(decision.SizingVolatilityOf(s, held))
	return in
}
