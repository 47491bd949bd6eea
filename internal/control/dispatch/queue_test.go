package dispatch_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/control/dispatch"
	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// oneByOne is a scheduler with one worker that takes one operation after the
// other.
type oneByOne struct {
	state *dispatch.State
	token *operation.Token // what the worker has
	taken []string
}

func newOneByOne() *oneByOne {
	o := &oneByOne{state: dispatch.NewState(1, fleet.Timing{}, began)}
	o.step(dispatch.Registered{Registration: fleet.Registration{WorkerID: "w", Type: fleet.Training, EndpointURL: "http://w:1"}})
	return o
}

func (o *oneByOne) step(e dispatch.Event) {
	effects := o.state.Step(e, began)
	for len(effects) > 0 {
		effect := effects[0]
		effects = effects[1:]
		switch effect := effect.(type) {
		case dispatch.Write:
			effects = append(effects, effect.Then...)
			if effect.ID != "" {
				effects = append(effects, o.state.Step(dispatch.Recorded{ID: effect.ID}, began)...)
			}
		case dispatch.Start:
			o.token = new(effect.Operation.Token())
			o.taken = append(o.taken, effect.Operation.ID)
		}
	}
}

// take lets the worker finish what it has and take the next.
func (o *oneByOne) take() string {
	if o.token != nil {
		o.step(dispatch.Reported{Report: operation.Report{Token: *o.token, WorkerID: "w", State: operation.Completed}})
		o.token = nil
	}
	n := len(o.taken)
	o.step(dispatch.Answered{WorkerID: "w"})
	if len(o.taken) == n {
		return ""
	}
	return o.taken[n]
}

// TestQueuePosition: whatever came and went, the positions are the numbers from
// 1 on, and if nobody comes or goes any more they are the order in which the
// operations start. In that order priorities descend, and between two operations
// of one submitter nobody else has three.
func TestQueuePosition(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		o := newOneByOne()
		ops := map[string]operation.Operation{}
		waiting := func() []string {
			var ids []string
			for id := range ops {
				if o.state.QueuePosition(id) > 0 {
					ids = append(ids, id)
				}
			}
			slices.SortFunc(ids, func(a, b string) int { return cmp.Compare(o.state.QueuePosition(a), o.state.QueuePosition(b)) })
			for i, id := range ids {
				if p := o.state.QueuePosition(id); p != i+1 {
					r.Fatalf("%s is at %d, want %d: %v", id, p, i+1, ids)
				}
			}
			return ids
		}
		for i := range rapid.IntRange(1, 40).Draw(r, "steps") {
			switch k := rapid.IntRange(0, 9).Draw(r, "step"); {
			case k < 7:
				op := submission(fmt.Sprintf("op_%d", i), operation.Training)
				op.Submitter = rapid.SampledFrom([]string{"ann", "bob", "cid"}).Draw(r, "submitter")
				op.Priority = rapid.IntRange(0, 1).Draw(r, "priority")
				ops[op.ID] = op
				o.step(dispatch.Submitted{Operation: op})
			case k < 8:
				if ids := waiting(); len(ids) > 0 {
					o.step(dispatch.CancelAsked{ID: rapid.SampledFrom(ids).Draw(r, "cancelled")})
				}
			default:
				o.take()
			}
		}
		order := waiting()
		o.fair(r, ops, order)
		for _, want := range order {
			if got := o.take(); got != want {
				r.Fatalf("%s was started, want %s of %v", got, want, order)
			}
		}
	})
}

// fair checks the order of what waits.
func (o *oneByOne) fair(r *rapid.T, ops map[string]operation.Operation, order []string) {
	for i, id := range order {
		a, between := ops[id], map[string]int{}
		for _, next := range order[i+1:] {
			b := ops[next]
			if b.Priority > a.Priority {
				r.Fatalf("%s is before %s of a higher priority", id, next)
			}
			if b.Priority < a.Priority {
				break
			}
			if between[b.Submitter]++; b.Submitter != a.Submitter && between[b.Submitter] == 3 && between[a.Submitter] == 0 && slices.ContainsFunc(order[i+1:], func(x string) bool {
				return ops[x].Submitter == a.Submitter && ops[x].Priority == a.Priority
			}) {
				r.Fatalf("%s has three turns after %s before %s has its next: %v", b.Submitter, id, a.Submitter, order)
			}
		}
	}
}
