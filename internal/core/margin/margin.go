// Package margin says when an account that holds several positions is called.
//
// An [Account] is money and [Stake]s. [Account.Holds] judges it where the prices
// are known: at the opens of bars. Within bars nobody knows in which order several
// positions had their prices, so [Account.Call] assumes the worst: every stake goes
// from where it is to what is furthest against it, each the same share of its way at
// a time. Where equity meets the maintenance margin on that way, the account is
// called, and each stake has the price of that point. What is left is the margin,
// whatever the way was.
//
// Finer bars of all that move say more: then the way leads from one of them to the
// next, stakes that were stopped or have met their target stay out, and the worst is
// assumed within each. Where one of the stakes has none, or they do not reach as far
// as its bar, they say nothing.
//
// A [Walk] goes on after a call, for those who close as much as is needed and no more:
// [Walk.Reduce] takes stakes away, the largest loss first, until equity is a share of
// what is left. How far the prices go after that is not looked at.
//
// Nothing here knows what a bar is worth to whom: prices come in, prices go out.
package margin

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A Stake is a position and how its price goes within a bar.
type Stake struct {
	Side     float64 // 1 for a long, -1 for a short
	Quantity float64 // units
	Value    float64 // of them at the entry, in the currency of the price
	Rate     float64 // what that is worth in the currency of the account

	From, To     float64       // prices between which it goes; a stake whose From is its To does not move
	Stop, Target float64       // where it is left; 0 is none
	Finer        market.Series // finer bars within its bar

	// What Walk.Reduce takes of it: multiples of Lot, or nothing where that is 0, and
	// all of it where less than Least would be left.
	Lot, Least float64
}

// An Account is money and what is held with it.
type Account struct {
	Balance     float64 // with what was realised, and without what the stakes have cost so far
	Maintenance float64 // share of the value of all stakes that equity must exceed
	Stakes      []Stake
}

// A way is where the price of a stake goes next.
type way struct {
	from, to float64
	isOut    bool // it has been left at to
}

// at returns the price of a share of w, which is not beyond its end.
func (w way) at(side, share float64) float64 {
	if share == 1 {
		return w.to
	}
	price := w.from + float64(share*(w.to-w.from))
	return float64(side * max(float64(side*price), float64(side*w.to)))
}

// slack returns by how much equity exceeds a margin when each stake has gone a share of
// its way.
//
//	slack = Balance + Σ Rate * (Side*(price*Quantity - Value) - margin*price*Quantity)
//
// A stake that is out needs no margin.
func (a *Account) slack(ways []way, share, margin float64) float64 {
	slack := a.Balance
	for i, w := range ways {
		k := &a.Stakes[i]
		value := float64(w.at(k.Side, share) * k.Quantity)
		gain, needed := float64(k.Side*(value-k.Value)), float64(margin*value)
		if w.isOut {
			needed = 0
		}
		slack += float64(k.Rate * (gain - needed))
	}
	return slack
}

// Holds tells whether equity exceeds the margin with each stake at From.
func (a *Account) Holds() bool {
	ways := make([]way, len(a.Stakes))
	for i, k := range a.Stakes {
		ways[i] = way{from: k.From, to: k.From}
	}
	return a.slack(ways, 0, a.Maintenance) > 0
}

// Call returns the price that each stake has when the account is called, 0 for one
// that is out by then, and nil where it is not called.
func (a *Account) Call() []float64 { return a.Walk().Next() }

// isFine tells that all that move have finer bars that reach as far.
func (a *Account) isFine() bool {
	some := false
	for i := range a.Stakes {
		k := &a.Stakes[i]
		if k.From == k.To {
			continue
		}
		some = true
		reaches := false
		for bar := range k.Finer.Len() {
			against, _ := k.extremes(bar)
			reaches = reaches || k.Side*(against-k.To) <= 0
		}
		if !reaches {
			return false
		}
	}
	return some
}

// times returns when the finer bars of all stakes open, each once.
func (a *Account) times() []int64 {
	var times []int64
	for i := range a.Stakes {
		times = append(times, a.Stakes[i].Finer.Time...)
	}
	slices.Sort(times)
	return slices.Compact(times)
}

// at returns the finer bar of k that opens at t, or -1.
func (k *Stake) at(t int64) int {
	if i := k.Finer.Search(t); i < k.Finer.Len() && k.Finer.Time[i] == t {
		return i
	}
	return -1
}

func (k *Stake) extremes(bar int) (against, inFavour float64) {
	if k.Side < 0 {
		return k.Finer.High[bar], k.Finer.Low[bar]
	}
	return k.Finer.Low[bar], k.Finer.High[bar]
}

// enter sends k through its finer bar at t; without one it stays at the end of its
// way so far.
func (k *Stake) enter(t int64, w *way) {
	bar := k.at(t)
	if w.isOut {
		return
	}
	if w.from = w.to; bar < 0 {
		return
	}
	notBeyond := func(price float64) float64 { return k.Side * max(k.Side*price, k.Side*k.To) }
	against, _ := k.extremes(bar)
	w.from, w.to = notBeyond(k.Finer.Open[bar]), notBeyond(against)
}

// settle takes k out where its finer bar at t has stopped it or met its target.
func (k *Stake) settle(t int64, w *way) {
	bar := k.at(t)
	if bar < 0 || w.isOut {
		return
	}
	against, inFavour := k.extremes(bar)
	switch {
	case k.Stop != 0 && k.Side*(against-k.Stop) <= 0:
		*w = way{from: w.to, to: w.to, isOut: true}
	case k.Target != 0 && k.Side*(inFavour-k.Target) >= 0:
		*w = way{from: k.Target, to: k.Target, isOut: true}
	}
}
