package backtest

import (
	"context"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/ledger"
)

// stride is how many bars are simulated between two looks at the context and two
// reports: well under a millisecond.
const stride = 1 << 14

// A Progress says how far a backtest is.
type Progress struct {
	Bar    int     // bars simulated
	Bars   int     // bars in the window
	Time   int64   // Unix second at which the last bar simulated opens
	Equity float64 // at its close
	Trades int     // closed so far
	Wins   int     // of them with a net result above 0
}

// Checkpoints say when a run saves its state, and from which it goes on. The zero
// value saves nothing and begins at the first bar.
type Checkpoints struct {
	// Checkpoint is asked every 16,384 bars, with the number of bars simulated,
	// whether to save. Nil saves only where the run is cancelled.
	Checkpoint func(bar int) bool

	// Save is given the state, which it may keep, on the calling goroutine: where
	// Checkpoint asks for it, and when ctx has been cancelled, so it must not
	// depend on ctx. A run that got no further than Resume has nothing to save.
	// Nil saves nothing.
	Save func(state []byte)

	// Resume is a state that Save was given for the same input and options,
	// perhaps by another process.
	Resume []byte
}

// Run simulates the whole window and writes everything out. It calls report, which
// may be nil, every 16,384 bars and after the last, on the calling goroutine.
// Cancelling ctx ends it with the cause.
func Run(ctx context.Context, in Input, o Options, report func(Progress)) (Result, error) {
	return RunFrom(ctx, in, o, Checkpoints{}, report)
}

// RunFrom is Run with checkpoints. The result of a run that was cancelled and
// resumed, however often, has the same bits as that of one that was not. A state
// of other work is ErrOtherWork.
func RunFrom(ctx context.Context, in Input, o Options, c Checkpoints, report func(Progress)) (Result, error) {
	b, err := Simulate(ctx, in, o, c, report)
	if err != nil {
		return Result{}, err
	}
	return b.Result(), nil
}

// Simulate is RunFrom for those who need not everything written out.
func Simulate(ctx context.Context, in Input, o Options, c Checkpoints, report func(Progress)) (*Books, error) {
	s, err := New(in, o)
	if err != nil {
		return nil, err
	}
	if c.Resume != nil {
		state, err := ledger.ParseState(c.Resume, s.Work())
		if err == nil {
			s, err = Resume(in, o, state)
		}
		if err != nil {
			return nil, fmt.Errorf("resume backtest %s %s: %w", in.Series.Symbol, in.Series.Timeframe, err)
		}
	}
	begun := s.last.Bar
	for !s.Done() {
		cause := context.Cause(ctx)
		if c.Save != nil && s.last.Bar > begun && (cause != nil || c.Checkpoint != nil && c.Checkpoint(s.last.Bar)) {
			c.Save(s.AppendState(nil))
		}
		if cause != nil {
			return nil, fmt.Errorf("backtest %s %s stopped at bar %d of %d: %w", in.Series.Symbol, in.Series.Timeframe, s.last.Bar, in.Series.Len(), cause)
		}
		if err := s.Advance(s.last.Bar + stride); err != nil {
			return nil, fmt.Errorf("backtest: %w", err)
		}
		s.note()
		if report != nil {
			report(s.progress())
		}
	}
	return s.Books(), nil
}

// progress says how far the simulation is, at least one bar.
func (s *Simulation) progress() Progress {
	bar := s.last.Bar - 1
	return Progress{Bar: bar + 1, Bars: s.in.Series.Len(), Time: s.in.Series.Time[bar], Equity: s.equity(), Trades: s.deals.Len(), Wins: s.deals.Tally.Wins}
}
