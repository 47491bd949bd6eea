package backtest

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/margin"
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
	return (balance + open.Value) / float64(open.Quantity*(1+m))
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
		open, bar := &s.last.Open, s.last.Bar
		if open.Side == decision.Flat {
			continue
		}
		k := margin.Stake{Side: float64(open.Side), Quantity: open.Quantity, Value: open.Value}
		if s.isOpenAt(t) || slices.Contains(here, s) {
			k.From, k.Rate = s.in.Series.Open[bar], s.broker.OpenRate(bar)
		} else {
			k.From, k.Rate = s.in.Series.Close[bar-1], s.broker.CloseRate(bar-1)
		}
		k.To = k.From
		a.Balance -= open.Commission
		a.Balance -= open.Financing
		a.Stakes, by = append(a.Stakes, k), append(by, s)
	}
	return a, by
}

// callAtOpen judges the account at the opens of here, after their orders: where
// equity is not above the maintenance margin of all positions, those are closed, at
// the open where there is one, else at their next.
func (p *Portfolio) callAtOpen(here []*Simulation, t int64) {
	if p.o.Account.MaintenanceMargin == 0 || len(here) == 0 {
		return
	}
	a, by := p.account(here, t)
	if p.callAlone(by, here) || a.Holds() {
		return
	}
	for i, s := range by {
		s.callTo(a.Stakes[i].From, slices.Contains(here, s))
	}
}

// callWithin judges the account within the bars of here, which end; see package
// margin.
func (p *Portfolio) callWithin(here []*Simulation, t int64) {
	if p.o.Account.MaintenanceMargin == 0 || len(here) == 0 {
		return
	}
	a, by := p.account(here, t)
	if p.callAlone(by, here) {
		return
	}
	for i, s := range by {
		if slices.Contains(here, s) {
			s.goFurthest(&a.Stakes[i])
		}
	}
	for i, price := range a.Call() {
		by[i].callTo(price, slices.Contains(here, by[i]))
	}
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
