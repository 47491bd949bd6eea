package job

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

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

// A question is what a model is asked: at the bars of a span, by the features of a
// strategy.
type question struct {
	model    model.Model
	sha256   string // of the file of the model
	strategy *strategy.Strategy
	frame    feature.Frame
	span     market.Span
}

// window returns the bars at which the model is asked.
func (q question) window() market.Series {
	return q.frame.Series[q.strategy.Base].Within(q.span)
}

// key names the answers: by the model, every series of bars that its features are made
// of, and the window. What is done with answers is no part of it.
func (q question) key(window market.Series) string {
	var text strings.Builder
	fmt.Fprintf(&text, "ktrdr answers 2\n%s\n%s %s\n%d %d %d\n", q.sha256, q.frame.Symbol, window.Timeframe,
		window.Time[0], window.Time[window.Len()-1], window.Len())
	for _, bars := range q.strategy.Reads() {
		fmt.Fprintf(&text, "%s %s %s\n", bars.Symbol, bars.Timeframe, q.frame.Hashes[bars])
	}
	sum := sha256.Sum256([]byte(text.String()))
	return hex.EncodeToString(sum[:])
}

// answers returns what the model puts out at every bar of the window, row-major, and
// where it could be asked: from the cache, else by asking, of which tell is told.
// Backtests, sweeps and ensembles share them, whatever they decide by them; nobody
// writes to them.
func (q question) answers(ctx context.Context, kept *featurecache.Cache, threads int, tell func(operation.Progress)) ([]float32, []bool, error) {
	window, width := q.window(), q.model.Network.Config().Outputs
	rows := window.Len()
	if rows == 0 {
		return nil, nil, nil
	}
	key := q.key(window)
	if outputs, ok := kept.Get(key, rows*width); ok {
		return outputs, knownRows(outputs, width), nil
	}
	tell(operation.Progress{Phase: "features", CurrentStep: "Computing features", Percentage: 5})
	matrix, before, err := q.model.Features(ctx, q.strategy, q.frame, q.span)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Equal(matrix.Time[before:], window.Time) {
		return nil, nil, errors.New("features and bars are not of the same times")
	}
	tell(operation.Progress{Phase: "inference", CurrentStep: "Asking the model", Percentage: 30})
	readable := model.Readable(matrix, q.model.Network.Config().Rows())
	outputs, known := make([]float32, rows*width), readable[before:]
	err = inLanes(ctx, rows, inferRows, threads, func(from, to int) error {
		copy(outputs[from*width:], q.model.Outputs(matrix, readable, before+from, before+to))
		return nil
	})
	if err == nil && markUnknown(outputs, known) {
		kept.Put(key, outputs)
	}
	return outputs, known, err
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

// question is what the model of the scene is asked.
func (m scene) question() question {
	return question{m.model, m.order.ModelSHA256, m.strategy, m.frame, m.span}
}

// asked returns the answers to the question of the scene.
func (m scene) asked(ctx context.Context, env worker.Env) ([]float32, []bool, error) {
	outputs, known, err := m.question().answers(ctx, keptOf(env), threadsOf(m.order, env), env.Report)
	if err == nil {
		err = checkHistory(m.strategy, m.frame, m.span, known)
	}
	return outputs, known, err
}

// signals returns what the model says at every bar of the window to a strategy s that
// shares features and classes with that of the scene.
func (m scene) signals(ctx context.Context, env worker.Env, s *strategy.Strategy) ([]decision.Raw, error) {
	head, err := decision.HeadOf(s, m.model.Manifest.Classes)
	if err != nil {
		return nil, err
	}
	warnOfHistory(env, m.strategy, m.frame, m.span)
	key := fmt.Sprintf("signals %s %v of %s", s.Decisions.OutputFormat, s.Decisions.CostModel, m.question().key(m.window))
	return featurecache.Held(keptOf(env), key, func() ([]decision.Raw, int64, error) {
		outputs, known, err := m.asked(ctx, env)
		if err != nil {
			return nil, 0, err
		}
		times, width := m.window.Time, head.Width()
		signals := make([]decision.Raw, len(times))
		err = inLanes(ctx, len(times), inferRows, threadsOf(m.order, env), func(from, to int) error {
			_, err := head.DecodeKnown(signals[from:to], outputs[from*width:to*width], times[from:to], known[from:to])
			return err
		})
		return signals, rawBytes * int64(len(signals)), err
	})
}

// rawBytes is the size of a decision.Raw.
const rawBytes = 8
