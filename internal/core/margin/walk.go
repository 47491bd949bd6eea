package margin

import (
	"math"
	"sort"
)

// A Walk goes along the way of the stakes of an account. Account.Walk begins one.
type Walk struct {
	a     *Account
	ways  []way // from where they are
	times []int64
	isIn  bool // the ways are those of the finer bars at times[0]
}

// Walk returns a walk at the beginning of the way. It keeps a.
func (a *Account) Walk() *Walk {
	w := &Walk{a: a, ways: make([]way, len(a.Stakes))}
	for i, k := range a.Stakes {
		w.ways[i] = way{from: k.From, to: k.To}
	}
	if a.isFine() {
		w.times = a.times()
		for i, k := range a.Stakes {
			w.ways[i].to = k.From
		}
	}
	return w
}

// Next goes on to where the account is called next and returns the price that each
// stake has there, 0 for one that is out by then. Where it is not called any more it
// returns nil. It does not leave a call behind that nothing was taken away at.
func (w *Walk) Next() []float64 {
	if w.times == nil {
		return w.strain()
	}
	for ; len(w.times) > 0; w.times = w.times[1:] {
		for i := range w.ways {
			if !w.isIn {
				w.a.Stakes[i].enter(w.times[0], &w.ways[i])
			}
		}
		w.isIn = true
		if prices := w.strain(); prices != nil {
			return prices
		}
		for i := range w.ways {
			w.a.Stakes[i].settle(w.times[0], &w.ways[i])
		}
		w.isIn = false
	}
	return nil
}

// strain is Next on one way.
func (w *Walk) strain() []float64 {
	a := w.a
	worst := a.slack(w.ways, 1, a.Maintenance)
	if worst > 0 {
		return nil
	}
	share := 0.0
	if begin := a.slack(w.ways, 0, a.Maintenance); begin > 0 {
		share = begin / (begin - worst)
	}
	prices := make([]float64, len(w.ways))
	for i, x := range w.ways {
		if !x.isOut {
			prices[i] = x.at(a.Stakes[i].Side, share)
			w.ways[i].from = prices[i]
		}
	}
	return prices
}

// A Cut says how much of a stake is closed, and what is left of it.
type Cut struct {
	Stake          int
	Quantity, Rest float64
}

// Reduce closes stakes where the walk is until equity is at least a share of the value
// of what is left, and takes them out of the account. The stake with the largest loss
// comes first, the first of equal ones. Of each as few lots are closed as are needed,
// or all of it and then something of the next.
//
// What closing some units of a stake brings, costs taken off and before what the entry
// cost, is for earn to say. Lots are searched for by halves: what the costs of a lot eat
// up of what closing it sets free must not depend on how many there are.
func (w *Walk) Reduce(share float64, earn func(stake int, quantity float64) float64) []Cut {
	var cuts []Cut
	for w.a.slack(w.ways, 0, share) < 0 {
		i := w.largestLoss()
		if i < 0 {
			break
		}
		whole, balance := w.a.Stakes[i], w.a.Balance
		take := func(quantity, rest float64) {
			k := &w.a.Stakes[i]
			k.Quantity, k.Value = rest, whole.Value/whole.Quantity*rest
			w.a.Balance = balance + earn(i, quantity)
		}
		lots := int(min(1<<53, math.Ceil(whole.Quantity/whole.Lot-1e-9)))
		n := 1 + sort.Search(max(0, lots-1), func(n int) bool {
			take(whole.part(n + 1))
			return w.a.slack(w.ways, 0, share) >= 0
		})
		quantity, rest := whole.part(n)
		if n >= lots || rest < whole.Least {
			quantity, rest = whole.Quantity, 0
		}
		take(quantity, rest)
		cuts = append(cuts, Cut{i, quantity, rest})
	}
	return cuts
}

// part returns n lots of k and the rest of it.
func (k *Stake) part(n int) (quantity, rest float64) {
	quantity = float64(float64(n) * k.Lot)
	if all := int(k.Quantity/k.Lot + 0.5); float64(all)*k.Lot == k.Quantity {
		return quantity, float64(float64(all-n) * k.Lot)
	}
	return quantity, k.Quantity - quantity
}

// largestLoss returns the stake that can be closed and has lost most, or gained least;
// -1 where there is none.
func (w *Walk) largestLoss() int {
	at, least := -1, 0.0
	for i, x := range w.ways {
		k := &w.a.Stakes[i]
		if x.isOut || k.Lot == 0 || k.Quantity == 0 {
			continue
		}
		gain := float64(k.Rate * float64(k.Side*(float64(x.from*k.Quantity)-k.Value)))
		if at < 0 || gain < least {
			at, least = i, gain
		}
	}
	return at
}
