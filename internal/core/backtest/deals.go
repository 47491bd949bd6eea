package backtest

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/ledger"
)

// dealsAtATime is how many deals a block of them holds.
const dealsAtATime = 1 << 10

// deals are kept in blocks, so that none is ever copied to make room for others,
// and the memory of a block is cleared right before it is written. The first block
// grows.
type deals struct {
	full []*[dealsAtATime]ledger.Deal
	last []ledger.Deal
	n    int
	fees []ledger.Fees // of each, or of none
}

// next returns the place of the next deal, which it adds.
func (d *deals) next() *ledger.Deal {
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
		d.full = append(d.full, (*[dealsAtATime]ledger.Deal)(d.last))
		d.last = make([]ledger.Deal, 0, dealsAtATime)
	default:
		d.last = append(make([]ledger.Deal, 0, min(dealsAtATime, 32+4*n)), d.last...)
	}
}

// at returns deal i.
func (d *deals) at(i int) *ledger.Deal {
	if block := i / dealsAtATime; block < len(d.full) {
		return &d.full[block][i%dealsAtATime]
	}
	return &d.last[i%dealsAtATime]
}

// blocks returns all deals in order, in pieces.
func (d *deals) blocks() [][]ledger.Deal {
	all := make([][]ledger.Deal, 0, len(d.full)+1)
	for _, block := range d.full {
		all = append(all, block[:])
	}
	return append(all, d.last)
}

// all returns a copy of all deals.
func (d *deals) all() []ledger.Deal { return slices.Concat(d.blocks()...) }
