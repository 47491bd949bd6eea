package wire

import (
	"encoding/json"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// A Health is what a backend says about itself.
type Health struct {
	Status        string    `json:"status" doc:"ok"`
	Healthy       bool      `json:"healthy"`
	Version       string    `json:"version"`
	Timestamp     time.Time `json:"timestamp"`
	UptimeSeconds float64   `json:"uptime_seconds"`
}

// A Model is a trained model: its record and what older clients read from it.
type Model struct {
	operation.ModelRecord
	Symbol           string   `json:"symbol" doc:"the first of symbols"`
	Timeframe        string   `json:"timeframe" doc:"the timeframe of decisions"`
	TrainingAccuracy *float64 `json:"training_accuracy" doc:"fraction; null when not known or not a classifier"`
	TestAccuracy     *float64 `json:"test_accuracy" doc:"fraction; null when not known or not a classifier"`
}

// A ModelList is the answer to GET /models.
type ModelList struct {
	Success bool    `json:"success"`
	Models  []Model `json:"models"`
}

// A ModelAnswer is the answer to GET /models/{model}.
type ModelAnswer struct {
	Success bool `json:"success"`
	Model
}

// A Performance is the answer to GET /trainings/{task_id}/performance.
type Performance struct {
	Success         bool            `json:"success"`
	TaskID          string          `json:"task_id"`
	OperationID     string          `json:"operation_id"`
	Status          string          `json:"status"`
	TrainingMetrics json.RawMessage `json:"training_metrics,omitempty"`
	TestMetrics     json.RawMessage `json:"test_metrics,omitempty"`
	ModelInfo       json.RawMessage `json:"model_info,omitempty"`
}

// A Strategy is a strategy that the backend holds. One that cannot be read is
// listed with its problem.
type Strategy struct {
	Name           string         `json:"name"`
	Description    string         `json:"description"`
	Version        string         `json:"version"`
	Symbol         string         `json:"symbol" doc:"the first of symbols"`
	Timeframe      string         `json:"timeframe" doc:"the timeframe of decisions"`
	Symbols        []string       `json:"symbols"`
	Timeframes     []string       `json:"timeframes"`
	Indicators     []IndicatorUse `json:"indicators"`
	Features       int            `json:"features"`
	TrainingStatus string         `json:"training_status" doc:"untrained or trained"`
	ModelID        string         `json:"model_id,omitempty" doc:"the newest model"`
	Hash           string         `json:"hash"`
	Valid          bool           `json:"valid"`
	Problem        string         `json:"problem,omitempty" doc:"the first thing that is wrong"`
}

// A StrategyText is a strategy and its file.
type StrategyText struct {
	Strategy
	StrategyYAML string `json:"strategy_yaml"`
}

// An IndicatorUse is one indicator of a strategy.
type IndicatorUse struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	Key  string `json:"key" doc:"type and all parameters, defaults included"`
}

// A StrategyList is the answer to GET /strategies.
type StrategyList struct {
	Success    bool       `json:"success"`
	Strategies []Strategy `json:"strategies"`
}

// A ValidateStrategy carries the text of a strategy that is to be checked.
type ValidateStrategy struct {
	File         string `json:"file,omitempty" doc:"name used in messages" maxLength:"200"`
	StrategyYAML string `json:"strategy_yaml" minLength:"1" maxLength:"1048576"`
}

// A StrategyIssue is one thing that is wrong with a strategy.
type StrategyIssue struct {
	Severity string `json:"severity" doc:"error or warning"`
	Category string `json:"category"`
	Message  string `json:"message"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Path     string `json:"path,omitempty"`
}

// A StrategyValidation is the result of checking a strategy.
type StrategyValidation struct {
	Success             bool            `json:"success"`
	Valid               bool            `json:"valid"`
	StrategyName        string          `json:"strategy_name"`
	Issues              []StrategyIssue `json:"issues"`
	Features            []string        `json:"features" doc:"names of the inputs of the network, in order"`
	AvailableIndicators []string        `json:"available_indicators"`
	Message             string          `json:"message"`
}
