package fill

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// Terms are what is agreed with a broker. The zero value fills whole units at no cost,
// and none of them, because Fraction is 0.
type Terms struct {
	Commission      float64 // fraction of the value of each fill
	Slippage        float64 // fraction by which each fill is worse than the price
	Fraction        float64 // share of equity that an entry, with its commission, may take
	FractionalUnits bool    // quantities need not be whole numbers
	Costs           decision.Costs
	Account         strategy.Account
	Fills           strategy.Fills
}

// A Broker fills orders in one symbol. NewBroker makes one.
type Broker struct {
	terms    Terms
	series   market.Series
	rates    *Rates
	fee      decision.Fee       // no fill has a higher commission
	schedule *decision.Schedule // nil where there is none
}

// NewBroker returns the broker of terms on the bars of series, which it keeps. Rates are
// nil where the account is in the currency of the prices. Terms that cannot be those of
// these bars are an error.
func NewBroker(terms Terms, series market.Series, rates *Rates) (Broker, error) {
	b := Broker{terms: terms, series: series, rates: rates}
	if err := terms.Costs.Validate(); err != nil {
		return b, fmt.Errorf("costs: %w", err)
	}
	if err := terms.spreadFits(series); err != nil {
		return b, fmt.Errorf("costs: %w", err)
	}
	if err := terms.Account.Validate(); err != nil {
		return b, fmt.Errorf("account: %w", err)
	}
	if err := terms.Account.InWholeUnits(); err != nil && !terms.FractionalUnits {
		return b, fmt.Errorf("account: %w", err)
	}
	if err := terms.volumeFits(series); err != nil {
		return b, fmt.Errorf("fills: %w", err)
	}
	if err := rates.fit(series, terms.Account.Currency); err != nil {
		return b, fmt.Errorf("account: %w", err)
	}
	var err error
	if b.schedule, err = terms.scheduleFor(series.Symbol); err != nil {
		return b, fmt.Errorf("costs: %w", err)
	}
	b.fee = decision.Fee{Fraction: terms.Commission, PerUnit: terms.Costs.PerUnit, Minimum: terms.Costs.Minimum}
	if b.schedule != nil {
		b.fee = b.schedule.First()
	}
	return b, nil
}
