package job

import (
	"context"

	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// fromSaved calls run with the newest saved state that it takes, else with nil,
// which begins anew. run calls begun when it has taken the state and computes: an
// error after that is one of the work and not of the state.
func fromSaved(ctx context.Context, env worker.Env, run func(saved []byte, begun func()) error) error {
	for saved := range env.Saved(ctx) {
		taken := false
		err := run(saved, func() { taken = true })
		if err == nil || taken || ctx.Err() != nil {
			return err
		}
		env.Warn("a saved state cannot be used, so the work of it is done again: " + err.Error())
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return run(nil, func() {})
}
