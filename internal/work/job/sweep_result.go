package job

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/performance"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// A SweepResult is the summary of a sweep. All trials are a file of their own,
// named by content hash.
type SweepResult struct {
	StrategyName  string             `json:"strategy_name"`
	Symbol        market.Symbol      `json:"symbol"`
	Timeframe     market.Timeframe   `json:"timeframe"`
	StartTime     string             `json:"start_time"` // open of the first bar simulated
	EndTime       string             `json:"end_time"`   // close of the last bar simulated
	Bars          int                `json:"bars"`
	InSample      bool               `json:"in_sample"` // the model has seen bars of the window
	Model         ModelRef           `json:"model"`
	Config        backtest.Options   `json:"config"` // of the request; trials may say otherwise
	Axes          []SweepAxis        `json:"axes"`
	Metric        string             `json:"metric"`      // by which the leaderboard is ordered
	Leaderboard   []Leader           `json:"leaderboard"` // best first
	Luck          Luck               `json:"luck"`
	Trials        operation.Artifact `json:"trials"` // the file
	Data          []model.DataRef    `json:"data"`
	EngineVersion string             `json:"engine_version"`
}

// A SweepAxis is one value of the strategy and how many were tried in its place.
type SweepAxis struct {
	Path   string   `json:"path"`
	Values []string `json:"values"`
}

// A Leader is one of the best trials, backtested once more alone. It stands for all
// that came to the same by the same orders, of which it is the first.
type Leader struct {
	TrialRow
	Alike    int                `json:"alike"`    // such trials beside it
	Settings map[string]string  `json:"settings"` // by path
	Sharpe   performance.Sharpe `json:"sharpe"`
	// DeflatedSharpe is how likely the true Sharpe ratio is above that which luck
	// alone would show as the best of the sweep; null where it is undefined.
	DeflatedSharpe *float64 `json:"deflated_sharpe"`
}

// Luck says what the best of so many trials means. Ratios are of a year.
type Luck struct {
	Trials   int `json:"trials"`
	Distinct int `json:"distinct"` // trials that traded alike count once
	// SharpeDeviation is how far the ratios of the distinct trials scatter, and
	// ExpectedMaximum what the best of so many is expected to show without skill.
	SharpeDeviation *float64 `json:"sharpe_deviation"`
	ExpectedMaximum *float64 `json:"expected_maximum_sharpe"`
	// MinYears is performance.MinBacktestLength of the distinct trials and a ratio of 1.
	MinYears float64 `json:"min_years"`
}

// runSweep puts together what the chunks of a sweep found and looks at the best.
func (k *keeper) runSweep(ctx context.Context, text json.RawMessage, env worker.Env) (json.RawMessage, error) {
	var order wire.SweepOrder
	if err := readOrder(text, &order); err != nil {
		return nil, err
	}
	space, err := sweep.ParseSpace("space.yaml", []byte(order.SpaceYAML))
	if err != nil {
		return nil, err
	}
	by, err := parseMetric(order.Metric)
	if err != nil {
		return nil, err
	}
	rows, err := gatherRows(ctx, space, env)
	if err != nil {
		return nil, err
	}
	m, err := k.settingOf(ctx, order.BacktestOrder, env)
	if err != nil {
		return nil, err
	}
	luck := luckOf(rows)
	leaders, err := lookClosely(ctx, env, order, space, m, by.best(rows, order.Top), luck)
	if err != nil {
		return nil, err
	}
	table, err := uploadTrials(ctx, env, space, rows)
	if err != nil {
		return nil, err
	}
	axes := make([]SweepAxis, len(space.Axes))
	for i, a := range space.Axes {
		axes[i] = SweepAxis(a)
	}
	return json.Marshal(SweepResult{
		StrategyName: m.strategy.Name, Symbol: order.Symbol, Timeframe: m.strategy.Base,
		StartTime: market.Stamp(m.window.Time[0]), EndTime: market.Stamp(m.window.Available(m.window.Len() - 1)), Bars: m.window.Len(),
		InSample: order.InSample, Model: ModelRef{ID: order.ModelID, Name: m.model.Manifest.Name, SHA256: order.ModelSHA256},
		Config: requestOptions(order.BacktestOrder), Axes: axes, Metric: by.name, Leaderboard: leaders, Luck: luck,
		Trials: table, Data: dataRefs(order.Data), EngineVersion: order.EngineVersion,
	})
}

// A metric is one by which trials are ordered.
type metric struct {
	name  string
	value func(sweep.Row) float64 // larger is better
}

func parseMetric(name string) (metric, error) {
	values := map[string]func(sweep.Row) float64{
		"sharpe_ratio":      func(r sweep.Row) float64 { return r.SharpeRatio },
		"sortino_ratio":     func(r sweep.Row) float64 { return r.SortinoRatio },
		"calmar_ratio":      func(r sweep.Row) float64 { return r.CalmarRatio },
		"total_return":      func(r sweep.Row) float64 { return r.TotalReturn },
		"annualized_return": func(r sweep.Row) float64 { return r.AnnualizedReturn },
		"profit_factor":     func(r sweep.Row) float64 { return r.ProfitFactor },
		"win_rate":          func(r sweep.Row) float64 { return r.WinRate },
		"max_drawdown_pct":  func(r sweep.Row) float64 { return -r.MaxDrawdownPct },
	}
	if values[name] == nil {
		return metric{}, fmt.Errorf("unknown metric %q: want one of %s", name, strings.Join(wire.SweepMetrics(), " "))
	}
	return metric{name, values[name]}, nil
}

// A leading trial is the first of those that came to the same by the same orders.
type leading struct {
	sweep.Row
	alike int // beside it
}

// best returns the n best rows of those that differ by more than their settings, best
// first. A row whose value is undefined is worse than any other; of equals the earlier
// trial is better.
func (m metric) best(rows []sweep.Row, n int) []leading {
	type outcome struct {
		orders string
		result float64
	}
	at := map[outcome]int{}
	var all []leading
	for _, r := range rows {
		o := outcome{r.OrderHash, r.TotalReturn}
		if i, ok := at[o]; ok {
			all[i].alike++
			continue
		}
		at[o] = len(all)
		all = append(all, leading{Row: r})
	}
	slices.SortFunc(all, func(a, b leading) int {
		return cmp.Or(cmp.Compare(m.value(b.Row), m.value(a.Row)), cmp.Compare(a.Trial, b.Trial)) // NaN is the least
	})
	return all[:min(n, len(all))]
}

// luckOf returns what is known of all trials together.
func luckOf(rows []sweep.Row) Luck {
	seen := make(map[string]bool, len(rows))
	var ratios []float64
	for _, r := range rows {
		if !seen[r.OrderHash] {
			seen[r.OrderHash] = true
			ratios = append(ratios, r.SharpeRatio)
		}
	}
	l := Luck{Trials: len(rows), Distinct: len(seen), MinYears: performance.MinBacktestLength(float64(max(1, len(seen))), 1)}
	if slices.ContainsFunc(ratios, func(v float64) bool { return !math.IsNaN(v) }) {
		l.SharpeDeviation = new(performance.Deviation(ratios))
		l.ExpectedMaximum = new(performance.ExpectedMaxSharpe(*l.SharpeDeviation, float64(l.Distinct)))
	}
	return l
}

// lookClosely backtests the best trials once more, each alone as its strategy file
// says, and refuses a row that is not what comes of it.
func lookClosely(ctx context.Context, env worker.Env, order wire.SweepOrder, space sweep.Space, m *setting, best []leading, luck Luck) ([]Leader, error) {
	leaders := make([]Leader, len(best))
	var done atomic.Int64
	decode := m.decoder()
	err := inLanes(ctx, len(best), 1, threadsOf(order.BacktestOrder, env), func(i, _ int) error {
		row := best[i]
		t := space.Trial(row.Trial)
		books, err := m.backtestTrial(ctx, order.BacktestOrder, t, decode)
		if err != nil {
			return fmt.Errorf("trial %d alone: %w", row.Trial, err)
		}
		if hash := books.Totals().OrderHash; hash != row.OrderHash {
			return fmt.Errorf("trial %d alone trades otherwise than in the sweep (orders %.12s and %.12s): this is a mistake of the engine, please report it", row.Trial, hash, row.OrderHash)
		}
		measured := performance.MeasureReturns(books, m.window.Time, m.strategy.Base, performance.Options{})
		leaders[i] = Leader{TrialRow: tableRow(row.Row), Alike: row.alike, Settings: map[string]string{}, Sharpe: measured.Sharpe, DeflatedSharpe: deflated(measured, luck)}
		for _, s := range t.Settings {
			leaders[i].Settings[s.Path] = s.Value
		}
		n, total := done.Add(1), int64(len(best))
		env.Report(operation.Progress{Phase: "leaderboard", CurrentStep: fmt.Sprintf("Trial %d", row.Trial),
			Percentage: 20 + 75*float64(n)/float64(total), ItemsProcessed: n, ItemsTotal: &total})
		return nil
	})
	return leaders, err
}

// decoder returns what gives the signals of the model to a strategy. A classifier says
// the same to all, and is decoded once.
func (m *setting) decoder() func(*strategy.Strategy) ([]decision.Raw, error) {
	classes := m.model.Manifest.Classes
	decode := func(head decision.Head, err error) ([]decision.Raw, error) {
		if err != nil {
			return nil, err
		}
		return head.DecodeKnown(nil, m.outputs, m.window.Time, m.known)
	}
	classified := sync.OnceValues(func() ([]decision.Raw, error) { return decode(decision.Classifier(classes)) })
	return func(s *strategy.Strategy) ([]decision.Raw, error) {
		if s.Decisions.OutputFormat == strategy.Classification {
			return classified()
		}
		return decode(decision.HeadOf(s, classes))
	}
}

// backtestTrial backtests one trial as an ordinary strategy.
func (m *setting) backtestTrial(ctx context.Context, order wire.BacktestOrder, t sweep.Trial, decode func(*strategy.Strategy) ([]decision.Raw, error)) (*backtest.Books, error) {
	source, err := sweep.Apply([]byte(order.StrategyYAML), t)
	if err != nil {
		return nil, err
	}
	s, err := parseStrategy(order.StrategyName, string(source), []market.Symbol{order.Symbol}, []market.Timeframe{order.Timeframe})
	if err != nil {
		return nil, err
	}
	signals, err := decode(s)
	if err != nil {
		return nil, err
	}
	return backtest.Simulate(ctx, backtest.InputOf(s, m.held, m.window, signals), backtest.OptionsOf(s, requestOptions(order)), backtest.Checkpoints{}, nil)
}

// deflated is performance.DeflatedSharpe of a trial among the others.
func deflated(m performance.Metrics, luck Luck) *float64 {
	s, perYear := m.Sharpe, m.Annualisation.PeriodsPerYear
	if s.PerPeriod == nil || s.Skewness == nil || s.Kurtosis == nil || luck.ExpectedMaximum == nil || perYear == nil {
		return nil
	}
	p := performance.DeflatedSharpe(*s.PerPeriod, *s.Skewness, *s.Kurtosis, s.Observations, *luck.SharpeDeviation/math.Sqrt(*perYear), float64(luck.Distinct))
	if math.IsNaN(p) {
		return nil
	}
	return &p
}
