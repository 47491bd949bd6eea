package batch

import (
	"math"
	"math/bits"

	"github.com/ktrdr/ktrdr/internal/core/daily"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Most is how many trades a batch has at most: their columns stay in the nearest cache.
const Most = 256

// A Policy is what trades depend on beside prices and signals.
type Policy struct {
	Capital    float64
	Commission float64 // fraction of the value of each fill
	Slippage   float64 // fraction by which each fill is worse than the price
	Fraction   float64 // of the equity in an entry
	WholeUnits bool
	AllowShort bool
	Separation int // bars between two entries
}

// A Batch is some trades after each other, in a block of deals, with what is needed of
// them meanwhile.
type Batch struct {
	*ledger.Columns
	At int // of the first trade in the columns
	N  int // trades

	Longs   int         // of them
	Seconds [Most]int64 // that each was held

	// The order that is pending after the last of them.
	Next    int // the bar at whose open it is filled
	Pending decision.Signal

	Decisions decision.Counts   // on the bars of the batch that depend on what is held
	Realised  [Most + 1]float64 // before each entry, and after the last exit
	Sums      Sums

	capital float64
	held    [Most]float64 // the quantity, below 0 of a short
	value   [Most]float64 // of that at the entry
	balance [Most]float64 // the equity less the commission of the entry
}

// Sums are what trades add up to, on top of what was there.
type Sums struct {
	Turnover, Commission, Slippage float64
	Orders                         ledger.Lanes
}

// A Start is where a batch begins: with the order Pending, which is filled at the open of
// bar Entry.
type Start struct {
	From, End int // bars: the sieve begins with the first, and the second is behind the last that counts
	Entry     int // at least From
	Pending   decision.Signal
	Most      int // trades
	Realised  float64
	Sums      Sums
}

// A side is what is particular to longs or to shorts.
type side struct {
	sign    float64
	in, out float64        // what prices are multiplied by to give those of the fills
	against *decision.Bits // the signals by which they are left
	entry   int8           // the side of the fill
	how     ledger.How
}

// sides returns those of longs and of shorts.
func (p *Policy) sides(v *decision.Sieve) [2]side {
	up, down := 1+p.Slippage, 1-p.Slippage
	return [2]side{{1, up, down, &v.Sells, 1, ledger.LongAtOpen}, {-1, down, up, &v.Buys, -1, ledger.ShortAtOpen}}
}

// Run makes b the next trades, up to the first of which something is rare: a price that
// is none, a position of nothing, equity that is used up, a result of exactly nothing,
// whose sign would have to be looked after.
//
//	quantity = Fraction*equity / (price*(1+Commission))
//
// A quantity waits for the trade before it: that chain, with its division, takes longer
// than a processor needs for everything else, as long as it is in the same loop and has
// no branch that depends on the side. At which bars trades begin and end, above all, is a
// chain of its own that does not wait for money.
func (b *Batch) Run(p *Policy, bars *market.Series, v *decision.Sieve, g *Start) {
	opens, times, sides, c, t := bars.Open[g.From:], bars.Time[g.From:], p.sides(v), b.Columns, g.Sums
	capital, fraction, rate, charge, realised := p.Capital, p.Fraction, p.Commission, 1+p.Commission, g.Realised
	orders, turnover, commission, slippage := t.Orders, t.Turnover, t.Commission, t.Slippage // in registers
	first, end, shorts := g.Entry-g.From, g.End-g.From, uint64(0)
	if p.AllowShort {
		shorts = ^uint64(0)
	}
	n, entry, short, early, longs := 0, first, int(uint8(g.Pending)>>7), 0, 0
	b.capital, b.Realised[0] = capital, realised
	for equity := capital + realised; n < g.Most && entry < end; n++ {
		x := &sides[short&1]
		exit := next(x.against, x.against, 0, entry, end) + 1
		at, waited := exit, 0
		if free := entry + p.Separation - 1; at < free {
			waited = v.Buys.Count(at, min(free, end)) + int(shorts&1)*v.Sells.Count(at, min(free, end))
			at = free
		}
		if at = next(&v.Buys, &v.Sells, shorts, at, end); at >= end {
			break
		}
		price, last := opens[entry], opens[exit]
		fill, left := float64(price*x.in), float64(last*x.out)
		quantity := fraction * equity / float64(price*charge)
		if fraction > 0.5 { // up to a half, no slippage makes less than that affordable
			quantity = min(quantity, equity/float64(fill*charge))
		}
		if p.WholeUnits {
			quantity = math.Floor(quantity)
		}
		value, proceeds := float64(fill*quantity), float64(left*quantity)
		fee, feeLeft := float64(value*rate), float64(proceeds*rate)
		net := float64(x.sign*(proceeds-value)) - (fee + feeLeft)
		k, balance := b.At+n, equity-fee
		equity = capital + (realised + net)
		if !(price > 0 && last > 0 && value > 0 && market.IsPrice(equity)) || net == 0 { // what is infinite leaves no equity
			break
		}
		realised += net
		c.Entry[k], c.Exit[k], c.Quantity[k], c.Net[k], c.How[k] = int32(g.From+entry), int32(g.From+exit), quantity, net, x.how
		b.held[n], b.value[n], b.balance[n], b.Realised[n+1] = float64(x.sign*quantity), float64(x.sign*value), balance, realised
		turnover = turnover + value + proceeds
		commission = commission + fee + feeLeft
		slippage = slippage + float64(float64(x.sign*(fill-price))*quantity) + float64(float64(x.sign*(last-left))*quantity)
		entered, sold := times[entry], times[exit]
		b.Seconds[n] = sold - entered
		orders = orders.Moment(entered, x.entry, ledger.BySignal).Amount(quantity, fill)
		orders = orders.Moment(sold, -x.entry, ledger.BySignal).Amount(quantity, left)
		longs, early = longs+1-short, early+waited
		entry, short = at+1, int(v.Sells[uint(at)>>6]>>(at&63)&1)
	}
	b.N, b.Longs, b.Next, b.Pending = n, longs, g.From+entry, decision.Signal(1-2*short)
	b.Sums = Sums{Turnover: turnover, Commission: commission, Slippage: slippage, Orders: orders}
	b.count(p, v, first, entry, early)
}

// next returns the first bar from at on that is in x or, as far as the bits of mask are
// set, in y; at least end where none is before that.
func next(x, y *decision.Bits, mask uint64, at, end int) int {
	for at < end {
		word := uint(at) >> 6
		if set := (x[word] | y[word]&mask) >> (at & 63); set != 0 {
			return at + bits.TrailingZeros64(set)
		}
		at = at&^63 + 64
	}
	return at
}

// count counts the decisions of the bars from from on and before to. Each trade is
// two that acted, so that the others need not be looked at one by one: early of them were
// entries before their time, and the others say what is held, or are sells that may not
// open anything.
func (b *Batch) count(p *Policy, v *decision.Sieve, from, to, early int) {
	buys, sells := v.Buys.Count(from, to), v.Sells.Count(from, to)
	b.Decisions = decision.Counts{decision.Acted: 2 * b.N, decision.Separation: early}
	if p.AllowShort {
		b.Decisions[decision.Holding] = buys + sells - 2*b.N - early
	} else {
		b.Decisions[decision.Holding], b.Decisions[decision.ShortNotAllowed] = buys-b.N-early, sells-b.N
	}
}

// Mark takes in the equity at the closes of the bars from from on and before to, of
// which there is one. Trade at of the batch is held there, or the last before. It
// returns the one at the end, for how many bars one was held, and the last equity.
//
// The extremes are those of the bits, which numbers above zero have in the same order,
// and integers have them without a branch. Where some equity is not a finite number
// above zero, one of the extremes is none either.
func (b *Batch) Mark(t *daily.Tally, closes []float64, at, from, to int) (now, held int, last float64) {
	even, odd := t.Even, t.Odd
	low, high := int64(math.Float64bits(t.Low)), int64(math.Float64bits(max(t.High, 0)))
	entries, exits := b.Entry[b.At:][:b.N], b.Exit[b.At:][:b.N]
	for bar := from; bar < to; {
		exit := min(int(exits[at]), to)
		if bar < exit {
			balance, quantity, value := b.balance[at], b.held[at], b.value[at]
			held += exit - bar
			for _, price := range closes[bar:exit] {
				last = balance + (float64(price*quantity) - value)
				even, odd = odd, even+last
				key := int64(math.Float64bits(last))
				low, high = min(low, key), max(high, key)
			}
			bar = exit
		}
		entry := b.Next
		if at+1 < len(entries) {
			entry = int(entries[at+1])
		}
		next := min(entry, to)
		if bar < next {
			last = b.capital + b.Realised[at+1]
			key := int64(math.Float64bits(last))
			low, high = min(low, key), max(high, key)
			for ; bar < next; bar++ {
				even, odd = odd, even+last
			}
		}
		if bar == entry {
			at++
		}
	}
	t.Even, t.Odd = even, odd
	t.Low, t.High = math.Float64frombits(uint64(low)), math.Float64frombits(uint64(high))
	return at, held, last
}

// Solvent returns for how many trades of b, from the first on, equity is a finite number
// above zero at all closes.
func (b *Batch) Solvent(closes []float64) int {
	for i := range b.N {
		x := daily.Stretch{Balance: b.balance[i], Sign: 1, Quantity: b.held[i], Value: b.value[i]}
		held := closes[b.Entry[b.At+i]:b.Exit[b.At+i]]
		if x.Solvent(held) < len(held) {
			return i
		}
	}
	return b.N
}
