package trial_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
	"github.com/ktrdr/ktrdr/internal/core/trial"
)

// evaluatorSpace has trials of several signals, spreads and ways through the bars.
const evaluatorSpace = `axes:
  decisions.confidence_threshold: [0.4, 0.5, 0.6, 0.95]
  decisions.exits: [null, {stop_loss: 0.004}, {trailing_stop: 0.01}, {stop_loss: 0.01, take_profit: 0.02}]
  decisions.costs.spread: [null, 5 bps]
  decisions.filters.min_signal_separation: [1, 3, 9]`

// TestEvaluatorForgets holds the rows of an evaluator that has worked before, on other
// ranges of other spaces, to those of a new one for each.
func TestEvaluatorForgets(t *testing.T) {
	shared, err := trial.Prepare(inputs(t, "sample_momentum", market.Hour1, 3000, 4, 0.004, 0.9))
	if err != nil {
		t.Fatal(err)
	}
	used, err := shared.Evaluator()
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 7))
	for range 40 {
		s := space(t, []string{evaluatorSpace, plainSpace}[rng.IntN(2)])
		from := rng.IntN(s.Len())
		to := from + 1 + rng.IntN(s.Len()-from)
		got, want := make([]sweep.Row, to-from), make([]sweep.Row, to-from)
		if err := used.Evaluate(context.Background(), s, from, to, got); err != nil {
			t.Fatal(err)
		}
		if err := shared.Evaluate(context.Background(), s, from, to, want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(sameBits)); diff != "" {
			t.Fatalf("trials %d to %d (-new +used):\n%s", from, to-1, diff)
		}
	}
}
