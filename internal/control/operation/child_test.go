package operation_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// TestApply_children: what only operations with children do, and their children.
func TestApply_children(t *testing.T) {
	sweep := pending("op_1")
	sweep.Type = operation.Sweep
	part := pending("op_1")
	part.Type, part.RetryOf = operation.SweepChunk, new("op_0")
	alone := part
	alone.RetryOf = nil
	result := json.RawMessage(`{"rows":1}`)
	tried := apply(t, sweep, operation.Opened{Token: token(1), WorkerID: "w", At: at})
	for name, test := range map[string]struct {
		from   operation.Operation
		change operation.Change
		legal  bool
	}{
		"gain":                     {sweep, operation.Gained{ID: "op_1", Progress: operation.Progress{Percentage: 12}}, true},
		"gain_during_own_attempt":  {tried, operation.Gained{ID: "op_1"}, false},
		"gain_of_a_part":           {part, operation.Gained{ID: "op_1"}, false},
		"adopt":                    {part, operation.Adopted{ID: "op_1", Result: result, At: at}, true},
		"adopt_nothing":            {part, operation.Adopted{ID: "op_1", At: at}, false},
		"adopt_of_nobody":          {alone, operation.Adopted{ID: "op_1", Result: result, At: at}, false},
		"adopt_after_an_attempt":   {apply(t, part, operation.Opened{Token: token(1), At: at}), operation.Adopted{ID: "op_1", Result: result, At: at}, false},
		"adopt_what_is_no_part":    {sweep, operation.Adopted{ID: "op_1", Result: result, At: at}, false},
		"adopt_after_cancellation": {apply(t, part, operation.Closed{ID: "op_1", State: operation.Cancelled, At: at}), operation.Adopted{ID: "op_1", Result: result, At: at}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := test.from.Apply(test.change)
			if test.legal != (err == nil) || !test.legal && !errors.Is(err, operation.ErrConflict) {
				t.Fatalf("Apply(%+v) = %v, want legal %v", test.change, err, test.legal)
			}
			if _, adopted := test.change.(operation.Adopted); adopted && test.legal &&
				(got.Status != operation.Completed || got.Progress.Percentage != 100 || got.CompletedAt == nil || string(got.Result) != string(result)) {
				t.Errorf("Apply(%+v) = %+v", test.change, got)
			}
		})
	}
}

// TestShown: what the record of an operation that gathers has says how far it is,
// before its attempt, in it, and at the end.
func TestShown(t *testing.T) {
	sweep := pending("op_1")
	sweep.Type = operation.Sweep
	gained := apply(t, sweep, operation.Gained{ID: "op_1", Progress: operation.Progress{Percentage: 40}})
	opened := apply(t, gained, operation.Opened{Token: token(1), WorkerID: "w", At: at}, operation.Started{Token: token(1), At: at})
	half := apply(t, opened, operation.Progressed{Token: token(1), Progress: operation.Progress{Percentage: 50}})
	failed := apply(t, half, operation.Finished{Token: token(1), State: operation.Failed, Progress: half.Progress.Whole(), At: at})
	for _, test := range []struct {
		name string
		op   operation.Operation
		want float64
	}{{"children", gained, 40}, {"its own attempt", opened, 95}, {"half of it", half, 97.5}, {"the end", failed, 97.5}} {
		if got := test.op.Shown().Percentage; got != test.want {
			t.Errorf("%s: Shown() = %v, want %v", test.name, got, test.want)
		}
	}
	training := apply(t, pending("op_1"), operation.Opened{Token: token(1), WorkerID: "w", At: at})
	if got := training.Shown().Percentage; got != 0 {
		t.Errorf("of one that gathers nothing: Shown() = %v, want 0", got)
	}
}
