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

	Longs int           // of them
	Hours [Most]float64 // that each was held

	// The order that is pending after the last of them.
	Next    int // the bar at whose open it is filled
	Pending decision.Signal

	Decisions decision.Counts   // on the bars of the batch that depend on what is held
	Realised  [Most + 1]float64 // before each entry, and after the last exit
	Sums      Sums

	capital float64
	side    [Most]float64 // 1 or -1
	value   [Most]float64 // at the entry, times the side
	balance [Most]float64 // the equity less the commission of the entry
}

// Sums are what trades add up to, on top of what was there.
type Sums struct {
	Turnover, Commission, Slippage float64
	Orders                         ledger.Lanes
}

// Plan makes b the next trades, at most so many: the bars at which they begin and end,
// and what is decided between. They begin with the order that is to be filled at bar
// entry; v is the sieve of the bars from from on, of which those before end count.
func (b *Batch) Plan(p *Policy, v *decision.Sieve, from, end, entry int, pending decision.Signal, most int) {
	n, next, isShort := b.search(p, v, end, entry-from, pending == decision.Sell, most)
	b.N, b.Next, b.Pending = n, from+next, decision.Buy
	if isShort {
		b.Pending = decision.Sell
	}
	entries, exits, how := b.Entry[b.At:][:n], b.Exit[b.At:][:n], b.How[b.At:][:n]
	holding, early, sells, longs := 0, 0, 0, 0
	for i := range entries {
		entry, sold, decided := int(entries[i]), int(exits[i])-1, next-1
		if i+1 < n {
			decided = int(entries[i+1]) - 1
		}
		side := int(how[i].Side())
		b.side[i], longs = float64(side), longs+(side+1)>>1
		if entry < sold && side < 0 {
			holding += v.Sells.Count(entry, sold)
		} else if entry < sold {
			holding += v.Buys.Count(entry, sold)
		}
		if sold+1 < decided { // what is decided there came too early, or is forbidden
			early += v.Buys.Count(sold+1, decided)
			sells += v.Sells.Count(sold+1, decided)
		}
		entries[i], exits[i] = int32(from+entry), int32(from+sold+1)
	}
	b.Longs, b.Decisions = longs, decision.Counts{decision.Acted: 2 * n, decision.Holding: holding, decision.Separation: early}
	if p.AllowShort {
		b.Decisions[decision.Separation] += sells
	} else {
		b.Decisions[decision.ShortNotAllowed] = sells
	}
}

// search writes the bars, counted from the first of the sieve, at which the next trades
// begin and end, and returns how many that are, and the order after them.
//
// The search for one bar waits for the search before it: nothing else is done here, and
// a word of the sieve is left when there is nothing more in it.
func (b *Batch) search(p *Policy, v *decision.Sieve, end, entry int, isShort bool, most int) (n, next int, nextIsShort bool) {
	entries, exits, how := b.Entry[b.At:][:most], b.Exit[b.At:][:most], b.How[b.At:][:most]
	shorts := uint64(0)
	if p.AllowShort {
		shorts = ^uint64(0)
	}
	exit := 0 // where the trade that began at entry ends, once that is known
	for at := entry; at < end && n < len(entries); {
		word := at >> 6
		buys, sells, last := v.Buys[word], v.Sells[word], word<<6+63
		for at <= last && n < len(entries) {
			found := buys | sells&shorts
			if exit == 0 && isShort {
				found = buys
			} else if exit == 0 {
				found = sells
			}
			if found >>= at & 63; found == 0 {
				at = last + 1
				break
			}
			at += bits.TrailingZeros64(found) + 1 // filled a bar after it is decided
			if exit == 0 {
				exit = at
				at = max(at, entry+p.Separation-1)
				continue
			}
			if at > end {
				break
			}
			entries[n], exits[n], how[n] = int32(entry), int32(exit), ledger.LongAtOpen
			if isShort {
				how[n] = ledger.ShortAtOpen
			}
			n++
			entry, exit, isShort = at, 0, sells>>((at-1)&63)&1 != 0
		}
	}
	return n, entry, isShort
}

// Chain works out the trades of b on bars, up to the first of which something is rare: a
// price that is none, a position of nothing, equity that is used up, a result of exactly
// nothing, whose sign would have to be looked after. It returns how many that are;
// Sums go on from t if they are all, and are what they were if not.
func (b *Batch) Chain(p *Policy, bars *market.Series, realised float64, t Sums) int {
	opens, times := bars.Open, bars.Time
	charge, equity := 1+p.Commission, p.Capital+realised
	b.capital, b.Realised[0] = p.Capital, realised
	entries, exits, quantities, nets := b.Entry[b.At:][:b.N], b.Exit[b.At:][:b.N], b.Quantity[b.At:][:b.N], b.Net[b.At:][:b.N]
	orders, turnover, commission, slippage := t.Orders, t.Turnover, t.Commission, t.Slippage // in registers
	for i := range entries {
		entry, exit, side := entries[i], exits[i], b.side[i]
		price, last := opens[entry], opens[exit]
		fill, left := float64(price*(1+float64(side*p.Slippage))), float64(last*(1+float64(-side*p.Slippage)))
		quantity := p.Fraction * equity / float64(price*charge) // of all this, only the division waits for the trade before
		if p.Fraction > 0.5 { // up to a half, no slippage makes less than that affordable
			quantity = min(quantity, equity/float64(fill*charge))
		}
		if p.WholeUnits {
			quantity = math.Floor(quantity)
		}
		value, proceeds := float64(fill*quantity), float64(left*quantity)
		fee, feeLeft := float64(value*p.Commission), float64(proceeds*p.Commission)
		signed := float64(float64(side*fill) * quantity)
		net := float64(float64(side*left)*quantity) - signed - (fee + feeLeft)
		b.Realised[i+1] = realised + net
		b.balance[i], b.value[i], quantities[i], nets[i] = equity-fee, signed, quantity, net
		realised += net
		equity = p.Capital + realised
		if !(price > 0 && last > 0 && value > 0 && market.IsPrice(equity)) || net == 0 { // what is infinite leaves no equity
			return i
		}
		turnover = turnover + value + proceeds
		commission = commission + fee + feeLeft
		slippage = slippage + float64(math.Abs(fill-price)*quantity) + float64(math.Abs(left-last)*quantity)
		entered, sold := times[entry], times[exit]
		b.Hours[i] = float64(sold-entered) / 3600
		orders = orders.Moment(entered, int8(side), ledger.BySignal).Amount(quantity, fill)
		orders = orders.Moment(sold, -int8(side), ledger.BySignal).Amount(quantity, left)
	}
	b.Sums = Sums{Turnover: turnover, Commission: commission, Slippage: slippage, Orders: orders}
	return b.N
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
	entries, exits, quantities := b.Entry[b.At:][:b.N], b.Exit[b.At:][:b.N], b.Quantity[b.At:][:b.N]
	for bar := from; bar < to; {
		exit := min(int(exits[at]), to)
		if bar < exit {
			balance, quantity, value := b.balance[at], float64(b.side[at]*quantities[at]), b.value[at]
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
		x := daily.Stretch{Balance: b.balance[i], Sign: 1, Quantity: float64(b.side[i] * b.Quantity[b.At+i]), Value: b.value[i]}
		held := closes[b.Entry[b.At+i]:b.Exit[b.At+i]]
		if x.Solvent(held) < len(held) {
			return i
		}
	}
	return b.N
}
