package backtest

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/decision"
)

// A Deal is a Trade as it is kept: what does not follow from the bars, the signals
// and the options. Most of a Trade does; Books.Trade makes it.
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
// commission by the volume of a month, and the nights.
type Fees struct{ Entry, Exit, Financing float64 }

// dealsAtATime is how many deals a block of them holds.
const dealsAtATime = 1 << 10

// deals are kept in blocks, so that none is ever copied to make room for others,
// and the memory of a block is cleared right before it is written. The first block
// grows.
type deals struct {
	full []*[dealsAtATime]Deal
	last []Deal
	n    int
	fees []Fees // of each, or of none
}

// next returns the place of the next deal, which it adds.
func (d *deals) next() *Deal {
	n := len(d.last)
	if n == cap(d.last) {
		d.grow()
		n = len(d.last)
	}
	d.last = d.last[:n+1]
	d.n++
	return &d.last[n]
}

// grow makes room behind the last deal.
func (d *deals) grow() {
	n := len(d.last)
	switch {
	case n == dealsAtATime:
		d.full = append(d.full, (*[dealsAtATime]Deal)(d.last))
		d.last = make([]Deal, 0, dealsAtATime)
	default:
		d.last = append(make([]Deal, 0, min(dealsAtATime, 32+4*n)), d.last...)
	}
}

// at returns deal i.
func (d *deals) at(i int) *Deal {
	if block := i / dealsAtATime; block < len(d.full) {
		return &d.full[block][i%dealsAtATime]
	}
	return &d.last[i%dealsAtATime]
}

// blocks returns all deals in order, in pieces.
func (d *deals) blocks() [][]Deal {
	all := make([][]Deal, 0, len(d.full)+1)
	for _, block := range d.full {
		all = append(all, block[:])
	}
	return append(all, d.last)
}

// all returns a copy of all deals.
func (d *deals) all() []Deal { return slices.Concat(d.blocks()...) }
