package wire

import (
	"context"
	"time"
)

// A StartEnsemble asks for a backtest of several trained models, put together by an
// ensemble file. A nil number means the documented default.
type StartEnsemble struct {
	EnsembleYAML   string     `json:"ensemble_yaml" doc:"text of the ensemble file" minLength:"1" maxLength:"1048576"`
	Symbol         string     `json:"symbol,omitempty" doc:"default: the first that its first model was trained on"`
	StartDate      string     `json:"start_date" doc:"first day or moment, UTC"`
	EndDate        string     `json:"end_date" doc:"last day or moment, included, UTC"`
	InitialCapital *float64   `json:"initial_capital,omitempty" doc:"above 0; default 100000"`
	Commission     *float64   `json:"commission,omitempty" doc:"fraction of the notional per side, 0 to 0.1; default 0.001"`
	Slippage       *float64   `json:"slippage,omitempty" doc:"fraction of the price per side, 0 to 0.1; default 0.0005"`
	SizingFraction *float64   `json:"sizing_fraction,omitempty" doc:"part of the capital put into a trade, above 0 to 1; default 0.25"`
	WholeUnits     bool       `json:"whole_units,omitempty" doc:"trade whole units only"`
	AllowInSample  bool       `json:"allow_in_sample,omitempty" doc:"run although the window overlaps the training window of one of the models; the result is marked"`
	TaskID         string     `json:"task_id,omitempty" doc:"operation id chosen by the caller" maxLength:"128"`
	Threads        int        `json:"threads,omitempty" doc:"threads on the worker; 0: what it has. Results do not depend on it" minimum:"0" maximum:"1024"`
	Priority       int        `json:"priority,omitempty" doc:"higher runs earlier" minimum:"-100" maximum:"100"`
	MaxAttempts    int        `json:"max_attempts,omitempty" doc:"how often it may be lost before it fails; default 3" minimum:"0" maximum:"100"`
	Deadline       *time.Time `json:"deadline,omitempty" doc:"moment after which it fails instead of running on"`
	Queue          *bool      `json:"queue,omitempty" doc:"false: answer 503 instead of waiting when all workers are busy" default:"true"`
}

// An EnsembleOrder is a BacktestOrder whose decisions come from several models:
// its StrategyName is the name of the ensemble, and it names no strategy and no
// model beside the members.
type EnsembleOrder struct {
	BacktestOrder
	EnsembleYAML string        `json:"ensemble_yaml"`
	Members      []MemberOrder `json:"members"` // one for each of the file, in its order
}

// A MemberOrder says which model a member of an ensemble is.
type MemberOrder struct {
	Member      string `json:"member"`
	ModelID     string `json:"model_id"`
	ModelName   string `json:"model_name"`
	ModelSHA256 string `json:"model_sha256"`
}

// An EnsembleStarted is the answer to the start of a backtest of an ensemble.
type EnsembleStarted struct {
	BacktestStarted
	Members []MemberOrder `json:"members" doc:"the model that each member of the file was found to be"`
}

// PathEnsembleStart starts a backtest of an ensemble.
const PathEnsembleStart = Prefix + "/ensembles/backtest"

// StartEnsemble starts a backtest of an ensemble; see StartTraining for key.
func (c *Client) StartEnsemble(ctx context.Context, req StartEnsemble, key string) (EnsembleStarted, error) {
	var s EnsembleStarted
	return s, c.start(ctx, PathEnsembleStart, req, key, &s)
}
