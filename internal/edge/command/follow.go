package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

const (
	// PollInterval is the pause between two questions of a command that waits.
	PollInterval = 250 * time.Millisecond
	// reviewInterval is how often an operation is asked for while its events come.
	reviewInterval = 5 * time.Second
	// patience is how long following outlives a backend that does not answer: long
	// enough for a restart.
	patience = 60 * time.Second
	// cancelWait is how long a cancel waits for the worker to stop computing.
	cancelWait = 30 * time.Second
)

// Follow watches an operation and shows its progress until it ends. It listens to
// the events of the operation and asks only after one of them; while there is no
// stream, it asks all the time.
func (c *Console) Follow(ctx context.Context, client *wire.Client, id string) (wire.Operation, error) {
	p := newProgressLine(c)
	defer p.clear()
	news := make(chan wire.Happening)
	listening, deafen := context.WithCancel(ctx)
	var listener sync.WaitGroup
	listener.Go(func() { listenTo(listening, client, id, news) })
	defer listener.Wait()
	defer deafen()
	interval := PollInterval
	lastAnswer := time.Now()
	for {
		op, err := client.Operation(ctx, id)
		now := time.Now()
		_, unreachable := errors.AsType[*wire.UnreachableError](err)
		switch {
		case ctx.Err() != nil:
			return op, context.Cause(ctx)
		case unreachable && now.Sub(lastAnswer) < patience:
			p.notice("the backend does not answer; waiting for it")
		case err != nil:
			return op, err
		default:
			lastAnswer = now
			p.update(now, op)
			if op.Status.Terminal() {
				return op, nil
			}
		}
		if interval, err = p.await(ctx, news, op, interval); err != nil {
			return op, err
		}
	}
}

// await returns when the operation should be asked for again, and when that will
// be due without further news. Progress is shown meanwhile.
func (p *progressLine) await(ctx context.Context, news <-chan wire.Happening, op wire.Operation, interval time.Duration) (time.Duration, error) {
	due := time.NewTimer(interval)
	defer due.Stop()
	for {
		select {
		case <-ctx.Done():
			return interval, context.Cause(ctx)
		case <-due.C:
			return interval, nil
		case h := <-news:
			switch {
			case h.Progress != nil:
				op.Status, op.QueuePosition, op.CancelRequested, op.Progress = h.Progress.Status, h.Progress.QueuePosition, h.Progress.CancelRequested, h.Progress.Progress
				p.update(time.Now(), op)
			case h.Event != nil:
				return reviewInterval, nil
			default:
				return PollInterval, nil
			}
		}
	}
}

// listenTo passes on what happens to the operation until it ends or ctx does. An
// empty happening says that nothing is heard any more.
func listenTo(ctx context.Context, client *wire.Client, id string, news chan<- wire.Happening) {
	tell := func(h wire.Happening) error {
		select {
		case news <- h:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for seen := int64(0); ctx.Err() == nil; {
		err := client.Follow(ctx, id, seen, func(h wire.Happening) error {
			if h.Event != nil {
				seen = h.Event.Number
			}
			return tell(h)
		})
		if tell(wire.Happening{}) != nil || wire.KindOf(err) != wire.Unavailable || wire.Pause(ctx, time.Second) != nil {
			return // it has ended, or this backend has no events
		}
	}
}

// FollowStarted is follow for the command that started the operation: an
// interrupt cancels the operation and waits until it has really stopped.
func (c *Console) FollowStarted(ctx context.Context, client *wire.Client, id string) (wire.Operation, error) {
	op, err := c.Follow(ctx, client, id)
	if ctx.Err() == nil {
		return op, err
	}
	c.Say("Cancelling %s", id)
	aside, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelWait)
	defer stop()
	if _, err := client.Cancel(aside, id, "interrupted by the user"); err != nil && wire.KindOf(err) != wire.Conflict {
		return op, fmt.Errorf("cancel %s: %w", id, err)
	}
	return c.AwaitEnd(aside, client, id)
}

// AwaitEnd waits, without showing progress, until the operation has ended.
func (c *Console) AwaitEnd(ctx context.Context, client *wire.Client, id string) (wire.Operation, error) {
	ctx, stop := context.WithTimeout(ctx, cancelWait)
	defer stop()
	for {
		op, err := client.Operation(ctx, id)
		if err == nil && op.Status.Terminal() {
			return op, nil
		}
		if err == nil {
			err = wire.Pause(ctx, PollInterval)
		}
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return op, fmt.Errorf("%s has not stopped after %s: its worker may be cut off; see ktrdr operations status %s", id, display.Duration(cancelWait), id)
		}
		if err != nil {
			return op, err
		}
	}
}

// An Outcome is the JSON of a command that starts or follows an operation.
type Outcome struct {
	OperationID   string          `json:"operation_id"`
	Type          string          `json:"type"`
	Status        string          `json:"status"`
	QueuePosition int             `json:"queue_position"`
	SpecHash      string          `json:"spec_hash"`
	URL           string          `json:"url"`    // of the operation
	Result        json.RawMessage `json:"result"` // null until it has completed
	Warnings      []string        `json:"warnings,omitempty"`
	Files         []string        `json:"files"` // written by this command
}

// NewOutcome returns what programs are told about op.
func NewOutcome(client *wire.Client, op wire.Operation) Outcome {
	o := Outcome{
		OperationID: op.ID, Type: string(op.Type), Status: string(op.Status), QueuePosition: op.QueuePosition,
		SpecHash: op.SpecHash, URL: client.URL() + wire.PathOperations + "/" + op.ID, Warnings: op.Warnings, Files: []string{},
	}
	if op.Status == operation.Completed {
		o.Result = op.Result
	}
	return o
}

// ShowOutcome shows the report of an operation that has ended; a failed or
// cancelled one is an error.
func (c *Console) ShowOutcome(client *wire.Client, op wire.Operation, files ...string) error {
	if err := EndError(op); err != nil {
		return err
	}
	o := NewOutcome(client, op)
	o.Files = append(o.Files, files...)
	return c.Show(o, func(w io.Writer) {
		display.Result(w, c.Yellow, client.URL(), op, o.Result)
		if op.Type != operation.Training { // whose report has its own
			for _, warning := range op.Warnings {
				fmt.Fprintf(w, "%s %s\n", c.Yellow("Warning:"), warning)
			}
		}
		for _, f := range files {
			fmt.Fprintf(w, "Written to %s\n", f)
		}
	})
}

// EndError is the error that a failed or cancelled operation means.
func EndError(op wire.Operation) error {
	reason := ""
	if op.ErrorMessage != nil {
		reason = ": " + *op.ErrorMessage
	}
	switch op.Status {
	case operation.Completed:
		return nil
	case operation.Cancelled:
		return fmt.Errorf("%s was %w%s", op.ID, exit.ErrCancelled, reason)
	default:
		var b strings.Builder
		fmt.Fprintf(&b, "%s failed%s", op.ID, reason)
		for i, e := range op.Errors {
			fmt.Fprintf(&b, "\n  attempt %d: %s", i+1, e)
		}
		return errors.New(b.String())
	}
}
