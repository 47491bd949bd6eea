package ledger

import (
	"sort"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// DealsAtATime is how many deals a block of them holds.
const DealsAtATime = 1 << 10

// Deals are kept as columns, in blocks, so that none is ever copied to make room for
// others, and the memory of a block is cleared right before it is written.
type Deals struct {
	Fees  []Fees // of each, or of none
	Tally Tally

	bars   *market.Series
	blocks []*Columns
	prices []*[DealsAtATime]float64 // of each block, at which they were left; nil where all were at opens
	wins   []int                    // before each block
	n      int
}

// NewDeals returns no deals, for those on bars.
func NewDeals(bars *market.Series) Deals { return Deals{Tally: NewTally(), bars: bars} }

// Columns are those of a block of deals.
type Columns struct {
	Entry, Exit   [DealsAtATime]int32
	Quantity, Net [DealsAtATime]float64
	How           [DealsAtATime]How
}

// A How is the side of a deal and how it was left: flags, and the cause above them.
type How uint16

const (
	isShort How = 1 << iota
	atOpen
	atClose
	byLimit
	causes = 8 // the lowest bit of the cause
)

// A long and a short that were left at an open, by a signal.
const (
	LongAtOpen  = atOpen | How(BySignal)<<causes
	ShortAtOpen = LongAtOpen | isShort
)

// howOf returns that of a deal.
func howOf(d *Deal) How {
	h := How(d.Cause) << causes
	for _, f := range [...]struct {
		is   bool
		flag How
	}{{d.Side == decision.Short, isShort}, {d.AtOpen, atOpen}, {d.AtClose, atClose}, {d.Limit, byLimit}} {
		if f.is {
			h |= f.flag
		}
	}
	return h
}

// Side returns the side.
func (h How) Side() decision.Position { return decision.Position(1 - 2*int8(h&isShort)) }

// AtOpen tells that it was left at the open of its last bar.
func (h How) AtOpen() bool { return h&atOpen != 0 }

// Len returns the number of deals.
func (d *Deals) Len() int { return d.n }

// Room returns the columns that the next deal belongs to, and where it is in them.
func (d *Deals) Room() (c *Columns, at int) {
	block, at := d.n/DealsAtATime, d.n%DealsAtATime
	if block == len(d.blocks) {
		d.blocks, d.prices, d.wins = append(d.blocks, new(Columns)), append(d.prices, nil), append(d.wins, d.Tally.Wins)
	}
	return d.blocks[block], at
}

// Left adds deals that were written where Room says, each of which won or lost something
// and was left at an open: for how many seconds each was held, and how many of them were
// longs.
func (d *Deals) Left(seconds []int64, longs int) {
	c, at := d.Room()
	n := len(seconds)
	if prices := d.prices[d.n/DealsAtATime]; prices != nil {
		for i := at; i < at+n; i++ {
			prices[i] = d.bars.Open[c.Exit[i]]
		}
	}
	d.Tally.AddAll(c.Net[at:at+n], seconds, longs)
	d.n += n
}

// left returns the Unix second at which a deal was left.
func (d *Deals) left(exit int32, h How) int64 {
	t := d.bars.Time[exit]
	if !h.AtOpen() {
		t = d.bars.Timeframe.End(t)
	}
	return t
}

// LeftBy returns how many deals were left by the Unix second t, and how many of them
// were wins.
func (d *Deals) LeftBy(t int64) (n, wins int) {
	n = sort.Search(d.n, func(i int) bool {
		c, at := d.blocks[i/DealsAtATime], i%DealsAtATime
		return d.left(c.Exit[at], c.How[at]) > t
	})
	if n == 0 {
		return 0, 0
	}
	block := (n - 1) / DealsAtATime
	wins = d.wins[block]
	for _, net := range d.blocks[block].Net[:n-block*DealsAtATime] {
		if net > 0 {
			wins++
		}
	}
	return n, wins
}

// Add adds a deal.
func (d *Deals) Add(deal *Deal) {
	c, i := d.Room()
	c.Entry[i], c.Exit[i], c.Quantity[i], c.Net[i], c.How[i] = deal.Entry, deal.Exit, deal.Quantity, deal.Net, howOf(deal)
	prices := &d.prices[d.n/DealsAtATime]
	if *prices == nil && d.bars.Open[deal.Exit] != deal.Price {
		*prices = new([DealsAtATime]float64)
		for k, exit := range c.Exit[:i] {
			(*prices)[k] = d.bars.Open[exit]
		}
	}
	if *prices != nil {
		(*prices)[i] = deal.Price
	}
	d.Tally.Add(deal.Net, d.left(deal.Exit, c.How[i])-d.bars.Time[deal.Entry], deal.Side)
	d.n++
}

// Where returns the columns that deal i is in, and where. Not everything of it is there.
func (d *Deals) Where(i int) (c *Columns, at int) { return d.blocks[i/DealsAtATime], i % DealsAtATime }

// At returns deal i.
func (d *Deals) At(i int) Deal {
	block, k := i/DealsAtATime, i%DealsAtATime
	c := d.blocks[block]
	h := c.How[k]
	deal := Deal{Entry: c.Entry[k], Exit: c.Exit[k], Quantity: c.Quantity[k], Net: c.Net[k], Side: h.Side(), Cause: Cause(h >> causes),
		AtOpen: h.AtOpen(), AtClose: h&atClose != 0, Limit: h&byLimit != 0}
	if deal.Price = d.bars.Open[deal.Exit]; d.prices[block] != nil {
		deal.Price = d.prices[block][k]
	}
	return deal
}

// All returns a copy of all deals.
func (d *Deals) All() []Deal {
	if d.n == 0 {
		return nil
	}
	all := make([]Deal, d.n)
	for i := range all {
		all[i] = d.At(i)
	}
	return all
}
