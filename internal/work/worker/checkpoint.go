package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// A CheckpointPolicy says how often the state of a job is saved: after so many
// units of its work or after so much time, whichever comes first. States of work
// that takes less than a second are not worth saving.
type CheckpointPolicy struct {
	Units    int64         // epochs or bars; 0: 10 epochs, 1,000,000 bars
	Interval time.Duration // 0: 300 s
}

// leastInterval keeps fast work from saving all the time.
const leastInterval = time.Second

func (p CheckpointPolicy) withDefaults() CheckpointPolicy {
	p.Interval = cmp.Or(p.Interval, 300*time.Second)
	return p
}

// units is the number of units between two checkpoints.
func (p CheckpointPolicy) units(unit Unit) int64 {
	if p.Units != 0 {
		return p.Units
	}
	if unit == Epochs {
		return 10
	}
	return 1_000_000
}

// A Unit is what the progress of a job is counted in.
type Unit string

// The units.
const (
	Epochs Unit = "epoch"
	Bars   Unit = "bar"
)

// A state is a checkpoint on its way to the backend.
type state struct {
	content  []byte
	unit     Unit
	position int64
	kind     operation.CheckpointKind
	at       time.Time
}

// holdInterval is how often a state is taken that is only kept in memory, for the
// case that the job fails.
const holdInterval = 10 * time.Second

// CheckpointDue says whether the job should give its state now.
func (e *env) CheckpointDue(unit Unit, position int64) bool {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	return e.saveDue(unit, position) || e.w.o.Now().Sub(e.a.heldAt) >= holdInterval
}

// saveDue says whether a state should be uploaded now. The mutex is held.
func (e *env) saveDue(unit Unit, position int64) bool {
	a, p := e.a, e.w.o.Checkpoints
	since := e.w.o.Now().Sub(a.savedAt)
	switch {
	case a.saving: // one at a time, or a slow network would pile them up
		return false
	case since < min(leastInterval, p.Interval):
		return false
	default:
		return since >= p.Interval || position-a.savedPosition >= p.units(unit)
	}
}

// Checkpoint takes a state; see Env.
func (e *env) Checkpoint(ctx context.Context, unit Unit, position int64, content []byte) {
	s := &state{content: content, unit: unit, position: position, kind: operation.CheckpointPeriodic, at: e.w.o.Now()}
	switch cause := context.Cause(ctx); {
	case cause == nil:
	case errors.Is(cause, ErrCancelled):
		s.kind = operation.CheckpointCancellation
	case errors.Is(cause, ErrDrained):
		s.kind = operation.CheckpointShutdown
	default:
		return // nobody waits for this attempt
	}
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	e.a.held, e.a.heldAt = s, s.at
	if s.kind == operation.CheckpointPeriodic && !e.saveDue(unit, position) {
		return
	}
	e.a.held, e.a.state, e.a.saving, e.a.savedAt, e.a.savedPosition = nil, s, true, s.at, position
	nudge(e.a.save)
}

// keepForFailed has the state uploaded that the failed job of a gave last, if that
// was not done before. It was taken while all was well.
func (w *Worker) keepForFailed(a *attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := a.held; s != nil {
		s.kind = operation.CheckpointFailure
		a.held, a.state, a.saving = nil, s, true
	}
}

// keep uploads the states of an attempt until its job has returned, and then the
// last one.
func (w *Worker) keep(ctx context.Context, a *attempt) {
	for {
		select {
		case <-a.save:
			w.upload(ctx, a)
		case <-a.returned:
			flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.o.Grace/2)
			defer cancel()
			w.upload(flush, a)
			return
		}
	}
}

// upload stores the newest state of a and leaves its reference to the courier. A
// state whose upload is cut short by the end of ctx stays for another try.
func (w *Worker) upload(ctx context.Context, a *attempt) {
	w.mu.Lock()
	s := a.state
	w.mu.Unlock()
	if s == nil || errors.Is(context.Cause(ctx), ErrSuperseded) {
		return
	}
	var hash string
	err := w.persist(ctx, func(ctx context.Context) (err error) {
		hash, err = w.backend.PutArtifact(ctx, s.content)
		return err
	})
	if err != nil && ctx.Err() != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if a.state == s {
		a.state, a.saving = nil, false
	}
	if err != nil {
		a.warnings = append(a.warnings, fmt.Sprintf("state at %s %d was not saved: %v", s.unit, s.position, err))
		return
	}
	a.reference = &operation.Checkpoint{SHA256: hash, Bytes: int64(len(s.content)), Kind: s.kind, Position: s.position, Unit: string(s.unit)}
	nudge(w.wake)
}

// Saved yields the states that earlier attempts saved; see Env.
func (e *env) Saved(ctx context.Context) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, c := range e.a.checkpoints {
			content, err := e.Fetch(ctx, c.SHA256)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				e.Warn(fmt.Sprintf("the state at %s %d cannot be had: %v", c.Unit, c.Position, err))
				continue
			}
			e.w.mu.Lock()
			e.a.savedPosition = c.Position
			e.w.mu.Unlock()
			if !yield(content) {
				return
			}
		}
	}
}
