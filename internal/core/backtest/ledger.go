package backtest

import (
	"fmt"
	"math"
	"time"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// balance returns equity while flat: Capital plus the net results so far.
func (s *Simulation) balance() float64 { return s.o.Capital + s.last.Realised }

// fill executes the pending order, if there is one, at the open of bar.
func (s *Simulation) fill(bar int) error {
	st := &s.last
	signal, sureness := st.Pending, st.Sureness
	if signal == decision.Hold {
		return nil
	}
	st.Pending, st.Sureness = decision.Hold, 0
	price := s.in.Series.Open[bar]
	if !market.IsPrice(price) {
		return s.in.Series.PriceError(bar, "open", price)
	}
	if st.Open.Side == decision.Flat {
		return s.enter(bar, decision.Position(signal), price, sureness)
	}
	st.Orders.Filled++
	x := exit{bar: bar, bars: bar - st.Open.Bar, time: s.in.Series.Time[bar], price: price}
	if s.in.Signals[bar-1].Leave {
		x.cause = ledger.ByRegime
	}
	return s.exit(x)
}

// enter opens a position of the given side.
//
//	fill       = price * (1 + side*Slippage) + side*half the spread
//	value      = fill * quantity
//	commission = of Simulation.commission
func (s *Simulation) enter(bar int, side decision.Position, price float64, confidence float32) error {
	st := &s.last
	slipped, half := s.broker.Slipped(price, float64(side)), s.broker.Half(bar)
	fill := slipped + float64(float64(side)*half)
	share, most := 1.0, math.Inf(1)
	if s.sized {
		share, most = s.size(bar, side, price, confidence)
	}
	rate := s.broker.OpenRate(bar)
	quantity, isCut := s.broker.Traded(bar, s.broker.Quantity(s.funds()/rate, rate, price, fill, share, min(most, s.affordable(fill, rate))))
	if quantity == 0 {
		st.Orders.TooSmall++
		return nil
	}
	value := float64(fill * quantity)
	if !market.IsPrice(value) {
		return fmt.Errorf("%s %s bar at %s: %v units at %v have no value that can be kept in the books",
			s.in.Series.Symbol, s.in.Series.Timeframe, market.Stamp(s.in.Series.Time[bar]), quantity, fill)
	}
	commission := s.commission(s.in.Series.Time[bar], float64(value*rate), quantity)
	slippage, spread := float64(float64(math.Abs(slipped-price)*quantity)*rate), float64(float64(half*quantity)*rate)
	open := &st.Open // field by field, like a trade
	open.Side, open.Bar, open.Confidence = side, bar, confidence
	open.Quantity, open.Price, open.Value = quantity, fill, value
	open.Commission, open.Slippage, open.Spread, open.Financing = commission, slippage, spread, 0
	open.High, open.Low = price, price
	if s.byBar {
		s.protect(bar, price)
	}
	st.Entered, st.Entry = true, bar
	st.Orders.Filled++
	if isCut {
		st.Orders.Partial++
	}
	st.Turnover += float64(value * rate)
	st.Costs.Commission += commission
	st.Costs.Slippage += slippage
	st.Costs.Spread += spread
	return nil
}

// size returns which share of what is allowed, and how many units at most, an
// entry at the open of bar takes by Options.Sizing.
func (s *Simulation) size(bar int, side decision.Position, price float64, confidence float32) (share, most float64) {
	e := decision.Entry{Equity: s.funds() / s.broker.OpenRate(bar), Price: price, Confidence: confidence}
	if s.o.Sizing.NeedVolatility() {
		e.Volatility = s.in.SizingVolatility[bar-1]
	}
	e.Stop, e.Target = s.exits(bar-1).Levels(price, s.volatility(bar-1), side)
	return s.o.Sizing.Share(confidence), s.o.Sizing.Quantity(e)
}

// An exit is where and why a position is left.
type exit struct {
	bar     int
	bars    int     // during which the position was held
	time    int64   // Unix second
	atClose bool    // the bar had ended, so that its quote was known
	price   float64 // of the bar
	cause   ledger.Cause
	limit   float64 // where it is a limit order: what it is filled at, without slippage
}

// closeAtClose leaves the position at the close of bar.
func (s *Simulation) closeAtClose(bar int, cause ledger.Cause) error {
	price := s.in.Series.Close[bar]
	if !market.IsPrice(price) {
		return s.in.Series.PriceError(bar, "close", price)
	}
	return s.exit(exit{bar: bar, bars: bar + 1 - s.last.Open.Bar, time: s.in.Series.Available(bar), price: price, cause: cause, atClose: true})
}

// exit closes the position and books its result.
//
//	fill  = price * (1 - side*Slippage) - side*half the spread, or that of a limit order
//	gross = side * (fill*quantity - value of the entry) * rate of the currency
//	net   = gross - (commission of the entry + commission of the exit) - financing
//
// The net result is what Realised grows by, so that Capital + Realised is equity
// while flat and no other sum is kept that could drift from it.
func (s *Simulation) exit(x exit) error {
	if s.byBar {
		s.financeWithin(x)
	}
	st := &s.last
	open := &st.Open
	sign := float64(open.Side)
	fill, slippage, half, rate := x.limit, 0.0, s.broker.HalfAt(x.bar, x.atClose), s.rateOf(x)
	if x.limit == 0 {
		slipped := s.broker.Slipped(x.price, -sign)
		slippage = float64(float64(math.Abs(slipped-x.price)*open.Quantity) * rate)
		fill = slipped - float64(sign*half)
	}
	value := float64(fill * open.Quantity)
	commission, spread := s.commission(x.time, float64(value*rate), open.Quantity), float64(float64(half*open.Quantity)*rate)
	gross := float64(float64(sign*(value-open.Value)) * rate)
	net := gross - (open.Commission + commission) - open.Financing
	if net-net != 0 {
		return fmt.Errorf("%s %s bar at %s: the trade entered at %s has no finite result: check the prices between them",
			s.in.Series.Symbol, s.in.Series.Timeframe, market.Stamp(s.in.Series.Time[x.bar]), market.Stamp(s.in.Series.Time[open.Bar]))
	}
	d := ledger.Deal{Entry: int32(open.Bar), Exit: int32(x.bar), Quantity: open.Quantity, Price: x.price, Net: net, Side: open.Side, Cause: x.cause,
		AtOpen: x.bars == x.bar-open.Bar, AtClose: x.atClose, Limit: x.limit != 0}
	if d.Limit {
		d.Price = x.limit
	}
	s.deals.Add(&d)
	if s.keepsFees {
		s.deals.Fees = append(s.deals.Fees, ledger.Fees{Entry: open.Commission, Exit: commission, Financing: open.Financing})
	}
	s.take(&d, s.in.Series.Time[open.Bar], x.time, open.Price, fill)
	st.Open = ledger.Open{}
	st.Realised += net
	st.Turnover += float64(value * rate)
	st.Costs.Commission += commission
	st.Costs.Slippage += slippage
	st.Costs.Spread += spread
	return nil
}

// take takes the two fills of d into the order hash.
func (s *Simulation) take(d *ledger.Deal, entered, left int64, entry, exit float64) {
	s.orders.Fill(entered, d.Quantity, entry, int8(d.Side), ledger.BySignal)
	s.orders.Fill(left, d.Quantity, exit, -int8(d.Side), d.Cause)
}

// rateOf returns the rate at which the result of an exit is counted: that of the
// moment at which its bar opens or ends.
func (s *Simulation) rateOf(x exit) float64 {
	if x.time == s.in.Series.Time[x.bar] {
		return s.broker.OpenRate(x.bar)
	}
	return s.broker.CloseRate(x.bar)
}

// commission returns that of a fill at the Unix second at, and counts the fill where
// a schedule goes by the volume of the month, which is that of UTC.
func (s *Simulation) commission(at int64, value, quantity float64) float64 {
	if !s.broker.HasSchedule() {
		return s.broker.Commission(value, quantity, 0)
	}
	st := &s.last
	day := time.Unix(at, 0).UTC()
	if month := 12*day.Year() + int(day.Month()); month != st.Month {
		st.Month, st.Traded = month, 0
	}
	commission := s.broker.Commission(value, quantity, st.Traded)
	st.Traded += s.broker.Volume(value, quantity)
	return commission
}
