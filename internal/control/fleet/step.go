package fleet

import (
	"fmt"
	"maps"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// An Event is something that happened to the fleet.
type Event interface{ event() }

// The events.
type (
	// Registered: a worker registered or sent its heartbeat.
	Registered struct{ Registration Registration }
	// Heard: a worker spoke in another way, such as a report.
	Heard struct{ WorkerID, Incarnation string }
	// Answered: a worker answered the health check of that incarnation.
	Answered struct {
		WorkerID, Incarnation string
		Health                Health
	}
	// Missed: it did not.
	Missed struct{ WorkerID, Incarnation, Err string }
	// Failed: a call found that the worker cannot be reached.
	Failed struct{ WorkerID, Incarnation, Err string }
	// Reserved: the scheduler gives the worker an attempt.
	Reserved struct {
		WorkerID string
		Token    operation.Token
	}
	// Released: the attempt no longer needs the worker. One that said so itself and
	// is Idle may be given another at once, which it can still refuse; any other
	// proves by a health check that it is idle before.
	Released struct {
		WorkerID string
		Token    operation.Token
		Idle     bool
	}
	// Declined: the worker said that it is busy when it was given the attempt. It
	// is asked again after a while, and after a longer one every time.
	Declined struct {
		WorkerID string
		Token    operation.Token
	}
	// Doubted: somebody needs to know now what the worker does.
	Doubted struct{ WorkerID string }
	// Left: the worker said good-bye.
	Left struct{ WorkerID, Incarnation string }
	// Removed: an operator removed the worker.
	Removed struct{ WorkerID string }
	// Restored: a worker that was registered before the backend restarted.
	Restored struct{ Worker Worker }
	// Ticked: time has passed.
	Ticked struct{}
)

func (Registered) event() {}
func (Heard) event()      {}
func (Answered) event()   {}
func (Missed) event()     {}
func (Failed) event()     {}
func (Reserved) event()   {}
func (Released) event()   {}
func (Declined) event()   {}
func (Doubted) event()    {}
func (Left) event()       {}
func (Removed) event()    {}
func (Restored) event()   {}
func (Ticked) event()     {}

// An Effect is something that must be done because of an event.
type Effect interface{ effect() }

// The effects.
type (
	// Check: ask this worker for its health and report Answered or Missed.
	Check struct{ Worker Worker }
	// Saved: remember this worker.
	Saved struct{ Worker Worker }
	// Forgotten: this worker is no longer registered.
	Forgotten struct{ WorkerID, Reason string }
	// Gone: the attempt that the worker held cannot go on there.
	Gone struct {
		WorkerID string
		Token    operation.Token
		Reason   string
	}
	// Refused: the registration was refused.
	Refused struct{ Err error }
)

func (Check) effect()     {}
func (Saved) effect()     {}
func (Forgotten) effect() {}
func (Gone) effect()      {}
func (Refused) effect()   {}

// Subject implements operation.Change: a worker is kept by the same store in
// the same order as the attempts that it is given.
func (s Saved) Subject() string     { return s.Worker.ID }
func (f Forgotten) Subject() string { return f.WorkerID }

// Step takes one event into account and returns what must be done. Events of
// unknown workers and of replaced incarnations change nothing.
func (f *Fleet) Step(e Event, now time.Time) []Effect {
	switch e := e.(type) {
	case Registered:
		return f.register(e.Registration, now)
	case Heard:
		if w := f.live(e.WorkerID, e.Incarnation); w != nil {
			w.track.seen = now
		}
	case Answered:
		if w := f.live(e.WorkerID, e.Incarnation); w != nil {
			return f.answered(w, e.Health, now)
		}
	case Missed:
		if w := f.live(e.WorkerID, e.Incarnation); w != nil {
			f.missed(w, e.Err)
		}
	case Failed:
		if w := f.live(e.WorkerID, e.Incarnation); w != nil {
			w.track.proven = false
			f.missed(w, e.Err)
		}
	case Reserved:
		f.reserve(e.WorkerID, e.Token, now)
	case Released:
		return f.release(e, now)
	case Declined:
		f.decline(e.WorkerID, e.Token, now)
	case Doubted:
		if w := f.workers[e.WorkerID]; w != nil {
			return f.check(w, now)
		}
	case Left:
		if w := f.live(e.WorkerID, e.Incarnation); w != nil {
			return f.remove(w, "worker "+w.ID+" left")
		}
	case Removed:
		if w := f.workers[e.WorkerID]; w != nil {
			return f.remove(w, "worker "+w.ID+" was removed by an operator")
		}
	case Restored:
		f.restore(e.Worker, now)
	case Ticked:
		return f.tick(now)
	}
	return nil
}

// live returns the worker if it is still that incarnation.
func (f *Fleet) live(id, incarnation string) *Worker {
	if w := f.workers[id]; w != nil && w.Incarnation == incarnation {
		return w
	}
	return nil
}

// register takes a registration: a heartbeat of a known process, a new process
// under a known id, or a new worker.
func (f *Fleet) register(r Registration, now time.Time) []Effect {
	if err := r.Validate(); err != nil {
		return []Effect{Refused{Err: err}}
	}
	old := f.workers[r.WorkerID]
	same := old != nil && old.Incarnation == r.Incarnation
	if same && r.Type != old.Type {
		return []Effect{Refused{Err: fmt.Errorf("%w: worker %s registered as %s and now says %s", ErrInvalid, old.ID, old.Type, r.Type)}}
	}
	if same && r.EndpointURL == old.EndpointURL {
		return f.heartbeat(old, r, now)
	}
	effects, err := f.displace(r, now)
	if err != nil {
		return []Effect{Refused{Err: err}}
	}
	if same {
		return append(effects, f.heartbeat(old, r, now)...)
	}
	w := &Worker{ID: r.WorkerID, Incarnation: r.Incarnation, RegisteredAt: now.UTC(), LastHealthyAt: new(now.UTC())}
	if old != nil {
		w.Metadata, w.track.selected = old.Metadata, old.track.selected
	}
	w.describe(r, now)
	f.add(w)
	effects = append(effects, Saved{Worker: *w})
	return append(effects, f.check(w, now)...)
}

// displace makes room for a process: other processes with its id or its address
// lose them, unless one of them lives and started later.
func (f *Fleet) displace(r Registration, now time.Time) ([]Effect, error) {
	var rivals []*Worker
	for _, w := range f.order {
		if sameID := w.ID == r.WorkerID; sameID && w.Incarnation != r.Incarnation || !sameID && w.EndpointURL == r.EndpointURL {
			rivals = append(rivals, w)
		}
	}
	for _, w := range rivals {
		if r.Incarnation < w.Incarnation && now.Sub(w.track.seen) < f.timing.Lease {
			return nil, fmt.Errorf("%w: worker %s at %s started at %s, you at %s; if both are wanted, give one of them another WORKER_ID and address",
				ErrReplaced, w.ID, w.EndpointURL, w.Incarnation, r.Incarnation)
		}
	}
	var effects []Effect
	for _, w := range rivals {
		if w.ID == r.WorkerID {
			effects = append(effects, w.gone(fmt.Sprintf("worker %s was restarted", w.ID))...)
		} else {
			effects = append(effects, f.remove(w, fmt.Sprintf("worker %s: its address %s now belongs to worker %s", w.ID, w.EndpointURL, r.WorkerID))...)
		}
	}
	return effects, nil
}

// describe copies what a worker says about itself.
func (w *Worker) describe(r Registration, now time.Time) {
	w.Type, w.EndpointURL, w.Version, w.Contract, w.Draining = r.Type, r.EndpointURL, r.Version, r.Contract, r.Draining
	w.Capabilities = maps.Clone(r.Capabilities)
	if w.Capabilities == nil {
		w.Capabilities = Capabilities{}
	}
	w.LastHeartbeat, w.track.seen = now.UTC(), now
	w.track.claimed = r.CurrentOperationID != nil || r.Current != nil
	w.track.claim = ""
	if r.Current != nil {
		w.track.claim = r.Current.OperationID
	} else if r.CurrentOperationID != nil {
		w.track.claim = *r.CurrentOperationID
	}
	w.refresh()
}

// heartbeat refreshes a known process. It never makes a busy worker available:
// what a heartbeat says may be older than what the scheduler did since.
func (f *Fleet) heartbeat(w *Worker, r Registration, now time.Time) []Effect {
	moved := r.EndpointURL != w.EndpointURL
	wasClaimed, changed := w.track.claimed, moved || r.Draining != w.Draining
	w.track.proven = w.track.proven && !moved
	w.describe(r, now)
	var effects []Effect
	if changed {
		effects = append(effects, Saved{Worker: *w})
	}
	// Where what it says, said and was given differ, only a health check that
	// starts now can tell.
	if w.track.reserved == nil && (w.track.claimed || wasClaimed) {
		w.track.settling = true
		w.refresh()
	}
	if w.track.settling || w.track.claimed != (w.track.reserved != nil) || !w.track.proven {
		effects = append(effects, f.check(w, now)...)
	}
	return effects
}

// answered takes a health answer: the proof that the backend reaches the worker.
func (f *Fleet) answered(w *Worker, h Health, now time.Time) []Effect {
	if h.WorkerID != "" && h.WorkerID != w.ID || h.Incarnation != "" && h.Incarnation != w.Incarnation {
		w.track.proven = false
		f.missed(w, fmt.Sprintf("another process answers at %s: worker %q, incarnation %q", w.EndpointURL, h.WorkerID, h.Incarnation))
		return nil
	}
	t := &w.track
	t.checking, t.proven, t.seen = false, true, now
	w.Reachable, w.LastError, w.HealthCheckFailures, w.LastHealthyAt = true, nil, 0, new(now.UTC())
	t.claimed, t.claim = h.Busy, h.CurrentOperationID
	changed := h.Draining && !w.Draining
	w.Draining = w.Draining || h.Draining
	switch {
	case !h.Busy:
		t.settling, t.settles = false, 0
	case t.settling && t.reserved == nil:
		t.nextCheck = now.Add(f.backOff(t.settles))
		t.settles++
	}
	w.refresh()
	if changed {
		return []Effect{Saved{Worker: *w}}
	}
	return nil
}

func (f *Fleet) missed(w *Worker, reason string) {
	w.track.checking = false
	w.Reachable, w.LastError = false, &reason
	w.HealthCheckFailures++
	if w.HealthCheckFailures >= f.timing.HealthMisses {
		w.track.proven = false
	}
	w.refresh()
}

func (f *Fleet) reserve(id string, token operation.Token, now time.Time) {
	if w := f.workers[id]; w != nil {
		w.track.reserved, w.track.selected = &token, now
		w.Metadata.LastSelected = new(float64(now.UnixMicro()) / 1e6)
		w.refresh()
	}
}

func (f *Fleet) release(e Released, now time.Time) []Effect {
	w := f.workers[e.WorkerID]
	if w == nil || w.track.reserved == nil || *w.track.reserved != e.Token {
		return nil
	}
	t := &w.track
	t.reserved = nil
	t.settling, t.settles, t.declines = true, 0, 0
	if e.Idle && !t.checking { // else the answer on its way may be older and say that it is busy
		t.claimed, t.claim, t.settling = false, "", false
		w.refresh()
		return nil
	}
	w.refresh()
	return f.check(w, now)
}

func (f *Fleet) decline(id string, token operation.Token, now time.Time) {
	w := f.workers[id]
	if w == nil || w.track.reserved == nil || *w.track.reserved != token {
		return
	}
	t := &w.track
	t.reserved, t.settling = nil, true
	t.nextCheck = now.Add(f.backOff(t.declines))
	t.declines++
	w.refresh()
}

// backOff is how long to wait after n disappointments.
func (f *Fleet) backOff(n int) time.Duration {
	return min(f.timing.HealthInterval, f.timing.Settle<<min(n, 16))
}

// restore puts back a worker that the store remembers. It counts as seen now,
// which gives it a whole lease to show itself, and is asked at once.
func (f *Fleet) restore(w Worker, now time.Time) {
	w.track = track{seen: now, nextCheck: now}
	w.Reachable = false
	w.refresh()
	f.add(&w)
}

// tick starts the health checks that are due and ends what was silent too long.
func (f *Fleet) tick(now time.Time) []Effect {
	var effects []Effect
	var dead []*Worker
	for _, w := range f.order {
		silence := now.Sub(w.track.seen)
		if silence >= f.timing.Lease && w.track.reserved != nil {
			effects = append(effects, w.gone(w.silent(now))...)
			w.track.proven = false
			w.refresh()
		}
		if silence >= f.timing.Removal {
			dead = append(dead, w)
		} else if !now.Before(w.track.nextCheck) {
			effects = append(effects, f.check(w, now)...)
		}
	}
	for _, w := range dead {
		effects = append(effects, f.remove(w, w.silent(now))...)
	}
	return effects
}
