package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
)

// testGathering: the life of an operation that gathers its children is told as
// Apply says, and its family is known to whoever restores it.
func testGathering(t *testing.T, s *store.Store) {
	term := acquire(t, s)
	p := New("op_s", operation.Sweep, Epoch)
	tx := operation.Transaction{operation.Created{Operation: p}}
	var children []operation.Operation
	for i := range 3 {
		c := New(operation.ChildID("op_s", i), operation.SweepChunk, Epoch.Add(time.Duration(i+1)*time.Second))
		c.ParentID, c.Weight = new("op_s"), int64(10*(i+1))
		children = append(children, c)
		tx = append(tx, operation.Created{Operation: c})
	}
	must(t, s.Commit(t.Context(), term, []operation.Transaction{tx})[0])
	step := func(o *operation.Operation, c operation.Change) {
		t.Helper()
		var err error
		*o, err = o.Apply(c)
		must(t, err)
		must(t, commit(t, s, term, c))
		same(t, s, *o)
	}
	attempt := func(o *operation.Operation, end operation.Status) {
		t.Helper()
		token := operation.Token{OperationID: o.ID, Attempt: 1, Term: term}
		step(o, operation.Opened{Token: token, WorkerID: "w1", At: Epoch.Add(time.Minute)})
		step(o, operation.Started{Token: token, At: Epoch.Add(time.Minute)})
		step(o, operation.Finished{Token: token, State: end, Result: []byte(`{"of":"` + o.ID + `"}`), Error: "why", Warnings: []string{}, At: Epoch.Add(time.Hour)})
	}
	step(&p, operation.Begun{ID: "op_s", At: Epoch.Add(time.Minute)})
	step(&p, operation.Gained{ID: "op_s", Progress: operation.Progress{Percentage: 12, Context: map[string]any{}}})
	if err := commit(t, s, term, operation.Begun{ID: "op_s", At: Epoch}); !errors.Is(err, operation.ErrConflict) {
		t.Errorf("it began twice: %v", err)
	}
	attempt(&children[0], operation.Completed)
	attempt(&children[1], operation.Failed)
	all, err := s.Unfinished(t.Context())
	must(t, err)
	want := operation.Family{Children: 3, Completed: 1, Weight: 60, Done: 10, Broken: "operation op_s_0001 failed: why"}
	if diff := cmp.Diff(want, all[0].Family); diff != "" {
		t.Errorf("the family of %s:\n%s", all[0].Operation.ID, diff)
	}
	found, err := s.Children(t.Context(), "op_s")
	if must(t, err); len(found) != 3 || string(found[0].Result) != `{"of":"op_s_0000"}` || found[2].Weight != 30 || found[2].Result != nil {
		t.Errorf("Children() = %+v", found)
	}
	attempt(&p, operation.Completed)
	for f, ids := range map[operation.Filter]string{
		{Parent: "op_s", Limit: 2}:            "op_s_0000 op_s_0001 of 3",
		{Parent: "op_s", Limit: 2, Offset: 2}: "op_s_0002 of 3",
		{Roots: true}:                         "op_s of 1",
	} {
		page, err := s.List(t.Context(), f)
		must(t, err)
		if got := names(page); got != ids {
			t.Errorf("List(%+v) = %s, want %s", f, got, ids)
		}
	}
	testStopped(t, s, term)
	testAdopted(t, s, term)
}

// testAdopted: a part that repeats another takes its result and what that refers
// to, and a part that does not repeat any takes nothing.
func testAdopted(t *testing.T, s *store.Store, term int64) {
	again := New("op_u", operation.SweepChunk, Epoch.Add(2*time.Hour))
	outputs := []operation.Artifact{{SHA256: strings.Repeat("0b", 32), Role: "trials", Bytes: 7}}
	adopted := operation.Adopted{ID: again.ID, Result: []byte(`{"of":"op_s_0000"}`), Artifacts: outputs, At: Epoch.Add(3 * time.Hour)}
	must(t, commit(t, s, term, operation.Created{Operation: again}))
	if err := commit(t, s, term, adopted); !errors.Is(err, operation.ErrConflict) {
		t.Errorf("it took a result that nobody names: %v", err)
	}
	again.ID, again.RetryOf = "op_v", new("op_s_0000")
	adopted.ID = again.ID
	must(t, s.Commit(t.Context(), term, []operation.Transaction{{operation.Created{Operation: again}, adopted}})[0])
	want, err := again.Apply(adopted)
	must(t, err)
	same(t, s, want)
	got, err := s.Outputs(t.Context(), again.ID)
	if must(t, err); cmp.Diff(outputs, got) != "" {
		t.Errorf("it refers to %v, want %v", got, outputs)
	}
	if err := commit(t, s, term, adopted); !errors.Is(err, operation.ErrConflict) {
		t.Errorf("it took a result twice: %v", err)
	}
}

// testStopped: what gathers is closed while it runs and no attempt is open.
func testStopped(t *testing.T, s *store.Store, term int64) {
	o := New("op_t", operation.Sweep, Epoch.Add(time.Hour))
	must(t, commit(t, s, term, operation.Created{Operation: o}))
	for _, c := range []operation.Change{
		operation.Begun{ID: "op_t", At: Epoch.Add(time.Hour)},
		operation.CancelRequested{ID: "op_t", Reason: "enough", At: Epoch.Add(time.Hour)},
		operation.Closed{ID: "op_t", State: operation.Cancelled, Error: "enough", At: Epoch.Add(time.Hour),
			Progress: &operation.Progress{Percentage: 34, Context: map[string]any{}}},
	} {
		var err error
		o, err = o.Apply(c)
		must(t, err)
		must(t, commit(t, s, term, c))
		same(t, s, o)
	}
	if err := commit(t, s, term, operation.Gained{ID: "op_s_0002"}); !errors.Is(err, operation.ErrConflict) {
		t.Errorf("a child gained: %v", err)
	}
}

func names(page operation.Page) string {
	var b strings.Builder
	for _, o := range page.Operations {
		b.WriteString(o.ID + " ")
	}
	return b.String() + fmt.Sprintf("of %d", page.Total)
}
