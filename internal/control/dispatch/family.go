package dispatch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/queue"
)

// enterFamily takes in an operation that gathers, with its children. Those whose
// result is known are recorded as completed and wait for nothing.
func (s *State) enterFamily(h *held, e Submitted, now time.Time) {
	s.hold(h)
	s.count(h, queue.Waits)
	tx := operation.Transaction{operation.Created{Operation: h.op}}
	for i, op := range e.Children {
		op.ID, op.ParentID = operation.ChildID(h.op.ID, i), &h.op.ID
		op.Submitter, op.Priority, op.MaxAttempts = h.op.Submitter, h.op.Priority, h.op.MaxAttempts
		c := &held{op: s.begin(op, now), kind: h.kind, seq: s.seq}
		h.family.Add(op.Weight)
		tx = append(tx, operation.Created{Operation: c.op})
		if done, known := e.Done[i]; known {
			done.ID, done.At = op.ID, stamp(now)
			tx = append(tx, s.change(c, done))
			h.family.End(op.ID, op.Weight, operation.Completed, "")
			continue
		}
		s.hold(c)
		s.count(c, queue.Waits)
		s.queues[c.kind].Entering++
	}
	s.keepTime(h)
	s.emit(Write{Tx: tx, ID: h.op.ID, Submission: true})
}

// familyRecorded goes on when an operation that gathers is durable with its
// children, or forgets all of them.
func (s *State) familyRecorded(h *held, err error) {
	h.recorded = true
	for _, c := range s.childrenOf(h) {
		s.queues[c.kind].Entering--
		if c.recorded = true; err == nil {
			s.queues[c.kind].Push(c.entry())
			continue
		}
		s.release(c)
		s.count(c, queue.Nowhere)
	}
	if err != nil {
		s.release(h)
		s.count(h, queue.Nowhere)
	} else {
		s.dirty[h.op.ID] = h
		s.unsettled = append(s.unsettled, h) // all of its children may be done
	}
	s.emit(Reply{Request: h.request, Operation: h.op, Err: err})
}

// childrenOf returns the children of an operation that are held, in order of
// submission.
func (s *State) childrenOf(h *held) []*held {
	all := make([]*held, 0, len(s.children[h.op.ID]))
	for _, c := range s.children[h.op.ID] {
		all = append(all, c)
	}
	slices.SortFunc(all, older)
	return all
}

// gatherer returns the operation that gathers what h is a part of, or nil.
func (s *State) gatherer(h *held) *held {
	if h.op.ParentID == nil {
		return nil
	}
	if p := s.held[*h.op.ParentID]; p != nil && p.op.Type.Gathers() {
		return p
	}
	return nil
}

// waitsForChildren reports whether children of an operation that gathers have not
// ended.
func (s *State) waitsForChildren(h *held) bool {
	if h.op.Type.Gathers() {
		for _, c := range s.children[h.op.ID] {
			if !c.ended {
				return true
			}
		}
	}
	return false
}

// childEnded notes the end of a child; settle draws the conclusion.
func (s *State) childEnded(h *held) {
	p := s.gatherer(h)
	if p == nil {
		return
	}
	message := ""
	if h.op.ErrorMessage != nil {
		message = *h.op.ErrorMessage
	}
	p.family.End(h.op.ID, h.op.Weight, h.op.Status, message)
	s.dirty[p.op.ID] = p
	s.unsettled = append(s.unsettled, p)
}

// settle goes on with operations that gather and whose children have changed.
func (s *State) settle(now time.Time) {
	for len(s.unsettled) > 0 {
		p := s.unsettled[0]
		s.unsettled = slices.DeleteFunc(s.unsettled, func(h *held) bool { return h == p })
		switch {
		case p.ended || p.op.Open:
		case p.family.Broken != "" && !p.op.CancelRequested:
			s.halt(p, p.family.Broken, true, 0, now)
		case s.waitsForChildren(p):
		case p.op.CancelRequested:
			s.closeStopped(p, 0, now)
		default:
			s.queues[p.kind].Push(p.entry())
		}
	}
}

// halt asks the children of an operation to stop and ends it when they have. Its
// own request is durable before those of its children, so that whoever restores
// it knows why they stop.
func (s *State) halt(p *held, reason string, failed bool, request uint64, now time.Time) {
	s.emit(Write{Tx: operation.Transaction{s.change(p, operation.CancelRequested{ID: p.op.ID, Reason: reason, Expired: failed, At: stamp(now)})}})
	s.cancelChildren(p, reason, now)
	if !s.waitsForChildren(p) {
		s.closeStopped(p, request, now)
	} else if request != 0 {
		s.emit(Write{Then: []Effect{Reply{Request: request, Operation: p.op}}})
	}
}

// closeStopped ends an operation that was asked to stop and of which nothing runs
// any more.
func (s *State) closeStopped(p *held, request uint64, now time.Time) {
	s.end(p, nil, operation.Closed{ID: p.op.ID, State: p.stopped(), Error: p.cancelText(), Errors: p.losses, At: stamp(now)}, request)
}

// begun returns what follows for its parent from the start of an attempt: the
// first of a child is the start of the operation that gathers it.
func (s *State) begun(h *held, now time.Time) operation.Transaction {
	if p := s.gatherer(h); p != nil && p.op.Status == operation.Pending {
		return operation.Transaction{s.change(p, operation.Begun{ID: p.op.ID, At: stamp(now)})}
	}
	return nil
}

// familyProgress is how far an operation that gathers is.
func (s *State) familyProgress(h *held) operation.Progress {
	if h.op.Attempt > 0 {
		return h.op.Shown()
	}
	running := 0.0
	for _, c := range s.childrenOf(h) {
		if !c.ended && c.op.Open {
			running += float64(c.op.Weight) * c.op.Progress.Percentage / 100
		}
	}
	return h.family.Progress(running)
}

// withProgress puts the last progress of an operation that gathers into the change
// that ends it.
func (s *State) withProgress(h *held, last operation.Change) operation.Change {
	if !h.op.Type.Gathers() {
		return last
	}
	switch c := last.(type) {
	case operation.Closed:
		c.Progress = new(s.familyProgress(h))
		return c
	case operation.Finished:
		c.Progress = c.Progress.Whole()
		return c
	}
	return last
}

// begin hands an attempt to its worker, with what its children have found.
func (l *loop) begin(ctx context.Context, e Start) error {
	op := e.Operation
	if op.Type.Gathers() {
		children, err := l.o.Store.Children(ctx, op.ID)
		if err != nil { // the worker has heard of nothing
			return fmt.Errorf("results of the children of %s: %w: %w", op.ID, fleet.ErrBusy, err)
		}
		op.Gathered = make([]json.RawMessage, len(children))
		for i, child := range children {
			op.Gathered[i] = child.Result
		}
	}
	return l.o.Transport.Start(ctx, e.Worker, op, op.Token())
}

// again returns the children that a new submission of op needs, and of those that
// need not run the results.
func (c *Controller) again(ctx context.Context, op operation.Operation) (children []operation.Operation, done map[int]operation.Adopted, err error) {
	if !op.Type.Gathers() {
		return nil, nil, nil
	}
	if children, err = c.o.Store.Children(ctx, op.ID); err != nil {
		return nil, nil, err
	}
	done = map[int]operation.Adopted{}
	for i, child := range children {
		children[i] = child.Again()
		children[i].RetryOf = &child.ID
		if child.Status != operation.Completed || len(child.Result) == 0 {
			continue
		}
		outputs, err := c.o.Store.Outputs(ctx, child.ID)
		if err == nil && c.o.Reusable != nil {
			err = c.o.Reusable(ctx, child, outputs)
		}
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		if err != nil {
			c.o.Log.Warn("part is done again", "operation", child.ID, "reason", err)
			continue
		}
		done[i] = operation.Adopted{Result: child.Result, Artifacts: outputs}
	}
	return children, done, nil
}
