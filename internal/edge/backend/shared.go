package backend

import (
	"context"
	"errors"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/replica"
	"github.com/ktrdr/ktrdr/internal/control/upkeep"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/edge/api"
)

// heldBars returns the bars of a backend as the API and the upkeep ask for them:
// its own, or those that backends on one database share.
func heldBars(shared bool, s scheduling, o replica.Options) (api.Bars, upkeep.Bars) {
	own := barFiles{o.Own}
	if !shared {
		return own, o.Own
	}
	o.Reign = func() (bool, <-chan struct{}) {
		_, here, changed := s.Scheduler()
		return here, changed
	}
	all := replica.New(o)
	return sharedBars{own, all}, all
}

// sharedBars are the bars of several backends on one database, as the API asks
// for them.
type sharedBars struct {
	barFiles
	shared *replica.Bars
}

// Holdings implements api.Bars.
func (b sharedBars) Holdings(ctx context.Context) ([]wire.Holding, error) {
	all, err := b.shared.List(ctx)
	return holdings(all), err
}

// Holding implements api.Bars.
func (b sharedBars) Holding(ctx context.Context, symbol market.Symbol, tf market.Timeframe) (wire.Holding, error) {
	if err := b.shared.Ready(ctx, symbol, tf); err != nil {
		return wire.Holding{}, err
	}
	return b.barFiles.Holding(ctx, symbol, tf)
}

// Read implements api.Bars.
func (b sharedBars) Read(ctx context.Context, symbol market.Symbol, tf market.Timeframe, span market.Span) (market.Series, error) {
	return b.shared.Read(ctx, symbol, tf, span)
}

// Import implements api.Bars. It answers when the other backends have the bars
// too, whichever of them is asked for them.
func (b sharedBars) Import(ctx context.Context, f api.ImportFile) (wire.ImportReport, error) {
	if err := b.shared.Ready(ctx, f.Symbol, f.Timeframe); err != nil {
		return wire.ImportReport{}, err
	}
	r, err := b.barFiles.Import(ctx, f)
	if err != nil {
		return r, err
	}
	err = b.shared.Publish(ctx, f.Symbol, f.Timeframe)
	if errors.Is(err, operation.ErrConflict) {
		refused := wire.Errorf(wire.CodeUnavailable, "%w: try again", err)
		refused.RetryAfter = time.Second
		return r, refused
	}
	return r, err
}
