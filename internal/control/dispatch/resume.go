package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// errUnsettled answers a request about an operation whose end is durable but not
// yet known here. It is known when the answer arrives.
var errUnsettled = errors.New("the end of the operation is being recorded")

// resume takes an ended operation up again.
func (s *State) resume(e ResumeAsked, now time.Time) {
	op := e.Operation
	kind, err := fleet.TypeFor(op.Type)
	h := s.held[op.ID]
	switch {
	case h != nil && h.ended:
		s.emit(Write{Then: []Effect{Reply{Request: e.Request, Err: errUnsettled}}})
		return
	case h != nil:
		err = &operation.NotResumableError{ID: op.ID, Status: h.op.Status}
		op = h.op
	case err == nil && s.fleet.Registered(kind) == 0:
		err = &NoWorkersError{Type: kind, Uptime: now.Sub(s.began)}
	case err == nil:
		err = op.Resumable()
	}
	if err != nil {
		s.emit(Reply{Request: e.Request, Operation: op, Err: err})
		return
	}
	s.seq++
	h = &held{op: op, kind: kind, seq: s.seq, request: e.Request}
	s.enter(h, s.change(h, operation.Resumed{ID: op.ID, At: stamp(now)}), now)
}

// Resume takes a failed or cancelled operation up again from its newest
// checkpoint, as another attempt of the same operation. It fails with
// ErrUnknown, *operation.NotResumableError, operation.ErrNoCheckpoint or
// *NoWorkersError, and then nothing has changed; the record is returned with all
// of them but the first.
func (c *Controller) Resume(ctx context.Context, id string) (operation.Operation, error) {
	for {
		op, err := c.stored(ctx, id)
		if err != nil {
			return op, err
		}
		if err := op.Resumable(); err != nil {
			return op, err
		}
		r, err := c.ask(ctx, func(request uint64) Event { return ResumeAsked{Request: request, Operation: op} })
		if !errors.Is(err, errUnsettled) {
			return r.Operation, err
		}
	}
}

// A NotRetriableError says that an operation has not failed, or only as a part of
// another.
type NotRetriableError struct {
	ID     string
	Status operation.Status
	Part   bool // it is of use only to the operation that gathers it
}

func (e *NotRetriableError) Error() string {
	if e.Part {
		return fmt.Sprintf("Operation %s is a part of another: retry that one", e.ID)
	}
	return fmt.Sprintf("Operation %s cannot be retried (status: %s)", e.ID, e.Status)
}

// Retry submits a failed or cancelled operation once more, from its beginning,
// as a new operation that names the old one. Of one that gathers, children that have
// completed keep their results. It fails with ErrUnknown,
// *NotRetriableError and as Submit does. A second call with the same key returns
// what the first has submitted; without a key, "", there is no second.
func (c *Controller) Retry(ctx context.Context, id, key string) (operation.Operation, error) {
	op, err := c.stored(ctx, id)
	if err != nil {
		return op, err
	}
	if op.Status != operation.Failed && op.Status != operation.Cancelled || op.Type.Part() {
		return op, &NotRetriableError{ID: id, Status: op.Status, Part: op.Type.Part()}
	}
	again := op.Again()
	again.RetryOf = &op.ID
	if again.IdempotencyKey = key; key != "" {
		again.Fingerprint = "retry of " + op.ID
	}
	if known, repeated, err := c.Repeated(ctx, again); repeated || err != nil {
		return known, err
	}
	children, done, err := c.again(ctx, op)
	if err != nil {
		return op, err
	}
	return c.submit(ctx, again, children, done)
}

// Repeated looks for the operation that the same submitter has already submitted
// with the same key. It fails with operation.ErrKeyTaken if that was another
// request.
func (c *Controller) Repeated(ctx context.Context, op operation.Operation) (operation.Operation, bool, error) {
	if op.IdempotencyKey == "" {
		return operation.Operation{}, false, nil
	}
	known, err := c.o.Store.ByKey(ctx, op.Submitter, op.IdempotencyKey)
	switch {
	case errors.Is(err, operation.ErrNotFound):
		return operation.Operation{}, false, nil
	case err != nil:
		return operation.Operation{}, false, err
	case known.Fingerprint != op.Fingerprint:
		return operation.Operation{}, false, fmt.Errorf("idempotency key %q was used for another request, operation %s: %w; use a new key for a new request",
			op.IdempotencyKey, known.ID, operation.ErrKeyTaken)
	}
	return known, true, nil
}
