package backtest

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// The orders of a plain policy (Options.IsPlain), one after the other, as far as
// nothing about them is rare. Advance does the rest, and would do these too, by the
// same operations: what is left out here is the addition of nothing and the product
// with one.

// advancePlain simulates orders for as long as each is filled, equity stays above
// zero, and the next decision to act lies in the same sieve.
func (s *Simulation) advancePlain(upTo int) {
	st := &s.last
	if st.Bar == 0 || s.in.Signals[st.Bar-1].Leave {
		return
	}
	upTo = min(upTo, s.in.Series.Len()-1) // an order of the last bar is rare
	for st.Bar < upTo && st.Pending != decision.Hold && st.Bankruptcy == nil {
		if st.Bar >= s.sieve.to {
			s.sift(st.Bar, upTo)
		}
		if s.sieve.Odd {
			return
		}
		end, done := min(upTo, s.sieve.to)-s.sieve.from, false
		if st.Open.Side == decision.Flat {
			done = s.enterPlain(st.Bar, end)
		} else {
			done = s.leavePlain(st.Bar, end)
		}
		if !done {
			return
		}
	}
}

// enterPlain fills the pending order at the open of bar, by which a position is
// opened, and goes to the decision to close it, which comes before bar end of the
// sieve. It reports false, and has done nothing, where there is none, or where
// something is rare.
func (s *Simulation) enterPlain(bar, end int) bool {
	st, o, v := &s.last, &s.o, &s.sieve
	price, sign, equity := s.in.Series.Open[bar], float64(st.Pending), s.o.Capital+s.last.Realised
	fill := float64(price * (1 + float64(sign*o.Slippage)))
	charge := 1 + o.Commission
	quantity := o.Fraction * equity / charge / price
	if o.Fraction > 0.5 { // up to a half, no slippage makes less than that affordable
		quantity = lesser(quantity, equity/charge/fill)
	}
	if !o.FractionalUnits {
		quantity = math.Floor(quantity)
	}
	value := float64(fill * quantity)
	commission := float64(value * o.Commission)
	held, against := &v.Buys, &v.Sells
	if sign < 0 {
		held, against = against, held
	}
	a := bar - v.from
	at := first(against, nil, a, end)
	if at == end || !market.IsPrice(price) || !market.IsPrice(value) ||
		!isSolvent(s.in.Series.Close[bar:v.from+at+1], equity-commission, sign, quantity, value) {
		return false
	}
	open := &st.Open
	open.Side, open.Bar, open.Confidence = decision.Position(st.Pending), bar, st.Sureness
	open.Quantity, open.Price, open.Value, open.Commission = quantity, fill, value, commission
	open.Slippage = float64(math.Abs(fill-price) * quantity)
	open.High, open.Low = price, price
	st.Entered, st.Entry = true, bar
	st.Turnover += value
	st.Costs.Commission += commission
	st.Costs.Slippage += open.Slippage
	st.Decisions[decision.Holding] += count(held, a, at)
	s.place(v.from+at, -st.Pending)
	return true
}

// place places the order that is decided on bar, after another was filled.
func (s *Simulation) place(bar int, signal decision.Signal) {
	st := &s.last
	st.Orders.Filled++
	st.Decisions[decision.Acted]++
	st.Orders.Placed++
	st.Pending, st.Sureness, st.Bar = signal, s.in.Signals[bar].Confidence, bar+1
}

// leavePlain is enterPlain of an order by which the position is closed. It goes to the
// decision to open another.
func (s *Simulation) leavePlain(bar, end int) bool {
	st, o, v, open := &s.last, &s.o, &s.sieve, &s.last.Open
	price, sign := s.in.Series.Open[bar], float64(open.Side)
	fill := float64(price * (1 + float64(-sign*o.Slippage)))
	value := float64(fill * open.Quantity)
	commission := float64(value * o.Commission)
	net := float64(sign*(value-open.Value)) - (open.Commission + commission)
	a := bar - v.from
	free, shorts := min(max(a, s.separated()-v.from), end), &v.Sells
	if !s.in.Rules.AllowShort {
		shorts = nil
	}
	at := first(&v.Buys, shorts, free, end)
	if equity := o.Capital + (st.Realised + net); at == end || !market.IsPrice(price) || !market.IsPrice(equity) {
		return false
	}
	d := s.deals.next()
	d.Entry, d.Exit, d.Quantity, d.Price, d.Net = int32(open.Bar), int32(bar), open.Quantity, price, net
	d.Side, d.Cause, d.AtOpen = open.Side, ledger.BySignal, true
	s.take(d, s.in.Series.Time[open.Bar], s.in.Series.Time[bar], open.Price, fill)
	st.Realised += net
	st.Turnover += value
	st.Costs.Commission += commission
	st.Costs.Slippage += float64(math.Abs(fill-price) * open.Quantity)
	*open = ledger.Open{}
	st.Decisions[decision.Separation] += count(&v.Buys, a, free)
	reason, until := decision.Separation, free
	if shorts == nil {
		reason, until = decision.ShortNotAllowed, at
	}
	st.Decisions[reason] += count(&v.Sells, a, until)
	signal := decision.Buy
	if v.Sells[at/64]>>(at%64)&1 != 0 {
		signal = decision.Sell
	}
	s.place(v.from+at, signal)
	return true
}

// isSolvent tells that equity is a finite number above zero at each of the closes. As
// a part of a large function its loop would not have the registers.
//
//go:noinline
func isSolvent(closes []float64, balance, sign, quantity, value float64) bool {
	for _, price := range closes {
		e := balance + float64(sign*(float64(price*quantity)-value))
		if !(e > 0 && e <= math.MaxFloat64) {
			return false
		}
	}
	return true
}
