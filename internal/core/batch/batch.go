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

	Longs int // of them

	// The order that is pending after the last of them.
	Next    int // the bar at whose open it is filled
	Pending decision.Signal

	Decisions decision.Counts // on the bars of the batch that depend on what is held
	Sums      Sums

	// Of trades where they are in the columns.
	capital  float64
	next     [ledger.DealsAtATime]int32       // the bar at which the one after it begins
	seconds  [ledger.DealsAtATime]int64       // that each was held
	held     [ledger.DealsAtATime]float64     // the quantity, below 0 of a short
	value    [ledger.DealsAtATime]float64     // of that at the entry
	balance  [ledger.DealsAtATime]float64     // the equity less the commission of the entry
	realised [ledger.DealsAtATime + 1]float64 // before each entry, and after the last exit
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
	sign         float64
	in, out      float64    // what prices are multiplied by to give those of the fills
	enter, leave ledger.Way // of the fills
	how          ledger.How
}

// sides returns those of longs and of shorts.
func (p *Policy) sides() [2]side {
	up, down, buy, sell := 1+p.Slippage, 1-p.Slippage, ledger.WayOf(1, ledger.BySignal), ledger.WayOf(-1, ledger.BySignal)
	return [2]side{{sign: 1, in: up, out: down, enter: buy, leave: sell, how: ledger.LongAtOpen}, {sign: -1, in: down, out: up, enter: sell, leave: buy, how: ledger.ShortAtOpen}}
}

// limited returns how much of a quantity can be traded: whole units, and no more than is
// affordable. Up to half of the equity, no slippage makes less than that affordable.
func (p *Policy) limited(quantity, affordable float64) float64 {
	if p.Fraction > 0.5 {
		quantity = min(quantity, affordable)
	}
	if p.WholeUnits {
		quantity = math.Floor(quantity)
	}
	return quantity
}

// Run makes b the next trades, up to the first of which something is rare: a price that
// is none, a position of nothing, equity that is used up, a result of exactly nothing.
//
//	quantity = Fraction*equity / (price*(1+Commission))
//
// A quantity waits for the trade before it: that chain, with its division, takes longer
// than a processor needs for everything else, as long as it is in the same loop and has
// no branch that depends on the side. At which bars trades begin and end, above all, is a
// chain of its own that does not wait for money.
func (b *Batch) Run(p *Policy, bars *market.Series, v *decision.Sieve, g *Start) {
	opens, sides, c, from, end := bars.Open, p.sides(), b.Columns, g.From, g.End
	times := bars.Time[:len(opens)]
	charge, isLimited, apart, realised := 1+p.Commission, p.Fraction > 0.5 || p.WholeUnits, p.Separation-1, g.Realised
	orders, turnover, commission, slippage := g.Sums.Orders, g.Sums.Turnover, g.Sums.Commission, g.Sums.Slippage // in registers
	entry, word, words, longs, k, last := g.Entry, uint(g.Entry-from)>>6, uint(end-from+63)>>6, 0, b.At, b.At+g.Most
	short, free := uint64(int8(g.Pending)>>7), ^uint64(0)<<((g.Entry-from)&63) // all bits or none; those of the word that come next
	b.capital, b.realised[k] = p.Capital, realised
	for equity := p.Capital + realised; k < last; k++ {
		var set uint64
		if set, word = find(&v.Sells, &v.Buys, short, word, words, free); set == 0 {
			break
		}
		exit := from + int(word<<6) + bits.TrailingZeros64(set) + 1
		free = above(set)
		if at := entry + apart; exit < at {
			if at >= end {
				break
			}
			word, free = uint(at-from)>>6, ^uint64(0)<<((at-from)&63)
		}
		set, word = find(&v.Entries, &v.Entries, 0, word, words, free)
		at := from + int(word<<6) + bits.TrailingZeros64(set)
		if at >= end { // all the more where none is set
			break
		}
		x := &sides[short&1]
		price, leave := opens[entry], opens[exit]
		fill, left := float64(price*x.in), float64(leave*x.out)
		quantity := p.Fraction * equity / float64(price*charge)
		if isLimited {
			quantity = p.limited(quantity, equity/float64(fill*charge))
		}
		value, proceeds := float64(fill*quantity), float64(left*quantity)
		fee, feeLeft := float64(value*p.Commission), float64(proceeds*p.Commission)
		net, balance := float64(x.sign*(proceeds-value))-(fee+feeLeft), equity-fee
		equity = p.Capital + (realised + net)
		if !(quantity > 0 && leave > 0 && market.IsPrice(equity)) || net == 0 { // no price, no quantity; what is infinite leaves no equity
			break
		}
		realised += net
		c.Entry[k], c.Exit[k], c.Quantity[k], c.Net[k], c.How[k] = int32(entry), int32(exit), quantity, net, x.how
		b.next[k], b.held[k], b.value[k], b.balance[k], b.realised[k+1] = int32(at+1), float64(x.sign*quantity), float64(x.sign*value), balance, realised
		turnover = turnover + value + proceeds
		commission = commission + fee + feeLeft
		slippage = slippage + float64(float64(x.sign*(fill-price))*quantity) + float64(float64(x.sign*(leave-left))*quantity)
		entered, sold := times[entry], times[exit]
		b.seconds[k] = sold - entered
		orders = orders.Fill(entered, quantity, fill, x.enter).Fill(sold, quantity, left, x.leave)
		longs += 1 - int(short&1)
		sell := v.Sells[word&63] & set & -set
		entry, short, free = at+1, uint64(int64(sell|-sell)>>63), above(set)
	}
	b.N, b.Longs, b.Next, b.Pending = k-b.At, longs, entry, decision.Signal(1-2*int8(short&1))
	b.Sums = Sums{Turnover: turnover, Commission: commission, Slippage: slippage, Orders: orders}
	b.count(p, v, from, g.Entry)
}

// find returns those of the bits free of a word that are in x, or in y where swap is all
// bits and not none. If there are none of them, it does so for the words behind, of which
// there are so many in all, until there are. It returns the word, too.
func find(x, y *decision.Bits, swap uint64, word, words uint, free uint64) (set uint64, at uint) {
	set = (x[word&63] ^ (x[word&63]^y[word&63])&swap) & free
	for set == 0 && word+1 < words {
		word++
		set = x[word&63] ^ (x[word&63]^y[word&63])&swap
	}
	return set, word
}

// above returns the bits above the lowest of set. How many those are is not waited for.
func above(set uint64) uint64 { return -(set & -set << 1) }

// count counts the decisions from the first entry of b on. Each trade is two that acted,
// so that the others need not be looked at one by one: entries that came too early, and
// the rest says what is held, or are sells that may not open anything.
func (b *Batch) count(p *Policy, v *decision.Sieve, from, first int) {
	early := 0
	for i := b.At; p.Separation > 2 && i < b.At+b.N; i++ {
		if exit, free := int(b.Exit[i])-from, int(b.Entry[i])-from+p.Separation-1; exit < free {
			early += v.Entries.Count(exit, free)
		}
	}
	buys, sells := v.Buys.Count(first-from, b.Next-from), v.Sells.Count(first-from, b.Next-from)
	b.Decisions = decision.Counts{decision.Acted: 2 * b.N, decision.Separation: early}
	if p.AllowShort {
		b.Decisions[decision.Holding] = buys + sells - 2*b.N - early
	} else {
		b.Decisions[decision.Holding], b.Decisions[decision.ShortNotAllowed] = buys-b.N-early, sells-b.N
	}
}

// Realised returns what was realised before trade i of the batch, which may be the one
// after the last.
func (b *Batch) Realised(i int) float64 { return b.realised[b.At+i] }

// Seconds returns for how long each trade was held.
func (b *Batch) Seconds() []int64 { return b.seconds[b.At:][:b.N] }

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
	c, k, bar := b.Columns, b.At+at, from
	for closes = closes[:to]; bar < to; k++ {
		exit, next := min(int(c.Exit[k]), to), min(int(b.next[k]), to)
		if bar < exit {
			balance, quantity, value := b.balance[k], b.held[k], b.value[k]
			held += exit - bar
			for ; bar < exit; bar++ {
				last = balance + (float64(closes[bar]*quantity) - value)
				even, odd = odd, even+last
				key := int64(math.Float64bits(last))
				low, high = min(low, key), max(high, key)
			}
		}
		if bar < next {
			last = b.capital + b.realised[k+1]
			key := int64(math.Float64bits(last))
			low, high = min(low, key), max(high, key)
			for ; bar < next; bar++ {
				even, odd = odd, even+last
			}
		}
	}
	if int(b.next[k-1]) > to {
		k--
	}
	t.Even, t.Odd = even, odd
	t.Low, t.High = math.Float64frombits(uint64(low)), math.Float64frombits(uint64(high))
	return k - b.At, held, last
}

// Solvent returns for how many trades of b, from the first on, equity is a finite number
// above zero at all closes.
func (b *Batch) Solvent(closes []float64) int {
	for i := range b.N {
		k := b.At + i
		x := daily.Stretch{Balance: b.balance[k], Sign: 1, Quantity: b.held[k], Value: b.value[k]}
		held := closes[b.Entry[k]:b.Exit[k]]
		if x.Solvent(held) < len(held) {
			return i
		}
	}
	return b.N
}
