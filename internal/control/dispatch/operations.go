package dispatch

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/queue"
)

// restore goes on where the scheduler before this one stopped. Open attempts
// keep their workers, which have a whole lease to show themselves.
func (s *State) restore(e Restored, now time.Time) {
	s.accounts.Limits = e.Limits
	for _, id := range e.Cordons {
		s.fleet.Cordon(id, true)
	}
	for _, w := range e.Workers {
		_ = s.tell(fleet.Restored{Worker: w}, now)
	}
	for _, u := range e.Unfinished {
		kind, err := fleet.TypeFor(u.Operation.Type)
		if err != nil {
			continue // of a type that this version does not run: leave it alone
		}
		s.seq++
		h := &held{op: u.Operation, kind: kind, seq: s.seq, recorded: true, losses: u.Losses, candidate: u.Candidate, given: now, family: u.Family}
		s.hold(h)
		s.count(h, queue.Waits)
		if h.op.Open {
			s.count(h, queue.Runs)
		}
		s.keepTime(h)
		if h.op.CreatedAt.After(s.created) {
			s.created = h.op.CreatedAt
		}
		w, known := s.fleet.Worker(h.op.WorkerID)
		switch {
		case !h.op.Open && h.op.Type.Gathers():
			s.unsettled = append(s.unsettled, h)
		case !h.op.Open:
			s.queues[kind].Push(h.entry())
		case !known || w.Incarnation != h.op.Incarnation:
			s.lose(h, fmt.Sprintf("worker %s was gone when the backend restarted", h.op.WorkerID), now)
		case s.fleet.Reservation(w.ID) != nil:
			s.lose(h, fmt.Sprintf("worker %s was recorded as having %s, too", w.ID, *s.fleet.Reservation(w.ID)), now)
		default:
			_ = s.tell(fleet.Reserved{WorkerID: w.ID, Token: h.op.Token()}, now)
			s.watched[h.op.ID] = h
		}
	}
	for _, u := range e.Unfinished {
		if h := s.held[u.Operation.ID]; h != nil && s.orphaned(h) {
			s.cancelOrphan(h, now)
		}
	}
	s.tick(now)
}

// submit takes a new operation: it reserves a worker if one is free, and
// becomes visible when it is durable.
func (s *State) submit(e Submitted, now time.Time) {
	op := e.Operation
	kind, err := fleet.TypeFor(op.Type)
	switch {
	case err != nil:
	case s.held[op.ID] != nil:
		err = fmt.Errorf("operation %s: %w", op.ID, operation.ErrDuplicate)
	case s.fleet.Registered(kind) == 0:
		err = &NoWorkersError{Type: kind, Uptime: now.Sub(s.began)}
	case op.Deadline != nil && !now.Before(*op.Deadline):
		err = &DeadlineError{Deadline: *op.Deadline}
	default:
		if err = s.fosters(op); err == nil {
			err = s.room(op, kind, now)
		}
	}
	if err != nil {
		s.emit(Reply{Request: e.Request, Err: err})
		return
	}
	op = s.begin(op, now)
	h := &held{op: op, kind: kind, seq: s.seq, request: e.Request}
	if op.Type.Gathers() {
		s.enterFamily(h, e, now)
		return
	}
	s.enter(h, operation.Created{Operation: op}, now)
}

// begin returns the record of a submission at its beginning, as the newest of
// all: no two are of one moment.
func (s *State) begin(op operation.Operation, now time.Time) operation.Operation {
	op = op.WithDefaults()
	s.seq++
	s.created = slices.MaxFunc([]time.Time{stamp(now), s.created.Add(time.Microsecond)}, time.Time.Compare)
	op.Status, op.CreatedAt, op.StartedAt, op.CompletedAt = operation.Pending, s.created, nil, nil
	op.MaxAttempts, op.Weight = op.AttemptLimit(), max(1, op.Weight)
	op.Attempt, op.Term, op.WorkerID, op.Incarnation, op.Open, op.Ended, op.Lost = 0, 0, "", "", false, "", 0
	op.CancelRequested, op.CancelReason, op.CancelRequestedAt, op.Expired = false, "", nil, false
	if op.Deadline != nil {
		op.Deadline = new(stamp(*op.Deadline))
	}
	return op
}

// room refuses an operation that would have to wait and may not.
func (s *State) room(op operation.Operation, kind fleet.WorkerType, now time.Time) error {
	_, free := s.free(kind, op.Submitter)
	switch {
	case free:
		return nil
	case op.Immediate && !s.accounts.MayRun(op.Submitter):
		return &queue.LimitError{Submitter: op.Submitter, Limit: s.accounts.Limits.Running, Running: true}
	case op.Immediate:
		return &BusyError{Type: kind, Registered: s.fleet.Registered(kind), Drained: s.fleet.Drained(kind), Uptime: now.Sub(s.began)}
	default:
		return s.accounts.MayWait(op.Submitter)
	}
}

// free returns the worker that could begin with a submitter's operation now.
func (s *State) free(kind fleet.WorkerType, submitter string) (fleet.Worker, bool) {
	w, ok := s.fleet.Select(kind)
	if !ok || s.queues[kind].Entering > 0 || !s.accounts.MayRun(submitter) {
		return w, false
	}
	_, waits := s.queues[kind].Next(s.accounts.MayRun)
	return w, !waits
}

// enter takes an operation in: it reserves a worker if one is free, and the
// operation becomes visible when its first change is durable.
func (s *State) enter(h *held, first operation.Change, now time.Time) {
	s.hold(h)
	s.count(h, queue.Nowhere) // of itself it is not in its own way
	tx := operation.Transaction{first}
	if w, ok := s.free(h.kind, h.op.Submitter); ok {
		tx = append(tx, s.open(h, w, now))
	} else {
		s.queues[h.kind].Entering++
		s.count(h, queue.Waits)
	}
	s.keepTime(h)
	s.emit(Write{Tx: tx, ID: h.op.ID, Submission: true})
}

// wasRecorded goes on with a submission that is durable, or forgets one that
// could not be stored or an end that is durable.
func (s *State) wasRecorded(e Recorded, now time.Time) {
	h := s.held[e.ID]
	if h == nil {
		return
	}
	if h.ended {
		s.release(h)
		return
	}
	if h.op.Type.Gathers() && h.op.Attempt == 0 {
		s.familyRecorded(h, e.Err)
		return
	}
	h.recorded = true
	if !h.op.Open {
		s.queues[h.kind].Entering--
	}
	if e.Err != nil {
		s.release(h)
		delete(s.watched, e.ID)
		s.count(h, queue.Nowhere)
		_ = s.tell(fleet.Released{WorkerID: h.op.WorkerID, Token: h.op.Token()}, now)
		s.emit(Reply{Request: h.request, Err: e.Err})
		return
	}
	s.emit(Reply{Request: h.request, Operation: h.op})
	switch {
	case !h.op.Open:
		s.queues[h.kind].Push(h.entry())
	case h.doomed != "":
		s.lose(h, h.doomed, now)
	default:
		s.emit(s.start(h))
	}
	if s.orphaned(h) {
		s.cancelOrphan(h, now)
	}
}

// cancel ends a waiting operation and asks for the end of a running one, and of
// the children of either.
func (s *State) cancel(e CancelAsked, now time.Time) {
	h := s.held[e.ID]
	if h == nil || !h.recorded || h.ended {
		// The empty write waits until an end that is decided is durable.
		s.emit(Write{Then: []Effect{Reply{Request: e.Request, Err: errNotHeld}}})
		return
	}
	if h.op.CancelRequested {
		s.emit(Write{Then: []Effect{Reply{Request: e.Request, Operation: h.op}}})
		return
	}
	if s.waitsForChildren(h) {
		s.halt(h, e.Reason, false, e.Request, now)
		return
	}
	s.cancelChildren(h, e.Reason, now) // whose cancellation is durable before the parent's
	tx := operation.Transaction{s.change(h, operation.CancelRequested{ID: e.ID, Reason: e.Reason, At: stamp(now)})}
	if !h.op.Open {
		s.queues[h.kind].Remove(h.entry())
		s.end(h, tx, operation.Closed{ID: e.ID, State: operation.Cancelled, Error: h.cancelText(), At: stamp(now)}, e.Request)
	} else {
		s.emit(Write{Tx: tx, Then: []Effect{Reply{Request: e.Request, Operation: h.op}}})
		s.stop(h, now)
	}
}

func (h *held) cancelText() string { return cmp.Or(h.op.CancelReason, cancelledText) }

// end ends an operation: tx and then the last change, with a reply if somebody
// waits. The operation stays held until that is durable.
func (s *State) end(h *held, tx operation.Transaction, last operation.Change, request uint64) {
	tx = append(tx, s.change(h, s.withProgress(h, last)))
	h.ended = true
	delete(s.watched, h.op.ID)
	delete(s.dirty, h.op.ID)
	s.childEnded(h)
	w := Write{Tx: tx, ID: h.op.ID}
	if request != 0 {
		w.Then = []Effect{Reply{Request: request, Operation: h.op}}
	}
	s.emit(w)
}

// lose ends an open attempt whose result nobody will bring. The operation waits
// for the next attempt, or ends if there is none.
func (s *State) lose(h *held, reason string, now time.Time) {
	if !h.recorded {
		h.doomed = reason
		// Until its end is decided the disk may show the worker as taken.
		if w, ok := s.fleet.Worker(h.op.WorkerID); ok && w.Incarnation == h.op.Incarnation {
			_ = s.tell(fleet.Reserved{WorkerID: w.ID, Token: h.op.Token()}, now)
		}
		return
	}
	t, at := h.op.Token(), stamp(now)
	h.losses = append(h.losses, operation.Loss(t, h.op.WorkerID, reason))
	tx := operation.Transaction{s.change(h, operation.Ended{Token: t, Outcome: operation.Lost, Reason: reason, At: at})}
	_ = s.tell(fleet.Released{WorkerID: h.op.WorkerID, Token: t}, now)
	switch {
	case h.op.CancelRequested:
		s.end(h, tx, operation.Closed{ID: h.op.ID, State: h.stopped(), Error: h.cancelText(), Errors: h.losses, At: at}, 0)
	case h.op.Lost < h.op.AttemptLimit():
		s.wait(h, tx)
	case h.candidate != nil:
		s.end(h, tx, h.candidate.Finish(h.op, at), 0)
	default:
		s.end(h, tx, operation.Closed{ID: h.op.ID, State: operation.Failed, Errors: h.losses, At: at,
			Error: fmt.Sprintf("all %d attempts were lost: %s", h.op.Lost, strings.Join(h.losses, "; "))}, 0)
	}
}

// wait puts an operation back into its queue, at its old place.
func (s *State) wait(h *held, tx operation.Transaction) {
	h.calling, h.idle = false, time.Time{}
	delete(s.watched, h.op.ID)
	delete(s.dirty, h.op.ID)
	s.emit(Write{Tx: tx})
	s.queues[h.kind].Push(h.entry())
}

// startReturned learns what became of the call that started an attempt.
func (s *State) startReturned(e StartReturned, now time.Time) {
	h := s.holder(e.Token)
	if h == nil || !h.calling {
		return // lost or finished meanwhile; a worker that runs it says so and is told to stop
	}
	h.calling, h.given = false, now
	switch {
	case e.Err == nil || h.op.Status == operation.Running:
		s.running(h, now)
		s.stop(h, now)
	case errors.Is(e.Err, fleet.ErrBusy):
		s.refused(h, e.Err, fleet.Declined{WorkerID: h.op.WorkerID, Token: e.Token}, now)
	case errors.Is(e.Err, fleet.ErrUnreachable):
		s.refused(h, e.Err, fleet.Failed{WorkerID: h.op.WorkerID, Incarnation: h.op.Incarnation, Err: e.Err.Error()}, now)
	case errors.Is(e.Err, fleet.ErrRejected):
		tx := operation.Transaction{s.change(h, operation.Ended{Token: e.Token, Outcome: operation.Refused, Reason: e.Err.Error(), At: stamp(now)})}
		s.end(h, tx, operation.Closed{ID: h.op.ID, State: operation.Failed, Error: e.Err.Error(), At: stamp(now)}, 0)
		_ = s.tell(fleet.Released{WorkerID: h.op.WorkerID, Token: e.Token}, now)
	default:
		// It may run there or not: the worker is asked, and its lease decides.
		s.emit(Note{Message: "outcome of start is not known", Operation: h.op.ID, Worker: h.op.WorkerID, Reason: e.Err.Error()})
		_ = s.tell(fleet.Doubted{WorkerID: h.op.WorkerID}, now)
	}
}

// refused takes back an attempt that its worker certainly did not begin.
func (s *State) refused(h *held, why error, told fleet.Event, now time.Time) {
	t := h.op.Token()
	tx := operation.Transaction{s.change(h, operation.Ended{Token: t, Outcome: operation.Refused, Reason: why.Error(), At: stamp(now)})}
	s.emit(Note{Message: "worker did not take the operation", Operation: t.OperationID, Worker: h.op.WorkerID, Reason: why.Error()})
	if h.op.CancelRequested {
		s.end(h, tx, operation.Closed{ID: h.op.ID, State: h.stopped(), Error: h.cancelText(), At: stamp(now)}, 0)
	} else {
		s.wait(h, tx)
	}
	_ = s.tell(told, now)
	_ = s.tell(fleet.Released{WorkerID: h.op.WorkerID, Token: t}, now)
}

// running notes the first evidence that a worker runs its attempt.
func (s *State) running(h *held, now time.Time) {
	h.idle = time.Time{}
	if h.op.Status != operation.Running {
		tx := operation.Transaction{s.change(h, operation.Started{Token: h.op.Token(), At: stamp(now)})}
		s.emit(Write{Tx: append(tx, s.begun(h, now)...)})
	}
}
