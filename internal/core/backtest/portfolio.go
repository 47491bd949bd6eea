package backtest

import (
	"fmt"
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A Portfolio trades several symbols from one account. It goes from one opening
// time to the next, and at each through the symbols that have a bar there, always
// in their order:
//
//  1. Each symbol fills its order and looks at its exits, as it would alone. What
//     one has realised, the next may spend: an entry is sized by the equity of the
//     whole account, with positions at their last closes, and buys no more than
//     that less what the positions held are worth at their entries.
//  2. Equity is marked: the capital, and what each symbol has added to it.
//  3. If equity is not above zero, or not above the maintenance margin of all
//     positions, they are all closed at their last closes; zero ends trading.
//  4. Each symbol decides.
//
// Equity while nothing is held is the capital and the net results of each symbol,
// added in their order, to the last bit.
type Portfolio struct {
	sims    []*Simulation
	o       Options
	times   []int64 // at which any symbol has a bar
	equity  []float64
	held    []int8
	stopped *Bankruptcy
}

// NewPortfolio returns a portfolio of two symbols or more before their first bars.
// Their inputs have one timeframe, and o is what all of them share.
func NewPortfolio(ins []Input, o Options) (*Portfolio, error) {
	if len(ins) < 2 {
		return nil, fmt.Errorf("a portfolio of %d symbols: want at least 2", len(ins))
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
		s.purse, s.byBar = p, true
		p.sims = append(p.sims, s)
		p.times = append(p.times, in.Series.Time...)
	}
	slices.Sort(p.times)
	p.times = slices.Compact(p.times)
	return p, nil
}

func orUnknown(c market.Currency) string {
	if c == "" {
		return "an unknown currency"
	}
	return string(c)
}

// worth returns what s has added to the equity of its account: what it realised,
// and what it holds at the last close.
func (s *Simulation) worth() float64 {
	st := &s.last
	if st.Open.Side == decision.Flat {
		return st.Realised
	}
	at := max(0, st.Bar-1) // the last bar with a close
	price := s.in.Series.Close[at]
	if st.Open.Bar >= st.Bar { // entered at the open of a bar that is not over
		price = st.Open.Price
	}
	value := float64(float64(float64(st.Open.Side)*s.closeRate(at)) * (float64(price*st.Open.Quantity) - st.Open.Value))
	return st.Realised - st.Open.Commission - st.Open.Financing + value
}

// total returns the equity of the account.
func (p *Portfolio) total() float64 {
	equity := p.o.Capital
	for _, s := range p.sims {
		equity += s.worth()
	}
	return equity
}

// spare returns what may still be spent on entries.
func (p *Portfolio) spare() float64 {
	power := p.total()
	if leverage := p.o.Account.Leverage; leverage != 0 {
		power *= leverage
	}
	for _, s := range p.sims {
		if open := &s.last.Open; open.Side != decision.Flat {
			power -= float64(open.Value * s.openRate(open.Bar))
		}
	}
	return max(0, power)
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
	return max(0, s.within(s.purse.spare()/rate, rate, fill))
}

// Advance simulates opening times until so many are through.
func (p *Portfolio) Advance(upTo int) error {
	for upTo = min(upTo, len(p.times)); len(p.equity) < upTo; {
		if err := p.step(p.times[len(p.equity)]); err != nil {
			return err
		}
	}
	return nil
}

// Done tells whether the last bars have been simulated.
func (p *Portfolio) Done() bool { return len(p.equity) == len(p.times) }

// step simulates the bars that open at t.
func (p *Portfolio) step(t int64) error {
	var here []*Simulation
	for _, s := range p.sims {
		if bar := s.last.Bar; bar < s.in.Series.Len() && s.in.Series.Time[bar] == t {
			here = append(here, s)
		}
	}
	held := int8(0)
	for _, s := range here {
		side, err := s.trade()
		if err != nil {
			return err
		}
		held |= int8(side) & 1
	}
	for _, s := range here {
		s.close()
	}
	for _, s := range p.sims {
		if s.last.Open.Side != decision.Flat {
			held = 1
		}
	}
	if err := p.judge(); err != nil {
		return err
	}
	for _, s := range here {
		bar := s.last.Bar - 1
		s.decideWithExits(bar)
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
		p.stop()
	}
	p.equity, p.held = append(p.equity, equity), append(p.held, held)
	return nil
}

// trade fills the order of the next bar and looks at its exits. It returns the
// side that was held during the bar.
func (s *Simulation) trade() (held decision.Position, err error) {
	bar := s.last.Bar
	if err := s.fill(bar); err != nil {
		return held, err
	}
	s.finance(bar)
	held, err = s.leave(bar)
	s.last.Position[bar] = int8(held)
	return held, err
}

// close ends the bar that trade began.
func (s *Simulation) close() {
	st, bar := &s.last, s.last.Bar
	if st.Open.Side != decision.Flat {
		st.Open.widen(s.in.Series.High[bar:bar+1], s.in.Series.Low[bar:bar+1])
	}
	st.Bar++
	st.Equity[bar] = s.worth()
}

// judge closes everything where equity is used up, or has become too small a share
// of what is held.
func (p *Portfolio) judge() error {
	equity, value := p.total(), 0.0
	for _, s := range p.sims {
		if at := s.last.Bar - 1; s.last.Open.Side != decision.Flat {
			value += float64(float64(s.in.Series.Close[at]*s.last.Open.Quantity) * s.closeRate(at))
		}
	}
	switch {
	case p.stopped != nil || equity > 0 && !(equity <= p.o.Account.MaintenanceMargin*value):
		return nil
	case equity > 0:
		return p.closeAll(ByMargin)
	}
	if err := p.closeAll(ByBankrupt); err != nil {
		return err
	}
	p.stop()
	return nil
}

// stop ends all trading.
func (p *Portfolio) stop() {
	at := p.times[len(p.equity)]
	p.stopped = &Bankruptcy{Bar: len(p.equity), Time: p.sims[0].in.Series.Timeframe.End(at), Equity: p.total()}
	for _, s := range p.sims {
		s.last.Bankruptcy = p.stopped
	}
}

// closeAll closes what is held at the last closes, and gives up what is ordered.
func (p *Portfolio) closeAll(cause Cause) error {
	for _, s := range p.sims {
		st := &s.last
		if st.Pending != decision.Hold {
			st.Pending, st.Sureness = decision.Hold, 0
			st.Orders.Unfilled++
		}
		if st.Open.Side == decision.Flat {
			continue
		}
		bar := st.Bar - 1
		if err := s.closeAtClose(bar, cause); err != nil {
			return err
		}
		st.Equity[bar] = s.worth()
	}
	return nil
}
