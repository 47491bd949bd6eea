package fill

import (
	"fmt"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Within returns how many units money buys at price with their commission, at the
// rate that no fill exceeds. The currency of the price is worth rate.
func (b *Broker) Within(money, rate, price float64) float64 {
	return min(money/(float64(price*(1+b.fee.Fraction))+b.fee.PerUnit/rate), (money-b.fee.Minimum/rate)/price)
}

// Quantity returns how many units an entry takes, 0 where not even the least: a
// share of those that are allowed, and at most the given number.
//
//	q = min( share*Fraction*equity / (price*(1+Commission)),  equity / (fill*(1+Commission)),  most )
//
// with Leverage times the equity where there is one, and no more than other
// commissions leave of either amount. The first term sizes the order by the price
// it is placed at; the second keeps an order for the whole equity from spending
// more than there is once slippage and spread are added. Equity is in the currency
// of the price, which is worth rate.
func (b *Broker) Quantity(equity, rate, price, fill, share, most float64) float64 {
	t := &b.terms
	if t.Account.Leverage != 0 {
		equity *= t.Account.Leverage
	}
	charge := 1 + t.Commission
	q := min(float64(share*t.Fraction)*equity/float64(price*charge), equity/float64(fill*charge), most)
	if b.schedule != nil || b.fee.PerUnit != 0 || b.fee.Minimum != 0 {
		q = max(0, min(q, b.Within(float64(share*t.Fraction)*equity, rate, price), b.Within(equity, rate, fill)))
	}
	return q
}

// rounded returns the quantity that can be traded of q: whole units unless
// FractionalUnits, whole lots, and not outside of what the account says.
func (t *Terms) rounded(q float64) float64 {
	a := &t.Account
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
	if !t.FractionalUnits {
		q = math.Floor(q)
	}
	if q < a.MinQuantity {
		return 0
	}
	return q
}

// Traded returns how much of quantity q can be traded on bar: all of it, or, with
// a VolumeLimit, no more than that share of the volume of the bar. What goes
// beyond it is given up, and isCut.
func (b *Broker) Traded(bar int, q float64) (quantity float64, isCut bool) {
	whole := b.terms.rounded(q)
	limit := b.terms.Fills.VolumeLimit
	if limit == 0 || whole == 0 {
		return whole, false
	}
	quantity = b.terms.rounded(min(q, float64(limit*b.series.Volume[bar])))
	return quantity, quantity < whole
}

// volumeFits returns why entries cannot be held to a share of the volume of the bars
// of s, or nil.
func (t Terms) volumeFits(s market.Series) error {
	limit := t.Fills.VolumeLimit
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
