package job

import (
	"context"
	"encoding/json"
	"math"

	"github.com/ktrdr/ktrdr/internal/data/featurecache"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// Keeping returns j with a cache: the features that it computes from bars, and what
// models say about them, it looks for in kept first. Results do not depend on it.
func Keeping(kept *featurecache.Cache, j worker.Job) worker.Job {
	return worker.JobFunc(func(ctx context.Context, order json.RawMessage, env worker.Env) (json.RawMessage, error) {
		return j.Run(ctx, order, desk{Env: env, kept: kept})
	})
}

// A desk is an Env with what was computed before.
type desk struct {
	worker.Env
	kept *featurecache.Cache
}

// keptOf returns the cache of a job, which is nil, and so keeps nothing, where the
// job has none.
func keptOf(env worker.Env) *featurecache.Cache {
	if d, ok := env.(desk); ok {
		return d.kept
	}
	return nil
}

// markUnknown makes NaN of the first output of every row that is not known, so that
// outputs alone say which are. It reports false where that of a known one is NaN: such
// a model is for somebody to see.
func markUnknown(outputs []float32, known []bool) bool {
	width := len(outputs) / len(known)
	for row, ok := range known {
		if first := &outputs[row*width]; !ok {
			*first = float32(math.NaN())
		} else if *first != *first {
			return false
		}
	}
	return true
}

// knownRows reports which rows of outputs are known, after markUnknown.
func knownRows(outputs []float32, width int) []bool {
	known := make([]bool, len(outputs)/width)
	for row := range known {
		first := outputs[row*width]
		known[row] = first == first
	}
	return known
}
