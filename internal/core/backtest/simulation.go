package backtest

import (
	"fmt"
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/daily"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/fill"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
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
	Rates *fill.Rates
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
	if n > math.MaxInt32 {
		return fmt.Errorf("%s %s: %d bars: want at most %d in one backtest", s.Symbol, s.Timeframe, n, math.MaxInt32)
	}
	if len(in.Signals) != n {
		return fmt.Errorf("%s %s: %d signals for %d bars", s.Symbol, s.Timeframe, len(in.Signals), n)
	}
	for _, bar := range [...]int{0, n - 1} {
		if price := s.Open[bar]; !market.IsPrice(price) {
			return s.PriceError(bar, "open", price)
		}
		if price := s.Close[bar]; !market.IsPrice(price) {
			return s.PriceError(bar, "close", price)
		}
	}
	return in.Rules.Validate()
}

// A Simulation goes through a window bar by bar. New makes one.
type Simulation struct {
	in    Input
	o     Options
	byBar bool         // every bar is gone through; see byBar
	sized bool         // Options.Sizing has a method
	plain *plain       // nil where the policy is none
	last  ledger.State // without its Deals and Fees; Equity, where it is kept, has the length of the whole window
	deals ledger.Deals

	keepsCurve bool // Equity does not follow from the deals
	keepsFees  bool // fees do not follow from the deals
	orders     ledger.OrderStream
	sieve      sieve
	diary      diary
	broker     fill.Broker

	purse *Portfolio   // whose money it spends; nil where it has its own
	call  float64      // price of the bar at which the account of purse is called; 0 for none
	due   ledger.Cause // of closing by force at the next open; BySignal for none
	work  ledger.Work  // zero until it is asked for
}

// New returns a simulation before the first bar of in.
func New(in Input, o Options) (*Simulation, error) { return Resume(in, o, ledger.State{}) }

// Resume returns a simulation that goes on from state, which State returned for
// the same input and options. It copies state.
func Resume(in Input, o Options, state ledger.State) (*Simulation, error) {
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
	if err := state.Check(n); err != nil {
		return nil, err
	}
	s := &Simulation{in: in, o: o.withDefaults(), byBar: byBar(in, o), sized: o.Sizing.Method != "", plain: plainOf(in, o.withDefaults()), last: state.Clone()}
	broker, err := fill.NewBroker(s.o.terms(), in.Series, in.Rates)
	if err != nil {
		return nil, err
	}
	s.broker = broker
	financed := o.Costs.Long != 0 || o.Costs.Short != 0
	reduces := o.Account.MarginCall != "" // the parts of a position overlap
	s.keepsFees = broker.HasSchedule() || financed || reduces
	if financed || reduces || in.Rates != nil {
		s.keepCurve()
	}
	return s, s.restore()
}

// keepCurve makes s keep its equity bar by bar.
func (s *Simulation) keepCurve() {
	n := s.in.Series.Len()
	s.keepsCurve = true
	s.last.Equity = append(make([]float64, 0, n), s.last.Equity...)[:n]
}

// restore takes the deals out of the state that s begins with.
func (s *Simulation) restore() error {
	st := &s.last
	if s.keepsFees && len(st.Fees) != len(st.Deals) {
		return fmt.Errorf("resume at bar %d: the state holds the fees of %d of %d trades", st.Bar, len(st.Fees), len(st.Deals))
	}
	s.deals = ledger.NewDeals(&s.in.Series)
	s.deals.Fees = st.Fees
	for i := range st.Deals {
		d := &st.Deals[i]
		s.deals.Add(d)
		t := s.tradeOf(i)
		s.take(d, t.EntryTime, t.ExitTime, t.EntryPrice, t.ExitPrice)
	}
	st.Deals, st.Fees = nil, nil
	return nil
}

// State returns a copy of what the simulation knows.
func (s *Simulation) State() ledger.State { return s.known().Clone() }

// known returns what the simulation knows, which is not a copy.
func (s *Simulation) known() ledger.State {
	state := s.last
	state.Deals, state.Fees = s.deals.All(), s.deals.Fees
	if s.keepsCurve {
		state.Equity = state.Equity[:state.Bar]
	}
	return state
}

// Done tells whether the last bar has been simulated.
func (s *Simulation) Done() bool { return s.last.Bar == s.in.Series.Len() }

// Advance simulates the bars from the next one to the one before upTo, which is
// cut to the window. How a window is divided among calls changes nothing.
//
// Without exits it goes from decision to decision: between two of them the
// position does not change, so that the next one is searched for in a set of bits,
// and the closes in between are looked at in one loop.
func (s *Simulation) Advance(upTo int) error {
	n := s.in.Series.Len()
	upTo = min(upTo, n)
	if s.byBar {
		return s.advanceByBar(upTo)
	}
	st := &s.last
	for st.Bar < upTo {
		if s.plain != nil {
			if s.advancePlain(upTo); st.Bar == upTo && upTo < n {
				return nil
			}
		}
		from := st.Bar
		if err := s.fill(from); err != nil {
			return err
		}
		next, signal := s.search(from, upTo)
		stopped := s.solventTo(from, next)
		if stopped < next {
			// Rare: the decisions from the bar that stopped on were none.
			s.undecide(stopped, next)
			signal = decision.Hold
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

// solventTo returns the first of the bars from from to to-1, over which the position
// does not change, whose equity is not a finite number above zero, else to.
func (s *Simulation) solventTo(from, to int) int {
	st := &s.last
	if st.Open.Side == decision.Flat {
		if st.Bankruptcy == nil && !(s.balance() > 0) {
			return from
		}
		return to
	}
	open := &st.Open
	x := daily.Stretch{Balance: s.balance() - open.Commission, Sign: float64(open.Side), Quantity: open.Quantity, Value: open.Value}
	return from + x.Solvent(s.in.Series.Close[from:to])
}

// mark takes in the close of bar, and reports whether equity is a finite number
// above zero there.
func (s *Simulation) mark(bar int) bool {
	st, equity := &s.last, s.balance()
	if open := &st.Open; open.Side != decision.Flat {
		equity = equity - open.Commission - open.Financing
		sign := float64(float64(open.Side) * s.broker.CloseRate(bar))
		equity += float64(sign * (float64(s.in.Series.Close[bar]*open.Quantity) - open.Value))
		open.Widen(s.in.Series.High[bar:bar+1], s.in.Series.Low[bar:bar+1])
		if !(equity <= math.MaxFloat64) {
			return false
		}
	} else if st.Bankruptcy != nil {
		s.keep(bar, equity)
		return true
	}
	s.keep(bar, equity)
	return equity > 0
}

// keep writes the equity of bar down, where that is to be kept.
func (s *Simulation) keep(bar int, equity float64) {
	if s.keepsCurve {
		s.last.Equity[bar] = equity
	}
}

// stop ends all trading at the close of bar, where equity is not above zero.
func (s *Simulation) stop(bar int) error {
	st := &s.last
	if st.Open.Side != decision.Flat {
		if err := s.closeAtClose(bar, ledger.ByBankrupt); err != nil {
			return err
		}
	}
	s.keep(bar, s.balance())
	st.Bankruptcy = &ledger.Bankruptcy{Bar: bar, Time: s.in.Series.Available(bar), Equity: s.balance()}
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
	if err := s.closeAtClose(bar, ledger.ByEnd); err != nil {
		return err
	}
	if s.purse != nil {
		st.Equity[bar] = s.addTo(0)
		return nil
	}
	s.keep(bar, s.balance())
	if !(s.balance() > 0) {
		return s.stop(bar)
	}
	return nil
}

// equity returns that of the last bar simulated.
func (s *Simulation) equity() float64 {
	st, bar := &s.last, s.last.Bar-1
	if s.keepsCurve {
		return st.Equity[bar]
	}
	if st.Open.Side == decision.Flat {
		return s.balance()
	}
	return s.balance() - st.Open.Commission + float64(float64(st.Open.Side)*(float64(s.in.Series.Close[bar]*st.Open.Quantity)-st.Open.Value))
}

// validateFor returns why o cannot be the options for in, or nil.
func (o Options) validateFor(in Input) error {
	if err := o.exitsFit(in); err != nil {
		return err
	}
	if o.SeparationSeconds != 0 && in.Rules.MinSignalSeparation != 0 {
		return fmt.Errorf("a separation of %d bars and one of %d seconds: want one of them", in.Rules.MinSignalSeparation, o.SeparationSeconds)
	}
	if err := o.finerFits(in); err != nil {
		return fmt.Errorf("fills: %w", err)
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
