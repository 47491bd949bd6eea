package backtest

import (
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/margin"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// marginCall returns the price of a bar at which equity is no more than
// MaintenanceMargin m of the value of the position; 0 where there is none.
//
//	long   B + q*P - V = m*q*P     P = (V - B) / (q*(1 - m))
//	short  B + V - q*P = m*q*P     P = (B + V) / (q*(1 + m))
//
// with q units, V their value at the entry, and B the balance less the commission
// of the entry and the financing so far, at the rate of the open of bar.
func (s *Simulation) marginCall(bar int) float64 {
	switch {
	case s.purse != nil: // it is judged as a whole
		return s.call
	case s.o.Account.MaintenanceMargin == 0:
		return 0
	}
	return s.callAt(bar, s.balance())
}

// callAt is marginCall for the only position of an account with this balance.
func (s *Simulation) callAt(bar int, balance float64) float64 {
	m, open := s.o.Account.MaintenanceMargin, &s.last.Open
	balance = (balance - open.Commission - open.Financing) / s.broker.OpenRate(bar)
	if open.Side == decision.Long {
		return max(0, (open.Value-balance)/float64(open.Quantity*(1-m)))
	}
	return max(math.SmallestNonzeroFloat64, (balance+open.Value)/float64(open.Quantity*(1+m))) // 0 is no call
}

// balance returns equity while nothing is held.
func (p *Portfolio) balance() float64 {
	balance := p.o.Capital
	for _, s := range p.sims {
		balance += s.last.Realised
	}
	return balance
}

// account returns what is held at t, and by whom, at the opens of the bars of here
// and the last prices known of the others.
func (p *Portfolio) account(here []*Simulation, t int64) (a margin.Account, by []*Simulation) {
	a = margin.Account{Balance: p.balance(), Maintenance: p.o.Account.MaintenanceMargin}
	for _, s := range p.sims {
		bar := s.last.Bar
		if s.last.Open.Side == decision.Flat {
			continue
		}
		var k margin.Stake
		if s.isOpenAt(t) || slices.Contains(here, s) {
			k = s.stake(s.in.Series.Open[bar], s.broker.OpenRate(bar))
		} else {
			k = s.stake(s.in.Series.Close[bar-1], s.broker.CloseRate(bar-1))
		}
		if !slices.Contains(here, s) {
			k.Lot = 0 // its market is shut
		}
		a.Balance -= s.last.Open.Commission
		a.Balance -= s.last.Open.Financing
		a.Stakes, by = append(a.Stakes, k), append(by, s)
	}
	return a, by
}

// stake returns the position at a price that does not move.
func (s *Simulation) stake(price, rate float64) margin.Stake {
	open, a := &s.last.Open, &s.o.Account
	return margin.Stake{Side: float64(open.Side), Quantity: open.Quantity, Value: open.Value, Rate: rate, From: price, To: price, Lot: s.lot(), Least: a.MinQuantity}
}

// lot returns the units of which a part of the position that is closed by force is a
// multiple: those of the account, else whole ones, else a 1024th of it.
func (s *Simulation) lot() float64 {
	switch {
	case s.o.Account.Lot != 0:
		return s.o.Account.Lot
	case s.o.FractionalUnits:
		return s.last.Open.Quantity / 1024
	}
	return 1
}

// callAtOpen judges the account at the opens of here, after their orders: where equity
// is not above the maintenance margin of all positions, those are closed, at the open
// where there is one, else at their next; or reduced, but those that were entered here.
func (p *Portfolio) callAtOpen(here []*Simulation, t int64) error {
	if p.o.Account.MaintenanceMargin == 0 || len(here) == 0 {
		return nil
	}
	a, by := p.account(here, t)
	if p.callAlone(by, here) || a.Holds() {
		return nil
	}
	if p.o.Account.MarginCall == strategy.MarginReduce {
		for i, s := range by {
			if s.last.Open.Bar == s.last.Bar {
				a.Stakes[i].Lot = 0
			}
		}
		_, err := reduce(a.Walk(), by, func(i int) exit { return by[i].forced(a.Stakes[i].From, true) })
		return err
	}
	for i, s := range by {
		s.callTo(a.Stakes[i].From, slices.Contains(here, s))
	}
	return nil
}

// callWithin judges the account within the bars of here, which end; see package
// margin.
func (p *Portfolio) callWithin(here []*Simulation, t int64) error {
	if p.o.Account.MaintenanceMargin == 0 || len(here) == 0 {
		return nil
	}
	a, by := p.account(here, t)
	if p.callAlone(by, here) {
		return nil
	}
	for i, s := range by {
		if slices.Contains(here, s) {
			s.goFurthest(&a.Stakes[i])
		}
	}
	walk := a.Walk()
	for prices := walk.Next(); prices != nil; prices = walk.Next() {
		if p.o.Account.MarginCall == strategy.MarginReduce {
			if some, err := reduce(walk, by, func(i int) exit { return by[i].forced(prices[i], false) }); !some || err != nil {
				return err
			}
			continue
		}
		for i, price := range prices {
			by[i].callTo(price, slices.Contains(here, by[i]))
		}
		break
	}
	return nil
}

// callAlone gives the only position of the account, if it is one of here, the price
// at which it is called.
func (p *Portfolio) callAlone(by, here []*Simulation) bool {
	if len(by) != 1 || !slices.Contains(here, by[0]) {
		return len(by) == 0
	}
	by[0].call = by[0].callAt(by[0].last.Bar, p.balance())
	return true
}

// callTo has the position closed at a price of its bar, where it has one, else at
// the next open. 0 is for one that is out.
func (s *Simulation) callTo(price float64, hasBar bool) {
	if hasBar {
		s.call = price
	} else {
		s.closeNext(ledger.ByMargin)
	}
}

// goFurthest sends k to the stop of its position within the next bar, or else to
// what is furthest against it.
func (s *Simulation) goFurthest(k *margin.Stake) {
	bar, series, f := s.last.Bar, &s.in.Series, &s.in.Finer
	l := s.levels(bar)
	k.To, _ = s.extremes(bar)
	if l.isStopped(k.To) {
		k.To = l.side * min(l.side*l.stop, l.side*k.From)
	}
	k.Stop, k.Target = l.stop, l.target
	if f.Len() > 0 {
		k.Finer = f.Slice(f.Search(series.Time[bar]), f.Search(series.Available(bar)))
	}
}

// forced is how the position is left by a call at a price of its bar.
func (s *Simulation) forced(price float64, atOpen bool) exit {
	bar := s.last.Bar
	x := exit{bar: bar, bars: bar - s.last.Open.Bar, time: s.in.Series.Time[bar], price: price, cause: ledger.ByMargin}
	if !atOpen {
		x.bars, x.time = x.bars+1, s.in.Series.Available(bar)
	}
	return x
}

// leaveOrReduce leaves the position at x. Where that is a call of an account that is
// reduced, it leaves as much as is needed, and reports that there is a rest.
func (s *Simulation) leaveOrReduce(x exit) (isHeld bool, err error) {
	if x.cause != ledger.ByMargin || s.o.Account.MarginCall != strategy.MarginReduce {
		return false, s.leaveAt(x)
	}
	open, balance := &s.last.Open, s.balance
	if s.purse != nil { // of which it is the only position
		balance = s.purse.balance
	}
	a := margin.Account{Balance: balance() - open.Commission - open.Financing, Stakes: []margin.Stake{s.stake(x.price, s.broker.OpenRate(x.bar))}}
	some, err := reduce(a.Walk(), []*Simulation{s}, func(int) exit { return x })
	if err == nil && !some {
		err = s.leaveAt(x)
	}
	if s.purse != nil && open.Side != decision.Flat {
		s.call = s.callAt(x.bar, balance())
	}
	return open.Side != decision.Flat, err
}

// reduce closes as much of what by holds as brings an account back to its initial
// margin, where walk is; each is left at what at says. It reports whether that was
// anything.
func reduce(walk *margin.Walk, by []*Simulation, at func(i int) exit) (some bool, err error) {
	cuts := walk.Reduce(by[0].o.Account.InitialMargin(), func(i int, quantity float64) float64 { return by[i].earned(at(i), quantity) })
	for _, c := range cuts {
		if err == nil {
			err = by[c.Stake].leavePart(at(c.Stake), c.Quantity, c.Rest)
		}
	}
	return len(cuts) > 0, err
}

// earned returns what leaving some units of the position at x brings, without what
// their entry cost.
func (s *Simulation) earned(x exit, quantity float64) float64 {
	open, st, sign, rate := &s.last.Open, &s.last, float64(s.last.Open.Side), s.rateOf(x)
	fill := s.broker.Slipped(x.price, -sign) - float64(sign*s.broker.HalfAt(x.bar, x.atClose))
	value := float64(fill * quantity)
	month, traded := st.Month, st.Traded
	commission := s.commission(x.time, float64(value*rate), quantity)
	st.Month, st.Traded = month, traded // it was only asked for
	return float64(float64(sign*(value-float64(open.Price*quantity)))*rate) - commission
}

// leavePart leaves some units of the position at x and holds the rest, as if both had
// been entered apart: a trade has its share of what the entry and the nights cost.
func (s *Simulation) leavePart(x exit, quantity, rest float64) error {
	open := &s.last.Open
	if rest == 0 {
		return s.leaveAt(x)
	}
	kept, share := *open, quantity/open.Quantity
	for _, c := range [...]struct{ part, kept *float64 }{{&open.Commission, &kept.Commission}, {&open.Slippage, &kept.Slippage}, {&open.Spread, &kept.Spread}, {&open.Financing, &kept.Financing}} {
		*c.part = float64(*c.part * share)
		*c.kept -= *c.part
	}
	open.Quantity, open.Value = quantity, float64(open.Price*quantity)
	kept.Quantity, kept.Value = rest, float64(kept.Price*rest)
	err := s.leaveAt(x)
	*open = kept
	return err
}
