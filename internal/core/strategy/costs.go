package strategy

import (
	"strconv"
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

// MaxCommission bounds commissions in account currency, and MaxCostFraction those
// and slippages that are fractions.
const (
	MaxCommission   = 10_000
	MaxCostFraction = 0.1
)

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
