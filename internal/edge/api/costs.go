package api

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// costs are the numbers of a backtest, checked and with their defaults.
type costs struct{ capital, commission, slippage, fraction float64 }

func costsOf(b wire.StartBacktest) (costs, error) {
	c := costs{wire.DefaultCapital, wire.DefaultCommission, wire.DefaultSlippage, wire.DefaultSizingFraction}
	for _, f := range [...]struct {
		name  string
		given *float64
		value *float64
		ok    func(float64) bool
		want  string
	}{
		{"initial_capital", b.InitialCapital, &c.capital, func(v float64) bool { return v > 0 }, "a number above 0"},
		{"commission", b.Commission, &c.commission, isCost, "a fraction of the notional from 0 to 0.1"},
		{"slippage", b.Slippage, &c.slippage, isCost, "a fraction of the price from 0 to 0.1"},
		{"sizing_fraction", b.SizingFraction, &c.fraction, func(v float64) bool { return v > 0 && v <= 1 }, "a fraction above 0, at most 1"},
	} {
		if f.given == nil {
			continue
		}
		if v := *f.given; math.IsNaN(v) || math.IsInf(v, 0) || !f.ok(v) {
			return c, wire.Errorf(wire.CodeBadRequest, "%s is %v: want %s", f.name, v, f.want)
		}
		*f.value = *f.given
	}
	return c, nil
}

func isCost(v float64) bool { return v >= 0 && v <= wire.MaxCostFraction }

// vary gives the strategy of r the decisions of b and returns them as they go into
// the order, nil where the file decides alone. What the strategy says itself about
// commission and slippage goes into c, and b must not say it outside of decisions.
func (r *request) vary(b wire.StartBacktest, c *costs) (text json.RawMessage, err error) {
	if len(b.Decisions) > 0 {
		if text, err = json.Marshal(b.Decisions); err != nil {
			return nil, fmt.Errorf("encode decisions: %w", err)
		}
		varied, err := r.strategy.Vary(text)
		if err != nil {
			return nil, invalidStrategy(err)
		}
		if r.strategy, err = varied.With(r.strategy.Symbols, r.strategy.Timeframes); err != nil {
			return nil, wire.Errorf(wire.CodeBadRequest, "%w", err)
		}
	}
	said, symbol := r.strategy.Decisions.Costs, r.strategy.Symbols[0]
	if said.CommissionSchedule != "" {
		said.Commission = new(float64)
	}
	for _, x := range [...]struct {
		name        string
		given, said *float64
		value       *float64
	}{{"commission", b.Commission, said.Commission, &c.commission}, {"slippage", b.Slippage, said.Slippage, &c.slippage}} {
		if x.said == nil {
			continue
		}
		if *x.value = *x.said; x.given != nil {
			return nil, wire.Errorf(wire.CodeBadRequest, "%s: the strategy says it itself: give decisions.costs.%s instead, which replaces that", x.name, x.name)
		}
	}
	_, quote, _ := symbol.Pair()
	if err := said.Fit(symbol, quote); err != nil {
		return nil, wire.Errorf(wire.CodeBadRequest, "decisions.costs: %w", err)
	}
	return text, nil
}
