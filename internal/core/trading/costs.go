package trading

import (
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

var commissionSchedules = []string{strategy.CommissionIBFixed, strategy.CommissionIBTiered}

var costsShape = document.Keys{
	Names: []string{"commission", "commission_per_unit", "commission_minimum", "slippage", "spread", "financing_long", "financing_short"},
	Hints: map[string]string{
		"financing": "write financing_long and financing_short",
		"borrow":    "the key is called financing_short",
		"swap":      "write financing_long and financing_short",
	},
}

func readCosts(d *strategy.Decisions, f document.Mapping) {
	n, ok := f.Get("costs")
	if !ok {
		return
	}
	if f, ok = n.Mapping(costsShape); !ok {
		return
	}
	c := &d.Costs
	fraction, money, rate := document.Interval{Low: 0, High: strategy.MaxCostFraction}, document.Interval{Low: 0, High: strategy.MaxCommission}, document.Interval{Low: 0, High: 1}
	if n, ok := f.Get("commission"); ok {
		readCommission(c, n, fraction)
	}
	if n, ok := f.Get("slippage"); ok {
		if v, ok := n.NumberIn(fraction); ok {
			c.Slippage = &v
		}
	}
	if n, ok := f.Get("spread"); ok {
		c.Spread = readSpread(n)
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

// readCommission reads a fraction, or the name of a schedule.
func readCommission(c *strategy.Costs, n document.Node, fraction document.Interval) {
	if n.IsScalar() && !document.IsNumeral(n.Raw()) {
		c.CommissionSchedule, _ = n.Choice(commissionSchedules)
		return
	}
	if v, ok := n.NumberIn(fraction); ok {
		c.Commission = &v
	}
}
