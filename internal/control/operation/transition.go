package operation

import (
	"fmt"
	"time"
)

// Apply returns o after the change, or an error that wraps ErrConflict if the
// change does not start from o's state; o itself is never modified. It is the
// one place that says which transitions are legal, and a store does the same to
// its rows in SQL.
func (o Operation) Apply(c Change) (Operation, error) {
	if _, isNew := c.(Created); isNew != (o.ID == "") || o.ID != "" && c.Subject() != o.ID {
		return o, o.conflict(c, "it is another operation")
	}
	if c, ok := c.(Resumed); ok {
		return o.resume(c)
	}
	if o.Status.Terminal() {
		return o, o.conflict(c, "it has ended")
	}
	switch c := c.(type) {
	case Created:
		return c.Operation, nil
	case Opened:
		return o.open(c)
	case Begun:
		return o.begin(c)
	case Gained:
		return o.gain(c)
	case Adopted:
		return o.adopt(c)
	case Started:
		return o.start(c)
	case Progressed:
		return o.progress(c)
	case Ended:
		return o.end(c)
	case Reopened:
		return o.reopen(c)
	case Kept:
		if c.Report.Token.Attempt >= o.Attempt {
			return o, o.conflict(c, "no newer attempt was made")
		}
		return o, nil
	case Checkpointed:
		return o.checkpoint(c)
	case Measured:
		return o.measure(c)
	case CancelRequested:
		o.CancelRequested, o.CancelReason, o.CancelRequestedAt, o.Expired = true, c.Reason, new(c.At), c.Expired
		return o, nil
	case Finished:
		return o.finish(c)
	case Closed:
		return o.close(c)
	}
	return o, o.conflict(c, "there is no such change of an operation")
}

func (o Operation) open(c Opened) (Operation, error) {
	if o.Open || o.CancelRequested || c.Token.Attempt != o.Attempt+1 {
		return o, o.conflict(c, "it does not wait for that attempt")
	}
	o.Attempt, o.Term = c.Token.Attempt, c.Token.Term
	o.WorkerID, o.Incarnation, o.Open, o.Ended = c.WorkerID, c.Incarnation, true, ""
	o.Progress, o.PointStep = Progress{Context: map[string]any{}}, 0
	if o.Status == Running { // by its children; its own attempt has yet to start
		o.Status = Resuming
	}
	return o, nil
}

func (o Operation) start(c Started) (Operation, error) {
	if !o.Open || c.Token != o.Token() || o.Status == Running {
		return o, o.conflict(c, "that attempt is not about to start")
	}
	return o.run(c.At), nil
}

// run makes the open attempt a running one.
func (o Operation) run(at time.Time) Operation {
	o.Status = Running
	if o.StartedAt == nil {
		o.StartedAt = &at
	}
	return o
}

func (o Operation) progress(c Progressed) (Operation, error) {
	if !o.Open || c.Token != o.Token() || o.Status != Running {
		return o, o.conflict(c, "that attempt does not run")
	}
	o.Progress = c.Progress
	return o, nil
}

func (o Operation) end(c Ended) (Operation, error) {
	if !o.Open || c.Token != o.Token() {
		return o, o.conflict(c, "that attempt is not open")
	}
	if c.Outcome != Refused && c.Outcome != Lost && c.Outcome != HandedBack {
		return o, o.conflict(c, "an attempt cannot end like that")
	}
	o.Open, o.Ended = false, c.Outcome
	if c.Outcome == Lost {
		o.Lost++
	}
	o.Status = Pending
	if o.StartedAt != nil {
		o.Status = Resuming
	}
	return o, nil
}

func (o Operation) reopen(c Reopened) (Operation, error) {
	if o.Open || c.Token != o.Token() || o.Ended != Lost || o.CancelRequested {
		return o, o.conflict(c, "that attempt was not the last to be lost")
	}
	o.Open, o.Ended = true, ""
	o.Lost--
	return o.run(c.At), nil
}

func (o Operation) finish(c Finished) (Operation, error) {
	newest := c.Token == o.Token() && o.Ended != Settled
	candidate := !o.Open && c.Token.Attempt < o.Attempt
	if !newest && !candidate || c.Token.Attempt < 1 || !c.State.Terminal() {
		return o, o.conflict(c, "that attempt does not decide it")
	}
	o.Status, o.Result, o.Open = c.State, c.Result, false
	o.Progress, o.Warnings = c.Progress, c.Warnings
	o.ErrorMessage, o.CompletedAt = message(c.Error), &c.At
	if c.State == Completed {
		o.Checkpoints = nil
	}
	return o.WithDefaults(), nil
}

func (o Operation) close(c Closed) (Operation, error) {
	if o.Open || c.State != Failed && c.State != Cancelled {
		return o, o.conflict(c, "an attempt is open")
	}
	o.Status, o.ErrorMessage, o.CompletedAt = c.State, message(c.Error), &c.At
	o.Errors = c.Errors
	if c.Progress != nil {
		o.Progress = *c.Progress
	}
	return o.WithDefaults(), nil
}

// message is nil for the empty text.
func message(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (o Operation) conflict(c Change, why string) error {
	return fmt.Errorf("%T of operation %s (%s, attempt %d): %s: %w", c, c.Subject(), o.Status, o.Attempt, why, ErrConflict)
}
