package trial_test

import (
	"context"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
	"github.com/ktrdr/ktrdr/internal/core/trial"
)

// TestEvaluateOfEvents: a model that was trained on events is asked at events only
// in a sweep as in a backtest.
func TestEvaluateOfEvents(t *testing.T) {
	in := inputs(t, "barrier_events", market.Hour1, 3000, 5, 0.01, 0.2)
	s := space(t, "axes:\n  decisions.confidence_threshold: [0.4, 0.6]")
	evaluate := func() []sweep.Row {
		shared, err := trial.Prepare(in)
		if err != nil {
			t.Fatal(err)
		}
		return rowsOf(t, shared, s)
	}
	rows := evaluate()
	all := *in.Strategy
	all.Training.Labels.CUSUM = false
	in.Strategy = &all
	shared, err := trial.Prepare(in)
	if err != nil {
		t.Fatal(err)
	}
	every := make([]sweep.Row, s.Len())
	if err := shared.Evaluate(context.Background(), s, 0, s.Len(), every); err != nil {
		t.Fatal(err)
	}
	if rows[0].TotalTrades == 0 || rows[0].OrderHash == every[0].OrderHash {
		t.Errorf("%d trades at events, %d without the filter", rows[0].TotalTrades, every[0].TotalTrades)
	}
}
