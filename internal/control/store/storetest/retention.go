package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

	// The child of what has not ended stays: its parent may gather it yet.
	child, token := New("op_child", operation.Training, Epoch), operation.Token{OperationID: "op_child", Attempt: 1, Term: term}
	child.ParentID = new("op_waits")
	must(t, commit(t, s, term, operation.Created{Operation: child}, operation.Opened{Token: token, WorkerID: "w", At: Epoch}))
	must(t, commit(t, s, term, operation.Finished{Token: token, State: operation.Failed, At: Epoch}))

	e, err := s.Expired(t.Context(), hour(5), time.Time{})
	if must(t, err); len(e.Operations) != 2 || e.Operations[0].ID != "op_older" || e.Operations[1].ID != "op_old" || e.Checkpoints != 0 {
		t.Errorf("Expired() = %+v, want op_older and op_old", e)
	}
	testPrune(t, s)
	for _, id := range []string{"op_young", "op_training_1", "op_waits", "op_child"} {
		get(t, s, id)
	}
	referenced, err := s.Referenced(t.Context())
	must(t, err)
	for h, want := range map[string]bool{hash("1"): false, hash("2"): false, hash("3"): true, hash("4"): true, strings.Repeat("ef", 32): true} { // the last is the model
		if referenced[h] != want {
			t.Errorf("Referenced()[%s] = %v, want %v", h, !want, want)
		}
	}
	if diff := cmp.Diff(e.Needed, referenced); diff != "" {
		t.Errorf("Expired().Needed and what is referred to afterwards differ:\n%s", diff)
	}
	// Checkpoints go by their own age, and their operation stays.
	if e, err = s.Expired(t.Context(), time.Time{}, hour(1)); err != nil || len(e.Operations) != 0 || e.Checkpoints != 1 || e.Needed[hash("4")] {
		t.Errorf("Expired() of checkpoints = %+v, %v, want that of op_young", e, err)
	}
	if n, err := s.PruneCheckpoints(t.Context(), hour(0)); err != nil || n != 0 {
		t.Errorf("PruneCheckpoints(too early) = %d, %v", n, err)
	}
	if n, err := s.PruneCheckpoints(t.Context(), hour(1)); err != nil || n != 1 || get(t, s, "op_young").Checkpoints != nil {
		t.Errorf("PruneCheckpoints() = %d, %v, want that of op_young", n, err)
	}
	// Event numbers go on.
	last, err := s.LastEvent(t.Context())
	must(t, err)
	must(t, commit(t, s, term, operation.Created{Operation: New("op_next", operation.Training, Epoch)}))
	if n, err := s.LastEvent(t.Context()); n != last+1 || err != nil {
		t.Errorf("LastEvent() = %d, %v, want %d", n, err, last+1)
	}
}

// testPrune deletes op_older and op_old, in this order.
func testPrune(t *testing.T, s *store.Store) {
	before := Epoch.Add(5 * time.Hour)
	plan, err := s.Prunable(t.Context(), before, 0)
	if must(t, err); len(plan) != 2 || plan[0].ID != "op_older" || plan[1].ID != "op_old" {
		t.Fatalf("Prunable() = %+v, want op_older and op_old", plan)
	}
	if first, err := s.Prune(t.Context(), before, 1); err != nil || len(first) != 1 || first[0].ID != "op_older" {
		t.Errorf("Prune(1) = %+v, %v, want op_older", first, err)
	}
	if rest, err := s.Prune(t.Context(), before, 0); err != nil || len(rest) != 1 || rest[0].ID != "op_old" {
		t.Errorf("Prune() = %+v, %v, want op_old", rest, err)
	}
	if none, err := s.Prune(t.Context(), before, 0); err != nil || len(none) != 0 {
		t.Errorf("Prune() again = %+v, %v, want nothing", none, err)
	}
	if _, err := s.Operation(t.Context(), "op_old"); !errors.Is(err, operation.ErrNotFound) {
		t.Errorf("op_old after Prune: %v", err)
	}
	if points, _, err := s.Points(t.Context(), "op_old", 0, 0); err != nil || len(points) != 0 {
		t.Errorf("points of op_old after Prune: %v, %v", points, err)
	}
}
