package wire

import (
	"time"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A Submission says how an operation is queued and run, whatever it does.
type Submission struct {
	TaskID      string     `json:"task_id,omitempty" doc:"operation id chosen by the caller: letters, digits, _ and -" maxLength:"120" pattern:"^[A-Za-z0-9_-]*$"`
	Threads     int        `json:"threads,omitempty" doc:"threads on the worker; 0: what it has. Results do not depend on it" minimum:"0" maximum:"1024"`
	Priority    int        `json:"priority,omitempty" doc:"higher runs earlier" minimum:"-100" maximum:"100"`
	MaxAttempts int        `json:"max_attempts,omitempty" doc:"how often it may be lost before it fails; default 3" minimum:"0" maximum:"100"`
	Deadline    *time.Time `json:"deadline,omitempty" doc:"moment after which it fails instead of running on"`
	Queue       *bool      `json:"queue,omitempty" doc:"false: answer 503 instead of waiting when all workers are busy" default:"true"`
}

// A StartTraining asks for a training. The strategy is named, or given as text
// in StrategyYAML and then needs no name.
type StartTraining struct {
	StrategyName string   `json:"strategy_name,omitempty" doc:"name of a strategy that the backend holds; taken from the text when strategy_yaml is given" maxLength:"200"`
	StrategyYAML string   `json:"strategy_yaml,omitempty" doc:"text of the strategy, used instead of a held one" maxLength:"1048576"`
	Symbols      []string `json:"symbols,omitempty" doc:"narrows the strategy to these symbols; default: as written" maxItems:"1000"`
	Timeframes   []string `json:"timeframes,omitempty" doc:"narrows the strategy to these timeframes; default: as written" maxItems:"16"`
	Symbol       string   `json:"symbol,omitempty" doc:"the same as symbols with one entry"`
	Timeframe    string   `json:"timeframe,omitempty" doc:"the same as timeframes with one entry"`
	StartDate    string   `json:"start_date,omitempty" doc:"first day or moment, UTC; default: that of training_data.date_range of the strategy, else the first bar held"`
	EndDate      string   `json:"end_date,omitempty" doc:"last day or moment, included, UTC; default: that of training_data.date_range of the strategy, else the last bar held"`
	ModelName    string   `json:"model_name,omitempty" doc:"name for the model; default: made from strategy, symbol and timeframe" maxLength:"128"`
	Seed         *uint64  `json:"seed,omitempty" doc:"replaces the seed of the strategy"`
	Submission

	DetailedAnalytics bool `json:"detailed_analytics,omitempty" doc:"accepted for older clients: every training reports all it knows"`
}

// BacktestTerms are what every backtest is asked for with, whoever decides in it. A
// nil number means the documented default.
type BacktestTerms struct {
	Symbol         string   `json:"symbol,omitempty" doc:"default: the first of the strategy, or that the first model of an ensemble was trained on"`
	Symbols        []string `json:"symbols,omitempty" doc:"symbols that are traded together from one account, in this order; instead of symbol" maxItems:"100"`
	StartDate      string   `json:"start_date,omitempty" doc:"first day or moment, UTC; default: that of backtest.date_range of the strategy. An ensemble has none"`
	EndDate        string   `json:"end_date,omitempty" doc:"last day or moment, included, UTC; default: that of backtest.date_range of the strategy. An ensemble has none"`
	InitialCapital *float64 `json:"initial_capital,omitempty" doc:"above 0; default 100000"`
	Commission     *float64 `json:"commission,omitempty" doc:"fraction of the notional per side, 0 to 0.1; default 0.001"`
	Slippage       *float64 `json:"slippage,omitempty" doc:"fraction of the price per side, 0 to 0.1; default 0.0005"`
	SizingFraction *float64 `json:"sizing_fraction,omitempty" doc:"part of the capital put into a trade, above 0 to 1; default 0.25"`
	WholeUnits     bool     `json:"whole_units,omitempty" doc:"trade whole units only"`
	AllowInSample  bool     `json:"allow_in_sample,omitempty" doc:"run although the window overlaps the training window of a model; the result is marked"`

	// Decisions are not the keys themselves, so that a request and a file can only
	// mean the same by them.
	Decisions map[string]any `json:"decisions,omitempty" doc:"what this backtest decides differently from the file of the strategy or of the ensemble, in the words of its decisions: costs, exits, sizing, filters and so on. A key replaces that of the file, null takes it away"`
	Submission
}

// A StartBacktest asks for a backtest of a trained model.
type StartBacktest struct {
	StrategyName string `json:"strategy_name,omitempty" doc:"name of a strategy that the backend holds; taken from the text when strategy_yaml is given" maxLength:"200"`
	StrategyYAML string `json:"strategy_yaml,omitempty" doc:"text of the strategy, used instead of a held one" maxLength:"1048576"`
	Timeframe    string `json:"timeframe,omitempty" doc:"timeframe of decisions; default: the base timeframe of the strategy"`
	Model        string `json:"model,omitempty" doc:"model id or name; default: the newest for strategy, symbol and timeframe, else for the strategy" maxLength:"256"`
	ModelPath    string `json:"model_path,omitempty" doc:"older name of model: an id or a name, never a path" maxLength:"256"`
	BacktestTerms
}

// A Started is the answer to a start. Both spellings of the id are present, as
// operation_id and task_id.
type Started struct {
	Success       bool   `json:"success"`
	OperationID   string `json:"operation_id"`
	TaskID        string `json:"task_id" doc:"the same as operation_id"`
	Status        string `json:"status" doc:"started for a backtest, training_started for a training"`
	Message       string `json:"message"`
	StrategyName  string `json:"strategy_name"`
	QueuePosition int    `json:"queue_position,omitempty" doc:"place in the queue, from 1; absent when not waiting"`
	SpecHash      string `json:"spec_hash" doc:"SHA-256 of all that the result depends on"`
}

// A TrainingStarted is the answer to the start of a training.
type TrainingStarted struct {
	Started
	Symbols                  []market.Symbol    `json:"symbols"`
	Timeframes               []market.Timeframe `json:"timeframes"`
	StartDate                string             `json:"start_date,omitempty" doc:"first day or moment trained on; absent: the first bar held"`
	EndDate                  string             `json:"end_date,omitempty" doc:"last day or moment trained on; absent: the last bar held"`
	EstimatedDurationMinutes *float64           `json:"estimated_duration_minutes" doc:"null: not known"`
}

// A BacktestStarted is the answer to the start of a backtest.
type BacktestStarted struct {
	Started
	Symbol    market.Symbol    `json:"symbol"`
	Timeframe market.Timeframe `json:"timeframe"`
	StartDate string           `json:"start_date" doc:"first day or moment backtested"`
	EndDate   string           `json:"end_date" doc:"last day or moment backtested"`
	Mode      string           `json:"mode" doc:"always distributed"`
	ModelID   string           `json:"model_id"`
	InSample  bool             `json:"in_sample,omitempty" doc:"the window overlaps the training window of the model"`
}
