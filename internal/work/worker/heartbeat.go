package worker

import (
	"context"
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// heartbeats registers the worker again and again until ctx ends. Only one thing
// ends it earlier: that a newer process has taken this worker's id.
func (w *Worker) heartbeats(ctx context.Context) error {
	b := newBackoff(w.o.Heartbeat)
	registered := false
	for ctx.Err() == nil {
		err := w.register(ctx)
		pause := w.o.Heartbeat
		switch {
		case err == nil && !registered:
			registered = true
			w.log.InfoContext(ctx, "Worker registered successfully", "backend", w.o.BackendURL)
			w.resend()
			b.reset()
		case err == nil:
		case wire.KindOf(err) == wire.Conflict:
			return fmt.Errorf("register worker %s: %w", w.id, err)
		default:
			if registered || wire.KindOf(err) == wire.Invalid {
				w.log.WarnContext(ctx, "worker not registered; trying again", "backend", w.o.BackendURL, "error", err)
			} else {
				w.log.DebugContext(ctx, "worker not registered; trying again", "backend", w.o.BackendURL, "error", err)
			}
			registered = false
			pause = b.next(err)
		}
		w.wait(ctx, pause)
	}
	return nil
}

// register sends one registration.
func (w *Worker) register(ctx context.Context) error {
	endpoint, warning, err := w.address.URL()
	if err != nil {
		return err
	}
	if warning != "" {
		w.log.WarnContext(ctx, warning, "endpoint", endpoint)
	}
	ctx, cancel := context.WithTimeout(ctx, w.o.Heartbeat)
	defer cancel()
	_, err = w.backend.Register(ctx, w.registration(endpoint))
	return err
}

// maxUnacknowledgedBytes bounds the outcomes that travel with a registration;
// the courier sends all of them anyway.
const maxUnacknowledgedBytes = wire.MaxReportBytes / 2

func (w *Worker) registration(endpoint string) fleet.Registration {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := fleet.Registration{WorkerID: w.id, Type: w.o.Type, EndpointURL: endpoint, Capabilities: w.o.Capabilities,
		Incarnation: w.incarnation, Version: w.o.Version, Contract: fleet.Contract, Draining: w.stopping}
	if w.current != nil {
		token := w.current.token
		r.CurrentOperationID, r.Current = &token.OperationID, &token
	}
	room := maxUnacknowledgedBytes
	for _, a := range w.finished {
		if room -= size(*a.outcome); room < 0 {
			break
		}
		r.Finished = append(r.Finished, *a.outcome)
	}
	return r
}

// size is about how many bytes a report takes.
func size(r operation.Report) int {
	n := len(r.Result) + len(r.Error) + 4096
	if r.Model != nil {
		n += len(r.Model.Metrics) + len(r.Model.Description)
	}
	return n
}

// hasty is how soon a worker registers again when a backend has said that it
// stops.
const hasty = 2 * time.Second

// wait pauses between registrations, until d has passed, somebody asks for haste,
// or ctx ends.
func (w *Worker) wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-w.beat:
		_ = wire.Pause(ctx, min(hasty, d)) // the caller looks at ctx
	case <-ctx.Done():
	}
}
