package fill

import (
	"errors"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// Half returns half the spread of bar, what a buyer pays more and a seller gets
// less than its prices, as it is known when the bar opens and until it ends.
//
// Quotes are of the end of a bar, so that those of the bar before are in force at
// the open; the quote of bar is known when it ends and not before. There is a bar
// before: nothing is filled on the first.
func (b *Broker) Half(bar int) float64 {
	spread, series := b.terms.Costs.Spread, &b.series
	switch {
	case spread == nil:
		return 0
	case spread.Quotes:
		return series.Quote(bar-1).Spread() / 2
	}
	return spread.At(series.Time[bar]).In(series.Symbol, series.Open[bar]) / 2
}

// HalfAt returns half the spread at which a position is left on bar, at its close or
// before.
func (b *Broker) HalfAt(bar int, atClose bool) float64 {
	if atClose && b.terms.Costs.Spread.FromQuotes() {
		return b.series.Quote(bar).Spread() / 2
	}
	return b.Half(bar)
}

// Commission returns that of a fill of some units and value, after the volume of the
// month so far, which matters to a schedule only.
//
//	commission = max( value*Commission + quantity*PerUnit, Minimum )    without a schedule
func (b *Broker) Commission(value, quantity, traded float64) float64 {
	if b.schedule != nil {
		return b.schedule.Commission(value, quantity, traded)
	}
	c := float64(value * b.terms.Commission)
	if b.fee.PerUnit != 0 || b.fee.Minimum != 0 {
		c = max(c+float64(quantity*b.fee.PerUnit), b.fee.Minimum)
	}
	return c
}

// Volume returns what a fill adds to the volume of its month.
func (b *Broker) Volume(value, quantity float64) float64 { return b.schedule.Volume(value, quantity) }

// HasSchedule tells that commissions go by the volume of the month.
func (b *Broker) HasSchedule() bool { return b.schedule != nil }

// Slipped returns price moved against a fill of the given sign, 1 to buy and -1 to
// sell.
func (b *Broker) Slipped(price, sign float64) float64 {
	return float64(price * (1 + float64(sign*b.terms.Slippage)))
}

// spreadFits returns why the spread cannot be that of the bars of s: it has to be one
// of their symbol, and at most a tenth of each price.
func (t Terms) spreadFits(s market.Series) error {
	spread := t.Costs.Spread
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
		if !(widest <= strategy.MaxCostFraction*low) {
			return fmt.Errorf("%s %s bar at %s: a spread of %v at a price of %v: want at most a tenth of the price: check its unit",
				s.Symbol, s.Timeframe, market.Stamp(s.Time[bar]), widest, low)
		}
	}
	return nil
}

// scheduleFor returns the schedule of commissions, or nil where there is none.
func (t Terms) scheduleFor(symbol market.Symbol) (*decision.Schedule, error) {
	if t.Costs.Schedule == "" {
		return nil, nil
	}
	if t.Commission != 0 {
		return nil, fmt.Errorf("commission %v beside commission_schedule %s: want one of them", t.Commission, t.Costs.Schedule)
	}
	if err := strategy.ScheduleFits(t.Costs.Schedule, symbol, t.Account.In(symbol)); err != nil {
		return nil, err
	}
	schedule, err := decision.ScheduleOf(t.Costs.Schedule, symbol)
	return &schedule, err
}
