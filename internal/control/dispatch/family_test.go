package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/dispatch"
	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// submitFamily is a user who submits an operation that gathers children, perhaps
// a second time with the same id, and perhaps cancels it, or one of them, later.
func (w *world) submitFamily(id string) {
	if w.state == nil {
		w.after(w.upTo(20*time.Second), func() { w.submitFamily(id) })
		return
	}
	op := submission(id, operation.Sweep)
	op.Submitter = []string{"", "ann", "bob"}[w.rng.IntN(3)]
	if w.rng.IntN(4) == 0 {
		op.Deadline = new(w.now.Add(w.skew + w.upTo(240*time.Second)))
	}
	children, done := repeating(chunks(1+w.rng.IntN(4))), map[int]operation.Adopted{}
	for i := range children {
		if w.rng.IntN(4) == 0 {
			done[i] = operation.Adopted{Result: []byte(result(operation.ChildID(id, i)))}
		}
	}
	w.ask(func(r uint64) dispatch.Event {
		return dispatch.Submitted{Request: r, Operation: op, Children: children, Done: done}
	}, func(r dispatch.Reply) {
		if r.Err != nil {
			return
		}
		w.acked[id] = true
		for i := range children {
			child := operation.ChildID(id, i)
			w.acked[child] = true
			if w.disk.operations[child].ID == "" {
				w.t.Errorf("%s was acknowledged and its child %s is not on the disk", id, child)
			}
		}
	})
	if w.rng.IntN(4) == 0 {
		w.after(w.delay(), func() { w.submitFamily(id) })
	}
	switch w.rng.IntN(4) {
	case 0:
		w.after(w.upTo(120*time.Second), func() { w.cancel(id) })
	case 1:
		w.after(w.upTo(120*time.Second), func() { w.cancel(operation.ChildID(id, 0)) })
	}
}

// gathered checks that what gathers has not ended before its children, and has
// not completed without them.
func (w *world) gathered() {
	for i := range sweepCount {
		op := w.disk.operations[fmt.Sprintf("op_s%d", i)]
		if !op.Status.Terminal() {
			continue
		}
		for _, child := range w.disk.children(op.ID) {
			if !child.Status.Terminal() || op.Status == operation.Completed && child.Status != operation.Completed {
				w.t.Errorf("%s is %s and its child %s is %s", op.ID, op.Status, child.ID, child.Status)
			}
		}
	}
}

// takenDisk is a store whose scheduler is another backend.
type takenDisk struct{ *disk }

func (takenDisk) AcquireTerm(context.Context, string) (int64, error) { return 0, operation.ErrHeld }

func (takenDisk) Scheduler(context.Context) (operation.Lease, error) {
	return operation.Lease{Holder: "another"}, nil
}

// testFamily: an operation that gathers starts with the results of its children, and
// is retried with children of its own; those of the first cannot be.
func testFamily(t *testing.T) {
	b := start(t, newDisk(), newWires())
	b.register("w1", fleet.Backtesting)
	sweep := submission("op_s", operation.Sweep)
	if _, err := b.Submit(t.Context(), sweep); err == nil {
		t.Error("an operation that gathers was submitted without children")
	}
	if _, err := b.SubmitFamily(t.Context(), submission("op_t", operation.Backtesting), chunks(1)); err == nil {
		t.Error("an operation that does not gather was submitted with children")
	}
	if _, err := b.SubmitFamily(t.Context(), sweep, []operation.Operation{submission("", operation.SweepChunk)}); err == nil {
		t.Error("a child without weight was submitted")
	}
	if _, err := b.SubmitFamily(t.Context(), sweep, chunks(2)); err != nil {
		t.Fatal(err)
	}
	b.reusable = func(part operation.Operation, outputs []operation.Artifact) error {
		if part.ID == "op_s_0000" && len(outputs) == 1 {
			return nil
		}
		return errors.New("it is damaged")
	}
	run := func(id string, end operation.Status) {
		t.Helper()
		token := <-b.wires.started
		if synctest.Wait(); token.OperationID != id {
			t.Fatalf("started %s, want %s", token, id)
		}
		r := b.wires.finish("w1")
		if r.State, r.Result = end, []byte(`{"of":"`+id+`"}`); end == operation.Failed {
			r.Result, r.Error = nil, "bad luck"
		} else {
			r.Artifacts = []operation.Artifact{{SHA256: strings.Repeat("0a", 32), Role: "trials"}}
		}
		if err := b.Report(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	run("op_s_0000", operation.Completed)
	standing := dispatch.New(dispatch.Options{Store: takenDisk{b.disk}, Transport: b.wires, Shared: true})
	ctx, stop := context.WithCancel(t.Context())
	var stands sync.WaitGroup
	stands.Go(func() { _ = standing.Run(ctx) })
	defer stands.Wait()
	defer stop()
	<-standing.Ready()
	shows := func(percent float64) {
		t.Helper()
		time.Sleep(1100 * time.Millisecond) // until it is stored
		synctest.Wait()
		for name, c := range map[string]*dispatch.Controller{"schedules": b.Controller, "stands by": standing} {
			if op, err := c.Operation(t.Context(), "op_s"); err != nil || math.Abs(op.Progress.Percentage-percent) > 1e-9 {
				t.Errorf("the backend that %s says %+v, %v, want %v %%", name, op.Progress, err, percent)
			}
			if op, _ := b.disk.Operation(t.Context(), "op_s"); math.Abs(c.Overlay([]operation.Operation{op})[0].Progress.Percentage-percent) > 1e-9 {
				t.Errorf("the list of the backend that %s has not %v %%", name, percent)
			}
		}
	}
	shows(95.0 / 3)
	run("op_s_0001", operation.Completed)
	token := <-b.wires.started
	b.wires.started <- token
	if err := b.Report(t.Context(), operation.Report{Token: token, WorkerID: "w1", State: operation.Running, Progress: &operation.Progress{Percentage: 40}}); err != nil {
		t.Fatal(err)
	}
	shows(97)
	run("op_s", operation.Failed)
	shows(97)
	var got []string
	for _, text := range b.wires.gathered["op_s"] {
		got = append(got, string(text))
	}
	if want := []string{`{"of":"op_s_0000"}`, `{"of":"op_s_0001"}`}; !slices.Equal(got, want) {
		t.Errorf("op_s started with %s, want %s", got, want)
	}
	if _, err := b.Retry(t.Context(), "op_s_0000", ""); !errors.As(err, new(*dispatch.NotRetriableError)) {
		t.Errorf("Retry of a part = %v, want *NotRetriableError", err)
	}
	again, err := b.Retry(t.Context(), "op_s", "")
	if err != nil || again.RetryOf == nil {
		t.Fatalf("Retry() = %+v, %v", again, err)
	}
	run(again.ID+"_0001", operation.Completed)
	run(again.ID, operation.Completed)
	if op, err := b.Operation(t.Context(), again.ID); err != nil || op.Status != operation.Completed || b.disk.operations[again.ID+"_0001"].Weight != 2 {
		t.Errorf("the retry is %+v, %v", op, err)
	}
	kept := b.disk.operations[again.ID+"_0000"]
	if kept.Status != operation.Completed || kept.Attempt != 0 || kept.RetryOf == nil || *kept.RetryOf != "op_s_0000" || len(b.disk.outputs[kept.ID]) != 1 {
		t.Errorf("the child whose result is kept is %+v with %v", kept, b.disk.outputs[kept.ID])
	}
	got = nil
	for _, text := range b.wires.gathered[again.ID] {
		got = append(got, string(text))
	}
	if want := []string{`{"of":"op_s_0000"}`, `{"of":"` + again.ID + `_0001"}`}; !slices.Equal(got, want) {
		t.Errorf("the retry started with %s, want %s", got, want)
	}
}
