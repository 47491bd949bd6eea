// Package storetest is the contract of package store: what every database
// behind it must do. Run holds it to operation.Operation.Apply, which says what
// is legal, and to the promises of durability and fencing.
package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
)

// Run runs the suite. open returns a new, empty store; reopen closes it and
// opens the same database again.
func Run(t *testing.T, open func(t testing.TB) *store.Store, reopen func(t testing.TB, s *store.Store) *store.Store) {
	t.Run("life_of_an_operation", func(t *testing.T) { testLife(t, open(t), reopen) })
	t.Run("follows_apply", func(t *testing.T) { testFollowsApply(t, open(t)) })
	t.Run("transaction_is_whole", func(t *testing.T) { testWhole(t, open(t)) })
	t.Run("older_term_changes_nothing", func(t *testing.T) { testFence(t, open(t)) })
	t.Run("duplicate_id", func(t *testing.T) { testDuplicate(t, open(t)) })
	t.Run("checkpoints", func(t *testing.T) { testCheckpoints(t, open(t), reopen) })
	t.Run("idempotency_keys", func(t *testing.T) { testKeys(t, open(t)) })
	t.Run("history", func(t *testing.T) { testHistory(t, open(t), reopen) })
	t.Run("points", func(t *testing.T) { testPoints(t, open(t), reopen) })
	t.Run("series", func(t *testing.T) { testSeries(t, open(t)) })
	t.Run("retention", func(t *testing.T) { testRetention(t, open(t)) })
	t.Run("children", func(t *testing.T) { testChildren(t, open(t)) })
	t.Run("gathering", func(t *testing.T) { testGathering(t, open(t)) })
	t.Run("list", func(t *testing.T) { testList(t, open(t)) })
	t.Run("models", func(t *testing.T) { testModels(t, open(t)) })
	t.Run("workers", func(t *testing.T) { testWorkers(t, open(t), reopen) })
	t.Run("lease", func(t *testing.T) { testLease(t, open(t)) })
	t.Run("bell", func(t *testing.T) { testBell(t, open(t)) })
	t.Run("texts", func(t *testing.T) { testTexts(t, open(t)) })
	t.Run("concurrent_writers", func(t *testing.T) { testConcurrent(t, open(t)) })
	t.Run("together", func(t *testing.T) { testTogether(t, open(t)) })
}

// Epoch is when the time of the suite begins.
var Epoch = time.Date(2026, 1, 2, 3, 4, 5, 678000, time.UTC)

// New returns an operation that can be created.
func New(id string, kind operation.Type, at time.Time) operation.Operation {
	symbol := "EURUSD"
	return operation.Operation{
		ID: id, Type: kind, Status: operation.Pending, CreatedAt: at, MaxAttempts: 3, Deadline: new(at.Add(time.Hour)),
		Metadata: operation.Metadata{Symbol: &symbol, Parameters: map[string]any{"strategy_name": "s"}},
		Spec:     json.RawMessage(`{"work":"` + id + `"}`), SpecHash: "hash-" + id,
		Artifacts: []operation.Artifact{{SHA256: strings.Repeat("ab", 32), Role: "bars", Bytes: 12}},
	}.WithDefaults()
}

func acquire(t testing.TB, s *store.Store) int64 {
	t.Helper()
	term, err := s.AcquireTerm(t.Context(), "suite")
	if err != nil {
		t.Fatalf("AcquireTerm: %v", err)
	}
	return term
}

// commit commits one transaction.
func commit(t testing.TB, s *store.Store, term int64, changes ...operation.Change) error {
	t.Helper()
	return s.Commit(t.Context(), term, []operation.Transaction{changes})[0]
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, s *store.Store, id string) operation.Operation {
	t.Helper()
	o, err := s.Operation(t.Context(), id)
	must(t, err)
	return o
}

// same compares what is stored with what Apply says.
func same(t testing.TB, s *store.Store, want operation.Operation) {
	t.Helper()
	if diff := cmp.Diff(want, get(t, s, want.ID)); diff != "" {
		t.Fatalf("stored operation differs from Apply (-want +got):\n%s", diff)
	}
}

func testLife(t *testing.T, s *store.Store, reopen func(testing.TB, *store.Store) *store.Store) {
	term := acquire(t, s)
	o := New("op_training_1", operation.Training, Epoch)
	first := operation.Token{OperationID: o.ID, Attempt: 1, Term: term}
	second := operation.Token{OperationID: o.ID, Attempt: 2, Term: term}
	at := func(seconds int) time.Time { return Epoch.Add(time.Duration(seconds) * time.Second) }
	changes := []operation.Change{
		operation.Created{Operation: o},
		operation.Opened{Token: first, WorkerID: "w1", Incarnation: "i1", At: at(1)},
		operation.Started{Token: first, At: at(2)},
		operation.Progressed{Token: first, Progress: operation.Progress{Percentage: 12.5, CurrentStep: "Epoch 1/8", Context: map[string]any{"loss": 0.5}}},
		operation.Ended{Token: first, Outcome: operation.Lost, Reason: "silence", At: at(3)},
		operation.Opened{Token: second, WorkerID: "w2", Incarnation: "i2", At: at(4)},
		operation.Kept{Report: operation.Report{Token: first, WorkerID: "w1", State: operation.Completed, Result: json.RawMessage(`{"late":true}`)}, At: at(5)},
		operation.Started{Token: second, At: at(6)},
	}
	var want operation.Operation
	for _, c := range changes {
		must(t, commit(t, s, term, c))
		next, err := want.Apply(c)
		must(t, err)
		want = next
		same(t, s, want)
	}
	s = reopen(t, s)
	same(t, s, want)
	unfinished, err := s.Unfinished(t.Context())
	must(t, err)
	want.Artifacts = nil
	if len(unfinished) != 1 || cmp.Diff(want, unfinished[0].Operation) != "" {
		t.Fatalf("Unfinished() after reopening: %+v", unfinished)
	}
	if got := unfinished[0].Losses; len(got) != 1 || got[0] != "attempt 1 on w1: silence" {
		t.Errorf("Losses = %q", got)
	}
	if c := unfinished[0].Candidate; c == nil || string(c.Result) != `{"late":true}` {
		t.Errorf("Candidate = %+v", c)
	}
	finish := operation.Finished{Token: second, State: operation.Completed, Result: json.RawMessage(`{"ok":1}`), At: at(7),
		Progress: operation.Progress{Percentage: 100, Context: map[string]any{}}, Artifacts: []operation.Artifact{{SHA256: strings.Repeat("cd", 32), Role: "model", Bytes: 5}}}
	term = acquire(t, s)
	must(t, commit(t, s, term, finish))
	got := get(t, s, o.ID)
	if got.Status != operation.Completed || string(got.Result) != `{"ok":1}` || got.Progress.Percentage != 100 {
		t.Errorf("finished operation = %+v", got)
	}
	outputs, err := s.Outputs(t.Context(), o.ID)
	if must(t, err); len(outputs) != 1 || outputs[0].Role != "model" {
		t.Errorf("Outputs() = %+v", outputs)
	}
	if left, _ := s.Unfinished(t.Context()); len(left) != 0 {
		t.Errorf("Unfinished() after the end = %+v", left)
	}
}

func testWhole(t *testing.T, s *store.Store) {
	term := acquire(t, s)
	a, b := New("op_a", operation.Training, Epoch), New("op_b", operation.Training, Epoch)
	bad := operation.Opened{Token: operation.Token{OperationID: "op_a", Attempt: 7, Term: term}, WorkerID: "w", At: Epoch}
	errs := s.Commit(t.Context(), term, []operation.Transaction{
		{operation.Created{Operation: a}, bad},
		{operation.Created{Operation: b}},
		{},
	})
	if !errors.Is(errs[0], operation.ErrConflict) || errs[1] != nil || errs[2] != nil {
		t.Fatalf("Commit() = %v, want a conflict and two successes", errs)
	}
	if _, err := s.Operation(t.Context(), "op_a"); !errors.Is(err, operation.ErrNotFound) {
		t.Errorf("half of a transaction was stored: %v", err)
	}
	same(t, s, b)
}

func testFence(t *testing.T, s *store.Store) {
	old := acquire(t, s)
	o := New("op_a", operation.Training, Epoch)
	token := operation.Token{OperationID: o.ID, Attempt: 1, Term: old}
	must(t, commit(t, s, old, operation.Created{Operation: o}, operation.Opened{Token: token, WorkerID: "w", At: Epoch}))
	want := get(t, s, o.ID)
	now := acquire(t, s)
	if now <= old {
		t.Fatalf("AcquireTerm() = %d after %d, want more", now, old)
	}
	for _, c := range []operation.Change{
		operation.Created{Operation: New("op_b", operation.Training, Epoch)},
		operation.Started{Token: token, At: Epoch},
		operation.Ended{Token: token, Outcome: operation.Lost, At: Epoch},
		operation.Finished{Token: token, State: operation.Completed, At: Epoch},
		operation.CancelRequested{ID: o.ID, At: Epoch},
		operation.Closed{ID: o.ID, State: operation.Failed, At: Epoch},
		fleet.Saved{Worker: fleet.Worker{ID: "w"}},
		fleet.Forgotten{WorkerID: "w"},
		fleet.Marked{WorkerID: "w", Cordoned: true, At: Epoch},
		fleet.Marked{WorkerID: "w", At: Epoch},
	} {
		if err := commit(t, s, old, c); !errors.Is(err, operation.ErrDeposed) {
			t.Errorf("%T by an older term: %v, want ErrDeposed", c, err)
		}
	}
	same(t, s, want)
	// The new scheduler goes on with the attempt that the old one opened.
	must(t, commit(t, s, now, operation.Started{Token: token, At: Epoch}))
}

func testDuplicate(t *testing.T, s *store.Store) {
	term := acquire(t, s)
	o := New("op_a", operation.Training, Epoch)
	must(t, commit(t, s, term, operation.Created{Operation: o}))
	other := o
	other.Priority = 9
	if err := commit(t, s, term, operation.Created{Operation: other}); !errors.Is(err, operation.ErrDuplicate) {
		t.Errorf("second Created = %v, want ErrDuplicate", err)
	}
	same(t, s, o)
}

func testList(t *testing.T, s *store.Store) {
	term := acquire(t, s)
	var tx operation.Transaction
	for i := range 30 {
		kind := []operation.Type{operation.Training, operation.Backtesting, operation.Dummy}[i%3]
		o := New(fmt.Sprintf("op_%02d", i), kind, Epoch.Add(time.Duration(i)*time.Second))
		tx = append(tx, operation.Created{Operation: o})
		if i%2 == 0 {
			tx = append(tx, operation.Closed{ID: o.ID, State: operation.Cancelled, At: Epoch})
		}
	}
	must(t, commit(t, s, term, tx...))
	for _, test := range []struct {
		name   string
		filter operation.Filter
		total  int
		want   string
	}{
		{"default", operation.Filter{}, 30, "29 28 27 26 25 24 23 22 21 20"},
		{"page", operation.Filter{Limit: 3, Offset: 28}, 30, "01 00"},
		{"past_the_end", operation.Filter{Offset: 99}, 30, ""},
		{"status", operation.Filter{Status: operation.Cancelled, Limit: 2}, 15, "28 26"},
		{"type", operation.Filter{Type: operation.Backtesting, Limit: 2}, 10, "28 25"},
		{"active", operation.Filter{Active: true, Limit: 2}, 15, "29 27"},
		{"all_of_them", operation.Filter{Active: true, Type: operation.Training, Status: operation.Pending}, 5, "27 21 15 09 03"},
		{"nothing", operation.Filter{Status: operation.Failed}, 0, ""},
	} {
		page, err := s.List(t.Context(), test.filter)
		must(t, err)
		var ids []string
		for _, o := range page.Operations {
			ids = append(ids, strings.TrimPrefix(o.ID, "op_"))
		}
		if got := strings.Join(ids, " "); got != test.want || page.Total != test.total || page.Active != 15 {
			t.Errorf("%s: List(%+v) = %q of %d, %d active; want %q of %d, 15 active", test.name, test.filter, got, page.Total, page.Active, test.want, test.total)
		}
	}
}

func testChildren(t *testing.T, s *store.Store) {
	term := acquire(t, s)
	must(t, commit(t, s, term, operation.Created{Operation: New("op_p", operation.Training, Epoch)}))
	for i, id := range []string{"op_b", "op_a", "op_c"} {
		o := New(id, operation.Training, Epoch.Add(time.Duration(i)*time.Second))
		if id != "op_c" {
			o.ParentID = new("op_p")
		}
		must(t, commit(t, s, term, operation.Created{Operation: o}))
		same(t, s, o)
	}
	all, err := s.Children(t.Context(), "op_p")
	if must(t, err); len(all) != 2 || all[0].ID != "op_b" || all[1].ID != "op_a" || string(all[0].Spec) != `{"work":"op_b"}` {
		t.Errorf("Children() = %+v, want op_b and op_a", all)
	}
	if none, err := s.Children(t.Context(), "op_a"); err != nil || len(none) != 0 {
		t.Errorf("Children() of a childless operation = %+v, %v", none, err)
	}
}

func testConcurrent(t *testing.T, s *store.Store) {
	term := acquire(t, s)
	const writers, each = 16, 25
	done := make(chan error, writers)
	for w := range writers {
		go func() {
			var err error
			for i := range each {
				o := New(fmt.Sprintf("op_%d_%d", w, i), operation.Training, Epoch)
				err = errors.Join(err, s.Commit(context.Background(), term, []operation.Transaction{{operation.Created{Operation: o}}})[0])
				if _, readErr := s.Operation(context.Background(), o.ID); readErr != nil {
					err = errors.Join(err, fmt.Errorf("acknowledged, not there: %w", readErr))
				}
			}
			done <- err
		}()
	}
	for range writers {
		must(t, <-done)
	}
	page, err := s.List(t.Context(), operation.Filter{})
	if must(t, err); page.Total != writers*each {
		t.Errorf("List().Total = %d, want %d", page.Total, writers*each)
	}
}
