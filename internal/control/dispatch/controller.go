package dispatch

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/queue"
)

// A Transport carries the scheduler's calls to workers. Its methods are called
// from many goroutines at once and return when ctx ends.
type Transport interface {
	// Start hands an operation to a worker. It fails with fleet.ErrBusy,
	// fleet.ErrUnreachable or fleet.ErrRejected when it is certain that the
	// worker did not take it; after any other error the outcome is unknown. A
	// worker that already runs this very attempt answers without error.
	Start(ctx context.Context, w fleet.Worker, op operation.Operation, t operation.Token) error
	// Cancel asks a worker to stop an attempt. A worker that does not run it
	// answers without error.
	Cancel(ctx context.Context, w fleet.Worker, t operation.Token, reason string) error
	// Health asks a worker how it is and tells it the term of this scheduler.
	Health(ctx context.Context, w fleet.Worker, term int64) (fleet.Health, error)
}

// A Store keeps what the scheduler must not forget.
type Store interface {
	// AcquireTerm makes the caller the scheduler for operation.LeaseLength and
	// returns its term, larger than any before. It fails with operation.ErrHeld
	// while another holder's lease has not run out.
	AcquireTerm(ctx context.Context, holder string) (int64, error)
	// RenewTerm makes the lease of a term begin anew, and ReleaseTerm ends it.
	// RenewTerm fails with operation.ErrDeposed when there is a newer term.
	RenewTerm(ctx context.Context, term int64) error
	ReleaseTerm(ctx context.Context, term int64) error
	// Scheduler returns who schedules, or did last.
	Scheduler(ctx context.Context) (operation.Lease, error)
	// Unfinished returns every operation that has not ended, in order of
	// submission.
	Unfinished(ctx context.Context) ([]operation.Unfinished, error)
	// Children returns the operations whose parent is id, in order of submission,
	// with Spec and Result.
	Children(ctx context.Context, id string) ([]operation.Operation, error)
	// Outputs returns references to what an operation has stored.
	Outputs(ctx context.Context, id string) ([]operation.Artifact, error)
	// Workers returns the workers that were saved and not forgotten.
	Workers(ctx context.Context) ([]fleet.Worker, error)
	// Cordons returns the ids of workers that operators took out of service.
	Cordons(ctx context.Context) ([]string, error)
	// Commit makes transactions durable, in order, each whole or not at all,
	// and returns one error per transaction. Beside the changes of operations
	// it takes fleet.Saved, fleet.Forgotten and fleet.Marked. A change that does not start
	// from the state that is stored fails with operation.ErrConflict, a new
	// operation whose id is taken with operation.ErrDuplicate, everything of an
	// older term with operation.ErrDeposed.
	Commit(ctx context.Context, term int64, batch []operation.Transaction) []error
	// Operation returns one operation, or operation.ErrNotFound.
	Operation(ctx context.Context, id string) (operation.Operation, error)
	// ByKey returns the operation of a submitter and an idempotency key, or
	// operation.ErrNotFound. A Commit of a second one with both fails with
	// operation.ErrKeyTaken.
	ByKey(ctx context.Context, submitter, key string) (operation.Operation, error)
}

// Options configure a Controller. Store and Transport are required.
type Options struct {
	Store     Store
	Transport Transport
	// Stored fails unless the content with that hash is in the artifact store, with
	// operation.ErrNotFound where it is not; checkpoints and results count only if
	// all of their content is. nil believes the workers.
	Stored func(ctx context.Context, sha256 string) error
	// Reusable says why the result of a completed part, with the outputs that it
	// refers to, may not stand for the same work done today; nil trusts all of them.
	Reusable func(ctx context.Context, part operation.Operation, outputs []operation.Artifact) error
	// Passing says of an error of Commit that the same may succeed later, as when a
	// disk is full. What was decided then waits, and who asked is told the error. nil
	// is never.
	Passing func(err error) bool
	// Holder names this process in the scheduler's lease; see operation.Lease.
	// "" means "backend".
	Holder string
	// Shared says that other backends use the same store: Run stands by while
	// one of them schedules, and again when it has lost the term or the store.
	// Without it, Run returns then.
	Shared bool
	// Limits bound what one submitter may have at once.
	Limits queue.Limits
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
// from any goroutine, and wait for Run to begin.
type Controller struct {
	o       Options
	ready   chan struct{} // closed when it is known for the first time who schedules
	refused *refusals

	mu      sync.Mutex // guards all below
	desk    *desk      // of the reign under way or, before the first, to come
	holder  string     // who schedules, as far as is known
	changed chan struct{}
}

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
	// ErrStandby: another backend schedules, or will in a moment.
	ErrStandby = fmt.Errorf("this backend stands by: %w", ErrStopping)
)

// New makes a Controller. It does nothing until Run.
func New(o Options) *Controller {
	if o.Now == nil {
		o.Now = wallClock
	}
	if o.Random == nil {
		o.Random = func(b []byte) { _, _ = rand.Read(b) } // never fails
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Holder = cmp.Or(o.Holder, "backend")
	o.Timing = o.Timing.WithDefaults()
	return &Controller{o: o, desk: newDesk(), ready: make(chan struct{}), refused: &refusals{log: o.Log, told: map[string]string{}}, changed: make(chan struct{})}
}

// Ready is closed when Run has restored its state and schedules, or when it
// stands by because another backend does.
func (c *Controller) Ready() <-chan struct{} { return c.ready }

// Submit records an operation durably and dispatches or queues it. An empty ID
// is filled. It fails with *NoWorkersError when no worker of the type is
// registered, with *BusyError when op.Immediate is set and all are busy, with
// operation.ErrDuplicate when the id is taken, with *queue.LimitError, *DeadlineError, *ParentError,
// and as Repeated does. A
// repetition returns what was submitted first.
func (c *Controller) Submit(ctx context.Context, op operation.Operation) (operation.Operation, error) {
	return c.submit(ctx, op, nil, nil)
}

// SubmitFamily submits an operation that gathers, with its children: all of them
// or none. It fails as Submit does.
func (c *Controller) SubmitFamily(ctx context.Context, op operation.Operation, children []operation.Operation) (operation.Operation, error) {
	return c.submit(ctx, op, children, nil)
}

// submit submits an operation with its children, of which some are done.
func (c *Controller) submit(ctx context.Context, op operation.Operation, children []operation.Operation, done map[int]operation.Adopted) (operation.Operation, error) {
	if known, repeated, err := c.Repeated(ctx, op); repeated || err != nil {
		return known, err
	}
	chosen := op.ID != ""
	for {
		if !chosen {
			var tail [4]byte
			c.o.Random(tail[:])
			op.ID = operation.NewIDFor(op, c.o.Now(), tail)
		}
		if err := op.Validate(); err != nil {
			return operation.Operation{}, fmt.Errorf("submit: %w", err)
		}
		if err := op.ValidateFamily(children); err != nil {
			return operation.Operation{}, fmt.Errorf("submit: %w", err)
		}
		r, err := c.ask(ctx, func(request uint64) Event {
			return Submitted{Request: request, Operation: op, Children: children, Done: done}
		})
		if errors.Is(err, operation.ErrKeyTaken) {
			known, _, err := c.Repeated(ctx, op)
			return known, err
		}
		if chosen || !errors.Is(err, operation.ErrDuplicate) {
			return r.Operation, err
		}
		// Thousands of submissions in one second do draw the same tail.
	}
}

// Cancel cancels a waiting operation at once and asks the worker of a running
// one to stop; the returned record says which. It fails with ErrUnknown or
// ErrTerminal (the record is returned with the latter).
func (c *Controller) Cancel(ctx context.Context, id, reason string) (operation.Operation, error) {
	r, err := c.ask(ctx, func(request uint64) Event { return CancelAsked{Request: request, ID: id, Reason: reason} })
	if !errors.Is(err, errNotHeld) {
		return r.Operation, err
	}
	op, err := c.stored(ctx, id)
	switch {
	case err != nil:
		return operation.Operation{}, err
	case op.Status.Terminal():
		return op, fmt.Errorf("cancel %s: %w (status: %s)", id, ErrTerminal, op.Status)
	default:
		return op, fmt.Errorf("cancel %s: %w: it is not scheduled here", id, ErrStopping)
	}
}

// stored reads an operation that the state does not hold.
func (c *Controller) stored(ctx context.Context, id string) (operation.Operation, error) {
	op, err := c.o.Store.Operation(ctx, id)
	if errors.Is(err, operation.ErrNotFound) {
		return op, fmt.Errorf("operation %s: %w", id, ErrUnknown)
	}
	return op, err
}

// Register takes a worker's registration or heartbeat. It fails with
// fleet.ErrInvalid, fleet.ErrReplaced or ErrStopping. Outcomes that come with it
// and that Report would refuse are left out: their own reports are told why.
func (c *Controller) Register(ctx context.Context, r fleet.Registration) (fleet.Worker, error) {
	r.Finished = c.believable(ctx, r)
	reply, err := c.ask(ctx, func(request uint64) Event { return Registered{Request: request, Registration: r} })
	c.refused.note(ctx, "registration refused", r.WorkerID, "", err)
	return reply.Worker, err
}

// Deregister removes a worker that leaves. It fails with ErrUnknown, and with
// fleet.ErrReplaced for a process that is not, or no longer, the worker.
func (c *Controller) Deregister(ctx context.Context, workerID, incarnation string) error {
	_, err := c.ask(ctx, func(request uint64) Event {
		return Left{Request: request, WorkerID: workerID, Incarnation: incarnation}
	})
	return err
}

// Report takes a worker's report; nil means that it is recorded and need not be
// repeated. It fails with ErrUnknown, ErrSuperseded, operation.ErrInvalidReport,
// or *operation.ProgressError when its progress cannot be true.
func (c *Controller) Report(ctx context.Context, r operation.Report) error {
	err := c.report(ctx, r)
	c.refused.note(ctx, "report refused", r.WorkerID, r.Token.OperationID, err)
	return err
}

// believable returns the outcomes of a registration that could be true. However
// many could not, the operator reads of the first.
func (c *Controller) believable(ctx context.Context, r fleet.Registration) []operation.Report {
	var taken []operation.Report
	var first operation.Token
	var refusal error
	for _, report := range r.Finished {
		report, err := c.vet(ctx, report)
		if err == nil && report.WorkerID != r.WorkerID {
			err = fmt.Errorf("%w: it is of worker %.80q and came with the registration of %.80s", operation.ErrInvalidReport, report.WorkerID, r.WorkerID)
		}
		switch {
		case err == nil:
			taken = append(taken, report)
		case refusal == nil:
			first, refusal = report.Token, err
		}
	}
	if refusal != nil {
		c.refused.note(ctx, "report refused", r.WorkerID, first.OperationID, refusal)
	}
	return taken
}

// vet refuses a report that could not be true, or that refers to content which is
// not stored. It leaves out a checkpoint that is missing beside an outcome.
func (c *Controller) vet(ctx context.Context, r operation.Report) (operation.Report, error) {
	if err := r.Validate(); err != nil {
		return r, err
	}
	if r.Checkpoint != nil && c.o.Stored != nil {
		if err := c.o.Stored(ctx, r.Checkpoint.SHA256); err != nil && r.State == operation.Running {
			return r, fmt.Errorf("%w: checkpoint %s is not in the artifact store: %w", operation.ErrInvalidReport, r.Checkpoint.SHA256, err)
		} else if err != nil { // the outcome matters more
			c.o.Log.Warn("checkpoint is not in the artifact store", "operation", r.Token.OperationID, "sha256", r.Checkpoint.SHA256, "error", err)
			r.Checkpoint = nil
		}
	}
	return r, c.checkOutputs(ctx, r)
}

func (c *Controller) report(ctx context.Context, r operation.Report) error {
	r, err := c.vet(ctx, r)
	if err != nil {
		return err
	}
	_, err = c.ask(ctx, func(request uint64) Event { return Reported{Request: request, Report: r} })
	if !errors.Is(err, errNotHeld) {
		return err
	}
	op, err := c.stored(ctx, r.Token.OperationID)
	switch {
	case err != nil:
		return err
	case r.Token.Compare(op.Token()) > 0:
		return fmt.Errorf("report for %s: no such attempt: %w", r.Token, ErrUnknown)
	case op.Status == r.State && r.Token == op.Token():
		return nil // a repetition of what is recorded
	default:
		return fmt.Errorf("report for %s: %w: the operation is %s", r.Token, ErrSuperseded, op.Status)
	}
}

// checkOutputs refuses a result that refers to content which is not stored, because
// it never was, or because it was deleted in the long time until the report.
func (c *Controller) checkOutputs(ctx context.Context, r operation.Report) error {
	if c.o.Stored == nil || r.State != operation.Completed {
		return nil
	}
	outputs := r.Artifacts
	if r.Model != nil {
		outputs = append(outputs[:len(outputs):len(outputs)], operation.Artifact{SHA256: r.Model.SHA256, Role: "model"})
	}
	for _, a := range outputs {
		err := c.o.Stored(ctx, a.SHA256)
		if errors.Is(err, operation.ErrNotFound) {
			return fmt.Errorf("%w: %s %s is not in the artifact store: store it before the report", operation.ErrInvalidReport, a.Role, a.SHA256)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Operation returns one operation with its live progress, or ErrUnknown.
func (c *Controller) Operation(ctx context.Context, id string) (operation.Operation, error) {
	op, err := c.stored(ctx, id)
	if err != nil {
		return op, err
	}
	return c.Overlay([]operation.Operation{op})[0], nil
}

// Overlay replaces, in ops, what the scheduler knows more recently than the
// store: progress. It changes ops in place and returns it.
func (c *Controller) Overlay(ops []operation.Operation) []operation.Operation {
	schedules := false
	c.look(func(s *State) { s.Overlay(ops); schedules = true })
	if !schedules {
		for i := range ops {
			ops[i].Progress = ops[i].Shown()
		}
	}
	return ops
}

// Workers returns every registered worker, sorted by id; nil when the
// controller does not schedule.
func (c *Controller) Workers() []fleet.Worker {
	var all []fleet.Worker
	c.look(func(s *State) { all = s.Workers() })
	return all
}

// QueuePosition returns the place of a waiting operation, 1 for the next, and 0
// for one that does not wait.
func (c *Controller) QueuePosition(id string) int {
	position := 0
	c.look(func(s *State) { position = s.QueuePosition(id) })
	return position
}
