package backtest

import (
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// half returns half the spread of bar: what a buyer pays more and a seller gets
// less than its prices.
func (s *Simulation) half(bar int) float64 {
	if s.o.Costs.Spread == nil {
		return 0
	}
	series := &s.in.Series
	return s.o.Costs.Spread.At(series.Time[bar]).In(series.Symbol, series.Open[bar]) / 2
}

// spreadFits returns why the spread of o cannot be that of the bars of in: it has
// to be one of their symbol, and at most a tenth of each price.
func (o Options) spreadFits(in Input) error {
	spread, s := o.Costs.Spread, in.Series
	if spread == nil {
		return nil
	}
	if err := spread.Fits(s.Symbol); err != nil {
		return err
	}
	widest := 0.0
	for _, d := range spread.All() {
		widest = max(widest, d.In(s.Symbol, 0)) // those in bps are bounded by themselves
	}
	for bar, low := range s.Low {
		if !(widest <= MaxCostFraction*low) {
			return fmt.Errorf("%s %s bar at %s: a spread of %v at a price of %v: want at most a tenth of the price: check its unit",
				s.Symbol, s.Timeframe, market.Stamp(s.Time[bar]), widest, low)
		}
	}
	return nil
}

// scheduleFor returns the schedule of commissions, or nil where there is none.
func (o Options) scheduleFor(symbol market.Symbol) (*decision.Schedule, error) {
	if o.Costs.Schedule == "" {
		return nil, nil
	}
	if o.Commission != 0 {
		return nil, fmt.Errorf("commission %v beside commission_schedule %s: want one of them", o.Commission, o.Costs.Schedule)
	}
	if err := strategy.ScheduleFits(o.Costs.Schedule, symbol, o.Account.In(symbol)); err != nil {
		return nil, err
	}
	schedule, err := decision.ScheduleOf(o.Costs.Schedule, symbol)
	return &schedule, err
}

// commission returns that of a fill at the Unix second at, and counts the fill
// where a schedule goes by the volume of the month, which is that of UTC.
func (s *Simulation) commission(at int64, value, quantity float64) float64 {
	if s.schedule == nil {
		return s.o.commission(value, quantity)
	}
	st := &s.last
	day := time.Unix(at, 0).UTC()
	if month := 12*day.Year() + int(day.Month()); month != st.Month {
		st.Month, st.Traded = month, 0
	}
	commission := s.schedule.Commission(value, quantity, st.Traded)
	st.Traded += s.schedule.Volume(value, quantity)
	return commission
}
