package backtest

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/decision"
)

// finerFits returns why the finer bars of in cannot be those that o asks for, or
// nil.
func (o Options) finerFits(in Input) error {
	f, s := in.Finer, in.Series
	if o.Fills.Intrabar == 0 {
		if f.Len() != 0 {
			return fmt.Errorf("%d bars of %s that nobody asks for", f.Len(), f.Timeframe)
		}
		return nil
	}
	if err := o.Fills.Fit(s.Timeframe); err != nil {
		return err
	}
	n := f.Len()
	if f.Symbol != s.Symbol || f.Timeframe != o.Fills.Intrabar || len(f.Open) != n || len(f.High) != n || len(f.Low) != n || len(f.Close) != n || len(f.Volume) != n {
		return fmt.Errorf("intrabar %s: want the bars of %s %s, have %d of %q", o.Fills.Intrabar, s.Symbol, o.Fills.Intrabar, n, f.Symbol)
	}
	return nil
}

// targetFirst tells that on bar, which reached stop and target, the finer bars
// within it reached the target first. Where they did not reach both, or one of them
// reached both at once, they say nothing.
func (s *Simulation) targetFirst(bar int, stop, target float64) bool {
	st, f, side := &s.last, &s.in.Finer, s.last.Open.Side
	st.Intrabar.Conflicts++
	stopAt, targetAt := -1, -1
	end := s.in.Series.Available(bar)
	for i := f.Search(s.in.Series.Time[bar]); i < f.Len() && f.Time[i] < end; i++ {
		against, inFavour := f.Low[i], f.High[i]
		if side == decision.Short {
			against, inFavour = inFavour, against
		}
		if stopAt < 0 && float64(side)*(against-stop) <= 0 {
			stopAt = i
		}
		if targetAt < 0 && float64(side)*(inFavour-target) >= 0 {
			targetAt = i
		}
	}
	if stopAt < 0 || targetAt < 0 || stopAt == targetAt {
		return false
	}
	st.Intrabar.Resolved++
	return targetAt < stopAt
}
