package strategy

// Costs are what trading the strategy's instruments costs beside the commission
// and the slippage of a request, which are in proportion to the value. Zero is
// none.
type Costs struct {
	CommissionPerUnit float64 // account currency, per unit of each fill
	CommissionMinimum float64 // account currency, least per fill
	FinancingLong     float64 // fraction per year of the value of a long
	FinancingShort    float64 // fraction per year of the value of a short
}

// MaxCommission bounds commissions in account currency.
const MaxCommission = 10_000

var costsShape = shape{
	keys: []string{"commission_per_unit", "commission_minimum", "financing_long", "financing_short"},
	hints: map[string]string{
		"commission": "it belongs to the request of a backtest: remove it",
		"slippage":   "it belongs to the request of a backtest: remove it",
		"financing":  "write financing_long and financing_short",
		"borrow":     "the key is called financing_short",
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
	money, rate := interval{low: 0, high: MaxCommission}, interval{low: 0, high: 1}
	s.Decisions.Costs = Costs{
		CommissionPerUnit: f.number("commission_per_unit", 0, money),
		CommissionMinimum: f.number("commission_minimum", 0, money),
		FinancingLong:     f.number("financing_long", 0, rate),
		FinancingShort:    f.number("financing_short", 0, rate),
	}
}

// costsObject is the costs in the form of the file.
func costsObject(c Costs) object {
	return object{{"commission_per_unit", c.CommissionPerUnit}, {"commission_minimum", c.CommissionMinimum},
		{"financing_long", c.FinancingLong}, {"financing_short", c.FinancingShort}}
}
