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
//
// The search for one bar waits for the search before it, so that the words of the sieve
// in which it goes on are kept at hand.
func (b *Batch) Plan(p *Policy, v *decision.Sieve, from, end, entry int, pending decision.Signal, most int) {
	entries, exits, how, sides := b.Entry[b.At:][:most], b.Exit[b.At:][:most], b.How[b.At:][:most], b.side[:most]
	shorts, either := (*decision.Bits)(nil), uint64(0)
	if p.AllowShort {
		shorts, either = &v.Sells, ^uint64(0)
	}
	holding, separated, forbidden, longs, n := 0, 0, 0, 0, 0
	entry -= from
	word, buys, sells := -1, uint64(0), uint64(0)
	for n < most && entry < end {
		if w := entry >> 6; w != word {
			word, buys, sells = w, v.Buys[w], v.Sells[w]
		}
		held, against, way, side, found := &v.Buys, &v.Sells, ledger.LongAtOpen, 1.0, sells
		if pending == decision.Sell {
			held, against, way, side, found = &v.Sells, &v.Buys, ledger.ShortAtOpen, -1, buys
		}
		sold := entry + bits.TrailingZeros64(found>>(entry&63)) // decided; filled a bar later
		if found>>(entry&63) == 0 {
			sold = against.First(nil, (word+1)<<6, end)
		}
		exit := sold + 1
		free := max(exit, entry+p.Separation-1)
		if free >= end {
			break
		}
		if w := free >> 6; w != word {
			word, buys, sells = w, v.Buys[w], v.Sells[w]
		}
		found = (buys | sells&either) >> (free & 63)
		next := free + bits.TrailingZeros64(found)
		if found == 0 {
			next = v.Buys.First(shorts, (word+1)<<6, end)
		}
		if next >= end {
			break
		}
		holding += held.Count(entry, sold)
		separated += v.Buys.Count(exit, free)
		if shorts == nil {
			forbidden += v.Sells.Count(exit, next)
		} else {
			separated += v.Sells.Count(exit, free)
		}
		entries[n], exits[n], how[n], sides[n] = int32(from+entry), int32(from+exit), way, side
		longs += int(side+1) >> 1
		n++
		entry, pending = next+1, decision.Buy
		if v.Sells.Has(next) {
			pending = decision.Sell
		}
	}
	b.N, b.Longs, b.Next, b.Pending, b.Decisions = n, longs, from+entry, pending, decision.Counts{decision.Acted: 2 * n,
		decision.Holding: holding, decision.Separation: separated, decision.ShortNotAllowed: forbidden}
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
	for i := range entries {
		entry, exit, side := entries[i], exits[i], b.side[i]
		price, last := opens[entry], opens[exit]
		fill, left := float64(price*(1+float64(side*p.Slippage))), float64(last*(1+float64(-side*p.Slippage)))
		quantity := p.Fraction * equity / charge / price
		if p.Fraction > 0.5 { // up to a half, no slippage makes less than that affordable
			quantity = min(quantity, equity/charge/fill)
		}
		if p.WholeUnits {
			quantity = math.Floor(quantity)
		}
		value, proceeds := float64(fill*quantity), float64(left*quantity)
		fee, feeLeft := float64(value*p.Commission), float64(proceeds*p.Commission)
		signed := float64(float64(side*fill) * quantity)
		net := float64(float64(side*left)*quantity) - signed - (fee + feeLeft)
		if !market.IsPrice(price) || !market.IsPrice(last) || !market.IsPrice(value) || net == 0 {
			return i
		}
		quantities[i], nets[i], b.value[i], b.balance[i] = quantity, net, signed, equity-fee
		realised += net
		if equity = p.Capital + realised; !market.IsPrice(equity) {
			return i
		}
		b.Realised[i+1] = realised
		t.Turnover = t.Turnover + value + proceeds
		t.Commission = t.Commission + fee + feeLeft
		t.Slippage = t.Slippage + float64(math.Abs(fill-price)*quantity) + float64(math.Abs(left-last)*quantity)
		entered, sold := times[entry], times[exit]
		b.Hours[i] = float64(sold-entered) / 3600
		t.Orders = t.Orders.Moment(entered, int8(side), ledger.BySignal).Amount(quantity, fill)
		t.Orders = t.Orders.Moment(sold, -int8(side), ledger.BySignal).Amount(quantity, left)
	}
	b.Sums = t
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
