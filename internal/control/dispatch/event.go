package dispatch

import (
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/queue"
)

// An Event is something that happened. Request, where an event has one, names
// who waits for the Reply.
type Event interface{ event() }

// The events.
type (
	// Restored is the first event: what the store remembers.
	Restored struct {
		Unfinished []operation.Unfinished
		Workers    []fleet.Worker
		Cordons    []string // ids of workers that are out of service
		Limits     queue.Limits
	}
	// Submitted: a user wants an operation, one that gathers with its children. Its
	// id is set; theirs follow from it. Of the children in Done, by their number, the
	// result is known.
	Submitted struct {
		Request   uint64
		Operation operation.Operation
		Children  []operation.Operation
		Done      map[int]operation.Adopted
	}
	// Recorded: the Write that named this operation is durable, or failed.
	Recorded struct {
		ID  string
		Err error
	}
	// CancelAsked: a user wants an operation cancelled.
	CancelAsked struct {
		Request    uint64
		ID, Reason string
	}
	// ResumeAsked: a user wants an ended operation, as the store has it, taken up
	// again from its newest checkpoint.
	ResumeAsked struct {
		Request   uint64
		Operation operation.Operation
	}
	// Registered: a worker registered or sent its heartbeat.
	Registered struct {
		Request      uint64
		Registration fleet.Registration
	}
	// Left: a worker says good-bye.
	Left struct {
		Request               uint64
		WorkerID, Incarnation string
	}
	// CordonAsked: an operator wants a worker out of service, or back.
	CordonAsked struct {
		Request  uint64
		WorkerID string
		Out      bool
	}
	// RemoveAsked: an operator wants a worker forgotten.
	RemoveAsked struct {
		Request  uint64
		WorkerID string
	}
	// Reported: a worker reports on its attempt.
	Reported struct {
		Request uint64
		Report  operation.Report
	}
	// StartReturned: the call that handed an attempt to its worker is over.
	StartReturned struct {
		Token operation.Token
		Err   error
	}
	// Answered: a worker answered a health check that was asked at Asked.
	Answered struct {
		WorkerID, Incarnation string
		Asked                 time.Time
		Health                fleet.Health
	}
	// Missed: a worker did not answer a health check.
	Missed struct{ WorkerID, Incarnation, Err string }
	// Ticked: time has passed.
	Ticked struct{}
)

func (Restored) event()      {}
func (Submitted) event()     {}
func (Recorded) event()      {}
func (CancelAsked) event()   {}
func (ResumeAsked) event()   {}
func (Registered) event()    {}
func (Left) event()          {}
func (CordonAsked) event()   {}
func (RemoveAsked) event()   {}
func (Reported) event()      {}
func (StartReturned) event() {}
func (Answered) event()      {}
func (Missed) event()        {}
func (Ticked) event()        {}

// An Effect is something that must be done because of an event.
type Effect interface{ effect() }

// The effects.
type (
	// Write: make the transaction durable, after all Writes before it; then
	// perform Then. An empty transaction waits for those before it. If ID is
	// set, feed back Recorded. Only a Submission may fail, and not with
	// operation.ErrDeposed: any other write waits for room where it lacks that, and
	// whoever waits for a Reply in Then is told; other failures mean that this
	// scheduler no longer knows the truth and must stop.
	Write struct {
		Tx         operation.Transaction
		Then       []Effect
		ID         string
		Submission bool
	}
	// Start: hand the attempt to the worker; feed back StartReturned.
	Start struct {
		Worker    fleet.Worker
		Operation operation.Operation
	}
	// Stop: ask the worker to stop the attempt.
	Stop struct {
		Worker fleet.Worker
		Token  operation.Token
		Reason string
	}
	// Check: ask the worker for its health; feed back Answered or Missed.
	Check struct{ Worker fleet.Worker }
	// Reply: answer who waits.
	Reply struct {
		Request   uint64
		Operation operation.Operation
		Worker    fleet.Worker
		Err       error
	}
	// Note: tell the operator. What is Expected needs no attention.
	Note struct {
		Message, Operation, Worker, Reason string
		Expected                           bool
	}
)

func (Write) effect() {}
func (Start) effect() {}
func (Stop) effect()  {}
func (Check) effect() {}
func (Reply) effect() {}
func (Note) effect()  {}
