package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// A WorkerBusyError says that a worker cannot be removed because it runs an
// operation.
type WorkerBusyError struct{ WorkerID, OperationID string }

func (e *WorkerBusyError) Error() string {
	return fmt.Sprintf("Worker %s runs %s. Drain it and wait, or cancel the operation, and remove it then.", e.WorkerID, e.OperationID)
}

// cordon takes a worker out of service, or puts it back.
func (s *State) cordon(e CordonAsked, now time.Time) {
	_, known := s.fleet.Worker(e.WorkerID)
	if !known && (e.Out || !s.fleet.Cordoned(e.WorkerID)) {
		s.emit(Reply{Request: e.Request, Err: fmt.Errorf("worker %s: %w", e.WorkerID, ErrUnknown)})
		return
	}
	var tx operation.Transaction
	if s.fleet.Cordoned(e.WorkerID) != e.Out {
		s.fleet.Cordon(e.WorkerID, e.Out)
		tx = operation.Transaction{fleet.Marked{WorkerID: e.WorkerID, Cordoned: e.Out, At: stamp(now)}}
	}
	w, _ := s.fleet.Worker(e.WorkerID)
	s.emit(Write{Tx: tx, Then: []Effect{Reply{Request: e.Request, Worker: w}}})
}

// remove forgets a worker that runs nothing. If it lives it comes back with its
// next heartbeat.
func (s *State) remove(e RemoveAsked, now time.Time) {
	_, known := s.fleet.Worker(e.WorkerID)
	cordoned := s.fleet.Cordoned(e.WorkerID)
	switch t := s.fleet.Reservation(e.WorkerID); {
	case !known && !cordoned:
		s.emit(Reply{Request: e.Request, Err: fmt.Errorf("worker %s: %w", e.WorkerID, ErrUnknown)})
		return
	case t != nil:
		s.emit(Reply{Request: e.Request, Err: &WorkerBusyError{WorkerID: e.WorkerID, OperationID: t.OperationID}})
		return
	}
	_ = s.tell(fleet.Removed{WorkerID: e.WorkerID}, now)
	if cordoned {
		s.fleet.Cordon(e.WorkerID, false)
		s.emit(Write{Tx: operation.Transaction{fleet.Marked{WorkerID: e.WorkerID, At: stamp(now)}}})
	}
	s.reply(Reply{Request: e.Request})
}

// Drain takes a worker out of service, durably: it goes on with what it runs and
// is given nothing more, until Undrain, whatever is restarted meanwhile. It
// fails with ErrUnknown.
func (c *Controller) Drain(ctx context.Context, workerID string) (fleet.Worker, error) {
	return c.cordon(ctx, workerID, true)
}

// Undrain puts a worker back into service. It fails with ErrUnknown.
func (c *Controller) Undrain(ctx context.Context, workerID string) (fleet.Worker, error) {
	return c.cordon(ctx, workerID, false)
}

func (c *Controller) cordon(ctx context.Context, workerID string, out bool) (fleet.Worker, error) {
	r, err := c.ask(ctx, func(request uint64) Event { return CordonAsked{Request: request, WorkerID: workerID, Out: out} })
	return r.Worker, err
}

// Remove forgets a worker, drained or not, that runs nothing; a living one comes
// back with its next heartbeat. It fails with ErrUnknown or *WorkerBusyError.
func (c *Controller) Remove(ctx context.Context, workerID string) error {
	_, err := c.ask(ctx, func(request uint64) Event { return RemoveAsked{Request: request, WorkerID: workerID} })
	return err
}
