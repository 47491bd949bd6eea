package ledger

import "github.com/ktrdr/ktrdr/internal/core/decision"

// A Deal is a Trade as it is kept: what does not follow from the bars, the signals
// and the options. Most of a Trade does; backtest makes it.
type Deal struct {
	Entry, Exit int32 // bars
	Quantity    float64
	Price       float64 // at which it was left, before slippage and spread; of a limit order, that of the fill
	Net         float64
	Side        decision.Position
	Cause       Cause
	AtOpen      bool // it was left at the open of bar Exit
	AtClose     bool // at its close; else within it
	Limit       bool // by a limit order
}

// Fees are what a Deal cost, where that does not follow from the options: the
// commission by the volume of a month, or of a part, and the nights.
type Fees struct{ Entry, Exit, Financing float64 }

// HeldTo returns the first bar after the entry during which nothing of d was held
// after its open.
func (d Deal) HeldTo() int {
	if d.AtOpen {
		return int(d.Exit)
	}
	return int(d.Exit) + 1
}
