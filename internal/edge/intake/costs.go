package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/edge/library"
)

// costs are the numbers of a backtest, checked and with their defaults.
type costs struct{ capital, commission, slippage, fraction float64 }

func costsOf(b wire.BacktestTerms) (costs, error) {
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

// decisionsOf returns the decisions of b as they go into the order, nil where the
// file decides alone.
func decisionsOf(b wire.BacktestTerms) (json.RawMessage, error) {
	if len(b.Decisions) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(b.Decisions)
	if err != nil {
		return nil, fmt.Errorf("encode decisions: %w", err)
	}
	return text, nil
}

// vary gives the strategy of r the decisions of an order.
func (r *request) vary(decisions json.RawMessage) error {
	if decisions == nil {
		return nil
	}
	varied, err := grammar.Vary(r.strategy, decisions)
	if err != nil {
		return library.Invalid(wire.CodeStrategyInvalid, "decisions are", err)
	}
	if r.strategy, err = varied.With(r.strategy.Symbols, r.strategy.Timeframes); err != nil {
		return wire.Errorf(wire.CodeBadRequest, "%w", err)
	}
	return nil
}

// said puts what the decisions of r say themselves about commission and slippage
// into c; b must not say it outside of decisions.
func (r request) said(b wire.BacktestTerms, c *costs) error {
	said := r.strategy.Decisions.Costs
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
			return wire.Errorf(wire.CodeBadRequest, "%s: the file says it itself: give decisions.costs.%s instead, which replaces that", x.name, x.name)
		}
	}
	if err := r.strategy.Decisions.Account.InWholeUnits(); err != nil && b.WholeUnits {
		return wire.Errorf(wire.CodeBadRequest, "decisions.account: %w", err)
	}
	for _, symbol := range r.strategy.Symbols {
		if err := said.Fit(symbol, r.strategy.Decisions.Account.In(symbol)); err != nil {
			return wire.Errorf(wire.CodeBadRequest, "decisions.costs: %w", err)
		}
	}
	return nil
}

// order returns the order of a backtest of r as far as it does not depend on who
// decides in it.
func (r request) order(b wire.BacktestTerms, c costs, decisions json.RawMessage, inSample bool, engine string) wire.BacktestOrder {
	o := wire.BacktestOrder{StrategyName: r.strategy.Name, Symbol: r.strategy.Symbols[0], Timeframe: r.strategy.Base, StartDate: r.start, EndDate: r.end,
		InitialCapital: c.capital, Commission: c.commission, Slippage: c.slippage, SizingFraction: c.fraction, WholeUnits: b.WholeUnits,
		Decisions: decisions, InSample: inSample, EngineVersion: engine}
	if len(r.strategy.Symbols) > 1 {
		o.Symbols = r.strategy.Symbols
	}
	return o
}

// backtestMetadata describes a backtest to people and filters; more is about who
// decides in it.
func (r request) backtestMetadata(o wire.BacktestOrder, more map[string]any) operation.Metadata {
	more["initial_capital"], more["commission"], more["slippage"], more["in_sample"] = o.InitialCapital, o.Commission, o.Slippage, o.InSample
	if o.Decisions != nil {
		more["decisions"] = o.Decisions
	}
	return r.metadata(more)
}

// reads returns all bars that a request reads.
func (r request) reads() []strategy.Bars {
	return append(r.strategy.Reads(), r.also...)
}

// readAlso adds the bars that the account and the fills of a backtest need.
func (desk *Desk) readAlso(ctx context.Context, r *request) error {
	for _, symbol := range r.strategy.Symbols {
		if err := desk.readAlsoFor(ctx, r, symbol); err != nil {
			return err
		}
	}
	return nil
}

// readAlsoFor adds finer bars of symbol, and those that convert what it earns.
func (desk *Desk) readAlsoFor(ctx context.Context, r *request, symbol market.Symbol) error {
	d := r.strategy.Decisions
	add := func(b strategy.Bars) {
		if !slices.Contains(r.reads(), b) {
			r.also = append(r.also, b)
		}
	}
	if tf := d.Fills.Intrabar; tf != 0 {
		add(strategy.Bars{Symbol: symbol, Timeframe: tf})
	}
	conversions, err := strategy.Conversions(symbol, d.Account.Currency)
	if err != nil {
		return wire.Errorf(wire.CodeBadRequest, "decisions.account: %w", err)
	}
	for _, c := range conversions {
		b := strategy.Bars{Symbol: c.Symbol, Timeframe: r.strategy.Base}
		_, err := desk.o.Bars.Holding(ctx, b.Symbol, b.Timeframe)
		if err == nil {
			add(b)
			return nil
		}
		if desk.o.NoBars == nil || !errors.Is(err, desk.o.NoBars) {
			return fmt.Errorf("what is held of %s %s: %w", b.Symbol, b.Timeframe, err)
		}
	}
	if len(conversions) > 0 {
		return wire.Errorf(wire.CodeDataNotFound, "decisions.account.currency %s: to count what %s earns in it takes bars of %s or of %s on %s, and none are held: import them with: ktrdr data import FILE --symbol %s --timeframe %s",
			d.Account.Currency, symbol, conversions[0].Symbol, conversions[1].Symbol, r.strategy.Base, conversions[0].Symbol, r.strategy.Base)
	}
	return nil
}
