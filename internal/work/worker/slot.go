package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// An attempt is what the worker runs, or has run and not yet got rid of.
type attempt struct {
	token    operation.Token
	kind     operation.Type
	admitted time.Time
	cancel   context.CancelCauseFunc
	done     chan struct{} // closed when the job has returned

	// The worker's mutex guards what follows.
	progress  operation.Progress
	fresh     bool // progress has not been sent
	sentPhase string
	sentAt    time.Time // of the last report, or the start
	warnings  []string
	points    []operation.Point // not known to the backend
	artifacts []operation.Artifact
	model     *operation.ModelRecord
	outcome   *operation.Report // what became of it; nil while the job runs
	retry     *backoff          // of the outcome, or of a reference while the job runs
	retryAt   time.Time

	gathered      []json.RawMessage      // results of children; never changes
	checkpoints   []operation.Checkpoint // of earlier attempts, newest first; never changes
	state         *state                 // to be uploaded
	held          *state                 // newer than that, only uploaded if the job fails
	heldAt        time.Time              // when the job gave a state last, or the attempt began
	saving        bool                   // a state has not been uploaded
	savedAt       time.Time              // of the newest state, or when the attempt began
	savedPosition int64
	reference     *operation.Checkpoint // uploaded, and not known to the backend
	save          chan struct{}         // there is a state
	returned      chan struct{}         // closed when the job has returned
}

// admit starts the job of an order, or says why not. One attempt is admitted at
// a time, whatever the number of callers; a repeated order of an attempt that
// was admitted is answered as the first was. An order of a scheduler that was
// replaced is refused: it was late on its way, or its sender does not know yet.
// The term is forgotten with the process, and so is the name of the process that
// late orders are for.
func (w *Worker) admit(life context.Context, d wire.Dispatch, kind operation.Type, order json.RawMessage) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.known(d.Token) {
		return nil
	}
	if d.Token.Term < w.term {
		return wire.Errorf(wire.CodeSuperseded, "worker %s has heard of term %d of the scheduler and takes no orders of term %d", w.id, w.term, d.Token.Term)
	}
	w.term = d.Token.Term
	if w.stopping {
		return &wire.Error{Code: wire.CodeUnavailable, Message: fmt.Sprintf("worker %s is stopping", w.id), RetryAfter: w.o.Heartbeat}
	}
	if w.current != nil {
		return &busyError{worker: w.id, current: w.current.token.OperationID}
	}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(life))
	a := &attempt{token: d.Token, kind: kind, admitted: w.o.Now(), sentAt: w.o.Now(), cancel: cancel, done: make(chan struct{}),
		gathered: d.Gathered, checkpoints: d.Checkpoints, savedAt: w.o.Now(), heldAt: w.o.Now(), save: make(chan struct{}, 1), returned: make(chan struct{}), retry: newBackoff(w.o.Heartbeat)}
	w.current = a
	job := w.o.Jobs[kind]
	w.jobs.Go(func() {
		defer cancel(nil)
		w.perform(ctx, a, job, order)
	})
	w.log.InfoContext(ctx, "operation started", "operation", d.TaskID, "attempt", d.Token.Attempt, "type", kind)
	nudge(w.wake)
	return nil
}

// known says whether t runs or has ended here. The mutex is held.
func (w *Worker) known(t operation.Token) bool {
	if w.current != nil && w.current.token == t {
		return true
	}
	for _, a := range w.finished {
		if a.token == t {
			return true
		}
	}
	return false
}

// A busyError says which operation keeps the worker from taking another.
type busyError struct{ worker, current string }

func (e *busyError) Error() string {
	return fmt.Sprintf("worker %s runs %s and takes one operation at a time", e.worker, e.current)
}

// perform runs the job of a and puts its outcome where the courier finds it.
func (w *Worker) perform(ctx context.Context, a *attempt, job Job, order json.RawMessage) {
	var keeper sync.WaitGroup
	keeper.Go(func() { w.keep(ctx, a) })
	result, err := w.compute(ctx, a, job, order)
	if err != nil && ctx.Err() == nil {
		w.keepForFailed(a)
	}
	close(a.returned)
	keeper.Wait()
	report := w.outcome(ctx, a, result, err)

	w.mu.Lock()
	defer w.mu.Unlock()
	w.current = nil
	if report != nil {
		last := a.progress
		report.Progress, report.Warnings, report.Checkpoint = &last, bounded(a.warnings), a.reference
		report.Error = cut(report.Error, operation.MaxErrorText)
		report.Points = a.points[:min(len(a.points), maxPoints)]
		if report.State == operation.Completed {
			report.Artifacts, report.Model = a.artifacts, a.model
		}
		a.outcome, a.retry, a.retryAt = report, newBackoff(w.o.Heartbeat), w.o.Now()
		w.finished = append(w.finished, a)
		w.log.InfoContext(ctx, "operation ended", "operation", a.token.OperationID, "state", report.State,
			"elapsed", w.o.Now().Sub(a.admitted), "error", report.Error)
	} else {
		w.log.InfoContext(ctx, "attempt given up", "operation", a.token.OperationID, "error", context.Cause(ctx))
	}
	close(a.done)
	nudge(w.wake)
}

// A panicError is a panic of a job.
type panicError struct{ value any }

func (e *panicError) Error() string {
	return fmt.Sprintf("job panicked: %v (the stack is in the log of the worker)", e.value)
}

func (w *Worker) compute(ctx context.Context, a *attempt, job Job, order json.RawMessage) (result json.RawMessage, err error) {
	defer func() {
		if v := recover(); v != nil {
			w.log.ErrorContext(ctx, "job panicked", "operation", a.token.OperationID, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			result, err = nil, &panicError{v}
		}
	}()
	return job.Run(ctx, order, &env{w: w, a: a})
}

// maxResultBytes leaves room in a report for all that is not the result.
const maxResultBytes = wire.MaxReportBytes - 1<<20

// outcome is the report of an attempt whose job has returned: its end, or that it
// is handed back to run elsewhere; nil if nobody waits for it.
func (w *Worker) outcome(ctx context.Context, a *attempt, result json.RawMessage, err error) *operation.Report {
	r := &operation.Report{Token: a.token, WorkerID: w.id, Incarnation: w.incarnation}
	cause := context.Cause(ctx)
	switch {
	case err == nil && len(result) > maxResultBytes:
		r.State, r.Error = operation.Failed, fmt.Sprintf("result summary has %d bytes: want at most %d", len(result), maxResultBytes)
	case err == nil && !json.Valid(result):
		r.State, r.Error = operation.Failed, "result summary is not JSON"
	case err == nil:
		r.State, r.Result = operation.Completed, result
	case errors.Is(cause, ErrSuperseded):
		return nil
	case errors.Is(cause, ErrDrained):
		r.State, r.Error = operation.Resuming, "the worker is stopping"
	case errors.Is(cause, ErrCancelled):
		r.State, r.Error = operation.Cancelled, cause.Error()
	default:
		r.State, r.Error = operation.Failed, err.Error()
	}
	return r
}

// bounded is as much of warnings as a report may bring.
func bounded(warnings []string) []string {
	var all []string
	for _, text := range warnings {
		if len(all) == operation.MaxWarnings-1 {
			return append(all, fmt.Sprintf("%d more warnings are left out", len(warnings)-len(all)))
		}
		all = append(all, cut(text, operation.MaxWarningText))
	}
	return all
}

// cut returns text, or as much of it as fits into limit bytes and says so.
func cut(text string, limit int) string {
	const mark = " … (cut)"
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit-len(mark)], "") + mark
}

// A cancelledError is ErrCancelled with the reason that the user gave.
type cancelledError struct{ reason string }

func (e *cancelledError) Error() string {
	if e.reason == "" {
		return "Operation cancelled by user"
	}
	return e.reason
}

func (e *cancelledError) Is(target error) bool { return target == ErrCancelled }

// stop asks the job of an attempt to stop and says whether it runs here. Attempt
// number 0 means any.
func (w *Worker) stop(operationID string, number int, cause error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.current
	if a == nil || a.token.OperationID != operationID || number != 0 && a.token.Attempt != number {
		return false
	}
	a.cancel(cause)
	return true
}

// An env is the Env of one attempt.
type env struct {
	w *Worker
	a *attempt
}

// Report keeps p as the newest progress. A percentage that is not a number or
// goes backwards is corrected, for the backend would refuse it.
func (e *env) Report(p operation.Progress) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	if p.Percentage = min(p.Percentage, 100); math.IsNaN(p.Percentage) || p.Percentage < e.a.progress.Percentage {
		p.Percentage = e.a.progress.Percentage
	}
	e.a.progress, e.a.fresh = p, true
	nudge(e.w.wake)
}

// maxPoints is how many points a report may bring.
const maxPoints = 1000

func (e *env) Point(step int64, values json.RawMessage) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	e.a.points, e.a.fresh = append(e.a.points, operation.Point{Step: step, Values: values}), true
	nudge(e.w.wake)
}

func (e *env) Fetch(ctx context.Context, sha256 string) ([]byte, error) {
	return e.w.fetch(ctx, sha256)
}

func (e *env) Upload(ctx context.Context, content []byte) (hash string, err error) {
	err = e.w.persist(ctx, func(ctx context.Context) error {
		hash, err = e.w.backend.PutArtifact(ctx, content)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("upload artifact: %w", err)
	}
	return hash, nil
}

func (e *env) Produce(a operation.Artifact) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	e.a.artifacts = append(e.a.artifacts, a)
}

func (e *env) ProduceModel(m operation.ModelRecord) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	e.a.model = &m
}

func (e *env) Warn(text string) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	e.a.warnings = append(e.a.warnings, text)
}

func (e *env) Threads() int { return e.w.o.Threads }

func (e *env) Gathered() []json.RawMessage { return e.a.gathered }
