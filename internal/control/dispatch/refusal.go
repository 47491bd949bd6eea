package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// maxRefusals and maxName bound what is remembered of those who make names up.
const (
	maxRefusals = 1000
	maxName     = 120
)

// refusals tells the operator once what was refused to workers, however often
// they ask.
type refusals struct {
	log *slog.Logger

	mu   sync.Mutex        // guards told
	told map[string]string // reason by what was refused
}

// note takes the answer to a worker about an operation, "" for a registration.
// After one that was taken the next refusal is news again. Progress that cannot
// be true is told with its attempt.
func (r *refusals) note(ctx context.Context, message, worker, operationID string, err error) {
	level := slog.LevelWarn
	switch {
	case errors.Is(err, ErrSuperseded): // late, which is nobody's fault
		level = slog.LevelInfo
	case err == nil, errors.Is(err, fleet.ErrInvalid), errors.Is(err, fleet.ErrReplaced), errors.Is(err, operation.ErrInvalidReport), errors.Is(err, ErrUnknown):
	default:
		return
	}
	worker, operationID = worker[:min(len(worker), maxName)], operationID[:min(len(operationID), maxName)]
	if r.news(worker+" "+operationID, err) {
		r.log.Log(ctx, level, message, "worker", worker, "operation", operationID, "error", err)
	}
}

// news reports whether this was not told yet.
func (r *refusals) news(subject string, err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		delete(r.told, subject)
		return false
	}
	if len(r.told) >= maxRefusals {
		clear(r.told)
	}
	known := r.told[subject]
	r.told[subject] = err.Error()
	return known != err.Error()
}
