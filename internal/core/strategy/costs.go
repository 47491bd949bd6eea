package strategy

import (
	"strconv"

	"go.yaml.in/yaml/v4"
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

var costsShape = shape{
	keys: []string{"commission", "commission_per_unit", "commission_minimum", "slippage", "spread", "financing_long", "financing_short"},
	hints: map[string]string{
		"financing": "write financing_long and financing_short",
		"borrow":    "the key is called financing_short",
		"swap":      "write financing_long and financing_short",
	},
}

func (d *decoder) costs(s *Strategy, f fields) {
	n, ok := f.get("costs")
	if !ok {
		return
	}
	if f, ok = n.fields(costsShape); !ok {
		return
	}
	c := &s.Decisions.Costs
	fraction, money, rate := interval{low: 0, high: MaxCostFraction}, interval{low: 0, high: MaxCommission}, interval{low: 0, high: 1}
	if n, ok := f.get("commission"); ok {
		d.commission(c, n, fraction)
	}
	if n, ok := f.get("slippage"); ok {
		if v, ok := n.numberIn(fraction); ok {
			c.Slippage = &v
		}
	}
	if n, ok := f.get("spread"); ok {
		c.Spread = d.spread(n)
	}
	c.CommissionPerUnit = f.number("commission_per_unit", 0, money)
	c.CommissionMinimum = f.number("commission_minimum", 0, money)
	c.FinancingLong = f.number("financing_long", 0, rate)
	c.FinancingShort = f.number("financing_short", 0, rate)
	if c.CommissionSchedule != "" {
		for _, key := range []string{"commission_per_unit", "commission_minimum"} {
			f.useless(key, "commission "+c.CommissionSchedule+" is all of it")
		}
	}
}

// commission reads a fraction, or the name of a schedule.
func (d *decoder) commission(c *Costs, n node, fraction interval) {
	if n.yaml.Kind == yaml.ScalarNode && !numberPattern.MatchString(n.yaml.Value) {
		c.CommissionSchedule, _ = n.choice(commissionSchedules)
		return
	}
	if v, ok := n.numberIn(fraction); ok {
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
