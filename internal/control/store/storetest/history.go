package storetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
)

// testHistory: every state change has an event, in the same transaction, with
// numbers that grow.
func testHistory(t *testing.T, s *store.Store, reopen func(testing.TB, *store.Store) *store.Store) {
	term := acquire(t, s)
	a := operation.Token{OperationID: "op_a", Attempt: 1, Term: term}
	must(t, commit(t, s, term, operation.Created{Operation: New("op_a", operation.Training, Epoch)}))
	must(t, commit(t, s, term, operation.Opened{Token: a, WorkerID: "w1", At: Epoch.Add(time.Second)}))
	if err := commit(t, s, term, operation.Created{Operation: New("op_b", operation.Training, Epoch)}, operation.Started{Token: a, At: Epoch}, operation.Started{Token: a, At: Epoch}); err == nil {
		t.Error("a transaction with an illegal change was stored")
	}
	s = reopen(t, s)
	term = acquire(t, s)
	must(t, commit(t, s, term, operation.Created{Operation: New("op_b", operation.Training, Epoch)}))
	must(t, commit(t, s, term, operation.Started{Token: a, At: Epoch}, operation.Progressed{Token: a, Progress: operation.Progress{Percentage: 5}},
		operation.CancelRequested{ID: "op_a", Reason: "enough", At: Epoch}, operation.Ended{Token: a, Outcome: operation.Lost, Reason: "silence", At: Epoch},
		operation.Closed{ID: "op_a", State: operation.Cancelled, Error: "enough", At: Epoch}))
	all, err := s.Events(t.Context(), operation.EventFilter{})
	must(t, err)
	var got []string
	for _, e := range all {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%d %s %s %s %d %s %s", e.Number, e.OperationID, e.Kind, e.Status, e.Attempt, e.WorkerID, e.Reason)))
	}
	want := []string{
		"1 op_a submitted pending 0", "2 op_a dispatched pending 1 w1", "3 op_b submitted pending 0", "4 op_a started running 1 w1",
		"5 op_a cancel_requested running 1 w1 enough", "6 op_a lost resuming 1 w1 silence", "7 op_a cancelled cancelled 1 w1 enough",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Events() differ (-want +got):\n%s", diff)
	}
	if !all[1].At.Equal(Epoch.Add(time.Second)) {
		t.Errorf("event 2 is of %s", all[1].At)
	}
	later, err := s.Events(t.Context(), operation.EventFilter{After: 2, OperationID: "op_a", Limit: 2})
	if must(t, err); len(later) != 2 || later[0].Number != 4 || later[1].Number != 5 {
		t.Errorf("Events(after 2 of op_a, 2) = %+v", later)
	}
	if n, err := s.LastEvent(t.Context()); n != 7 || err != nil {
		t.Errorf("LastEvent() = %d, %v, want 7", n, err)
	}
}

// testPoints: points are numbered over all attempts and read with a cursor.
func testPoints(t *testing.T, s *store.Store, reopen func(testing.TB, *store.Store) *store.Store) {
	term := acquire(t, s)
	must(t, commit(t, s, term, operation.Created{Operation: New("op_a", operation.Training, Epoch)}))
	report := func(o operation.Operation, steps ...int64) operation.Transaction {
		r := operation.Report{Token: o.Token(), WorkerID: "w", State: operation.Running}
		for _, step := range steps {
			r.Points = append(r.Points, operation.Point{Step: step, Values: json.RawMessage(fmt.Sprintf(`{"epoch":%d}`, step))})
		}
		return r.Evidence(o, Epoch)
	}
	for attempt := 1; attempt <= 2; attempt++ {
		token := operation.Token{OperationID: "op_a", Attempt: attempt, Term: term}
		must(t, commit(t, s, term, operation.Opened{Token: token, WorkerID: "w", At: Epoch}))
		must(t, commit(t, s, term, report(get(t, s, "op_a"), 1, 2)...))
		must(t, commit(t, s, term, report(get(t, s, "op_a"), 2, 3)...)) // 2 is repeated
		if tx := report(get(t, s, "op_a"), 1, 3); len(tx) != 0 {
			t.Errorf("a repetition is stored as %v", tx)
		}
		must(t, commit(t, s, term, operation.Ended{Token: token, Outcome: operation.Lost, At: Epoch}))
	}
	s = reopen(t, s)
	var got []string
	cursor := int64(0)
	for range 4 {
		points, next, err := s.Points(t.Context(), "op_a", cursor, 4)
		must(t, err)
		for _, p := range points {
			got = append(got, fmt.Sprintf("%d:%d.%d %s", p.Number, p.Attempt, p.Step, p.Values))
		}
		cursor = next
	}
	want := []string{`0:1.1 {"epoch":1}`, `1:1.2 {"epoch":2}`, `2:1.3 {"epoch":3}`, `3:2.1 {"epoch":1}`, `4:2.2 {"epoch":2}`, `5:2.3 {"epoch":3}`}
	if diff := cmp.Diff(want, got); diff != "" || cursor != 6 {
		t.Errorf("Points() differ (-want +got), cursor %d:\n%s", cursor, diff)
	}
	testManyPoints(t, s, term, report)
}

// testManyPoints: whatever number of points comes at once, they are stored in
// their order.
func testManyPoints(t *testing.T, s *store.Store, term int64, report func(operation.Operation, ...int64) operation.Transaction) {
	must(t, commit(t, s, term, operation.Opened{Token: operation.Token{OperationID: "op_a", Attempt: 3, Term: term}, WorkerID: "w", At: Epoch}))
	step := int64(0)
	for _, n := range []int{16, 15, 17, 33, 1} {
		var steps []int64
		for range n {
			step++
			steps = append(steps, step)
		}
		must(t, commit(t, s, term, report(get(t, s, "op_a"), steps...)...))
	}
	points, cursor, err := s.Points(t.Context(), "op_a", 6, 1000)
	if must(t, err); int64(len(points)) != step || cursor != 6+step {
		t.Fatalf("%d points and cursor %d, want %d and %d", len(points), cursor, step, 6+step)
	}
	for i, p := range points {
		if want := fmt.Sprintf(`{"epoch":%d}`, i+1); p.Number != int64(i+6) || p.Step != int64(i+1) || string(p.Values) != want {
			t.Errorf("point %d is %+v with %s, want %s", i, p, p.Values, want)
		}
	}
}
