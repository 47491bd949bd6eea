package backtest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/decision"
)

// A State is everything that a Simulation knows after some bars: what New and
// the same input need to go on as if there had been no break. The zero value is
// the state before the first bar.
type State struct {
	Bar      int // next bar to simulate
	Realised float64
	Open     Open            // the position held
	Pending  decision.Signal // to be filled at the open of Bar
	Sureness float32         // confidence behind Pending
	Entered  bool            // whether there was an entry
	Entry    int             // bar of the last one
	Month    int             // 12*year + month of Traded
	Traded   float64         // in Month, by which a schedule of commissions goes

	Decisions  decision.Counts
	Orders     Orders
	Costs      Costs
	Turnover   float64
	Intrabar   Intrabar
	Bankruptcy *Bankruptcy

	Trades   []Trade
	Equity   []float64 // of the bars before Bar
	Position []int8    // of the bars before Bar
}

// An Open is a position that is held. The zero value is none.
type Open struct {
	Side       decision.Position
	Bar        int // of the entry
	Quantity   float64
	Price      float64 // of the entry, slippage included
	Value      float64 // Price * Quantity
	Commission float64 // of the entry
	Slippage   float64 // of the entry
	Spread     float64 // of the entry
	Financing  float64 // so far
	Confidence float32
	High, Low  float64 // extremes of the price since the entry

	// Where its exits are; 0 is none.
	Stop, Target, Trail float64 // prices
	SessionEnd          int64   // Unix second
}

// clone returns a copy that shares nothing with s.
func (s State) clone() State {
	s.Trades = slices.Clone(s.Trades)
	s.Equity = slices.Clone(s.Equity)
	s.Position = slices.Clone(s.Position)
	if s.Bankruptcy != nil {
		copied := *s.Bankruptcy
		s.Bankruptcy = &copied
	}
	return s
}

// check returns why s cannot be the state of a simulation of bars bars.
func (s State) check(bars int) error {
	switch {
	case s.Bar < 0 || s.Bar > bars:
		return fmt.Errorf("resume at bar %d: the window has %d bars", s.Bar, bars)
	case len(s.Equity) != s.Bar || len(s.Position) != s.Bar:
		return fmt.Errorf("resume at bar %d: the state holds %d points of equity and %d of position", s.Bar, len(s.Equity), len(s.Position))
	case s.Open.Side != decision.Flat && (s.Open.Bar < 0 || s.Open.Bar > s.Bar):
		return fmt.Errorf("resume at bar %d: the open position was entered on bar %d", s.Bar, s.Open.Bar)
	case s.Pending != decision.Hold && s.Bar == 0:
		return errors.New("resume at bar 0: an order is pending that no bar decided")
	case s.Entry < 0 || s.Entry > s.Bar:
		return fmt.Errorf("resume at bar %d: the last entry was on bar %d", s.Bar, s.Entry)
	}
	return nil
}
