package trial

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/performance"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
)

// Inputs are those of a backtest before anything is decided. They are kept and
// never written to.
type Inputs struct {
	Strategy *strategy.Strategy // that the model was trained with, narrowed as the request says
	Held     market.Series      // the bars of its base timeframe, from the first held
	Window   market.Series      // those of them that are traded
	Outputs  []float32          // of the network, row-major, one row per bar of Window
	Known    []bool             // one per bar of Window: whether the network could be asked there
	Classes  []string           // what the outputs are; nil for a regression
	Options  backtest.Options   // of the request
}

// Shared is what all trials of one model share. Prepare makes one. Its methods may
// be called from several goroutines.
type Shared struct{ in Inputs }

// Prepare returns what the trials of in share.
func Prepare(in Inputs) (*Shared, error) {
	head, err := decision.HeadOf(in.Strategy, in.Classes)
	if err != nil {
		return nil, err
	}
	n := in.Window.Len()
	if n == 0 {
		return nil, fmt.Errorf("sweep of strategy %s: no bars in the window", in.Strategy.Name)
	}
	if len(in.Known) != n || len(in.Outputs) != n*head.Width() {
		return nil, fmt.Errorf("sweep of strategy %s: %d bars, %d outputs of %d and %d of them known: want one row per bar",
			in.Strategy.Name, n, len(in.Outputs), head.Width(), len(in.Known))
	}
	return &Shared{in: in}, nil
}

// Evaluate writes the rows of trials from to to-1 of space into out. A trial whose
// settings are no strategy together is an error that names it. Cancelling ctx ends
// it with the cause.
func (sh *Shared) Evaluate(ctx context.Context, space sweep.Space, from, to int, out []sweep.Row) error {
	if from < 0 || to > space.Len() || len(out) != to-from {
		return errors.New("trial: Evaluate wants one row per trial of the space")
	}
	for i := from; i < to; i++ {
		row, err := sh.backtest(ctx, space.Trial(i))
		if err != nil {
			return err
		}
		out[i-from] = row
	}
	return nil
}

// strategyOf returns the strategy of trial t, narrowed like that of the inputs.
func (sh *Shared) strategyOf(t sweep.Trial) (*strategy.Strategy, error) {
	source, err := sweep.Apply(sh.in.Strategy.Source, t)
	if err != nil {
		return nil, err
	}
	s, err := strategy.Parse(fmt.Sprintf("trial-%d.yaml", t.Index), source)
	if err != nil {
		return nil, fmt.Errorf("trial %d, %v: %w", t.Index, t.Settings, err)
	}
	if s, err = s.With(sh.in.Strategy.Symbols, sh.in.Strategy.Timeframes); err != nil {
		return nil, fmt.Errorf("trial %d, %v: %w", t.Index, t.Settings, err)
	}
	return s, nil
}

// backtest evaluates one trial the long way: a backtest of its strategy file.
func (sh *Shared) backtest(ctx context.Context, t sweep.Trial) (sweep.Row, error) {
	s, err := sh.strategyOf(t)
	if err != nil {
		return sweep.Row{}, err
	}
	head, err := decision.HeadOf(s, sh.in.Classes)
	if err != nil {
		return sweep.Row{}, err
	}
	window := sh.in.Window
	signals, err := head.DecodeKnown(nil, sh.in.Outputs, window.Time, sh.in.Known)
	if err != nil {
		return sweep.Row{}, err
	}
	in := backtest.InputOf(s, sh.in.Held, window, signals)
	r, err := backtest.Run(ctx, in, backtest.OptionsOf(s, sh.in.Options), nil)
	if err != nil {
		return sweep.Row{}, fmt.Errorf("trial %d, %v: %w", t.Index, t.Settings, err)
	}
	m := performance.Measure(r, window.Time, window.Timeframe, performance.Options{})
	return rowOf(t.Index, r.OrderHash, m), nil
}

// rowOf takes a row out of a report.
func rowOf(trial int, orderHash string, m performance.Metrics) sweep.Row {
	known := func(v *float64) float64 {
		if v == nil {
			return math.NaN()
		}
		return *v
	}
	return sweep.Row{
		Trial: trial, OrderHash: orderHash, TotalTrades: m.TotalTrades,
		TotalReturn: m.TotalReturn, TotalReturnPct: m.TotalReturnPct, AnnualizedReturn: known(m.AnnualizedReturn),
		Volatility: known(m.Volatility), SharpeRatio: known(m.SharpeRatio), SortinoRatio: known(m.SortinoRatio), CalmarRatio: known(m.CalmarRatio),
		MaxDrawdown: m.MaxDrawdown, MaxDrawdownPct: m.MaxDrawdownPct, ProfitFactor: known(m.ProfitFactor),
		WinRate: known(m.WinRate), Exposure: m.Exposure, FinalEquity: m.FinalEquity,
	}
}
