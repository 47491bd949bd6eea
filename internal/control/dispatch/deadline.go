package dispatch

import (
	"maps"
	"slices"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// A DeadlineError says that an operation was submitted after its deadline.
type DeadlineError struct{ Deadline time.Time }

func (e *DeadlineError) Error() string {
	return "The deadline has passed: " + e.Deadline.UTC().Format(time.RFC3339)
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
		s.queues[h.kind].Remove(h.entry())
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
