package backtest

import (
	"errors"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/fill"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// What Options mean where they are zero, and what a request gets that names no
// costs.
const (
	DefaultCapital    = 100_000
	DefaultFraction   = 0.25
	DefaultCommission = 0.001
	DefaultSlippage   = 0.0005
)

// The largest values that Options may have.
const (
	MaxCapital      = 1e12 // above it a float64 no longer keeps cents through a long run
	MaxCostFraction = 0.1
)

// Options say what trading costs and how large an order is. The zero value
// trades a quarter of 100,000 in whole units at no cost; the costs of a request
// that names none are DefaultCommission and DefaultSlippage.
type Options struct {
	Capital         float64 `json:"initial_capital"`  // account currency; 0 means DefaultCapital
	Commission      float64 `json:"commission"`       // fraction of the value of each fill
	Slippage        float64 `json:"slippage"`         // fraction by which each fill is worse than the price
	Fraction        float64 `json:"fraction"`         // share of equity that an entry, with its commission, may take; 0 means DefaultFraction
	FractionalUnits bool    `json:"fractional_units"` // quantities need not be whole numbers

	// SeparationSeconds is the separation of the strategy where it is a time: from
	// the open at which an entry was filled to the close at which the next may be
	// decided. 0 leaves it to the bars of decision.Rules.
	SeparationSeconds int64 `json:"separation_seconds,omitempty"`

	Costs  decision.Costs  `json:"costs"`  // those of the strategy, beside the above
	Exits  decision.Exits  `json:"exits"`  // those of the strategy
	Sizing decision.Sizing `json:"sizing"` // that of the strategy; it takes at most Fraction

	Account strategy.Account `json:"account,omitzero"` // that of the strategy
	Fills   strategy.Fills   `json:"fills,omitzero"`   // those of the strategy
}

// An OptionError says what is wrong with one of the Options. Option is its name
// in JSON.
type OptionError struct{ Option, Problem string }

func (e *OptionError) Error() string { return e.Option + ": " + e.Problem }

// Validate returns everything that is wrong with the options, each an
// *OptionError, or nil.
func (o Options) Validate() error {
	o = o.withDefaults()
	var problems []error
	check := func(ok bool, option string, value float64, want string) {
		if !ok {
			problems = append(problems, &OptionError{Option: option, Problem: fmt.Sprintf("%v: want %s", value, want)})
		}
	}
	check(o.Capital > 0 && o.Capital <= MaxCapital, "initial_capital", o.Capital, fmt.Sprintf("a number above 0 and up to %g", float64(MaxCapital)))
	check(o.Commission >= 0 && o.Commission <= MaxCostFraction, "commission", o.Commission, costRange)
	check(o.Slippage >= 0 && o.Slippage <= MaxCostFraction, "slippage", o.Slippage, costRange)
	check(o.Fraction > 0 && o.Fraction <= 1, "fraction", o.Fraction, "a number above 0 and up to 1")
	if o.SeparationSeconds < 0 {
		problems = append(problems, &OptionError{Option: "separation_seconds", Problem: fmt.Sprintf("%d: want at least 0", o.SeparationSeconds)})
	}
	return errors.Join(problems...)
}

const costRange = "a fraction from 0 to 0.1 (0.001 is 0.1 %)"

func (o Options) withDefaults() Options {
	if o.Capital == 0 {
		o.Capital = DefaultCapital
	}
	if o.Fraction == 0 {
		o.Fraction = DefaultFraction
	}
	return o
}

// terms returns those of the options that a broker asks about.
func (o Options) terms() fill.Terms {
	return fill.Terms{Commission: o.Commission, Slippage: o.Slippage, Fraction: o.Fraction, FractionalUnits: o.FractionalUnits,
		Costs: o.Costs, Account: o.Account, Fills: o.Fills}
}
