package operation

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Errors of a store that keeps operations.
var (
	ErrNotFound  = errors.New("not found")
	ErrDuplicate = errors.New("operation id is already taken")
	ErrConflict  = errors.New("operation is not in the state that the change starts from")
	ErrDeposed   = errors.New("another backend is the scheduler now")
	ErrKeyTaken  = errors.New("idempotency key is already taken")
)

// A Change is one durable step of a record. The changes of operations are
// declared here; those of workers beside the worker.
type Change interface {
	// Subject is the id of the operation or worker that changes.
	Subject() string
}

// A Transaction is a list of changes that are stored together or not at all.
type Transaction []Change

// Created is a new operation.
type Created struct{ Operation Operation }

// Opened reserves a worker for a new attempt. It is durable before the worker
// is called, so that a restarted scheduler knows whom to ask.
type Opened struct {
	Token       Token
	WorkerID    string
	Incarnation string
	At          time.Time
}

// Started is the first evidence that the worker runs the attempt.
type Started struct {
	Token Token
	At    time.Time
}

// Progressed is the progress of a running attempt. It is stored now and then;
// losing one loses nothing.
type Progressed struct {
	Token    Token
	Progress Progress
}

// An Outcome says how an attempt ended that brought no result.
type Outcome string

// The ends of an attempt without a result.
const (
	Refused Outcome = "refused" // the worker never began it; it counts against no limit
	Lost    Outcome = "lost"    // nobody will bring its result; it counts
	// HandedBack: the worker stopped it, as one does that is shut down, so that it
	// goes on elsewhere; it counts against no limit.
	HandedBack Outcome = "handed_back"
	Settled    Outcome = "settled" // its outcome was taken, and then the operation resumed
)

// Ended closes an attempt without a result; the operation waits for another.
type Ended struct {
	Token   Token
	Outcome Outcome // Refused, Lost or HandedBack
	Reason  string
	At      time.Time
}

// Reopened takes back Ended(Lost) of the newest attempt: its worker was only
// cut off and still runs it.
type Reopened struct {
	Token Token
	At    time.Time
}

// Kept stores the result of a superseded attempt as a candidate.
type Kept struct {
	Report Report
	At     time.Time
}

// CancelRequested records the wish to cancel, that the deadline has passed, or
// that a child without which there is no result did not complete.
type CancelRequested struct {
	ID      string
	Reason  string
	Expired bool // by the deadline or a child: the operation ends as failed
	At      time.Time
}

// Finished ends an operation with the outcome of an attempt: the newest, or a
// kept candidate when no attempt is open.
type Finished struct {
	Token     Token
	State     Status   // terminal
	Progress  Progress // the last
	Result    json.RawMessage
	Error     string   // "" for none
	Warnings  []string // all, those from the submission included
	Model     *ModelRecord
	Artifacts []Artifact
	At        time.Time
}

// Closed ends an operation that has no open attempt and no result.
type Closed struct {
	ID     string
	State  Status // Failed or Cancelled
	Error  string
	Errors []string // the reason of every lost attempt
	At     time.Time
	// Progress is the last of an operation that gathers; nil leaves it as it was.
	Progress *Progress
}

// Loss describes a lost attempt, for Closed.Errors.
func Loss(t Token, worker, reason string) string {
	return fmt.Sprintf("attempt %d on %s: %s", t.Attempt, worker, reason)
}

// Subject implements Change.
func (c Created) Subject() string         { return c.Operation.ID }
func (c Opened) Subject() string          { return c.Token.OperationID }
func (c Started) Subject() string         { return c.Token.OperationID }
func (c Progressed) Subject() string      { return c.Token.OperationID }
func (c Ended) Subject() string           { return c.Token.OperationID }
func (c Reopened) Subject() string        { return c.Token.OperationID }
func (c Kept) Subject() string            { return c.Report.Token.OperationID }
func (c CancelRequested) Subject() string { return c.ID }
func (c Finished) Subject() string        { return c.Token.OperationID }
func (c Closed) Subject() string          { return c.ID }

// An Unfinished is an operation that has not ended, with what a scheduler needs
// to go on with it.
type Unfinished struct {
	Operation Operation // with its Spec, without its Artifacts
	// Losses describe the attempts that ended as Lost, oldest first.
	Losses []string
	// Family is that of an operation that gathers.
	Family Family
	// Candidate is the result of a superseded attempt, kept in case nothing
	// newer finishes; nil if there is none.
	Candidate *Report
}
