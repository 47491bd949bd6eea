package wire

import (
	"encoding/json"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A DataRef pins the bars that an operation reads: the snapshot with this hash in
// the artifact store, from the first bar held to the end of the span asked for.
type DataRef struct {
	Symbol    market.Symbol    `json:"symbol"`
	Timeframe market.Timeframe `json:"timeframe"`
	SHA256    string           `json:"sha256"`
	Bars      int              `json:"bars"`
	First     int64            `json:"first" doc:"Unix second at which the first bar opens"`
	Last      int64            `json:"last" doc:"Unix second at which the last bar opens"`
}

// A TrainingOrder is all that a worker needs to train a model: what it computes
// depends on nothing else. Dates are as in market.ParseSpan.
type TrainingOrder struct {
	StrategyName  string             `json:"strategy_name"`
	StrategyYAML  string             `json:"strategy_yaml"`
	Symbols       []market.Symbol    `json:"symbols"`
	Timeframes    []market.Timeframe `json:"timeframes"`
	StartDate     string             `json:"start_date"`
	EndDate       string             `json:"end_date"`
	ModelName     string             `json:"model_name,omitempty"`
	Primary       *MemberOrder       `json:"primary,omitempty"` // the model whose decisions are labelled, where the strategy names one
	Seed          *uint64            `json:"seed,omitempty"`    // nil: the strategy's
	Threads       int                `json:"threads,omitempty"` // 0: what the worker has
	EngineVersion string             `json:"engine_version"`
	Data          []DataRef          `json:"data"`
}

// A BacktestOrder is all that a worker needs to run a backtest. Fractions are of
// 1: a commission of 0.001 is ten basis points of the notional.
type BacktestOrder struct {
	StrategyName   string           `json:"strategy_name"`
	StrategyYAML   string           `json:"strategy_yaml"`
	ModelID        string           `json:"model_id"`
	ModelName      string           `json:"model_name,omitempty"`
	ModelSHA256    string           `json:"model_sha256"`
	Symbol         market.Symbol    `json:"symbol"`
	Symbols        []market.Symbol  `json:"symbols,omitempty"` // traded together from one account; none is Symbol alone
	Timeframe      market.Timeframe `json:"timeframe"`
	StartDate      string           `json:"start_date"`
	EndDate        string           `json:"end_date"`
	InitialCapital float64          `json:"initial_capital"`
	Commission     float64          `json:"commission"`
	Slippage       float64          `json:"slippage"`
	SizingFraction float64          `json:"sizing_fraction"`
	WholeUnits     bool             `json:"whole_units,omitempty"`
	Decisions      json.RawMessage  `json:"decisions,omitempty"` // grammar.Vary with them; none leaves the decisions of the file
	InSample       bool             `json:"in_sample,omitempty"` // the window overlaps the model's training window, as asked for
	Threads        int              `json:"threads,omitempty"`
	EngineVersion  string           `json:"engine_version"`
	Data           []DataRef        `json:"data"`
}

// The defaults of a backtest.
const (
	DefaultCapital        = 100_000.0
	DefaultCommission     = 0.001
	DefaultSlippage       = 0.0005
	DefaultSizingFraction = 0.25
	MaxCostFraction       = 0.1 // the largest commission and slippage
)

// A SweepOrder is all that a worker needs to judge the trials of a sweep, beside
// what its children found. The backtest is that of the strategy as it is written.
type SweepOrder struct {
	BacktestOrder
	SpaceYAML string `json:"space_yaml"`
	Trials    int    `json:"trials"`
	// ChunkTrials is how many trials a child evaluates, where somebody asks for a number.
	ChunkTrials int    `json:"chunk_trials,omitempty"`
	Metric      string `json:"metric"` // by which the best are chosen
	Top         int    `json:"top"`    // how many of them are looked at closely
}

// A SweepChunkOrder is all that a worker needs to evaluate trials from From to
// To-1 of a sweep.
type SweepChunkOrder struct {
	BacktestOrder
	SpaceYAML string `json:"space_yaml"`
	From      int    `json:"from"`
	To        int    `json:"to"`
}

// SweepMetrics are the names of the numbers by which the trials of a sweep can be
// ordered: the larger the better, but for drawdowns.
func SweepMetrics() []string {
	return []string{"sharpe_ratio", "sortino_ratio", "calmar_ratio", "total_return", "annualized_return", "profit_factor", "win_rate", "max_drawdown_pct"}
}

// The defaults of a sweep.
const (
	DefaultMetric = "sharpe_ratio"
	DefaultTop    = 20
	MaxTop        = 100
)
