package worker

import (
	"context"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// progressEvery bounds the rate of progress reports. A new phase goes out earlier,
// but not before phaseAfter has passed since the last report or the start: what is
// over by then is told by the outcome.
const (
	progressEvery = 500 * time.Millisecond
	phaseAfter    = 100 * time.Millisecond
)

// idle is how long the courier waits when nothing can become due by itself.
const idle = time.Hour

// courier sends reports to the backend until ctx ends: outcomes until they are
// acknowledged, and in between the newest progress of the attempt that runs.
func (w *Worker) courier(ctx context.Context) {
	for ctx.Err() == nil {
		a, report, wait := w.due(w.o.Now())
		if a != nil {
			w.settle(ctx, a, report, w.backend.Report(ctx, report))
			continue
		}
		t := time.NewTimer(wait)
		select {
		case <-w.wake:
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
	}
}

// due returns the next report to send, or how long to wait for one.
func (w *Worker) due(now time.Time) (*attempt, operation.Report, time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	wait := idle
	for _, a := range w.finished {
		if in := a.retryAt.Sub(now); in <= 0 {
			r := *a.outcome
			r.Idle = w.current == nil && !w.stopping
			return a, r, 0
		} else {
			wait = min(wait, in)
		}
	}
	a := w.current
	if a == nil || !a.fresh && a.reference == nil {
		return nil, operation.Report{}, wait
	}
	in := idle
	if a.fresh {
		in = a.sentAt.Add(progressEvery).Sub(now)
		if a.progress.Phase != a.sentPhase {
			in = a.sentAt.Add(phaseAfter).Sub(now)
		}
	}
	if a.reference != nil {
		in = min(in, a.retryAt.Sub(now))
	}
	if in > 0 {
		return nil, operation.Report{}, min(wait, in)
	}
	p := a.progress
	a.fresh, a.sentPhase, a.sentAt = false, p.Phase, now
	return a, operation.Report{Token: a.token, WorkerID: w.id, Incarnation: w.incarnation, State: operation.Running, Progress: &p,
		Checkpoint: a.reference, Points: a.points[:min(len(a.points), maxPoints)]}, 0
}

// settle takes the backend's answer to a report of a into account.
func (w *Worker) settle(ctx context.Context, a *attempt, r operation.Report, err error) {
	kind := wire.KindOf(err)
	log := w.log.With("operation", a.token.OperationID, "attempt", a.token.Attempt, "state", r.State)
	if r.State == operation.Running {
		switch {
		case err == nil:
			w.referred(a, r)
		case kind == wire.Conflict || kind == wire.NotFound:
			log.WarnContext(ctx, "backend no longer waits for this attempt; it is stopped", "error", err)
			a.cancel(ErrSuperseded)
		case kind == wire.Invalid:
			log.WarnContext(ctx, "backend refused the progress", "error", err)
			w.referred(a, r)
		default: // the next progress will do, and the reference is sent again
			w.postpone(a, err)
			log.DebugContext(ctx, "progress not delivered", "error", err)
		}
		return
	}
	switch {
	case err == nil:
		log.DebugContext(ctx, "outcome acknowledged")
	case kind == wire.Conflict || kind == wire.NotFound:
		log.WarnContext(ctx, "backend does not want the outcome", "error", err)
	case kind == wire.Invalid && r.State == operation.Completed:
		log.ErrorContext(ctx, "backend refused the result; the operation fails", "error", err)
		w.replace(a, operation.Report{Token: r.Token, WorkerID: r.WorkerID, Incarnation: r.Incarnation,
			State: operation.Failed, Error: "backend refused the result: " + err.Error()})
		return
	case kind == wire.Invalid:
		log.ErrorContext(ctx, "backend refused the outcome; it is given up", "error", err)
	default:
		w.postpone(a, err)
		log.DebugContext(ctx, "outcome not delivered; it is sent again", "error", err)
		return
	}
	w.drop(a)
}

// referred takes note that the backend has dealt with what a report brought.
func (w *Worker) referred(a *attempt, r operation.Report) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a.retry.reset()
	if r.Checkpoint != nil && a.reference == r.Checkpoint {
		a.reference = nil
	}
	a.points = a.points[len(r.Points):] // only the courier takes points away
	a.fresh = a.fresh || len(a.points) > 0
}

func (w *Worker) replace(a *attempt, r operation.Report) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a.outcome = &r
}

func (w *Worker) postpone(a *attempt, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a.retryAt = w.o.Now().Add(a.retry.next(err))
	a.fresh = a.fresh || len(a.points) > 0 // until the backend has them
}

// drop forgets an attempt whose outcome has been dealt with.
func (w *Worker) drop(done *attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, a := range w.finished {
		if a == done {
			w.finished = append(w.finished[:i:i], w.finished[i+1:]...)
			break
		}
	}
	nudge(w.dropped)
}

func (w *Worker) undelivered() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.finished)
}

// resend makes every outcome due now: the backend is back.
func (w *Worker) resend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.finished {
		a.retryAt = w.o.Now()
		a.retry.reset()
	}
	nudge(w.wake)
}
