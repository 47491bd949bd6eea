package operation

import "time"

// An Event is one state change of an operation, as history tells it. Numbers
// grow without end over all operations; a reader that knows the last number that
// it has seen misses nothing.
type Event struct {
	Number      int64     `json:"number"`
	At          time.Time `json:"timestamp"`
	OperationID string    `json:"operation_id"`
	Kind        EventKind `json:"event"`
	Status      Status    `json:"status"` // of the operation, after the change
	Attempt     int       `json:"attempt"`
	WorkerID    string    `json:"worker_id,omitempty"`
	Reason      string    `json:"reason,omitempty"`
}

// An EventKind says what changed. Its text is its wire value.
type EventKind string

// The kinds of events. The end of an operation has the word of its state, the
// end of an attempt without a result that of its outcome.
const (
	EventSubmitted       EventKind = "submitted"
	EventDispatched      EventKind = "dispatched"
	EventStarted         EventKind = "started"
	EventReopened        EventKind = "reopened"
	EventCheckpointed    EventKind = "checkpointed"
	EventCancelRequested EventKind = "cancel_requested"
	EventResumed         EventKind = "resumed"
)

// An EventFilter selects events. The zero value selects the first 100 of all.
type EventFilter struct {
	After       int64  // only later numbers
	OperationID string // "" is every operation
	Limit       int    // 0 means 100
}

// EventOf returns what history tells of a change, if anything; Number, Status,
// Attempt and WorkerID are those of the record after the change.
func EventOf(c Change) (Event, bool) {
	e := Event{OperationID: c.Subject()}
	switch c := c.(type) {
	case Created:
		e.Kind, e.At = EventSubmitted, c.Operation.CreatedAt
	case Opened:
		e.Kind, e.At = EventDispatched, c.At
	case Begun:
		e.Kind, e.At = EventStarted, c.At
	case Started:
		e.Kind, e.At = EventStarted, c.At
	case Ended:
		e.Kind, e.At, e.Reason = EventKind(c.Outcome), c.At, c.Reason
	case Reopened:
		e.Kind, e.At = EventReopened, c.At
	case Checkpointed:
		e.Kind, e.At = EventCheckpointed, c.Checkpoint.CreatedAt
	case CancelRequested:
		e.Kind, e.At, e.Reason = EventCancelRequested, c.At, c.Reason
	case Resumed:
		e.Kind, e.At = EventResumed, c.At
	case Finished:
		e.Kind, e.At, e.Reason = EventKind(c.State), c.At, c.Error
	case Adopted:
		e.Kind, e.At, e.Reason = EventKind(Completed), c.At, "result of an earlier operation"
	case Closed:
		e.Kind, e.At, e.Reason = EventKind(c.State), c.At, c.Error
	default:
		return Event{}, false
	}
	return e, true
}
