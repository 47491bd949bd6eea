package backtest

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// An Input is a window of bars and what the model says at each of them. It is
// kept and never written to.
type Input struct {
	Series  market.Series  // a window that passed Series.Validate when it was read
	Signals []decision.Raw // one per bar
	Rules   decision.Rules

	// Volatility is what decision.VolatilityOf returns, cut to the window: one
	// value per bar, known at its close. Nil where its exits need none.
	Volatility []float64

	// Routed are the exits in place of Options.Exits; nil where those are meant.
	Routed *Routed

	// SizingVolatility is the same of decision.SizingVolatilityOf and
	// Options.Sizing.
	SizingVolatility []float64

	// Finer are bars of the same symbol and of Options.Fills.Intrabar; the zero
	// value where that is none.
	Finer market.Series

	// Rates are the worth of the currency of the prices in that of the account; nil
	// where they are the same.
	Rates *Rates
}

func (in Input) validate() error {
	s, n := in.Series, in.Series.Len()
	if _, err := s.Timeframe.MarshalText(); err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("%s %s: no bars in the window", s.Symbol, s.Timeframe)
	}
	if len(s.Open) != n || len(s.High) != n || len(s.Low) != n || len(s.Close) != n {
		return fmt.Errorf("%s %s: columns differ in length", s.Symbol, s.Timeframe)
	}
	if len(in.Signals) != n {
		return fmt.Errorf("%s %s: %d signals for %d bars", s.Symbol, s.Timeframe, len(in.Signals), n)
	}
	for _, bar := range [...]int{0, n - 1} {
		if price := s.Open[bar]; !isPrice(price) {
			return priceError(s, bar, "open", price)
		}
		if price := s.Close[bar]; !isPrice(price) {
			return priceError(s, bar, "close", price)
		}
	}
	return in.Rules.Validate()
}

// A Simulation goes through a window bar by bar. New makes one.
type Simulation struct {
	in    Input
	o     Options
	byBar bool      // every bar is gone through; see byBar
	sized bool      // Options.Sizing has a method
	last  State     // Equity and Position have the length of the whole window
	hash  orderHash // of last.Trades

	purse    *Portfolio         // whose money it spends; nil where it has its own
	call     float64            // price of the bar at which the account of purse is called; 0 for none
	due      Cause              // of closing by force at the next open; BySignal for none
	fee      decision.Fee       // no fill has a higher commission
	schedule *decision.Schedule // nil where there is none
	work     Work               // zero until it is asked for
}

// New returns a simulation before the first bar of in.
func New(in Input, o Options) (*Simulation, error) { return Resume(in, o, State{}) }

// Resume returns a simulation that goes on from state, which State returned for
// the same input and options. It copies state.
func Resume(in Input, o Options, state State) (*Simulation, error) {
	if err := in.validate(); err != nil {
		return nil, err
	}
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("backtest options: %w", err)
	}
	n := in.Series.Len()
	if err := o.validateFor(in); err != nil {
		return nil, err
	}
	if err := state.check(n); err != nil {
		return nil, err
	}
	s := &Simulation{in: in, o: o.withDefaults(), byBar: byBar(in, o), sized: o.Sizing.Method != "", last: state.clone()}
	s.fee = decision.Fee{Fraction: o.Commission, PerUnit: o.Costs.PerUnit, Minimum: o.Costs.Minimum}
	schedule, err := o.scheduleFor(in.Series.Symbol)
	if err != nil {
		return nil, fmt.Errorf("costs: %w", err)
	}
	if s.schedule = schedule; schedule != nil {
		s.fee = schedule.First()
	}
	s.last.Equity = append(make([]float64, 0, n), state.Equity...)[:n]
	s.last.Position = append(make([]int8, 0, n), state.Position...)[:n]
	return s, nil
}

// State returns a copy of what the simulation knows.
func (s *Simulation) State() State {
	state := s.last
	state.Equity, state.Position = state.Equity[:state.Bar], state.Position[:state.Bar]
	return state.clone()
}

// Done tells whether the last bar has been simulated.
func (s *Simulation) Done() bool { return s.last.Bar == s.in.Series.Len() }

// Advance simulates the bars from the next one to the one before upTo, which is
// cut to the window. How a window is divided among calls changes nothing.
//
// Without exits it goes from decision to decision: between two of them the
// position does not change, so that the signals are searched in one loop and the
// equity is marked in another, neither of which allocates.
func (s *Simulation) Advance(upTo int) error {
	n := s.in.Series.Len()
	upTo = min(upTo, n)
	if s.byBar {
		return s.advanceByBar(upTo)
	}
	st := &s.last
	for st.Bar < upTo {
		from := st.Bar
		if err := s.fill(from); err != nil {
			return err
		}
		before := st.Decisions
		next, signal := s.decide(from, upTo)
		stopped := s.mark(from, next)
		if stopped < next {
			// Rare: the decisions from the bar that stopped on were none.
			st.Decisions = before
			_, signal = s.decide(from, stopped)
			if err := s.stop(stopped); err != nil {
				return err
			}
			next = stopped + 1
		}
		if signal != decision.Hold {
			st.Pending, st.Sureness = signal, s.in.Signals[next-1].Confidence
			st.Orders.Placed++
		}
		st.Bar = next
		if next == n {
			return s.finish()
		}
	}
	return nil
}

// decide asks the rules at the close of each bar from from on, until one answers
// with a signal or the bars before upTo are through. It returns the bar after
// the last one asked, and the signal.
func (s *Simulation) decide(from, upTo int) (next int, signal decision.Signal) {
	st := &s.last
	if st.Bankruptcy != nil {
		return upTo, decision.Hold
	}
	rules, side := s.in.Rules, st.Open.Side
	if s.o.SeparationSeconds != 0 {
		rules.MinSignalSeparation = s.separation()
	}
	since, step := decision.NeverEntered, 0
	if st.Entered {
		since, step = from+1-st.Entry, 1
	}
	quiet := decision.ModelHold
	if rules.Regression {
		quiet = decision.BelowCost
	}
	for bar := from; bar < upTo; bar++ {
		if n := holds(s.in.Signals[bar:upTo]); n > 0 {
			st.Decisions[quiet] += n
			since += n * step
			if bar += n; bar == upTo {
				break
			}
		}
		signal, reason := rules.Decide(s.in.Signals[bar], side, since)
		st.Decisions[reason]++
		if signal != decision.Hold {
			return bar + 1, signal
		}
		since += step
	}
	return upTo, decision.Hold
}

// mark writes the equity and the position of the bars from from to to-1, over
// which the position does not change. It stops at the first bar whose equity is
// not a finite number above zero and returns it, else to.
func (s *Simulation) mark(from, to int) (stopped int) {
	st := &s.last
	balance := s.balance()
	equity := st.Equity[from:to]
	if st.Open.Side == decision.Flat {
		if st.Bankruptcy == nil && !(balance > 0) {
			return from
		}
		for i := range equity {
			equity[i] = balance
		}
		return to
	}
	open := &st.Open
	balance -= open.Commission
	balance -= open.Financing
	sign := float64(float64(open.Side) * s.closeRate(from)) // with rates there is one bar
	marked := markHeld(equity, s.in.Series.Close[from:to], balance, sign, open)
	held := min(from+marked+1, to) // the bar that it stops at was held too
	open.widen(s.in.Series.High[from:held], s.in.Series.Low[from:held])
	occupy(st.Position[from:held], int8(open.Side))
	return from + marked
}

// stop ends all trading at the close of bar, where equity is not above zero.
func (s *Simulation) stop(bar int) error {
	st := &s.last
	if st.Open.Side != decision.Flat {
		if err := s.closeAtClose(bar, ByBankrupt); err != nil {
			return err
		}
	}
	st.Equity[bar] = s.balance()
	st.Bankruptcy = &Bankruptcy{Bar: bar, Time: s.in.Series.Available(bar), Equity: s.balance()}
	return nil
}

// finish ends the window: what was decided on the last bar stays unfilled, and
// what is held is closed at the last close.
func (s *Simulation) finish() error {
	st := &s.last
	bar := s.in.Series.Len() - 1
	if st.Pending != decision.Hold {
		st.Orders.Unfilled++
		st.Pending, st.Sureness = decision.Hold, 0
	}
	if st.Open.Side == decision.Flat {
		return nil
	}
	if err := s.closeAtClose(bar, ByEnd); err != nil {
		return err
	}
	if s.purse != nil {
		st.Equity[bar] = s.addTo(0)
		return nil
	}
	st.Equity[bar] = s.balance()
	if !(s.balance() > 0) {
		return s.stop(bar)
	}
	return nil
}

// Result returns what came of the whole window. It shares its columns with s and
// panics before the last bar has been simulated.
func (s *Simulation) Result() Result {
	if !s.Done() {
		panic("backtest: Result before the last bar")
	}
	st, series := &s.last, s.in.Series
	return Result{
		Symbol: series.Symbol, Timeframe: series.Timeframe, Options: s.o,
		Trades: st.Trades, Equity: st.Equity, Position: st.Position,
		NetProfit: st.Realised, FinalEquity: s.balance(),
		BuyAndHold: float64(series.Close[series.Len()-1]*s.closeRate(series.Len()-1))/float64(series.Open[0]*s.openRate(0)) - 1,
		Decisions:  st.Decisions, Orders: st.Orders, Costs: st.Costs, Turnover: st.Turnover,
		Intrabar: st.Intrabar, Bankruptcy: st.Bankruptcy, OrderHash: s.hash.sum(st.Trades),
	}
}

func isPrice(v float64) bool { return v > 0 && v <= math.MaxFloat64 }

func priceError(s market.Series, bar int, column string, value float64) error {
	return fmt.Errorf("%s %s bar at %s: %s: %v is not a price: want a finite number above 0", s.Symbol, s.Timeframe, market.Stamp(s.Time[bar]), column, value)
}

// validateFor returns why o cannot be the options for in, or nil.
func (o Options) validateFor(in Input) error {
	if err := o.exitsFit(in); err != nil {
		return err
	}
	if o.SeparationSeconds != 0 && in.Rules.MinSignalSeparation != 0 {
		return fmt.Errorf("a separation of %d bars and one of %d seconds: want one of them", in.Rules.MinSignalSeparation, o.SeparationSeconds)
	}
	if err := o.Costs.Validate(); err != nil {
		return fmt.Errorf("costs: %w", err)
	}
	if err := o.spreadFits(in); err != nil {
		return fmt.Errorf("costs: %w", err)
	}
	if err := o.Account.Validate(); err != nil {
		return fmt.Errorf("account: %w", err)
	}
	if err := errors.Join(o.volumeFits(in), o.finerFits(in)); err != nil {
		return fmt.Errorf("fills: %w", err)
	}
	if err := o.ratesFit(in); err != nil {
		return fmt.Errorf("account: %w", err)
	}
	for _, c := range [...]struct {
		what   string
		isUsed bool
		column []float64
	}{{"exits are placed", slices.ContainsFunc(o.exitsOf(in), decision.Exits.NeedVolatility), in.Volatility}, {"entries are sized", o.Sizing.NeedVolatility(), in.SizingVolatility}} {
		if c.isUsed && len(c.column) != in.Series.Len() || !c.isUsed && c.column != nil {
			return fmt.Errorf("%s %s: %d values of volatility for %d bars: want one per bar where %s by it, and else none",
				in.Series.Symbol, in.Series.Timeframe, len(c.column), in.Series.Len(), c.what)
		}
	}
	return nil
}
