package wire

import "context"

// A StartEnsemble asks for a backtest of several trained models, put together by an
// ensemble file.
type StartEnsemble struct {
	EnsembleYAML string `json:"ensemble_yaml" doc:"text of the ensemble file" minLength:"1" maxLength:"1048576"`
	BacktestTerms
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
