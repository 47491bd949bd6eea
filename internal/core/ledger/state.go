package ledger

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/decision"
)

// A State is everything that a simulation knows after some bars: what it needs,
// beside the same input, to go on as if there had been no break. The zero value is
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

	Deals  []Deal
	Fees   []Fees    // of each of Deals, or of none
	Equity []float64 // of the bars before Bar; nil where it follows from Deals
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

// Clone returns a copy that shares nothing with s.
func (s State) Clone() State {
	s.Deals, s.Fees, s.Equity = slices.Clone(s.Deals), slices.Clone(s.Fees), slices.Clone(s.Equity)
	if s.Bankruptcy != nil {
		copied := *s.Bankruptcy
		s.Bankruptcy = &copied
	}
	return s
}

// Check returns why s cannot be the state of a simulation of bars bars.
func (s State) Check(bars int) error {
	switch {
	case s.Bar < 0 || s.Bar > bars:
		return fmt.Errorf("resume at bar %d: the window has %d bars", s.Bar, bars)
	case len(s.Equity) != 0 && len(s.Equity) != s.Bar:
		return fmt.Errorf("resume at bar %d: the state holds %d points of equity", s.Bar, len(s.Equity))
	case len(s.Fees) != 0 && len(s.Fees) != len(s.Deals):
		return fmt.Errorf("resume at bar %d: the state holds the fees of %d of %d trades", s.Bar, len(s.Fees), len(s.Deals))
	case s.Open.Side != decision.Flat && (s.Open.Bar < 1 || s.Open.Bar > s.Bar):
		return fmt.Errorf("resume at bar %d: the open position was entered on bar %d", s.Bar, s.Open.Bar)
	case s.Pending != decision.Hold && s.Bar == 0:
		return errors.New("resume at bar 0: an order is pending that no bar decided")
	case s.Entry < 0 || s.Entry > s.Bar:
		return fmt.Errorf("resume at bar %d: the last entry was on bar %d", s.Bar, s.Entry)
	}
	free := 1 // the first bar at whose open something can be filled
	last := Deal{}
	isPart := func(entry int, side decision.Position) bool { return entry == int(last.Entry) && side == last.Side }
	for i, d := range s.Deals {
		isFree := int(d.Entry) >= free || isPart(int(d.Entry), d.Side) && d.HeldTo() >= free
		if !isFree || d.Exit < d.Entry || int(d.Exit) >= bars || d.HeldTo() > s.Bar || d.Side == decision.Flat {
			return fmt.Errorf("resume at bar %d: trade %d goes from bar %d to bar %d after one that ended before bar %d", s.Bar, i+1, d.Entry, d.Exit, free)
		}
		free, last = d.HeldTo(), d
	}
	if s.Open.Side != decision.Flat && s.Open.Bar < free && !isPart(s.Open.Bar, s.Open.Side) {
		return fmt.Errorf("resume at bar %d: the open position was entered on bar %d, during an earlier one", s.Bar, s.Open.Bar)
	}
	return nil
}

// Widen takes the prices of bars into the extremes since the entry.
func (o *Open) Widen(highs, lows []float64) {
	high, low := o.High, o.Low
	for _, v := range highs {
		if v > high {
			high = v
		}
	}
	for _, v := range lows {
		if v < low {
			low = v
		}
	}
	o.High, o.Low = high, low
}
