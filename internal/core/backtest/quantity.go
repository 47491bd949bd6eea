package backtest

import (
	"fmt"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// within returns how many units money buys at price with their commission, at the
// rate that no fill exceeds. The currency of the price is worth rate.
func (s *Simulation) within(money, rate, price float64) float64 {
	return min(money/(float64(price*(1+s.fee.Fraction))+s.fee.PerUnit/rate), (money-s.fee.Minimum/rate)/price)
}

// quantity returns how many units an entry takes, 0 where not even the least: a
// share of those that are allowed, and at most the given number.
//
//	q = min( share*Fraction*equity / (1+Commission) / price,  equity / (1+Commission) / fill,  most )
//
// with Leverage times the equity where there is one, and no more than other
// commissions leave of either amount. The first term sizes the order by the price
// it is placed at; the second keeps an order for the whole equity from spending
// more than there is once slippage and spread are added. Equity is in the currency
// of the price, which is worth rate.
func (s *Simulation) quantity(equity, rate, price, fill, share, most float64) float64 {
	o := &s.o
	if o.Account.Leverage != 0 {
		equity *= o.Account.Leverage
	}
	affordable := equity / (1 + o.Commission)
	q := min(float64(share*o.Fraction)*equity/(1+o.Commission)/price, affordable/fill, most)
	if s.schedule != nil || s.fee.PerUnit != 0 || s.fee.Minimum != 0 {
		q = max(0, min(q, s.within(float64(share*o.Fraction)*equity, rate, price), s.within(equity, rate, fill)))
	}
	return q
}

// rounded returns the quantity that can be traded of q: whole units unless
// FractionalUnits, whole lots, and not outside of what the account says.
func (o *Options) rounded(q float64) float64 {
	a := &o.Account
	if a.MaxQuantity != 0 {
		q = min(q, a.MaxQuantity)
	}
	if a.Lot != 0 {
		lots := math.Floor(q / a.Lot)
		if (lots+1)*a.Lot <= q { // the division was rounded down
			lots++
		}
		q = float64(lots * a.Lot)
	}
	if !o.FractionalUnits {
		q = math.Floor(q)
	}
	if q < a.MinQuantity {
		return 0
	}
	return q
}

// traded returns how much of quantity q can be traded on bar: all of it, or, with
// a VolumeLimit, no more than that share of the volume of the bar. What goes
// beyond it is given up, and isCut.
func (s *Simulation) traded(bar int, q float64) (quantity float64, isCut bool) {
	whole := s.o.rounded(q)
	limit := s.o.Fills.VolumeLimit
	if limit == 0 || whole == 0 {
		return whole, false
	}
	quantity = s.o.rounded(min(q, float64(limit*s.in.Series.Volume[bar])))
	return quantity, quantity < whole
}

// volumeFits returns why entries cannot be held to a share of the volume of the
// bars of in, or nil.
func (o Options) volumeFits(in Input) error {
	limit, s := o.Fills.VolumeLimit, in.Series
	if limit == 0 {
		return nil
	}
	if !(limit > 0 && limit <= 1) {
		return fmt.Errorf("volume_limit %v: want a share above 0, at most 1", limit)
	}
	if len(s.Volume) != s.Len() {
		return fmt.Errorf("%s %s: columns differ in length", s.Symbol, s.Timeframe)
	}
	for bar, v := range s.Volume {
		if math.IsNaN(v) {
			return fmt.Errorf("volume_limit %v: the volume of the %s %s bar at %s is not known: leave the limit out, or import bars with volumes",
				limit, s.Symbol, s.Timeframe, market.Stamp(s.Time[bar]))
		}
	}
	return nil
}

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
	balance = (balance - open.Commission - open.Financing) / s.openRate(bar)
	if open.Side == decision.Long {
		return max(0, (open.Value-balance)/float64(open.Quantity*(1-m)))
	}
	return (balance + open.Value) / float64(open.Quantity*(1+m))
}
