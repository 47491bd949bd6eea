package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
)

// testRetention: what ended long ago goes with all that belongs to it, except
// what made a model, and its artifacts are no longer referred to.
func testRetention(t *testing.T, s *store.Store) {
	term := acquire(t, s)
	hour := func(n int) time.Time { return Epoch.Add(time.Duration(n) * time.Hour) }
	hash := func(digit string) string { return strings.Repeat(digit, 64) }
	for id, ended := range map[string]int{"op_old": 1, "op_older": 0, "op_young": 9} {
		o, token := New(id, operation.Training, Epoch), operation.Token{OperationID: id, Attempt: 1, Term: term}
		o.Artifacts = []operation.Artifact{{SHA256: hash(map[string]string{"op_old": "1", "op_older": "2", "op_young": "3"}[id]), Role: "bars"}}
		r := operation.Report{Token: token, WorkerID: "w", State: operation.Failed, Error: "bad luck",
			Points:     []operation.Point{{Step: 1, Values: []byte(`{}`)}},
			Checkpoint: &operation.Checkpoint{SHA256: hash("4"), Kind: operation.CheckpointFailure}}
		must(t, commit(t, s, term, operation.Created{Operation: o}, operation.Opened{Token: token, WorkerID: "w", At: Epoch}))
		tx := append(r.Evidence(get(t, s, id), Epoch), r.Finish(o, hour(ended)))
		must(t, commit(t, s, term, tx...))
	}
	must(t, trained(t, s, term, "op_training_1", operation.ModelRecord{Name: "m", StrategyName: "m"}, Epoch))
	must(t, commit(t, s, term, operation.Created{Operation: New("op_waits", operation.Training, Epoch)}))

	plan, err := s.Prunable(t.Context(), hour(5), 0)
	if must(t, err); len(plan) != 2 || plan[0].ID != "op_older" || plan[1].ID != "op_old" {
		t.Fatalf("Prunable() = %+v, want op_older and op_old", plan)
	}
	if first, err := s.Prune(t.Context(), hour(5), 1); err != nil || len(first) != 1 || first[0].ID != "op_older" {
		t.Errorf("Prune(1) = %+v, %v, want op_older", first, err)
	}
	if rest, err := s.Prune(t.Context(), hour(5), 0); err != nil || len(rest) != 1 || rest[0].ID != "op_old" {
		t.Errorf("Prune() = %+v, %v, want op_old", rest, err)
	}
	if none, err := s.Prune(t.Context(), hour(5), 0); err != nil || len(none) != 0 {
		t.Errorf("Prune() again = %+v, %v, want nothing", none, err)
	}
	if _, err := s.Operation(t.Context(), "op_old"); !errors.Is(err, operation.ErrNotFound) {
		t.Errorf("op_old after Prune: %v", err)
	}
	if points, _, err := s.Points(t.Context(), "op_old", 0, 0); err != nil || len(points) != 0 {
		t.Errorf("points of op_old after Prune: %v, %v", points, err)
	}
	for _, id := range []string{"op_young", "op_training_1", "op_waits"} {
		get(t, s, id)
	}
	referenced, err := s.Referenced(t.Context())
	must(t, err)
	for digit, want := range map[string]bool{"1": false, "2": false, "3": true, "4": true} {
		if referenced[hash(digit)] != want {
			t.Errorf("Referenced()[%s…] = %v, want %v", digit, !want, want)
		}
	}
	if !referenced[strings.Repeat("ef", 32)] {
		t.Error("the model is not referred to")
	}
	// Event numbers go on.
	last, err := s.LastEvent(t.Context())
	must(t, err)
	must(t, commit(t, s, term, operation.Created{Operation: New("op_next", operation.Training, Epoch)}))
	if n, err := s.LastEvent(t.Context()); n != last+1 || err != nil {
		t.Errorf("LastEvent() = %d, %v, want %d", n, err, last+1)
	}
}
