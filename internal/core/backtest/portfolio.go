package backtest

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A Portfolio trades symbols from one account. It goes from one moment at which
// bars open or end to the next, and at each through the symbols in their order:
//
//  1. Of the bars that end, each position is looked at as it would be alone, but
//     that the margin is that of the account (callWithin).
//  2. Equity is marked: the capital, and what each symbol has added to it.
//  3. If equity is not above zero, all is closed: at the close of a bar that ends,
//     else at the next open of the symbol. Trading is over.
//  4. Each symbol whose bar ends decides.
//  5. Of the bars that open, each order is filled. What one has realised, the next
//     may spend: an entry is sized by the equity of the whole account, with
//     positions at their last closes, and buys no more than that less what the
//     positions held are worth at their entries.
//  6. Then gaps are looked at, and the margin at the opens (callAtOpen).
//
// So what happens within a bar is known to nobody before it ends. One symbol gives
// the bits of Run. Equity while nothing is held is the capital and the net results
// of each symbol, added in their order, to the last bit.
type Portfolio struct {
	sims    []*Simulation
	o       Options
	times   []int64 // at which any symbol has a bar
	moments []int64 // those, and when a bar that opens there ends
	at      int     // the moment whose bars open next
	room    []*Simulation
	equity  []float64
	held    []int8
	stopped *ledger.Bankruptcy
}

// NewPortfolio returns a portfolio before the first bars of its symbols. Their
// inputs have one timeframe, and o is what all of them share.
func NewPortfolio(ins []Input, o Options) (*Portfolio, error) {
	if len(ins) == 0 {
		return nil, errors.New("a portfolio of no symbols: want at least one")
	}
	p := &Portfolio{o: o.withDefaults()}
	for i, in := range ins {
		s, err := New(in, o)
		if err != nil {
			return nil, err
		}
		if in.Series.Timeframe != ins[0].Series.Timeframe {
			return nil, fmt.Errorf("%s is on %s and %s on %s: want one timeframe", ins[0].Series.Symbol, ins[0].Series.Timeframe, in.Series.Symbol, in.Series.Timeframe)
		}
		if slices.ContainsFunc(ins[:i], func(x Input) bool { return x.Series.Symbol == in.Series.Symbol }) {
			return nil, fmt.Errorf("%s is there twice", in.Series.Symbol)
		}
		if a, b := o.Account.In(ins[0].Series.Symbol), o.Account.In(in.Series.Symbol); a != b {
			return nil, fmt.Errorf("what %s earns is in %s and what %s earns in %s: say in which currency the account is", ins[0].Series.Symbol, orUnknown(a), in.Series.Symbol, orUnknown(b))
		}
		s.joins(p)
		p.sims = append(p.sims, s)
		p.times = append(p.times, in.Series.Time...)
	}
	slices.Sort(p.times)
	p.times = slices.Compact(p.times)
	p.moments = slices.Clone(p.times)
	for _, t := range p.times {
		p.moments = append(p.moments, p.ends(t))
	}
	slices.Sort(p.moments)
	p.moments = slices.Compact(p.moments)
	return p, nil
}

// ends returns when a bar that opens at t ends.
func (p *Portfolio) ends(t int64) int64 { return p.sims[0].in.Series.Timeframe.End(t) }

// joins makes s spend the money of p.
func (s *Simulation) joins(p *Portfolio) {
	s.purse, s.byBar = p, true
	s.keepCurve()
}

func orUnknown(c market.Currency) string {
	if c == "" {
		return "an unknown currency"
	}
	return string(c)
}

// addTo returns equity with what s has added to it.
func (s *Simulation) addTo(equity float64) float64 {
	st := &s.last
	equity += st.Realised
	if st.Open.Side == decision.Flat {
		return equity
	}
	at := max(0, st.Bar-1) // the last bar with a close
	price := s.in.Series.Close[at]
	if st.Open.Bar >= st.Bar { // entered at the open of a bar that is not over
		price = st.Open.Price
	}
	equity -= st.Open.Commission
	equity -= st.Open.Financing
	return equity + float64(float64(float64(st.Open.Side)*s.broker.CloseRate(at))*(float64(price*st.Open.Quantity)-st.Open.Value))
}

// total returns the equity of the account.
func (p *Portfolio) total() float64 {
	equity := p.o.Capital
	for _, s := range p.sims {
		equity = s.addTo(equity)
	}
	return equity
}

// spare returns what may still be spent on entries, without a bound where nothing
// is held.
func (p *Portfolio) spare() float64 {
	taken, isHeld := 0.0, false
	for _, s := range p.sims {
		if open := &s.last.Open; open.Side != decision.Flat {
			taken, isHeld = taken+float64(open.Value*s.broker.OpenRate(open.Bar)), true
		}
	}
	if !isHeld {
		return math.Inf(1)
	}
	power := p.total()
	if leverage := p.o.Account.Leverage; leverage != 0 {
		power *= leverage
	}
	return max(0, power-taken)
}

// funds returns the equity by which an entry is sized.
func (s *Simulation) funds() float64 {
	if s.purse == nil {
		return s.balance()
	}
	return s.purse.total()
}

// affordable returns how many units at most the account has money for, at a fill
// in a currency that is worth rate.
func (s *Simulation) affordable(fill, rate float64) float64 {
	if s.purse == nil {
		return math.Inf(1)
	}
	return max(0, s.broker.Within(s.purse.spare()/rate, rate, fill))
}

// Advance simulates opening times until so many are through.
func (p *Portfolio) Advance(upTo int) error {
	for upTo = min(upTo, len(p.times)); len(p.equity) < upTo; {
		if err := p.open(p.moments[p.at]); err != nil {
			return err
		}
		p.at++
		if err := p.end(p.moments[p.at]); err != nil {
			return err
		}
	}
	return nil
}

// Done tells whether the last bars have been simulated.
func (p *Portfolio) Done() bool { return len(p.equity) == len(p.times) }

// open simulates what the bars that open at t do at their opens.
func (p *Portfolio) open(t int64) error {
	here := p.room[:0]
	for _, s := range p.sims {
		if bar := s.last.Bar; !s.Done() && s.in.Series.Time[bar] == t {
			here = append(here, s)
			s.finance(bar)
			if err := errors.Join(s.force(bar), s.fill(bar)); err != nil {
				return err
			}
		}
	}
	p.room = here
	if err := p.callAtOpen(here, t); err != nil {
		return err
	}
	for _, s := range here {
		if s.last.Open.Side != decision.Flat {
			l := s.levels(s.last.Bar)
			if _, err := s.leaveAtOpen(s.last.Bar, &l); err != nil {
				return err
			}
		}
		s.call = 0
	}
	return nil
}

// force closes at the open of bar what is to be closed by force, and gives up what
// was ordered meanwhile.
func (s *Simulation) force(bar int) error {
	cause := s.due
	if s.due = ledger.BySignal; cause == ledger.BySignal || s.last.Open.Side == decision.Flat {
		return nil
	}
	s.giveUp()
	return s.leaveAt(exit{bar: bar, bars: bar - s.last.Open.Bar, time: s.in.Series.Time[bar], price: s.in.Series.Open[bar], cause: cause})
}

// giveUp leaves unfilled what is ordered.
func (s *Simulation) giveUp() {
	if st := &s.last; st.Pending != decision.Hold {
		st.Pending, st.Sureness = decision.Hold, 0
		st.Orders.Unfilled++
	}
}

// isOpenAt tells that a bar of s that opened before t has not been looked at yet.
func (s *Simulation) isOpenAt(t int64) bool { return !s.Done() && s.in.Series.Time[s.last.Bar] < t }

// end simulates the rest of the bars that end at t, or before it because the next
// one opens.
func (p *Portfolio) end(t int64) error {
	here := p.room[:0]
	for _, s := range p.sims {
		next := s.last.Bar + 1
		if s.isOpenAt(t) && (s.in.Series.Available(next-1) <= t || next < s.in.Series.Len() && s.in.Series.Time[next] <= t) {
			here = append(here, s)
		}
	}
	p.room = here
	held := int8(0)
	for _, s := range here {
		if s.last.Open.Side != decision.Flat {
			held = 1
		}
	}
	if err := p.callWithin(here, t); err != nil {
		return err
	}
	for _, s := range here {
		if bar := s.last.Bar; s.last.Open.Side != decision.Flat {
			if err := s.leaveWithin(bar, s.levels(bar)); err != nil {
				return err
			}
		}
		s.call = 0
	}
	for _, s := range here {
		s.close()
	}
	for _, s := range p.sims {
		if s.last.Open.Side != decision.Flat {
			held = 1
		}
	}
	if err := p.judge(here); err != nil {
		return err
	}
	for _, s := range here {
		s.decideWithExits(s.last.Bar - 1)
		s.trail()
		if s.Done() {
			if err := s.finish(); err != nil {
				return err
			}
		}
	}
	equity := p.total()
	if math.IsNaN(equity) || math.IsInf(equity, 0) {
		return fmt.Errorf("bars at %s: equity is %v: check the prices", market.Stamp(t), equity)
	}
	if p.stopped == nil && !(equity > 0) {
		p.stop(t)
	}
	if t == p.ends(p.times[len(p.equity)]) {
		p.equity, p.held = append(p.equity, equity), append(p.held, held)
	}
	return nil
}

// close ends the bar that is open.
func (s *Simulation) close() {
	st, bar := &s.last, s.last.Bar
	if st.Open.Side != decision.Flat {
		st.Open.Widen(s.in.Series.High[bar:bar+1], s.in.Series.Low[bar:bar+1])
	}
	st.Bar++
	st.Equity[bar] = s.addTo(0)
}

// judge closes everything where equity is used up at the end of the bars of here.
func (p *Portfolio) judge(here []*Simulation) error {
	if p.stopped != nil || len(here) == 0 || p.total() > 0 {
		return nil
	}
	for _, s := range p.sims {
		st := &s.last
		switch {
		case st.Open.Side == decision.Flat || !slices.Contains(here, s):
			s.closeNext(ledger.ByBankrupt)
		default:
			if err := s.closeAtClose(st.Bar-1, ledger.ByBankrupt); err != nil {
				return err
			}
			st.Equity[st.Bar-1] = s.addTo(0)
		}
	}
	p.stop(here[0].in.Series.Available(here[0].last.Bar - 1))
	return nil
}

// closeNext gives up what is ordered and closes what is held at the next open.
func (s *Simulation) closeNext(cause ledger.Cause) {
	s.giveUp()
	if s.last.Open.Side != decision.Flat {
		s.due = cause
	}
}

// stop ends all trading at t.
func (p *Portfolio) stop(t int64) {
	p.stopped = &ledger.Bankruptcy{Bar: len(p.equity), Time: t, Equity: p.total()}
	for _, s := range p.sims {
		s.last.Bankruptcy = p.stopped
	}
}
