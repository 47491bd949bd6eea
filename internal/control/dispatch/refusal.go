package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// maxRefusals bounds what is remembered of those who cannot be trusted with
// their own names.
const maxRefusals = 1000

// refusals tells the operator once what was refused to workers, however often
// they ask.
type refusals struct {
	log *slog.Logger

	mu   sync.Mutex        // guards told
	told map[string]string // reason by what was refused
}

// registration notes the answer to a registration. After one that was taken, the
// next refusal is news again.
func (r *refusals) registration(ctx context.Context, g fleet.Registration, err error) {
	id := g.WorkerID[:min(len(g.WorkerID), maxSubject)]
	switch {
	case err == nil:
		r.forget(id)
	case errors.Is(err, fleet.ErrInvalid), errors.Is(err, fleet.ErrReplaced):
		if r.news(id, err) {
			r.log.WarnContext(ctx, "registration refused", "worker", id, "error", err)
		}
	}
}

// maxSubject bounds the names that are remembered.
const maxSubject = 120

// report notes the answer to a report of a worker. Progress that cannot be true
// is told with its attempt, and what came late is nobody's fault.
func (r *refusals) report(ctx context.Context, p operation.Report, err error) {
	if err == nil || !errors.Is(err, operation.ErrInvalidReport) && !errors.Is(err, ErrUnknown) && !errors.Is(err, ErrSuperseded) {
		return
	}
	id, of := p.WorkerID[:min(len(p.WorkerID), maxSubject)], p.Token.OperationID[:min(len(p.Token.OperationID), maxSubject)]
	if !r.news(id+" "+of, err) {
		return
	}
	level := slog.LevelWarn
	if errors.Is(err, ErrSuperseded) {
		level = slog.LevelInfo
	}
	r.log.Log(ctx, level, "report refused", "worker", id, "operation", of, "attempt", p.Token.Attempt, "error", err)
}

// news reports whether this reason was not told yet.
func (r *refusals) news(subject string, err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told[subject] == err.Error() {
		return false
	}
	if r.told == nil || len(r.told) >= maxRefusals {
		r.told = map[string]string{}
	}
	r.told[subject] = err.Error()
	return true
}

func (r *refusals) forget(subject string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.told, subject)
}
