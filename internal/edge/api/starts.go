package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/intake"
)

type startInput[B any] struct {
	intake.Wish
	Body B
}

type trialInput struct {
	OperationID string `path:"operation_id"`
	Trial       int    `path:"trial" minimum:"0"`
}

func (s *server) addStarts() {
	addStart(s, huma.Operation{OperationID: "start-training", Path: wire.PathTrainingStart, Tags: []string{"trainings"},
		Summary: "Start a training", Description: "The training waits in the queue while all workers are busy. Without a worker of the type the answer is 503."}, s.desk.Training)
	addStart(s, huma.Operation{OperationID: "start-backtest", Path: wire.PathBacktestStart, Tags: []string{"backtests"},
		Summary: "Start a backtest", Description: "The backtest waits in the queue while all workers are busy. Without a worker of the type the answer is 503."}, s.desk.Backtest)
	addStart(s, huma.Operation{OperationID: "start-ensemble-backtest", Path: wire.PathEnsembleStart, Tags: []string{"backtests"},
		Summary:     "Start a backtest of several models",
		Description: "An ensemble file says which models, and which of them is asked when. It is a backtest like every other; its report says how its models shared the window."}, s.desk.Ensemble)
	sweeps := []string{"sweeps"}
	addStart(s, huma.Operation{OperationID: "start-sweep", Path: wire.PathSweepStart, Tags: sweeps,
		Summary: "Backtest variants of one strategy", Description: "The variants are tried in chunks by all backtest workers. Each has the orders of a backtest of its strategy alone."}, s.desk.Sweep)
	add(s, huma.Operation{OperationID: "get-sweep-trial", Method: http.MethodGet, Path: wire.PathSweepTrial, Tags: sweeps,
		Summary: "Get one variant as a strategy of its own"}, s.sweepTrial)
}

// addStart registers an endpoint that starts operations.
func addStart[B, A any](s *server, op huma.Operation, start func(context.Context, intake.Wish, B) (A, error)) {
	op.Method = http.MethodPost
	add(s, op, func(ctx context.Context, in *startInput[B]) (A, error) { return start(ctx, in.Wish, in.Body) })
}

// sweepTrial returns a trial of a sweep as a strategy of its own, and the request
// that backtests it.
func (s *server) sweepTrial(ctx context.Context, in *trialInput) (wire.SweepTrial, error) {
	op, err := s.find(ctx, in.OperationID)
	if err != nil {
		return wire.SweepTrial{}, err
	}
	return intake.Trial(op, in.Trial)
}
