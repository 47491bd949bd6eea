package backtest

import (
	"errors"
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// half returns half the spread of bar, what a buyer pays more and a seller gets
// less than its prices, as it is known when the bar opens and until it ends.
//
// Quotes are of the end of a bar, so that those of the bar before are in force at
// the open; the quote of bar is known when it ends and not before. There is a bar
// before: nothing is filled on the first.
func (s *Simulation) half(bar int) float64 {
	spread, series := s.o.Costs.Spread, &s.in.Series
	switch {
	case spread == nil:
		return 0
	case spread.Quotes:
		return series.Quote(bar-1).Spread() / 2
	}
	return spread.At(series.Time[bar]).In(series.Symbol, series.Open[bar]) / 2
}

// halfAt returns half the spread at which a position is left on bar, at its close or
// before.
func (s *Simulation) halfAt(bar int, atClose bool) float64 {
	if atClose && s.o.Costs.Spread.FromQuotes() {
		return s.in.Series.Quote(bar).Spread() / 2
	}
	return s.half(bar)
}

// spreadFits returns why the spread of o cannot be that of the bars of in: it has
// to be one of their symbol, and at most a tenth of each price.
func (o Options) spreadFits(in Input) error {
	spread, s := o.Costs.Spread, in.Series
	if spread == nil {
		return nil
	}
	if err := errors.Join(spread.Fits(s.Symbol), spread.FitsBars(s)); err != nil {
		return err
	}
	if spread.Quotes {
		return nil
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
