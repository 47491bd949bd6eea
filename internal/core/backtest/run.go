package backtest

import (
	"context"
	"fmt"
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

// Run simulates the whole window. It calls report, which may be nil, every 16,384
// bars and after the last, on the calling goroutine. Cancelling ctx ends it with
// the cause.
func Run(ctx context.Context, in Input, o Options, report func(Progress)) (Result, error) {
	s, err := New(in, o)
	if err != nil {
		return Result{}, err
	}
	wins, counted := 0, 0
	for !s.Done() {
		if err := context.Cause(ctx); err != nil {
			return Result{}, fmt.Errorf("backtest %s %s stopped at bar %d of %d: %w", in.Series.Symbol, in.Series.Timeframe, s.last.Bar, in.Series.Len(), err)
		}
		if err := s.Advance(s.last.Bar + stride); err != nil {
			return Result{}, fmt.Errorf("backtest: %w", err)
		}
		if report == nil {
			continue
		}
		for ; counted < len(s.last.Trades); counted++ {
			if s.last.Trades[counted].Net > 0 {
				wins++
			}
		}
		bar := s.last.Bar - 1
		report(Progress{Bar: bar + 1, Bars: in.Series.Len(), Time: in.Series.Time[bar], Equity: s.last.Equity[bar], Trades: counted, Wins: wins})
	}
	return s.Result(), nil
}
