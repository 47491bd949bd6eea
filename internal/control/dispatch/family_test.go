package dispatch_test

import (
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/dispatch"
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
	children := chunks(1 + w.rng.IntN(4))
	w.ask(func(r uint64) dispatch.Event {
		return dispatch.Submitted{Request: r, Operation: op, Children: children}
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
