package backtest

import (
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// OptionsOf returns the options of a backtest of s: those of the request, and in
// place of them what s says itself.
func OptionsOf(s *strategy.Strategy, request Options) Options {
	o, d := request, s.Decisions
	if c := d.Costs; c.CommissionSchedule != "" {
		o.Commission = 0
	} else if c.Commission != nil {
		o.Commission = *c.Commission
	}
	if d.Costs.Slippage != nil {
		o.Slippage = *d.Costs.Slippage
	}
	o.SeparationSeconds = d.MinSeparationSeconds
	o.Exits, o.Sizing, o.Costs = decision.ExitsOf(s), decision.SizingOf(s), decision.CostsOf(s)
	o.Account, o.Fills = d.Account, d.Fills
	return o
}

// InputOf returns the input of a backtest of s over window, a part of the bars
// held of the base timeframe, on one signal per bar of it. A model that was trained
// on events is asked at events only: elsewhere its signals are withheld.
func InputOf(s *strategy.Strategy, held, window market.Series, signals []decision.Raw) Input {
	in := Input{Series: window, Signals: signals, Rules: decision.RulesOf(s)}
	if window.Len() == 0 {
		return in
	}
	first := held.Search(window.Time[0])
	in.Signals = decision.AtEvents(signals, decision.EventsOf(s, held, first, window.Len()))
	cut := func(column []float64) []float64 {
		if column == nil {
			return nil
		}
		return column[first : first+window.Len()]
	}
	in.Volatility, in.SizingVolatility = cut(decision.VolatilityOf(s, held)), cut(decision.SizingVolatilityOf(s, held))
	return in
}

// Route gives the entries of in the exits of several strategies, on the bars held:
// those decided at a bar have the exits of the strategy that at names for it.
func (in *Input) Route(by []*strategy.Strategy, at []uint8, held market.Series) {
	n := in.Series.Len()
	in.Routed, in.Volatility = &Routed{At: at}, nil
	for k, s := range by {
		in.Routed.Names, in.Routed.Exits = append(in.Routed.Names, s.Name), append(in.Routed.Exits, decision.ExitsOf(s))
		column := decision.VolatilityOf(s, held)
		if column == nil || n == 0 {
			continue
		}
		if in.Volatility == nil {
			in.Volatility = make([]float64, n)
		}
		first := held.Search(in.Series.Time[0])
		for bar := range n {
			if int(at[bar]) == k {
				in.Volatility[bar] = column[first+bar]
			}
		}
	}
}

// IsPlain tells that o is the plain policy: a commission and a slippage that are
// fractions, the whole fraction of equity in every entry, and no exit but by a
// signal. Its positions change at opens only.
func (o Options) IsPlain() bool {
	return o == Options{Capital: o.Capital, Commission: o.Commission, Slippage: o.Slippage, Fraction: o.Fraction, FractionalUnits: o.FractionalUnits}
}
