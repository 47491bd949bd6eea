package job

import (
	"context"
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/assumption"
	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/performance"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// A SymbolResult is what one symbol of a portfolio did.
type SymbolResult struct {
	Symbol     market.Symbol      `json:"symbol"`
	NetProfit  float64            `json:"net_profit"`
	TradeCount int                `json:"trade_count"`
	BuyAndHold float64            `json:"buy_and_hold_return"`
	Decisions  decision.Counts    `json:"decisions"`
	Orders     ledger.Orders      `json:"orders"`
	Costs      ledger.Costs       `json:"costs"`
	Intrabar   ledger.Intrabar    `json:"intrabar"`
	OrderHash  string             `json:"order_hash"`
	Equity     operation.Artifact `json:"equity"`             // what it added to that of the account
	Ensemble   *EnsembleReport    `json:"ensemble,omitempty"` // of an ensemble
}

// simulateAll is simulate for several symbols in one account.
func simulateAll(ctx context.Context, env worker.Env, order wire.BacktestOrder, ins []backtest.Input, o backtest.Options) (result backtest.PortfolioResult, err error) {
	err = fromSaved(ctx, env, func(saved []byte, begun func()) (err error) {
		at := int64(0)
		result, err = backtest.RunPortfolio(ctx, ins, o, checkpoints(ctx, env, saved, &at), func(p backtest.Progress) {
			begun()
			at = int64(p.Bar)
			env.Report(backtestProgress(order, p))
		})
		return err
	})
	return result, err
}

// checkpoints say when the work on env saves its state, and go on from saved. at is
// how many bars are through.
func checkpoints(ctx context.Context, env worker.Env, saved []byte, at *int64) backtest.Checkpoints {
	return backtest.Checkpoints{
		Checkpoint: func(bar int) bool {
			*at = int64(bar)
			return env.CheckpointDue(worker.Bars, *at)
		},
		Save:   func(state []byte) { env.Checkpoint(ctx, worker.Bars, *at, state) },
		Resume: saved,
	}
}

// summarisePortfolio uploads the tables and returns the summary, which says
// nothing about the model.
func summarisePortfolio(ctx context.Context, env worker.Env, order wire.BacktestOrder, s *strategy.Strategy, ins []backtest.Input, r backtest.PortfolioResult) (BacktestResult, error) {
	w, tf := r.Whole(), s.Base
	if r.Bankruptcy != nil {
		env.Warn(fmt.Sprintf("equity was used up at %s: trading stopped there", market.Stamp(r.Bankruptcy.Time)))
	}
	summary := BacktestResult{
		StrategyName: s.Name, Symbol: order.Symbol, Timeframe: tf, InSample: order.InSample,
		StartTime: market.Stamp(r.Time[0]), EndTime: market.Stamp(tf.End(r.Time[len(r.Time)-1])),
		Config: w.Options, Policy: assumption.OfPortfolio(ins, w.Options), Metrics: performance.Measure(w, r.Time, tf, performance.Options{Closes: closesOfAll(ins, r.Time)}),
		FinalEquity: w.FinalEquity, TradeCount: len(w.Trades), EquityCurveLength: len(w.Equity),
		Decisions: w.Decisions, Orders: w.Orders, Intrabar: w.Intrabar, Bankruptcy: w.Bankruptcy, OrderHash: w.OrderHash,
		Data: dataRefs(order.Data), EngineVersion: order.EngineVersion,
	}
	var rows []tradeRow
	for _, t := range r.Trades() {
		rows = append(rows, rowOf(t.Symbol, &t.Trade))
	}
	var err error
	if summary.Trades, err = uploadTable(ctx, env, "trades", rows); err != nil {
		return summary, err
	}
	if summary.Equity, err = uploadCurve(ctx, env, "equity", r.Time, r.Equity, r.Position); err != nil {
		return summary, err
	}
	for i, x := range r.Symbols {
		one := SymbolResult{Symbol: x.Symbol, NetProfit: x.NetProfit, TradeCount: len(x.Trades), BuyAndHold: x.BuyAndHold,
			Decisions: x.Decisions, Orders: x.Orders, Costs: x.Costs, Intrabar: x.Intrabar, OrderHash: x.OrderHash}
		if one.Equity, err = uploadCurve(ctx, env, "equity "+string(x.Symbol), ins[i].Series.Time, x.Equity, x.Position); err != nil {
			return summary, err
		}
		summary.Symbols = append(summary.Symbols, one)
	}
	return summary, nil
}

// A curveRow is one row of the equity of a portfolio, or of what a symbol added to
// it, at the end of the bars that open at timestamp.
type curveRow struct {
	Timestamp time.Time `parquet:"timestamp,timestamp(millisecond)"`
	Equity    float64   `parquet:"portfolio_value"`
	Position  int32     `parquet:"position"`
}

func uploadCurve(ctx context.Context, env worker.Env, role string, times []int64, equity []float64, position []int8) (operation.Artifact, error) {
	rows := make([]curveRow, len(times))
	for i := range rows {
		rows[i] = curveRow{Timestamp: time.Unix(times[i], 0).UTC(), Equity: equity[i], Position: int32(position[i])}
	}
	return uploadTable(ctx, env, role, rows)
}
