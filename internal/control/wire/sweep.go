package wire

import (
	"context"
	"strconv"
)

// A StartSweep asks for backtests of variants of one strategy with one model.
type StartSweep struct {
	StartBacktest
	SpaceYAML   string `json:"space_yaml" doc:"which variants: the text of a space file" minLength:"1" maxLength:"1048576"`
	Metric      string `json:"metric,omitempty" doc:"by which the best are chosen; default sharpe_ratio" maxLength:"64"`
	Top         int    `json:"top,omitempty" doc:"how many of the best are listed; default 20" minimum:"0" maximum:"100"`
	ChunkTrials int    `json:"chunk_trials,omitempty" doc:"trials that a worker evaluates at a time; 0: so many that they take seconds. Results do not depend on it" minimum:"0" maximum:"1000000"`
}

// A SweepStarted is the answer to the start of a sweep.
type SweepStarted struct {
	BacktestStarted
	Trials int `json:"trials" doc:"variants that are tried"`
	Chunks int `json:"chunks" doc:"operations that try them"`
}

// A SweepTrial is one variant of a sweep.
type SweepTrial struct {
	Success      bool              `json:"success"`
	OperationID  string            `json:"operation_id"`
	Trial        int               `json:"trial"`
	Settings     map[string]string `json:"settings" doc:"by path"`
	StrategyName string            `json:"strategy_name"`
	StrategyYAML string            `json:"strategy_yaml" doc:"a strategy whose backtest alone has the same orders"`
	Backtest     StartBacktest     `json:"backtest" doc:"the request that runs it alone"`
}

// StartSweep starts a sweep; see StartTraining for key.
func (c *Client) StartSweep(ctx context.Context, req StartSweep, key string) (SweepStarted, error) {
	var s SweepStarted
	return s, c.start(ctx, PathSweepStart, req, key, &s)
}

// SweepTrial returns one variant of a sweep.
func (c *Client) SweepTrial(ctx context.Context, id string, trial int) (SweepTrial, error) {
	var t SweepTrial
	err := c.get(ctx, fill(PathSweepTrial, id, strconv.Itoa(trial)), nil, &t)
	return t, err
}

// Children lists the children of an operation in the order of their submission.
func (c *Client) Children(ctx context.Context, id string, f OperationFilter) (OperationList, error) {
	var list OperationList
	err := c.get(ctx, fill(PathChildren, id), f.query(), &list)
	return list, err
}
