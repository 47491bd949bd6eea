package barstore

import (
	"context"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// tailBars is how long a tail may stay: up to it, writing it anew for a changed bar
// takes about as long as the syncs that a merge waits for anyway.
const tailBars = 1 << 16

// A seriesName says which series.
type seriesName struct {
	symbol    market.Symbol
	timeframe market.Timeframe
}

// isLong tells that the tail should be written anew together with the rest.
func (h *head) isLong() bool { return h.tailed && h.bars-h.tail > tailBars }

// propose has the series of h compacted if its tail is long. Where too many wait, the
// next merge proposes it again.
func (s *Store) propose(h head) {
	if h.isLong() {
		select {
		case s.long <- seriesName{h.symbol, h.timeframe}:
		default:
		}
	}
}

// Compact gives series that have got a long tail one file a column again, one after
// the other, until ctx is done. Who reads does not notice; who merges meanwhile waits.
// What fails changes nothing of what is held; failed is told, and the next merge of
// that series proposes it again.
func (s *Store) Compact(ctx context.Context, failed func(error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case name := <-s.long:
			if err := s.compact(ctx, name); err != nil && ctx.Err() == nil {
				failed(fmt.Errorf("compact bars: %w", err))
			}
		}
	}
}

func (s *Store) compact(ctx context.Context, name seriesName) error {
	if err := s.lockMerges(ctx); err != nil {
		return err
	}
	defer s.unlockMerges()
	p, err := s.planCompaction(ctx, name)
	if err != nil {
		return err
	}
	return s.carryOut(ctx, p)
}

// planCompaction plans to write all of a series anew; nothing where it has no tail any
// more.
func (s *Store) planCompaction(ctx context.Context, name seriesName) (plan, error) {
	s.mu.Lock()
	v, err := s.mapped(name.symbol, name.timeframe)
	s.mu.Unlock() // only merges unmap, and there is one at a time
	if err != nil || !v.tailed {
		return plan{}, err
	}
	const some = askedSteps * stepBars // so that who reads for the first time meanwhile waits for no more
	for i := 0; i < v.bars; i += some {
		if ctx.Err() != nil {
			return plan{}, context.Cause(ctx)
		}
		if err := v.verify(i, min(i+some, v.bars)); err != nil {
			return plan{}, s.explain(name.symbol, name.timeframe, err)
		}
	}
	return plan{base: v.head, runs: []run{{fromHeld, 0, v.bars}}, source: [2]raw{fromHeld: v.columns}, bars: v.bars, last: v.last}, nil
}
