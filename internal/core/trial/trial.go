package trial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
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
type Shared struct {
	in     Inputs
	bars   bars
	curves shared
	all    *signals // of a classifier; a regression has others for every cost model
	rounds bool     // trials may be taken on in rounds
	events []bool   // at which bars the model may be asked; nil for all
}

// bars are those of the window, with what finds prices in them.
type bars struct {
	market.Series
	prices  *extremes // from low to high; nil unless isSound
	isSound bool      // prices of a size with which no sum leaves the finite numbers
	seconds int64     // from the open of a bar to its end
}

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
	raws, err := head.DecodeKnown(nil, in.Outputs, in.Window.Time, in.Known)
	if err != nil {
		return nil, err
	}
	in.Options.Capital = cmp.Or(in.Options.Capital, backtest.DefaultCapital)
	in.Options.Fraction = cmp.Or(in.Options.Fraction, backtest.DefaultFraction)
	if _, err := backtest.New(backtest.InputOf(in.Strategy, in.Held, in.Window, raws), backtest.OptionsOf(in.Strategy, in.Options)); err != nil {
		return nil, err
	}
	w := in.Window
	events := decision.EventsOf(in.Strategy, in.Held, in.Held.Search(w.Time[0]), n)
	sh := &Shared{in: in, events: events, rounds: hasVectors && w.Timeframe != market.Month1, bars: bars{Series: w, seconds: w.Timeframe.Seconds(), isSound: areSound(w)}, curves: sharedOf(w)}
	if sh.bars.isSound {
		sh.bars.prices, sh.curves.closes = extremesOf(w.Low, w.High), extremesOf(w.Close, w.Close)
	}
	if !regresses(in.Strategy) {
		sh.all = signalsOf(decision.AtEvents(raws, events))
	}
	return sh, nil
}

func regresses(s *strategy.Strategy) bool { return s.Decisions.OutputFormat == strategy.Regression }

func areSound(s market.Series) bool {
	const least, most = 1e-9, 1e12
	for i, low := range s.Low {
		if !(least <= low && low <= min(s.Open[i], s.Close[i]) && max(s.Open[i], s.Close[i]) <= s.High[i] && s.High[i] <= most) {
			return false
		}
	}
	return true
}

// A task is a trial that is to be evaluated.
type task struct {
	policy
	width  float64 // between its levels
	cost   strategy.CostModel
	spread string // spreadKey
	trial  int
}

// between returns the size of what is between the levels of p: a price that wanders
// leaves them after a time in proportion to it.
func (p policy) between() float64 {
	w := 1.0 // where there is no level
	if x := p.options.Exits.StopLoss; x != 0 {
		w *= x
	}
	if x := p.options.Exits.TakeProfit; x != 0 {
		w *= x
	}
	return w
}

// Evaluate is that of a new Evaluator.
func (sh *Shared) Evaluate(ctx context.Context, space sweep.Space, from, to int, out []sweep.Row) error {
	e, err := sh.Evaluator()
	if err != nil {
		return err
	}
	return e.Evaluate(ctx, space, from, to, out)
}

// An Evaluator evaluates trials one range after the other, and keeps what it has made
// for one for the next. It is for one goroutine.
type Evaluator struct {
	*lanes
	variants *sweep.Variants
}

// Evaluator returns a new one.
func (sh *Shared) Evaluator() (*Evaluator, error) {
	variants, err := sweep.VariantsOf(sh.in.Strategy)
	if err != nil {
		return nil, err
	}
	return &Evaluator{newLanes(sh), variants}, nil
}

// Evaluate writes the rows of trials from to to-1 of space into out. A trial whose
// settings are no strategy together is an error that names it. Cancelling ctx ends
// it with the cause.
func (e *Evaluator) Evaluate(ctx context.Context, space sweep.Space, from, to int, out []sweep.Row) error {
	if from < 0 || to > space.Len() || len(out) != to-from {
		return errors.New("trial: Evaluate wants one row per trial of the space")
	}
	tasks := make([]task, to-from)
	for i := range tasks {
		s, err := e.variants.Strategy(space.Trial(from + i))
		if err != nil {
			return err
		}
		p := policy{rules: decision.RulesOf(s), options: backtest.OptionsOf(s, e.sh.in.Options)}
		tasks[i] = task{policy: p, width: p.between(), cost: s.Decisions.CostModel, spread: spreadKey(p.options.Costs.Spread), trial: from + i}
	}
	// Trials with the same signals follow each other, those of a lower threshold
	// later, so that signals are added rather than taken away, and all of a spread. Of
	// those, trials with about as many trades go side by side.
	slices.SortFunc(tasks, func(a, b task) int {
		return cmp.Or(cmp.Compare(a.spread, b.spread), cmp.Compare(a.cost.RoundTripCost, b.cost.RoundTripCost), cmp.Compare(a.cost.MinEdgeMultiplier, b.cost.MinEdgeMultiplier),
			cmp.Compare(b.rules.ConfidenceThreshold, a.rules.ConfidenceThreshold), cmp.Compare(a.width, b.width), cmp.Compare(a.trial, b.trial))
	})
	for len(tasks) > 0 {
		if ctx.Err() != nil {
			return fmt.Errorf("sweep stopped at trial %d: %w", tasks[0].trial, context.Cause(ctx))
		}
		some := tasks[:min(Together, len(tasks))]
		if other := slices.IndexFunc(some, func(t task) bool { return t.spread != some[0].spread }); other > 0 {
			some = some[:other]
		}
		tasks = tasks[len(some):]
		if err := e.run(some); err != nil {
			return err
		}
		for i, t := range some {
			row := &out[t.trial-from]
			if row.Trial = t.trial; e.row(i, row) {
				continue
			}
			var err error
			if *row, err = e.sh.Backtest(ctx, space.Trial(t.trial)); err != nil {
				return err
			}
		}
	}
	return nil
}

// signalsOf returns all signals of the network where cost is the cost model. They
// are shared.
func (sh *Shared) signalsOf(cost strategy.CostModel) (*signals, error) {
	if sh.all != nil {
		return sh.all, nil
	}
	head, err := decision.Regressor(cost.RoundTripCost, cost.MinEdgeMultiplier)
	if err != nil {
		return nil, err
	}
	raws, err := head.DecodeKnown(nil, sh.in.Outputs, sh.in.Window.Time, sh.in.Known)
	if err != nil {
		return nil, err
	}
	return signalsOf(decision.AtEvents(raws, sh.events)), nil
}

// Backtest evaluates one trial the long way: as a backtest of its strategy file.
func (sh *Shared) Backtest(ctx context.Context, t sweep.Trial) (sweep.Row, error) {
	source, err := sweep.Apply(sh.in.Strategy.Source, t)
	if err != nil {
		return sweep.Row{}, err
	}
	s, err := grammar.Parse(fmt.Sprintf("trial-%d.yaml", t.Index), source)
	if err == nil {
		s, err = s.With(sh.in.Strategy.Symbols, sh.in.Strategy.Timeframes)
	}
	if err != nil {
		return sweep.Row{}, fmt.Errorf("trial %d, %v: %w", t.Index, t.Settings, err)
	}
	head, err := decision.HeadOf(s, sh.in.Classes)
	if err != nil {
		return sweep.Row{}, err
	}
	window := sh.in.Window
	raws, err := head.DecodeKnown(nil, sh.in.Outputs, window.Time, sh.in.Known)
	if err != nil {
		return sweep.Row{}, err
	}
	books, err := backtest.Simulate(ctx, backtest.InputOf(s, sh.in.Held, window, raws), backtest.OptionsOf(s, sh.in.Options), backtest.Checkpoints{}, nil)
	if err != nil {
		return sweep.Row{}, fmt.Errorf("trial %d, %v: %w", t.Index, t.Settings, err)
	}
	m := performance.MeasureBooks(books, window.Time, window.Timeframe, performance.Options{})
	return rowOf(t.Index, books.Totals().OrderHash, m), nil
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
