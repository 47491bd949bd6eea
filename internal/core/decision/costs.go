package decision

import (
	"errors"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// Costs are what trading costs beside a commission and a slippage in proportion
// to the value. The zero value is none. CostsOf makes those of a strategy.
type Costs struct {
	Schedule string           `json:"commission_schedule,omitempty"` // of ScheduleOf, in place of every other commission
	PerUnit  float64          `json:"commission_per_unit,omitempty"` // account currency, per unit of each fill
	Minimum  float64          `json:"commission_minimum,omitempty"`  // account currency, the least commission of a fill
	Spread   *strategy.Spread `json:"spread,omitempty"`              // nil is none
	Long     float64          `json:"financing_long,omitempty"`      // fraction per year of the value of a long, charged per night
	Short    float64          `json:"financing_short,omitempty"`     // the same of a short: what it costs to borrow
}

// CostsOf returns the costs that s names.
func CostsOf(s *strategy.Strategy) Costs {
	c := s.Decisions.Costs
	return Costs{Schedule: c.CommissionSchedule, PerUnit: c.CommissionPerUnit, Minimum: c.CommissionMinimum, Spread: c.Spread,
		Long: c.FinancingLong, Short: c.FinancingShort}
}

// Validate returns what is wrong with the costs, or nil.
func (c Costs) Validate() error {
	var problems []error
	for _, v := range [...]struct {
		name        string
		value, most float64
	}{{"commission_per_unit", c.PerUnit, strategy.MaxCommission}, {"commission_minimum", c.Minimum, strategy.MaxCommission}, {"financing_long", c.Long, 1}, {"financing_short", c.Short, 1}} {
		if !(v.value >= 0 && v.value <= v.most) {
			problems = append(problems, fmt.Errorf("%s %v: want a number from 0 to %v", v.name, v.value, v.most))
		}
	}
	if c.Schedule != "" && (c.PerUnit != 0 || c.Minimum != 0) {
		problems = append(problems, fmt.Errorf("commission_schedule %s and a commission per unit or a minimum: want one of them", c.Schedule))
	}
	if c.Spread != nil {
		for _, d := range c.Spread.All() {
			if _, err := d.MarshalText(); err != nil {
				problems = append(problems, fmt.Errorf("spread: %w", err))
			}
		}
	}
	return errors.Join(problems...)
}

// Rate returns the yearly rate that holding p costs.
func (c Costs) Rate(p Position) float64 {
	switch p {
	case Long:
		return c.Long
	case Short:
		return c.Short
	default:
		return 0
	}
}
