package backtest

import (
	"slices"
	"sort"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// byBar tells whether every bar has to be gone through: because a position can
// change within it, or because an entry needs more than a signal.
func byBar(in Input, o Options) bool {
	hasExits := slices.ContainsFunc(o.exitsOf(in), func(x decision.Exits) bool { return x != decision.Exits{} })
	return hasExits || in.Rates != nil || o.Account.MaintenanceMargin != 0 || o.Costs.Long != 0 || o.Costs.Short != 0 || o.Sizing.NeedVolatility() || o.SeparationSeconds != 0
}

// volatility returns that of bar by which exits are placed, 0 where none are.
func (s *Simulation) volatility(bar int) float64 {
	if s.in.Volatility == nil {
		return 0
	}
	return s.in.Volatility[bar]
}

// separation returns how many bars after the last entry the next one may be
// decided: those that SeparationSeconds take on the bars there are.
func (s *Simulation) separation() int {
	st, series := &s.last, s.in.Series
	if !st.Entered {
		return 0
	}
	due := series.Time[st.Entry] + s.o.SeparationSeconds
	after := sort.Search(series.Len()-st.Entry, func(i int) bool { return series.Available(st.Entry+i) >= due })
	return after + 1
}

// advanceByBar is Advance with exits.
func (s *Simulation) advanceByBar(upTo int) error {
	for s.last.Bar < upTo {
		if err := s.step(s.last.Bar); err != nil {
			return err
		}
	}
	return nil
}

// step simulates one bar.
func (s *Simulation) step(bar int) error {
	st := &s.last
	s.finance(bar)
	if err := s.fill(bar); err != nil {
		return err
	}
	if err := s.leave(bar); err != nil {
		return err
	}
	if !s.mark(bar) {
		if err := s.stop(bar); err != nil {
			return err
		}
	} else {
		s.decideWithExits(bar)
	}
	s.trail()
	st.Bar = bar + 1
	if st.Bar == s.in.Series.Len() {
		return s.finish()
	}
	return nil
}

// finance charges the position, at the open of bar, for the midnights in UTC since
// the open of the bar before.
//
//	financing = value of the entry * rate / 365 * nights, in the currency of the account
func (s *Simulation) finance(bar int) {
	if st := &s.last; st.Open.Side != decision.Flat && s.o.Costs.Rate(st.Open.Side) != 0 {
		times := s.in.Series.Time
		s.charge(dayOf(times[bar])-dayOf(times[bar-1]), s.broker.OpenRate(bar))
	}
}

// financeWithin charges a position that is left after the open of its bar for the
// midnights before the end of that, by when it has been left.
func (s *Simulation) financeWithin(x exit) {
	if opens := s.in.Series.Time[x.bar]; x.time > opens && s.o.Costs.Rate(s.last.Open.Side) != 0 {
		s.charge(dayOf(x.time-1)-dayOf(opens), s.rateOf(x))
	}
}

// charge charges for nights at the rate that the currency of the prices is worth.
func (s *Simulation) charge(nights int64, rate float64) {
	open := &s.last.Open
	cost := float64(float64(open.Value*s.o.Costs.Rate(open.Side)) / 365 * float64(nights) * rate)
	open.Financing += cost
	s.last.Costs.Financing += cost
}

// dayOf returns the number of the UTC day of t.
func dayOf(t int64) int64 {
	day := t / 86_400
	if t%86_400 < 0 {
		day--
	}
	return day
}

// decideWithExits decides at the close of bar. An entry whose exits or size are
// not known is none.
func (s *Simulation) decideWithExits(bar int) {
	st := &s.last
	signal := s.decide(bar)
	if signal == decision.Hold {
		return
	}
	if st.Open.Side == decision.Flat && !s.knowsVolatility(bar) {
		st.Decisions[decision.Acted]--
		st.Decisions[decision.NoVolatility]++
		return
	}
	st.Pending, st.Sureness = signal, s.in.Signals[bar].Confidence
	st.Orders.Placed++
}

// knowsVolatility tells whether what an entry decided on bar needs is known.
func (s *Simulation) knowsVolatility(bar int) bool {
	if s.o.Sizing.NeedVolatility() && !market.IsPrice(s.in.SizingVolatility[bar]) {
		return false
	}
	return s.exits(bar).KnowLevels(s.volatility(bar))
}

// protect places the exits of the position that was entered at the open of bar,
// at price before slippage, on a decision at the close of the bar before.
func (s *Simulation) protect(bar int, price float64) {
	x, open := s.exits(bar-1), &s.last.Open
	open.Stop, open.Target = x.Levels(price, s.volatility(bar-1), open.Side)
	if x.TrailingStop != 0 {
		open.Trail = float64(price * (1 - float64(float64(open.Side)*x.TrailingStop)))
	}
	open.SessionEnd = x.SessionAfter(s.in.Series.Time[bar])
}

// trail moves the trailing stop at the close of a bar: it is one fraction behind
// the best price so far, and never moves away.
func (s *Simulation) trail() {
	open := &s.last.Open
	if open.Trail == 0 {
		return
	}
	behind := s.exits(open.Bar - 1).TrailingStop
	if open.Side == decision.Long {
		open.Trail = max(open.Trail, float64(open.High*(1-behind)))
	} else {
		open.Trail = min(open.Trail, float64(open.Low*(1+behind)))
	}
}

// leave closes the position on bar where one of its exits says so.
//
// What comes first in a bar is not known, so the worst is assumed:
//
// The levels are compared with the price at which the position would be left,
// which lies half a spread below those of the bar for a long and above for a short.
//
//  1. At the open of a bar after that of the entry: a session that ended since
//     the bar before; a stop that the open lies beyond, filled at the open; a
//     target that it lies beyond, filled at the open, which is better than asked.
//  2. Within the bar: the stop, or the price of a margin call where it is nearer, at its price; then the target, at its price. A
//     bar that reaches both is a loss, unless finer bars say otherwise.
//  3. At the close: the bar is the last that the position may be held; the
//     session ends with the bar or during it.
func (s *Simulation) leave(bar int) error {
	if s.last.Open.Side == decision.Flat {
		return nil
	}
	l := s.levels(bar)
	if gone, err := s.leaveAtOpen(bar, &l); gone || err != nil {
		return err
	}
	return s.leaveWithin(bar, l)
}

// A bracket is where a position is left on a bar, in prices of the bar; 0 is none.
type bracket struct {
	side   float64
	half   float64 // what a fill is worse by than the price: half the spread times side
	stop   float64
	cause  ledger.Cause // of leaving at stop
	target float64
}

// isStopped and isMet tell that a price is at, or beyond, the stop or the target.
func (l *bracket) isStopped(price float64) bool { return l.stop != 0 && l.side*(price-l.stop) <= 0 }
func (l *bracket) isMet(price float64) bool     { return l.target != 0 && l.side*(price-l.target) >= 0 }

// leaveAtOpen is the first part of leave. It makes l anew where a position is reduced.
func (s *Simulation) leaveAtOpen(bar int, l *bracket) (gone bool, err error) {
	open, price := &s.last.Open, s.in.Series.Open[bar]
	if open.Bar == bar {
		return false, nil
	}
	x := exit{bar: bar, bars: bar - open.Bar, time: s.in.Series.Time[bar], price: price}
	switch {
	case open.SessionEnd != 0 && open.SessionEnd <= x.time:
		x.cause = ledger.BySession
	case l.isStopped(price):
		x.cause = l.cause
	case l.isMet(price):
		x.cause, x.limit = ledger.ByTarget, price-l.half
	default:
		return false, nil
	}
	isHeld, err := s.leaveOrReduce(x)
	if err != nil || !isHeld {
		return true, err
	}
	*l = s.levels(bar)
	return s.leaveAtOpen(bar, l) // a stop may lie there too
}

// leaveWithin is the second and the third part of leave.
func (s *Simulation) leaveWithin(bar int, l bracket) error {
	open, series := &s.last.Open, s.in.Series
	most := s.exits(open.Bar - 1).MaxHoldingBars
	against, inFavour := s.extremes(bar)
	x := exit{bar: bar, bars: bar + 1 - open.Bar, time: series.Available(bar)}
	switch {
	case l.isStopped(against) && l.isMet(inFavour) && s.targetFirst(bar, l.stop, l.target):
		x.cause, x.price, x.limit = ledger.ByTarget, l.target, open.Target
	case l.isStopped(against):
		// A stop that is nearer than the spread is met at the open of the entry.
		x.cause, x.price = l.cause, l.side*min(l.side*l.stop, l.side*series.Open[bar])
	case l.isMet(inFavour):
		x.cause, x.price, x.limit = ledger.ByTarget, l.target, open.Target
	case most != 0 && x.bars >= most:
		x.cause, x.price, x.atClose = ledger.ByTime, series.Close[bar], true
	case open.SessionEnd != 0 && open.SessionEnd <= x.time:
		x.cause, x.price, x.atClose = ledger.BySession, series.Close[bar], true
	default:
		return nil
	}
	if x.cause == ledger.ByTime || x.cause == ledger.BySession {
		open.High, open.Low = max(open.High, series.High[bar]), min(open.Low, series.Low[bar])
	}
	isHeld, err := s.leaveOrReduce(x)
	if err != nil || !isHeld {
		return err
	}
	return s.leaveWithin(bar, s.levels(bar)) // from where it was reduced
}

// extremes returns the prices of bar furthest against the position and in favour
// of it.
func (s *Simulation) extremes(bar int) (against, inFavour float64) {
	if s.last.Open.Side == decision.Short {
		return s.in.Series.High[bar], s.in.Series.Low[bar]
	}
	return s.in.Series.Low[bar], s.in.Series.High[bar]
}

// levels returns where the position is left on bar.
func (s *Simulation) levels(bar int) bracket {
	open := &s.last.Open
	side := float64(open.Side)
	l := bracket{side: side, half: float64(side * s.broker.Half(bar))}
	inBar := func(level float64) float64 {
		if level == 0 {
			return 0
		}
		return max(0, level+l.half)
	}
	stop, cause := stopOf(open)
	l.stop, l.cause, l.target = inBar(stop), cause, inBar(open.Target)
	if call := s.marginCall(bar); call != 0 && (l.stop == 0 || side*(call-l.stop) > 0) {
		l.stop, l.cause = call, ledger.ByMargin
	}
	return l
}

// stopOf returns the nearer of the stop loss and the trailing stop, and its cause.
func stopOf(o *ledger.Open) (level float64, cause ledger.Cause) {
	if o.Trail != 0 && (o.Stop == 0 || float64(o.Side)*(o.Trail-o.Stop) > 0) {
		return o.Trail, ledger.ByTrail
	}
	return o.Stop, ledger.ByStop
}

// leaveAt is exit with prices that a bar can have.
func (s *Simulation) leaveAt(x exit) error {
	for _, column := range [...]struct {
		name  string
		price float64
	}{{"open", s.in.Series.Open[x.bar]}, {"close", s.in.Series.Close[x.bar]}} {
		if !market.IsPrice(column.price) {
			return s.in.Series.PriceError(x.bar, column.name, column.price)
		}
	}
	open := &s.last.Open
	if x.cause != ledger.ByTime && x.cause != ledger.BySession && open.Bar < x.bar {
		price := s.in.Series.Open[x.bar]
		open.High, open.Low = max(open.High, price), min(open.Low, price)
	}
	return s.exit(x)
}
