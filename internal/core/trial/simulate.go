package trial

import (
	"math"
	"sort"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// A policy is what a trial decides by.
type policy struct {
	rules   decision.Rules
	options backtest.Options // with its defaults
}

// isSparse tells that a simulation can go from order to order: its costs are known
// at the fill, and what ends a position is a signal, a level or a time.
func (p policy) isSparse() bool {
	o, x, z, c := p.options, p.options.Exits, p.options.Sizing, p.options.Costs
	known := backtest.Options{Capital: o.Capital, Commission: o.Commission, Slippage: o.Slippage, Fraction: o.Fraction,
		FractionalUnits: o.FractionalUnits, SeparationSeconds: o.SeparationSeconds,
		Costs: decision.Costs{PerUnit: c.PerUnit, Minimum: c.Minimum, Spread: c.Spread},
		Exits: decision.Exits{StopLoss: x.StopLoss, TakeProfit: x.TakeProfit, TrailingStop: x.TrailingStop,
			MaxHoldingBars: x.MaxHoldingBars, SessionEnd: x.SessionEnd},
		Sizing: decision.Sizing{Method: z.Method, Units: z.Units}}
	return o == known && (z.Method == "" || z.Method == strategy.SizeUnits || z.Method == strategy.SizeConfidence)
}

// leastConfidence returns that of a signal that is acted on, as Rules.Decide
// compares it.
func (p policy) leastConfidence() float32 {
	if p.rules.Regression {
		return 0
	}
	return float32(p.rules.ConfidenceThreshold)
}

// A simulation of a trial goes from order to order. Its arithmetic is that of
// backtest.Simulation, operation by operation. It is for one goroutine.
type simulation struct {
	policy
	isPlain  bool
	hasExits bool
	charge   float64 // 1 + the commission
	longs    factors
	shorts   factors
	plain    plain
	bars     *bars
	halves   *halves // of the spread; nil where there is none
	raws     []decision.Raw
	sells    []uint64
	book     book
	orders   ledger.OrderStream
	open     opened // the position held, or the last one
	flat     int    // the bar since which nothing is held
	from     int    // the bar from which on decisions are made
	ahead    [2]int // signals against a long and a short that were found last
	state    state
}

// The factors of a side are what the price of an entry is multiplied by to give that
// of the fill, the stop and the target; 0 is none.
type factors struct{ fill, stop, target float64 }

// factorsOf returns those of a side by the operations of backtest.Simulation and of
// decision.Exits.
func (p policy) factorsOf(side decision.Position) factors {
	f, x, sign := factors{fill: 1 + float64(float64(side)*p.options.Slippage)}, p.options.Exits, float64(side)
	if x.StopLoss != 0 {
		f.stop = 1 - float64(sign*x.StopLoss)
	}
	if x.TakeProfit != 0 {
		f.target = max(0, 1+float64(sign*x.TakeProfit))
	}
	return f
}

// A state says how far a simulation is.
type state uint8

const (
	running state = iota
	done
	unable // equity was used up, which ends all trading in the middle of a run
)

// An opened position.
type opened struct {
	position
	side                decision.Position
	bar                 int     // of the entry
	stop, target, trail float64 // 0 is none
	high, low           float64 // for the trail
	sessionEnd          int64   // 0 is none
}

// An exit is where and why a position is left.
type exit struct {
	bar    int
	time   int64
	price  float64
	limit  float64 // what a limit order is filled at; 0 is none
	cause  ledger.Cause
	atOpen bool

	atClose bool // at the close itself, and not within the bar
}

// begin starts the simulation of p on signals, at a spread of twice h.
func (s *simulation) begin(p policy, on *signals, h *halves) {
	s.halves = h
	s.policy, s.raws, s.sells = p, on.raws, on.sells
	s.hasExits, s.charge = p.options.Exits != (decision.Exits{}), 1+p.options.Commission
	s.longs, s.shorts = p.factorsOf(decision.Long), p.factorsOf(decision.Short)
	s.isPlain = h == nil && p.isPlain()
	s.plain = plainOf(p, on, s.longs, s.shorts)
	s.orders, s.open = ledger.OrderStream{}, opened{}
	s.flat, s.from, s.ahead, s.state = 0, 0, [2]int{}, running
	s.book.begin(p.options.Capital)
}

// advance simulates everything that follows from decisions before bar limit.
func (s *simulation) advance(limit int) {
	n := s.bars.Len()
	for s.state == running {
		if s.isPlain && !s.hasExits {
			s.follow(limit)
		}
		sign := s.entry()
		if sign >= limit && limit < n {
			s.from = sign // not to be searched for again in every block before it
			return
		}
		if sign >= n-1 { // none, or one that has no bar to be filled on
			s.book.flat(s.flat, n)
			s.state = done
			return
		}
		s.trade(sign)
	}
}

// trade goes from the decision at the close of bar sign to the exit of what it opens.
func (s *simulation) trade(sign int) {
	if s.from = sign + 1; s.enter(sign) {
		s.book.flat(s.flat, s.from)
		s.hold()
	}
}

// hold goes from the entry to the exit.
func (s *simulation) hold() {
	n := s.bars.Len()
	var x exit
	s.exit(&x)
	atEnd := x.cause == ledger.ByEnd
	isRuined := atEnd && !(s.open.equity(s.book.balance(), x.price) > 0)
	worst, best := s.open.stop, s.open.target
	if s.halves != nil { // closes go beyond the levels by half a spread
		worst, best = 0, 0
	}
	if isRuined || !s.book.hold(&s.open.position, s.open.bar, x.bar, worst, best) {
		s.state = unable
		return
	}
	s.leave(&x)
	s.flat, s.from = x.bar, x.bar
	switch {
	case atEnd:
		s.book.flat(s.flat, n)
		s.state = done
	case !(s.book.balance() > 0):
		s.state = unable
	}
}

// decides returns the bar from which on an entry may be decided, which may be behind the
// last.
func (s *simulation) decides() int {
	if s.book.trades > 0 {
		return max(s.from, s.separated())
	}
	return s.from
}

// entry returns the next bar at whose close an entry is decided, or the number of
// bars.
func (s *simulation) entry() int {
	return first(s.plain.entries, min(s.bars.Len(), s.decides()))
}

// against returns the next bar from from on at whose close a signal says to leave a
// position of a side, 0 for a long and 1 for a short, or the number of bars. From one
// position to the next from goes up, so that a bar that is far ahead is searched for once.
func (s *simulation) against(side, from int) int {
	if s.ahead[side] < from {
		s.ahead[side] = first(s.plain.against[side], from)
	}
	return s.ahead[side]
}

// separated returns the first bar at which an entry after the last one may be
// decided.
func (s *simulation) separated() int {
	last := s.open.bar
	if s.options.SeparationSeconds == 0 {
		return last + s.rules.MinSignalSeparation - 1
	}
	due := s.bars.Time[last] + s.options.SeparationSeconds
	return last + sort.Search(s.bars.Len()-last, func(i int) bool { return s.bars.Available(last+i) >= due })
}

// enter opens the position that was decided at the close of bar sign, at the open
// of the next, and reports whether there was enough for one.
func (s *simulation) enter(sign int) bool {
	o, bar, side, factor := &s.options, sign+1, decision.Long, &s.longs
	if s.sells[sign/64]>>(sign%64)&1 != 0 {
		side, factor = decision.Short, &s.shorts
	}
	price, equity := s.bars.Open[bar], s.book.balance()
	fill := float64(price * factor.fill)
	if s.halves != nil {
		fill += float64(float64(side) * s.halves.open[bar])
	}
	quantity := s.quantity(sign, price, fill, equity)
	if quantity == 0 {
		return false
	}
	value := float64(fill * quantity)
	open := &s.open // field by field: a literal would be built aside and copied
	open.sign, open.quantity, open.value, open.commission = float64(side), quantity, value, s.commission(value, quantity)
	open.side, open.bar = side, bar
	if s.hasExits {
		open.stop, open.target = float64(price*factor.stop), float64(price*factor.target)
		if o.Exits.SessionEnd != 0 {
			open.sessionEnd = o.Exits.SessionAfter(s.bars.Time[bar])
		}
		if d := o.Exits.TrailingStop; d != 0 {
			open.trail = float64(price * (1 - float64(float64(side)*d)))
			open.high, open.low = price, price
		}
	}
	s.orders.Fill(s.bars.Time[bar], quantity, fill, int8(side), ledger.BySignal)
	return true
}

// quantity is that of backtest.Simulation.
func (s *simulation) quantity(sign int, price, fill, equity float64) float64 {
	o := &s.options
	share := o.Fraction
	if o.Sizing.Method == strategy.SizeConfidence {
		share = float64(float64(s.raws[sign].Confidence) * o.Fraction)
	}
	quantity := share * equity / float64(price*s.charge)
	if share > 0.5 || s.halves != nil { // up to a half, no slippage makes less than that affordable
		quantity = min(quantity, equity/float64(fill*s.charge))
	}
	if o.Sizing.Method == strategy.SizeUnits {
		quantity = min(quantity, o.Sizing.Units)
	}
	if o.Costs.PerUnit != 0 || o.Costs.Minimum != 0 {
		quantity = max(0, min(quantity, s.within(share*equity, price), s.within(equity, fill)))
	}
	if !o.FractionalUnits {
		quantity = math.Floor(quantity)
	}
	return quantity
}

// within returns how many units money buys at price with their commission.
func (s *simulation) within(money, price float64) float64 {
	o := &s.options
	return min(money/(float64(price*s.charge)+o.Costs.PerUnit), (money-o.Costs.Minimum)/price)
}

func (s *simulation) commission(value, quantity float64) float64 {
	o := &s.options
	c := float64(value * o.Commission)
	if o.Costs.PerUnit != 0 || o.Costs.Minimum != 0 {
		c = max(c+float64(quantity*o.Costs.PerUnit), o.Costs.Minimum)
	}
	return c
}

// leave books the exit x of the open position.
func (s *simulation) leave(x *exit) {
	open := &s.open
	fill := x.limit
	if fill == 0 {
		fill = float64(x.price * (1 + float64(-open.sign*s.options.Slippage)))
		if h := s.halves; h != nil && x.atClose {
			fill -= float64(open.sign * h.close[x.bar])
		} else if h != nil {
			fill -= float64(open.sign * h.open[x.bar])
		}
	}
	value := float64(fill * open.quantity)
	gross := float64(open.sign * (value - open.value))
	s.book.trade(gross - (open.commission + s.commission(value, open.quantity)))
	s.orders.Fill(x.time, open.quantity, fill, -int8(open.side), x.cause)
	s.book.held += x.bar - open.bar
	if !x.atOpen {
		s.book.held++
	}
}
