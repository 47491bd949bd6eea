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

// packOutputs returns outputs as a column in which the rows that are not known are
// NaN. It reports false where a known one is: such a model is for somebody to see.
func packOutputs(outputs []float32, known []bool) ([]float32, bool) {
	column := append([]float32(nil), outputs...)
	width := len(outputs) / len(known)
	for row, ok := range known {
		if first := &column[row*width]; !ok {
			*first = float32(math.NaN())
		} else if *first != *first {
			return nil, false
		}
	}
	return column, true
}

// unpackOutputs returns the outputs of a column of packOutputs, 0 where they are not
// known.
func unpackOutputs(column []float32, width int) (outputs []float32, known []bool) {
	outputs, known = append([]float32(nil), column...), make([]bool, len(column)/width)
	for row := range known {
		first := &outputs[row*width]
		if known[row] = *first == *first; !known[row] {
			*first = 0
		}
	}
	return outputs, known
}
