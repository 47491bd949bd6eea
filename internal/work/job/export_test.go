package job

import (
	"context"
	"slices"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/data/featurecache"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// The forms in which answers are kept, for the test that they give back every bit.
var (
	MarkUnknown = markUnknown
	KnownRows   = knownRows
)

// ClosesOfAll is what a portfolio is compared with.
var ClosesOfAll = closesOfAll

// RawBytes is what a signal is counted as in a cache.
const RawBytes = rawBytes

// Answers are what a model says at the bars of an order.
type Answers struct {
	Outputs []float32
	Known   []bool
	Signals []decision.Raw
}

// Asked returns the answers as the jobs of order get them, with a cache.
func Asked(ctx context.Context, env worker.Env, kept *featurecache.Cache, order wire.BacktestOrder) (a Answers, err error) {
	env = desk{Env: env, kept: kept}
	m, err := readMarket(ctx, env, order)
	if err != nil {
		return a, err
	}
	if a.Signals, err = m.signals(ctx, env, m.strategy); err != nil {
		return a, err
	}
	a.Outputs, a.Known, err = m.asked(ctx, env)
	return a, err
}

// AskedOneByOne returns the answers of a model that is asked at one bar after the other,
// by the features at all bars held.
func AskedOneByOne(ctx context.Context, env worker.Env, order wire.BacktestOrder) (a Answers, err error) {
	m, err := readMarket(ctx, env, order)
	if err != nil {
		return a, err
	}
	x, err := feature.BuildScaled(ctx, m.strategy, m.frame, market.Span{}, m.model.Manifest.Scaling)
	if err != nil {
		return a, err
	}
	head, err := decision.HeadOf(m.strategy, m.model.Manifest.Classes)
	if err != nil {
		return a, err
	}
	readable := model.Readable(x, m.model.Network.Config().Rows())
	for _, at := range m.window.Time {
		row, _ := slices.BinarySearch(x.Time, at)
		outputs := m.model.Outputs(x, readable, row, row+1)
		raw, err := head.DecodeKnown(nil, outputs, []int64{at}, []bool{readable[row]})
		if err != nil {
			return a, err
		}
		a.Outputs, a.Known, a.Signals = append(a.Outputs, outputs...), append(a.Known, readable[row]), append(a.Signals, raw...)
	}
	return a, nil
}
