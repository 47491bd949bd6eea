package dispatch

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// Limits bound what one submitter may have at once. Zero is no limit.
type Limits struct {
	Queued  int // operations that wait; more are refused with *LimitError
	Running int // operations with an open attempt; more wait
}

// A LimitError says that a submitter has as many operations waiting as it may.
type LimitError struct {
	Submitter string // "" for those that gave no name
	Limit     int
}

func (e *LimitError) Error() string {
	who := "Submitter " + e.Submitter
	if e.Submitter == "" {
		who = "The anonymous submitter"
	}
	return fmt.Sprintf("%s has %d operations waiting, as many as allowed. Submit again when some of them have started, or cancel some.", who, e.Limit)
}

// A DeadlineError says that an operation was submitted after its deadline.
type DeadlineError struct{ Deadline time.Time }

func (e *DeadlineError) Error() string {
	return "The deadline has passed: " + e.Deadline.UTC().Format(time.RFC3339)
}

// account counts the operations of one submitter.
type account struct{ waiting, running int }

// standing says in which column of its submitter's account an operation stands.
type standing uint8

const (
	nowhere standing = iota
	waits
	runs
)

// change applies a change to a held operation. The caller has made sure that it
// is legal; if not, the scheduler's picture is wrong and it must not go on.
func (s *State) change(h *held, c operation.Change) operation.Change {
	op, err := h.op.Apply(c)
	if err != nil {
		panic("dispatch: " + err.Error())
	}
	h.op = op
	switch {
	case op.Status.Terminal():
		s.count(h, nowhere)
	case op.Open:
		s.count(h, runs)
	default:
		s.count(h, waits)
	}
	return c
}

// count moves an operation to another column of its submitter's account.
func (s *State) count(h *held, to standing) {
	if to == waits && s.gatherer(h) != nil {
		to = nowhere // what waits is the operation that gathers it
	}
	if h.counted == to {
		return
	}
	a := s.accounts[h.op.Submitter]
	if a == nil {
		a = &account{}
		s.accounts[h.op.Submitter] = a
	}
	columns := [...]*int{nowhere: new(int), waits: &a.waiting, runs: &a.running}
	*columns[h.counted]--
	*columns[to]++
	h.counted = to
	if *a == (account{}) {
		delete(s.accounts, h.op.Submitter)
	}
}

// mayRun reports whether a submitter may have one more attempt open.
func (s *State) mayRun(submitter string) bool {
	a := s.accounts[submitter]
	return s.limits.Running <= 0 || a == nil || a.running < s.limits.Running
}

// mayWait reports whether a submitter may have one more operation waiting.
func (s *State) mayWait(submitter string) bool {
	a := s.accounts[submitter]
	return s.limits.Queued <= 0 || a == nil || a.waiting < s.limits.Queued
}

// keepTime looks after the deadline of an operation.
func (s *State) keepTime(h *held) {
	if d := h.op.Deadline; d != nil {
		s.timed[h.op.ID] = h
		if s.due.IsZero() || d.Before(s.due) {
			s.due = *d
		}
	}
}

// expire ends what has passed its deadline: at once if it waits, and otherwise
// when its worker has stopped.
func (s *State) expire(now time.Time) {
	if s.due.IsZero() || now.Before(s.due) {
		return
	}
	s.due = time.Time{}
	for _, id := range slices.Sorted(maps.Keys(s.timed)) {
		h := s.timed[id]
		switch {
		case s.held[id] != h || h.ended || h.op.Deadline == nil || h.op.CancelRequested:
			delete(s.timed, id)
		case now.Before(*h.op.Deadline) || !h.recorded:
			s.keepTime(h)
		default:
			delete(s.timed, id)
			s.overdue(h, now)
		}
	}
}

func (s *State) overdue(h *held, now time.Time) {
	reason := "The deadline passed: " + h.op.Deadline.UTC().Format(time.RFC3339)
	if s.waitsForChildren(h) {
		s.halt(h, reason, true, 0, now)
		return
	}
	s.cancelChildren(h, reason, now)
	if !h.op.Open {
		s.queues[h.kind].remove(h)
		s.end(h, nil, operation.Closed{ID: h.op.ID, State: operation.Failed, Error: reason + ", while the operation waited", Errors: h.losses, At: stamp(now)}, 0)
		return
	}
	s.emit(Write{Tx: operation.Transaction{s.change(h, operation.CancelRequested{ID: h.op.ID, Reason: reason, Expired: true, At: stamp(now)})}})
	s.stop(h, now)
}

// stopped is the state in which an operation ends that was asked to stop.
func (h *held) stopped() operation.Status {
	if h.op.Expired {
		return operation.Failed
	}
	return operation.Cancelled
}
