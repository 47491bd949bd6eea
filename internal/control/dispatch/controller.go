package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// A Transport carries the scheduler's calls to workers. Its methods are called
// from many goroutines at once and return when ctx ends.
type Transport interface {
	// Start hands an operation to a worker. It fails with fleet.ErrBusy,
	// fleet.ErrUnreachable or fleet.ErrRejected when it is certain that the
	// worker did not take it; after any other error the outcome is unknown.
	Start(ctx context.Context, w fleet.Worker, op operation.Operation, t operation.Token) error
	// Cancel asks a worker to stop an attempt. A worker that does not run it
	// answers without error.
	Cancel(ctx context.Context, w fleet.Worker, t operation.Token, reason string) error
	// Health asks a worker how it is.
	Health(ctx context.Context, w fleet.Worker) (fleet.Health, error)
}

// A Store keeps what the scheduler must not forget.
type Store interface {
	// AcquireTerm makes the caller the scheduler and returns its term, larger
	// than any before.
	AcquireTerm(ctx context.Context, holder string) (int64, error)
	// Unfinished returns every operation that has not ended, in order of
	// submission.
	Unfinished(ctx context.Context) ([]operation.Unfinished, error)
	// Commit makes transactions durable, in order, each whole or not at all,
	// and returns one error per transaction. A transaction whose operation is
	// not in the state that the change starts from fails with
	// operation.ErrConflict; one of an older term with operation.ErrDeposed.
	Commit(ctx context.Context, term int64, batch []operation.Transaction) []error
	// Operation returns one operation, or operation.ErrNotFound.
	Operation(ctx context.Context, id string) (operation.Operation, error)
	// Workers, SaveWorkers and ForgetWorkers keep the list of known workers.
	Workers(ctx context.Context) ([]fleet.Worker, error)
	SaveWorkers(ctx context.Context, term int64, workers []fleet.Worker) error
	ForgetWorkers(ctx context.Context, term int64, ids []string) error
}

// Options configure a Controller. Store and Transport are required.
type Options struct {
	Store     Store
	Transport Transport
	// Holder names this backend in the scheduler's lease.
	Holder string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Random fills the tails of new ids; nil means crypto/rand.
	Random func(b []byte)
	// Log receives one line per change; nil discards.
	Log *slog.Logger
	// Timing are the intervals of health checks and leases; zero fields mean
	// the documented defaults.
	Timing fleet.Timing
}

// A Controller runs the scheduler. Make one with New; its methods may be called
// from any goroutine while Run runs, and wait for Run to begin.
type Controller struct{}

// Errors of Controller methods.
var (
	// ErrUnknown: there is no such operation, worker or attempt.
	ErrUnknown = errors.New("unknown")
	// ErrSuperseded: a newer attempt, or an outcome already recorded, has
	// replaced the attempt that the report speaks for.
	ErrSuperseded = errors.New("superseded")
	// ErrTerminal: the operation has ended and cannot be cancelled.
	ErrTerminal = errors.New("operation has ended")
	// ErrStopping: the backend is stopping; try again after its restart.
	ErrStopping = errors.New("backend is stopping")
)

// New makes a Controller. It does nothing until Run.
func New(o Options) *Controller { panic("not yet") }

// Run takes the scheduler's term, restores what was saved and schedules until
// ctx ends. It returns only when every goroutine it started has ended.
func (c *Controller) Run(ctx context.Context) error { panic("not yet") }

// Ready is closed when Run has restored its state and accepts calls.
func (c *Controller) Ready() <-chan struct{} { panic("not yet") }

// Submit records an operation durably and dispatches or queues it. An empty ID
// is filled. It fails with *NoWorkersError when no worker of the type is
// registered, with *BusyError when op.Immediate is set and all are busy, and
// with operation.ErrDuplicate when the id is taken.
func (c *Controller) Submit(ctx context.Context, op operation.Operation) (operation.Operation, error) {
	panic("not yet")
}

// Cancel cancels a waiting operation at once and asks the worker of a running
// one to stop; the returned record says which. It fails with ErrUnknown or
// ErrTerminal (the record is returned with the latter).
func (c *Controller) Cancel(ctx context.Context, id, reason string) (operation.Operation, error) {
	panic("not yet")
}

// Register takes a worker's registration or heartbeat. It fails with
// fleet.ErrInvalid, fleet.ErrReplaced or ErrStopping.
func (c *Controller) Register(ctx context.Context, r fleet.Registration) (fleet.Worker, error) {
	panic("not yet")
}

// Deregister removes a worker that leaves. A process that was already replaced
// changes nothing.
func (c *Controller) Deregister(ctx context.Context, workerID, incarnation string) error {
	panic("not yet")
}

// Report takes a worker's report; nil means that it is recorded and need not be
// repeated. It fails with ErrUnknown, ErrSuperseded, or *operation.ProgressError
// when the report cannot be true.
func (c *Controller) Report(ctx context.Context, r operation.Report) error { panic("not yet") }

// Operation returns one operation with its live progress, or ErrUnknown.
func (c *Controller) Operation(ctx context.Context, id string) (operation.Operation, error) {
	panic("not yet")
}

// Overlay replaces, in ops, what the scheduler knows more recently than the
// store: progress. It changes ops in place and returns it.
func (c *Controller) Overlay(ops []operation.Operation) []operation.Operation { panic("not yet") }

// Workers returns every registered worker, sorted by id.
func (c *Controller) Workers() []fleet.Worker { panic("not yet") }

// QueuePosition returns the place of a waiting operation, 1 for the next, and 0
// for one that does not wait.
func (c *Controller) QueuePosition(id string) int { panic("not yet") }
