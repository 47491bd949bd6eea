package strategy

import (
	"strconv"

	"github.com/ktrdr/ktrdr/internal/core/document"
)

// Costs are what trading the strategy's instruments costs. Zero is none, and nil
// is not said: a request says it, or has its default.
type Costs struct {
	Commission         *float64 // fraction of the value of each fill
	CommissionSchedule string   // of a broker, in place of all other commissions; "" is none
	CommissionPerUnit  float64  // account currency, per unit of each fill
	CommissionMinimum  float64  // account currency, least per fill
	Slippage           *float64 // fraction by which each fill is worse than the price
	Spread             *Spread
	FinancingLong      float64 // fraction per year of the value of a long
	FinancingShort     float64 // fraction per year of the value of a short
}

// The published schedules of commissions.
const (
	CommissionIBFixed  = "ib_fixed"
	CommissionIBTiered = "ib_tiered"
)

var commissionSchedules = []string{CommissionIBFixed, CommissionIBTiered}

// MaxCommission bounds commissions in account currency, and MaxCostFraction those
// and slippages that are fractions.
const (
	MaxCommission   = 10_000
	MaxCostFraction = 0.1
)

var costsShape = document.Keys{
	Names: []string{"commission", "commission_per_unit", "commission_minimum", "slippage", "spread", "financing_long", "financing_short"},
	Hints: map[string]string{
		"financing": "write financing_long and financing_short",
		"borrow":    "the key is called financing_short",
		"swap":      "write financing_long and financing_short",
	},
}

func (d *decoder) costs(s *Strategy, f document.Mapping) {
	n, ok := f.Get("costs")
	if !ok {
		return
	}
	if f, ok = n.Mapping(costsShape); !ok {
		return
	}
	c := &s.Decisions.Costs
	fraction, money, rate := document.Interval{Low: 0, High: MaxCostFraction}, document.Interval{Low: 0, High: MaxCommission}, document.Interval{Low: 0, High: 1}
	if n, ok := f.Get("commission"); ok {
		d.commission(c, n, fraction)
	}
	if n, ok := f.Get("slippage"); ok {
		if v, ok := n.NumberIn(fraction); ok {
			c.Slippage = &v
		}
	}
	if n, ok := f.Get("spread"); ok {
		c.Spread = d.spread(n)
	}
	c.CommissionPerUnit = f.Number("commission_per_unit", 0, money)
	c.CommissionMinimum = f.Number("commission_minimum", 0, money)
	c.FinancingLong = f.Number("financing_long", 0, rate)
	c.FinancingShort = f.Number("financing_short", 0, rate)
	if c.CommissionSchedule != "" {
		for _, key := range []string{"commission_per_unit", "commission_minimum"} {
			f.Useless(key, "commission "+c.CommissionSchedule+" is all of it")
		}
	}
}

// commission reads a fraction, or the name of a schedule.
func (d *decoder) commission(c *Costs, n document.Node, fraction document.Interval) {
	if n.IsScalar() && !document.IsNumeral(n.Raw()) {
		c.CommissionSchedule, _ = n.Choice(commissionSchedules)
		return
	}
	if v, ok := n.NumberIn(fraction); ok {
		c.Commission = &v
	}
}

// costsObject is the costs in the form of the file.
func costsObject(c Costs) object {
	var o object
	if c.Commission != nil {
		o = append(o, member{"commission", *c.Commission})
	}
	if c.CommissionSchedule != "" {
		o = append(o, member{"commission", c.CommissionSchedule})
	} else {
		o = append(o, member{"commission_per_unit", c.CommissionPerUnit}, member{"commission_minimum", c.CommissionMinimum})
	}
	if c.Slippage != nil {
		o = append(o, member{"slippage", *c.Slippage})
	}
	if c.Spread != nil {
		o = append(o, member{"spread", c.Spread.object()})
	}
	return append(o, member{"financing_long", c.FinancingLong}, member{"financing_short", c.FinancingShort})
}

// text is the shortest decimal that is v.
func text(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
