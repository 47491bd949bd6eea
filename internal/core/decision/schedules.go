package decision

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// A Fee is the commission of a fill of some units and value, in the currency of
// whoever charges it.
//
//	fee = min( max( value*Fraction + units*PerUnit, Minimum ),  value*MaxFraction )
//
// A MaxFraction of 0 is none.
type Fee struct{ Fraction, PerUnit, Minimum, MaxFraction float64 }

// A Tier is a rate for the volume of a month up to a bound.
type Tier struct {
	UpTo              float64 // units or value since the month began; 0 is no bound
	Fraction, PerUnit float64
	Minimum           float64 // of an order of which the first part lies in the tier
}

// A Schedule is a published list of commissions. Rates are marginal: the part of
// an order that goes beyond the bound of a tier has the rate of the next.
type Schedule struct {
	Name        string
	Currency    market.Currency
	ByValue     bool // tiers are of the value traded in a month, else of the units
	Tiers       []Tier
	MaxFraction float64 // of the value of an order; 0 is none
	Source      string
	Read        string // when the source said so
	Without     string // what is charged beside it and not in it; "" is nothing
}

// ScheduleOf returns the schedule of this name for symbol: that for currencies
// where symbol names a pair of them, else that for shares in the United States.
func ScheduleOf(name string, symbol market.Symbol) (Schedule, error) {
	_, _, isPair := symbol.Pair()
	switch {
	case name == strategy.CommissionIBFixed && !isPair:
		return ibSharesFixed(), nil
	case name == strategy.CommissionIBTiered && isPair:
		return ibCurrencies(), nil
	case name == strategy.CommissionIBTiered:
		return ibSharesTiered(), nil
	}
	return Schedule{}, fmt.Errorf("there is no commission schedule %q for %s", name, symbol)
}

// The lists of Interactive Brokers as its pages stood while the SEC charged
// 0.0000278 of the value of sales, which was from May 2024 to May 2025.
const (
	ibShares = "interactivebrokers.com, Commissions Stocks, United States"
	ibSpot   = "interactivebrokers.com, Commissions Spot Currencies"
	ibRead   = "2024-05 to 2025-05"
)

func ibSharesFixed() Schedule {
	return Schedule{Name: strategy.CommissionIBFixed, Currency: "USD", Tiers: []Tier{{PerUnit: 0.005, Minimum: 1}}, MaxFraction: 0.01,
		Source: ibShares, Read: ibRead, Without: "fees of the SEC and of FINRA on sales"}
}

func ibSharesTiered() Schedule {
	return Schedule{Name: strategy.CommissionIBTiered, Currency: "USD", MaxFraction: 0.01, Tiers: []Tier{
		{UpTo: 300_000, PerUnit: 0.0035, Minimum: 0.35},
		{UpTo: 3_000_000, PerUnit: 0.002, Minimum: 0.35},
		{UpTo: 20_000_000, PerUnit: 0.0015, Minimum: 0.35},
		{UpTo: 100_000_000, PerUnit: 0.001, Minimum: 0.35},
		{PerUnit: 0.0005, Minimum: 0.35},
	}, Source: ibShares, Read: ibRead, Without: "fees of exchanges, of clearing, of the SEC and of FINRA"}
}

func ibCurrencies() Schedule {
	return Schedule{Name: strategy.CommissionIBTiered, Currency: "USD", ByValue: true, Tiers: []Tier{
		{UpTo: 1e9, Fraction: 0.00002, Minimum: 2},
		{UpTo: 2e9, Fraction: 0.000015, Minimum: 1.5},
		{UpTo: 5e9, Fraction: 0.00001, Minimum: 1.25},
		{Fraction: 0.000008, Minimum: 1},
	}, Source: ibSpot, Read: ibRead}
}

// First returns the fee of the first tier, which no fill exceeds.
func (s Schedule) First() Fee {
	t := s.Tiers[0]
	return Fee{Fraction: t.Fraction, PerUnit: t.PerUnit, Minimum: t.Minimum, MaxFraction: s.MaxFraction}
}

// Volume returns what a fill adds to the volume by which tiers go.
func (s Schedule) Volume(value, units float64) float64 {
	if s.ByValue {
		return value
	}
	return units
}

// Commission returns that of a fill of some units and value, both above 0, after
// the volume of the month so far.
//
//	commission = min( max( sum over tiers of the part in it at its rate, Minimum ), value*MaxFraction )
//
// with the minimum of the tier in which the fill begins.
func (s Schedule) Commission(value, units, before float64) float64 {
	total, minimum, begun := 0.0, 0.0, false
	left := s.Volume(value, units)
	whole := left
	for _, t := range s.Tiers {
		part := left
		if t.UpTo != 0 {
			part = min(left, max(0, t.UpTo-before))
		}
		if part == 0 {
			continue
		}
		if !begun {
			minimum, begun = t.Minimum, true
		}
		share := part / whole
		total += float64(float64(share*value)*t.Fraction) + float64(float64(share*units)*t.PerUnit)
		left -= part
		before += part
	}
	total = max(total, minimum)
	if s.MaxFraction != 0 {
		total = min(total, float64(value*s.MaxFraction))
	}
	return total
}
