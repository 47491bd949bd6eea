package job

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/assumption"
	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/performance"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// A BacktestResult is the summary of a backtest. The trades and the equity curve
// are files of their own, named by content hash.
type BacktestResult struct {
	StrategyName      string              `json:"strategy_name"`
	Symbol            market.Symbol       `json:"symbol"`
	Timeframe         market.Timeframe    `json:"timeframe"`
	StartTime         string              `json:"start_time"` // open of the first bar simulated
	EndTime           string              `json:"end_time"`   // close of the last bar simulated
	InSample          bool                `json:"in_sample"`  // the model has seen bars of the window
	Model             ModelRef            `json:"model"`
	Config            backtest.Options    `json:"config"`
	Policy            []string            `json:"policy"` // Config and the rules in words
	Metrics           performance.Metrics `json:"metrics"`
	FinalEquity       float64             `json:"final_equity"`
	TradeCount        int                 `json:"trade_count"`
	EquityCurveLength int                 `json:"equity_curve_length"`
	Decisions         decision.Counts     `json:"decisions"`
	Orders            ledger.Orders       `json:"orders"`
	Intrabar          ledger.Intrabar     `json:"intrabar"`
	Bankruptcy        *ledger.Bankruptcy  `json:"bankruptcy"`
	OrderHash         string              `json:"order_hash"`
	Trades            operation.Artifact  `json:"trades"`
	Equity            operation.Artifact  `json:"equity"`
	Data              []model.DataRef     `json:"data"`
	EngineVersion     string              `json:"engine_version"`
	Symbols           []SymbolResult      `json:"symbols,omitempty"`  // of a portfolio, whose Symbol is its first
	Ensemble          *EnsembleReport     `json:"ensemble,omitempty"` // of an ensemble, whose Model is empty
}

// A ModelRef names a model.
type ModelRef struct {
	ID     string `json:"model_id,omitempty"`
	Name   string `json:"model_name,omitempty"`
	SHA256 string `json:"sha256"`
}

// Backtest returns the job that runs a wire.BacktestOrder.
func Backtest() worker.Job { return worker.JobFunc(runBacktest) }

func runBacktest(ctx context.Context, text json.RawMessage, env worker.Env) (json.RawMessage, error) {
	var several wire.EnsembleOrder
	if err := readOrder(text, &several); err != nil {
		return nil, err
	}
	if several.EnsembleYAML != "" {
		return runEnsemble(ctx, several, env)
	}
	order := several.BacktestOrder
	type part struct {
		scene
		in backtest.Input
	}
	parts, err := bySymbol(ctx, env, order, func(env worker.Env, one wire.BacktestOrder) (p part, err error) {
		if p.scene, err = readMarket(ctx, env, one); err != nil {
			return p, err
		}
		signals, err := p.signals(ctx, env, p.strategy)
		if err != nil {
			return p, err
		}
		p.in = backtest.InputOf(p.strategy, p.held, p.window, signals)
		return p, addPolicyBars(ctx, env, p.strategy, order.Data, &p.in)
	})
	if err != nil {
		return nil, err
	}
	var ins []backtest.Input
	for _, p := range parts {
		ins = append(ins, p.in)
	}
	last := parts[len(parts)-1]
	summary, _, err := trade(ctx, env, order, last.strategy, ins)
	if err != nil {
		return nil, err
	}
	summary.Model = ModelRef{ID: order.ModelID, Name: last.model.Manifest.Name, SHA256: order.ModelSHA256}
	return json.Marshal(summary)
}

// bySymbol calls do for every symbol that an order trades, with the order of that one,
// side by side on the threads of the order, which are divided among them.
func bySymbol[T any](ctx context.Context, env worker.Env, order wire.BacktestOrder, do func(worker.Env, wire.BacktestOrder) (T, error)) ([]T, error) {
	symbols, threads := symbolsOf(order), threadsOf(order, env)
	all, heard := make([]T, len(symbols)), make([]listener, len(symbols))
	err := inLanes(ctx, len(symbols), 1, threads, func(i, _ int) (err error) {
		one := order
		one.Symbol, one.Threads = symbols[i], max(1, threads/len(symbols))
		if len(symbols) > 1 {
			reportSymbol(env, symbols[i], i, len(symbols))
		}
		heard[i].Env = env
		all[i], err = do(desk{&heard[i], keptOf(env)}, one)
		return err
	})
	for _, l := range heard {
		for _, text := range l.warnings {
			env.Warn(text)
		}
	}
	return all, err
}

// A listener is an Env that keeps warnings, so that they can be told in an order that
// does not depend on threads.
type listener struct {
	worker.Env
	warnings []string
}

func (l *listener) Warn(text string) { l.warnings = append(l.warnings, text) }

// symbolsOf returns what an order trades.
func symbolsOf(order wire.BacktestOrder) []market.Symbol {
	if len(order.Symbols) > 1 {
		return order.Symbols
	}
	return []market.Symbol{order.Symbol}
}

func reportSymbol(env worker.Env, symbol market.Symbol, i, of int) {
	env.Report(operation.Progress{Phase: "inference", CurrentStep: fmt.Sprintf("Asking about %s", symbol), Percentage: 5 + 45*float64(i)/float64(of)})
}

// trade simulates what s says about ins, one of each symbol, and returns the summary,
// which says nothing about models, and the trades of each.
func trade(ctx context.Context, env worker.Env, order wire.BacktestOrder, s *strategy.Strategy, ins []backtest.Input) (BacktestResult, func(i int) []ledger.Trade, error) {
	o := backtest.OptionsOf(s, requestOptions(order))
	if ins[0].Routed != nil {
		o.Exits = decision.Exits{}
	}
	if len(ins) > 1 {
		r, err := simulateAll(ctx, env, order, ins, o)
		if err != nil {
			return BacktestResult{}, nil, err
		}
		summary, err := summarisePortfolio(ctx, env, order, s, ins, r)
		return summary, func(i int) []ledger.Trade { return r.Symbols[i].Trades }, err
	}
	books, err := simulate(ctx, env, order, ins[0], o)
	if err != nil {
		return BacktestResult{}, nil, err
	}
	summary, err := summarise(ctx, env, order, s, books, ins[0])
	return summary, func(int) []ledger.Trade { return books.Trades() }, err
}

// backtestStrategy is the strategy of an order, with its decisions as the order
// varies them, narrowed to what it trades.
func backtestStrategy(order wire.BacktestOrder) (*strategy.Strategy, error) {
	symbols, timeframes := []market.Symbol{order.Symbol}, []market.Timeframe{order.Timeframe}
	s, err := parseStrategy(order.StrategyName, order.StrategyYAML, symbols, timeframes)
	if err != nil || len(order.Decisions) == 0 {
		return s, err
	}
	if s, err = grammar.Vary(s, order.Decisions); err != nil {
		return nil, err
	}
	return s.With(symbols, timeframes)
}

// A scene is what the model of a backtest is asked about, and the model.
type scene struct {
	strategy     *strategy.Strategy
	model        model.Model
	held, window market.Series // of the base timeframe: from the first held, and what is traded
	order        wire.BacktestOrder
	frame        feature.Frame
	span         market.Span
}

// readMarket fetches what the order of a backtest names.
func readMarket(ctx context.Context, env worker.Env, order wire.BacktestOrder) (m scene, err error) {
	if m.strategy, err = backtestStrategy(order); err != nil {
		return m, err
	}
	m.order = order
	start, end, err := m.strategy.BacktestDates(order.StartDate, order.EndDate)
	if err != nil {
		return m, err
	}
	if m.span, err = market.ParseSpan(start, end); err != nil {
		return m, err
	}
	if m.model, err = fetchModel(ctx, env, order.ModelSHA256, m.strategy); err != nil {
		return m, err
	}
	all, err := frames(ctx, env, m.strategy, order.Data)
	if err != nil {
		return m, err
	}
	m.frame = all[0]
	m.held = m.frame.Series[m.strategy.Base]
	if m.window = m.held.Within(m.span); m.window.Len() == 0 {
		return m, fmt.Errorf("backtest %s %s: no bars from %s to %s", order.Symbol, m.strategy.Base, order.StartDate, order.EndDate)
	}
	return m, nil
}

// threadsOf is how many threads an order may use.
func threadsOf(order wire.BacktestOrder, env worker.Env) int {
	if order.Threads > 0 {
		return order.Threads
	}
	return env.Threads()
}

// simulate runs the simulation, from a saved state if there is one.
func simulate(ctx context.Context, env worker.Env, order wire.BacktestOrder, in backtest.Input, o backtest.Options) (books *backtest.Books, err error) {
	err = fromSaved(ctx, env, func(saved []byte, begun func()) (err error) {
		at := int64(0)
		books, err = backtest.Simulate(ctx, in, o, checkpoints(ctx, env, saved, &at), func(p backtest.Progress) {
			begun()
			at = int64(p.Bar)
			env.Report(backtestProgress(order, p))
		})
		return err
	})
	return books, err
}

// requestOptions are the options of the request; the strategy may say otherwise.
func requestOptions(order wire.BacktestOrder) backtest.Options {
	return backtest.Options{
		Capital: order.InitialCapital, Commission: order.Commission, Slippage: order.Slippage,
		Fraction: order.SizingFraction, FractionalUnits: !order.WholeUnits,
	}
}

// fetchModel fetches the model of an order and refuses it where its features are
// not those of the strategy.
func fetchModel(ctx context.Context, env worker.Env, hash string, s *strategy.Strategy) (model.Model, error) {
	env.Report(operation.Progress{Phase: "model", CurrentStep: "Loading the model"})
	content, err := env.Fetch(ctx, hash)
	if err != nil {
		return model.Model{}, fmt.Errorf("fetch model %s: %w", hash, err)
	}
	m, err := model.Decode(content)
	if err != nil {
		return model.Model{}, fmt.Errorf("read model %s: %w", hash, err)
	}
	if got, want := m.Manifest.Features.Hash, feature.SchemaOf(s).Hash; got != want {
		return model.Model{}, fmt.Errorf("model %s reads features %.12s, strategy %s makes features %.12s: train the strategy as it is now, or use the strategy the model was trained with", m.Manifest.Name, got, s.Name, want)
	}
	return m, nil
}

func backtestProgress(order wire.BacktestOrder, p backtest.Progress) operation.Progress {
	total := int64(p.Bars)
	day := market.Stamp(p.Time)[:10]
	winRate := any(nil)
	if p.Trades > 0 {
		winRate = float64(p.Wins) / float64(p.Trades)
	}
	return operation.Progress{
		Phase: "simulation", CurrentStep: fmt.Sprintf("Backtesting %s %s [%s]", order.Symbol, order.Timeframe, day),
		Percentage: 50 + 49*float64(p.Bar)/float64(p.Bars), ItemsProcessed: int64(p.Bar), ItemsTotal: &total, CurrentItem: &day,
		Context: map[string]any{"current_bar": p.Bar, "total_bars": p.Bars, "current_date": day,
			"current_pnl": p.Equity - order.InitialCapital, "total_trades": p.Trades, "win_rate": winRate},
	}
}

// summarise uploads the tables and returns the summary, which says nothing about
// the model.
func summarise(ctx context.Context, env worker.Env, order wire.BacktestOrder, s *strategy.Strategy, books *backtest.Books, in backtest.Input) (BacktestResult, error) {
	r, window := books.Totals(), in.Series
	trades, equity, err := uploadTables(ctx, env, books, window)
	if err != nil {
		return BacktestResult{}, err
	}
	if r.Bankruptcy != nil {
		env.Warn(fmt.Sprintf("equity was used up at %s: trading stopped there", market.Stamp(r.Bankruptcy.Time)))
	}
	return BacktestResult{
		StrategyName: s.Name, Symbol: order.Symbol, Timeframe: s.Base,
		StartTime: market.Stamp(window.Time[0]), EndTime: market.Stamp(window.Available(window.Len() - 1)),
		InSample: order.InSample,
		Config:   r.Options, Policy: assumption.Of(in, r.Options), Metrics: performance.MeasureBooks(books, window.Time, s.Base, performance.Options{Closes: closesOf(in)}),
		FinalEquity: r.FinalEquity, TradeCount: books.Len(), EquityCurveLength: books.Bars(),
		Decisions: r.Decisions, Orders: r.Orders, Intrabar: r.Intrabar, Bankruptcy: r.Bankruptcy, OrderHash: r.OrderHash,
		Trades: trades, Equity: equity, Data: dataRefs(order.Data), EngineVersion: order.EngineVersion,
	}, nil
}
