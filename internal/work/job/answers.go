package job

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/data/featurecache"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// inferRows is how many rows are asked of the network at a time. It is part of
// no result: a row's outputs are the same however rows are divided.
const inferRows = 16_384

// A questionnaire is what a model is asked over the window of a scene.
type questionnaire struct {
	matrix   feature.Matrix
	before   int    // rows of matrix before those of the window
	readable []bool // rows at which the model can be asked
}

// questions computes the features of the window.
func (m scene) questions(ctx context.Context, env worker.Env) (q questionnaire, err error) {
	env.Report(operation.Progress{Phase: "features", CurrentStep: "Computing features", Percentage: 5})
	if q.matrix, q.before, err = m.model.Features(ctx, m.strategy, m.frame, m.span); err != nil {
		return q, err
	}
	if !slices.Equal(q.matrix.Time[q.before:], m.window.Time) {
		return q, errors.New("features and bars are not of the same times")
	}
	q.readable = model.Readable(q.matrix, m.model.Network.Config().Rows())
	if err := checkHistory(m.strategy, m.frame, m.span, q.readable[q.before:]); err != nil {
		return q, err
	}
	env.Report(operation.Progress{Phase: "inference", CurrentStep: "Asking the model", Percentage: 30})
	return q, nil
}

// checkHistory refuses a window at none of whose bars a model of s can be asked.
func checkHistory(s *strategy.Strategy, f feature.Frame, span market.Span, readable []bool) error {
	if slices.Contains(readable, true) || len(readable) == 0 {
		return nil
	}
	why := feature.Describe(feature.Shortages(s, f, span))
	if why == "" {
		why = "there are holes in what is held"
	}
	return fmt.Errorf("at none of the %d bars of %s %s all features are known: %s", len(readable), f.Symbol, s.Base, why)
}

// warnOfHistory tells that the first bars of a window cannot be decided on.
func warnOfHistory(env worker.Env, s *strategy.Strategy, f feature.Frame, span market.Span) {
	if why := feature.Describe(feature.Shortages(s, f, span)); why != "" {
		env.Warn("at the first bars nothing is decided: " + why)
	}
}

// signals returns what the model says at every bar of the window to a strategy s that
// shares features and classes with that of the scene: from the cache, else by asking.
func (m scene) signals(ctx context.Context, env worker.Env, s *strategy.Strategy) ([]decision.Raw, error) {
	head, err := decision.HeadOf(s, m.model.Manifest.Classes)
	if err != nil {
		return nil, err
	}
	warnOfHistory(env, m.strategy, m.frame, m.span)
	what := fmt.Sprintf("signals %s %v", s.Decisions.OutputFormat, s.Decisions.CostModel)
	kept, key := keptOf(env), answersKey(what, m.order.ModelSHA256, m.order.Data, m.window)
	return featurecache.Held(kept, "held "+key, func() ([]decision.Raw, int64, error) {
		bytes := rawBytes * int64(m.window.Len())
		if column, ok := kept.Get(key, m.window.Len()); ok {
			return unpackSignals(column), bytes, nil
		}
		signals, err := m.decoded(ctx, env, head)
		if err == nil && kept != nil {
			kept.Put(key, packSignals(signals))
		}
		return signals, bytes, err
	})
}

// rawBytes is the size of a decision.Raw.
const rawBytes = 8

// decoded asks the model and reads its answers by head.
func (m scene) decoded(ctx context.Context, env worker.Env, head decision.Head) ([]decision.Raw, error) {
	q, err := m.questions(ctx, env)
	if err != nil {
		return nil, err
	}
	times, known := m.window.Time, q.readable[q.before:]
	signals := make([]decision.Raw, len(times))
	return signals, inLanes(ctx, len(times), inferRows, threadsOf(m.order, env), func(from, to int) error {
		outputs := m.model.Outputs(q.matrix, q.readable, q.before+from, q.before+to)
		_, err := head.DecodeKnown(signals[from:to], outputs, times[from:to], known[from:to])
		return err
	})
}

// asked returns what the model puts out at every bar of the window, row-major, and
// where it could be asked: from the cache, else by asking.
func (m scene) asked(ctx context.Context, env worker.Env) ([]float32, []bool, error) {
	head, err := decision.HeadOf(m.strategy, m.model.Manifest.Classes)
	if err != nil {
		return nil, nil, err
	}
	rows, width := m.window.Len(), head.Width()
	kept, key := keptOf(env), answersKey("outputs", m.order.ModelSHA256, m.order.Data, m.window)
	if column, ok := kept.Get(key, rows*width); ok {
		outputs, known := unpackOutputs(column, width)
		return outputs, known, nil
	}
	q, err := m.questions(ctx, env)
	if err != nil {
		return nil, nil, err
	}
	outputs, known := make([]float32, rows*width), q.readable[q.before:]
	err = inLanes(ctx, rows, inferRows, threadsOf(m.order, env), func(from, to int) error {
		copy(outputs[from*width:], m.model.Outputs(q.matrix, q.readable, q.before+from, q.before+to))
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if column, ok := packOutputs(outputs, known); ok && kept != nil {
		kept.Put(key, column)
	}
	return outputs, known, nil
}
