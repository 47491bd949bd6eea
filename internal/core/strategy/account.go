package strategy

import (
	"fmt"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// An Account says what may be held with the money there is. A field that is zero
// says nothing.
type Account struct {
	Currency          market.Currency `json:"currency,omitempty"`           // that money is counted in; "" is that of the prices
	Leverage          float64         `json:"leverage,omitempty"`           // an entry may be worth so many times the equity
	MaintenanceMargin float64         `json:"maintenance_margin,omitempty"` // share of a position's value that equity must exceed
	MarginCall        string          `json:"margin_call,omitempty"`        // what it closes: "", which is all, or MarginReduce
	Lot               float64         `json:"lot,omitempty"`                // units of which a quantity is a multiple
	MinQuantity       float64         `json:"min_quantity,omitempty"`       // units below which an entry is none
	MaxQuantity       float64         `json:"max_quantity,omitempty"`       // units above which an entry is cut
}

// The values of margin_call: everything is closed, or as few lots as bring the account
// back to InitialMargin.
const (
	MarginCloseAll = "close_all"
	MarginReduce   = "reduce"
)

// maxReducing bounds the maintenance margin of an account that is reduced, as a share of
// InitialMargin: a call that frees nothing is followed by the next at once.
const maxReducing = 0.9

// InitialMargin returns the share of a position's value that equity has to be where it
// begins: 1 / Leverage.
func (a Account) InitialMargin() float64 { return 1 / max(1, a.Leverage) }

// In returns the currency in which the results of trading symbol are counted, ""
// where it is not known.
func (a Account) In(symbol market.Symbol) market.Currency {
	if a.Currency != "" {
		return a.Currency
	}
	_, quote, _ := symbol.Pair()
	return quote
}

// MaxLeverage bounds leverages.
const MaxLeverage = 1000

// Validate returns what is wrong with the account, or nil.
func (a Account) Validate() error {
	for _, x := range [...]struct {
		key         string
		value, most float64
	}{{"leverage", a.Leverage, MaxLeverage}, {"maintenance_margin", a.MaintenanceMargin, math.Nextafter(1, 0)},
		{"lot", a.Lot, 1e12}, {"min_quantity", a.MinQuantity, 1e12}, {"max_quantity", a.MaxQuantity, 1e12}} {
		if !(x.value >= 0 && x.value <= x.most) {
			return &AccountError{x.key, fmt.Sprintf("%v: want a number from 0 to %v", x.value, x.most)}
		}
	}
	switch {
	case a.Leverage > 1 && a.MaintenanceMargin == 0:
		return &AccountError{"leverage", fmt.Sprintf("%v needs a maintenance_margin: at which share of a position's value is it closed by force? For example %v", a.Leverage, 0.5/a.Leverage)}
	case a.MaintenanceMargin > 0 && a.MaintenanceMargin >= a.InitialMargin():
		return &AccountError{"maintenance_margin", fmt.Sprintf("%v: want less than %v, the share with which leverage %v lets a position begin",
			a.MaintenanceMargin, a.InitialMargin(), max(1, a.Leverage))}
	case a.MarginCall != "" && a.MarginCall != MarginReduce:
		return &AccountError{"margin_call", fmt.Sprintf("%q: want %s or %s", a.MarginCall, MarginCloseAll, MarginReduce)}
	case a.MarginCall != "" && a.MaintenanceMargin == 0:
		return &AccountError{"margin_call", fmt.Sprintf("%s needs a maintenance_margin, at which there is one", a.MarginCall)}
	case a.MarginCall != "" && a.MaintenanceMargin > maxReducing*a.InitialMargin():
		return &AccountError{"maintenance_margin", fmt.Sprintf("%v: want at most %v with margin_call %s, which brings the account back to %v of what is held",
			a.MaintenanceMargin, maxReducing*a.InitialMargin(), a.MarginCall, a.InitialMargin())}
	case a.MaxQuantity != 0 && a.MaxQuantity < max(a.MinQuantity, a.Lot):
		return &AccountError{"max_quantity", fmt.Sprintf("%v: want at least the min_quantity of %v and the lot of %v", a.MaxQuantity, a.MinQuantity, a.Lot)}
	}
	return nil
}

// InWholeUnits returns why quantities cannot be both whole and multiples of the lot, or
// nil.
func (a Account) InWholeUnits() error {
	if a.Lot != math.Floor(a.Lot) {
		return &AccountError{"lot", fmt.Sprintf("%v in whole units: want a whole number, or fractions of a unit", a.Lot)}
	}
	return nil
}

// An AccountError says which key of an account is wrong, and why.
type AccountError struct{ Key, Problem string }

func (e *AccountError) Error() string { return e.Key + " " + e.Problem }

// Fills say how orders meet the bars. The zero value is the usual.
type Fills struct {
	VolumeLimit float64          `json:"volume_limit,omitempty"` // share of the volume of a bar that an entry may take; 0 is no limit
	Intrabar    market.Timeframe `json:"intrabar,omitzero"`      // of the bars that say what a bar reached first; zero takes the worst
}

// FillsPessimistic is the value of intrabar that takes the worst.
const FillsPessimistic = "pessimistic"

// Fit returns why the fills cannot be those of a strategy that decides on bars of
// timeframe base, or nil.
func (x Fills) Fit(base market.Timeframe) error {
	if x.Intrabar != 0 && x.Intrabar >= base {
		return fmt.Errorf("intrabar %s: want bars finer than those of %s, on which the strategy decides", x.Intrabar, base)
	}
	return nil
}

// A Conversion names bars whose closes turn money in one currency into another:
// it is multiplied by them, or divided where Inverse.
type Conversion struct {
	Symbol  market.Symbol
	Inverse bool
}

// Conversions returns the bars of which one has to be known so that the results of
// trading symbol can be counted in currency account, the best first; none where
// they are in it already.
func Conversions(symbol market.Symbol, account market.Currency) ([]Conversion, error) {
	if account == "" {
		return nil, nil
	}
	base, quote, ok := symbol.Pair()
	switch {
	case !ok:
		return nil, fmt.Errorf("account currency %s: %s names no pair of currencies such as EURUSD, so nobody knows what its prices are in: leave the currency out", account, symbol)
	case quote == account:
		return nil, nil
	case base == account:
		return []Conversion{{symbol, true}, {market.Symbol(quote + account), false}}, nil
	}
	return []Conversion{{market.Symbol(quote + account), false}, {market.Symbol(account + quote), true}}, nil
}

// accountObject and fillsObject are in the form of the file.
func accountObject(a Account) object {
	return present(object{{"currency", string(a.Currency)}, {"leverage", a.Leverage}, {"maintenance_margin", a.MaintenanceMargin},
		{"margin_call", a.MarginCall}, {"lot", a.Lot},
		{"min_quantity", a.MinQuantity}, {"max_quantity", a.MaxQuantity}})
}

func fillsObject(x Fills) object {
	o := present(object{{"volume_limit", x.VolumeLimit}})
	if x.Intrabar != 0 {
		o = append(o, member{"intrabar", x.Intrabar.String()})
	}
	return o
}

// present returns the members that are not zero.
func present(o object) object {
	var kept object
	for _, m := range o {
		if m.value != 0.0 && m.value != "" {
			kept = append(kept, m)
		}
	}
	return kept
}
