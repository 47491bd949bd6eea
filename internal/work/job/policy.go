package job

import (
	"context"
	"fmt"
	"slices"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/fill"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// addPolicyBars gives in the bars by which the account and the fills of s go:
// finer ones of its symbol, and those that convert what it earns.
func addPolicyBars(ctx context.Context, env worker.Env, s *strategy.Strategy, refs []wire.DataRef, in *backtest.Input) error {
	symbol, d := in.Series.Symbol, s.Decisions
	find := func(b strategy.Bars) int {
		return slices.IndexFunc(refs, func(r wire.DataRef) bool { return r.Symbol == b.Symbol && r.Timeframe == b.Timeframe })
	}
	if tf := d.Fills.Intrabar; tf != 0 {
		i := find(strategy.Bars{Symbol: symbol, Timeframe: tf})
		if i < 0 {
			return fmt.Errorf("backtest %s %s: intrabar %s: the order names no bars of %s", symbol, s.Base, tf, tf)
		}
		finer, err := fetchBars(ctx, env, refs[i])
		if err != nil {
			return err
		}
		in.Finer = finer
	}
	conversions, err := strategy.Conversions(symbol, d.Account.Currency)
	if err != nil || conversions == nil {
		return err
	}
	for _, c := range conversions {
		i := find(strategy.Bars{Symbol: c.Symbol, Timeframe: s.Base})
		if i < 0 {
			continue
		}
		series, err := fetchBars(ctx, env, refs[i])
		if err != nil {
			return err
		}
		in.Rates, err = fill.RatesOf(c, series, in.Series)
		return err
	}
	return fmt.Errorf("backtest %s %s: account in %s: the order names no bars of %s or %s", symbol, s.Base, d.Account.Currency, conversions[0].Symbol, conversions[1].Symbol)
}

// closesOf returns the closes of a backtest in the currency of its account.
func closesOf(in backtest.Input) []float64 {
	if in.Rates == nil {
		return in.Series.Close
	}
	converted := make([]float64, in.Series.Len())
	for i, c := range in.Series.Close {
		converted[i] = float64(c * in.Rates.Close[i])
	}
	return converted
}

// closesOfAll returns what equal parts of 1 are worth that buy each of ins at its first
// open and hold it, when the bars of all that open at times end.
func closesOfAll(ins []backtest.Input, times []int64) []float64 {
	worth := make([]float64, len(times))
	for _, in := range ins {
		closes, first, bar := closesOf(in), in.Series.Open[0], -1
		if in.Rates != nil {
			first *= in.Rates.Open[0]
		}
		for i, t := range times {
			if bar+1 < in.Series.Len() && in.Series.Time[bar+1] == t {
				bar++
			}
			part := 1.0
			if bar >= 0 {
				part = closes[bar] / first
			}
			worth[i] += part / float64(len(ins))
		}
	}
	return worth
}
