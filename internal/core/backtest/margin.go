package backtest

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/decision"
)

// A stake is a position of an account, and how its price goes.
type stake struct {
	s        *Simulation
	moves    bool    // a bar of it is looked at; the price of others stays
	bar      int     // which
	rate     float64 // what the currency of the price is worth
	from, to float64 // prices between which it goes
	furthest float64 // to, over the whole bar
	level    bracket // of the bar
	isGone   bool    // it has been left at to
}

// stakes returns the positions of the account, of which those of here move from
// the open of a bar to its open. The others have the last price that is known at t.
func (p *Portfolio) stakes(here []*Simulation, t int64) []stake {
	var all []stake
	for _, s := range p.sims {
		if s.last.Open.Side == decision.Flat {
			continue
		}
		k := stake{s: s, bar: s.last.Bar, moves: slices.Contains(here, s)}
		if k.moves || s.isOpenAt(t) {
			k.from, k.rate = s.in.Series.Open[k.bar], s.openRate(k.bar)
		} else {
			k.from, k.rate = s.in.Series.Close[k.bar-1], s.closeRate(k.bar-1)
		}
		k.to = k.from
		all = append(all, k)
	}
	return all
}

// slack returns by how much equity exceeds the margin when each stake has gone the
// given share of its way: 0 to be where it began, 1 at the end of it.
//
//	slack = capital + Σ realised + Σ held ( rate * (side*(price*q - V) - m*price*q) - costs so far )
func (p *Portfolio) slack(all []stake, share float64) float64 {
	slack := p.o.Capital
	for _, s := range p.sims {
		slack += s.last.Realised
	}
	for i := range all {
		k := &all[i]
		open := &k.s.last.Open
		value := float64(k.at(share) * open.Quantity)
		gain, margin := float64(float64(open.Side)*(value-open.Value)), float64(p.o.Account.MaintenanceMargin*value)
		if k.isGone {
			margin = 0
		}
		slack += float64(k.rate*(gain-margin)) - open.Commission - open.Financing
	}
	return slack
}

// at returns the price of a share of the way.
func (k *stake) at(share float64) float64 {
	if share == 1 {
		return k.to
	}
	price, side := k.from+float64(share*(k.to-k.from)), float64(k.s.last.Open.Side)
	return float64(side * max(float64(side*price), float64(side*k.to)))
}

// callAtOpen judges the account at the opens of here, after their orders: where
// equity is not above the maintenance margin of all positions, those are closed, at
// the open where there is one, else at their next.
func (p *Portfolio) callAtOpen(here []*Simulation, t int64) {
	if p.o.Account.MaintenanceMargin == 0 || len(here) == 0 {
		return
	}
	switch all := p.stakes(here, t); {
	case len(all) == 1 && all[0].moves:
		p.callAlone(all[0])
	case len(all) > 1 && !(p.slack(all, 0) > 0):
		p.callAll(all, 0)
	}
}

// callWithin judges the account within the bars of here, which end. The one
// position of an account is called at the price of Simulation.marginCall. Of
// several, nobody knows in which order they had their prices, so the worst is
// assumed: all of them go from their opens to their stops, or else to what is
// furthest against them, each the same share of its way at a time. Where equity is
// not above the maintenance margin on that way, all are closed at the prices that
// they have there.
//
// Finer bars of all that move, which reach as far, say more: then the way leads
// from one of them to the next, positions that were stopped or have met their
// target stay out, and the worst is assumed within each of them.
func (p *Portfolio) callWithin(here []*Simulation, t int64) {
	if p.o.Account.MaintenanceMargin == 0 || len(here) == 0 {
		return
	}
	all := p.stakes(here, t)
	if len(all) == 1 && all[0].moves {
		p.callAlone(all[0])
		return
	}
	isFiner := p.o.Fills.Intrabar != 0
	for i := range all {
		if k := &all[i]; k.moves {
			k.level = k.s.levels(k.bar)
			against, _ := k.s.extremes(k.bar)
			k.to = against
			if k.level.isStopped(against) {
				k.to = k.level.side * min(k.level.side*k.level.stop, k.level.side*k.from)
			}
			k.furthest = k.to
			isFiner = isFiner && k.isCovered()
		}
	}
	if !isFiner {
		p.strain(all)
		return
	}
	for i := range all {
		all[i].to = all[i].from
	}
	for _, at := range finerTimes(all) {
		for i := range all {
			all[i].goFiner(at)
		}
		if p.strain(all) {
			return
		}
		for i := range all {
			all[i].settle(at)
		}
	}
}

// callAlone gives the only position of the account the price at which it is called.
func (p *Portfolio) callAlone(k stake) {
	balance := p.o.Capital
	for _, s := range p.sims {
		balance += s.last.Realised
	}
	k.s.call = k.s.callAt(k.bar, balance)
}

// strain calls the account where it does not bear the way of all stakes.
func (p *Portfolio) strain(all []stake) (called bool) {
	worst := p.slack(all, 1)
	if worst > 0 {
		return false
	}
	share := 0.0
	if begin := p.slack(all, 0); begin > 0 {
		share = begin / (begin - worst)
	}
	p.callAll(all, share)
	return true
}

// callAll closes all that is held, which has gone a share of its way.
func (p *Portfolio) callAll(all []stake, share float64) {
	for i := range all {
		switch k := &all[i]; {
		case !k.moves:
			k.s.closeNext(ByMargin)
		case !k.isGone:
			k.s.call = k.at(share)
		}
	}
}

// finer returns the finer bars of the bar of k: from one to before another.
func (k *stake) finer() (from, to int) {
	f, series := &k.s.in.Finer, &k.s.in.Series
	return f.Search(series.Time[k.bar]), f.Search(series.Available(k.bar))
}

// isCovered tells that the finer bars of k reach as far as its bar.
func (k *stake) isCovered() bool {
	from, to := k.finer()
	for i := from; i < to; i++ {
		if against, _ := k.extremesFiner(i); k.level.side*(against-k.furthest) <= 0 {
			return true
		}
	}
	return false
}

func (k *stake) extremesFiner(i int) (against, inFavour float64) {
	f := &k.s.in.Finer
	if k.level.side < 0 {
		return f.High[i], f.Low[i]
	}
	return f.Low[i], f.High[i]
}

// finerTimes returns when the finer bars of all that move open, each once.
func finerTimes(all []stake) []int64 {
	var times []int64
	for i := range all {
		if k := &all[i]; k.moves {
			from, to := k.finer()
			times = append(times, k.s.in.Finer.Time[from:to]...)
		}
	}
	slices.Sort(times)
	return slices.Compact(times)
}

// goFiner sends k through its finer bar that opens at t; without one it stays at
// the end of its way so far.
func (k *stake) goFiner(t int64) {
	if !k.moves || k.isGone {
		return
	}
	f, side := &k.s.in.Finer, k.level.side
	i := f.Search(t)
	if i == f.Len() || f.Time[i] != t {
		k.from = k.to
		return
	}
	notBeyond := func(price float64) float64 { return side * max(side*price, side*k.furthest) }
	against, _ := k.extremesFiner(i)
	k.from, k.to = notBeyond(f.Open[i]), notBeyond(against)
}

// settle takes k out where its finer bar at t has stopped it or met its target.
func (k *stake) settle(t int64) {
	f := &k.s.in.Finer
	i := f.Search(t)
	if !k.moves || k.isGone || i == f.Len() || f.Time[i] != t {
		return
	}
	against, inFavour := k.extremesFiner(i)
	switch {
	case k.level.isStopped(against):
		k.isGone, k.from = true, k.to
	case k.level.isMet(inFavour):
		k.isGone, k.from, k.to = true, k.level.target, k.level.target
	}
}
