package strategy

import (
	"fmt"
	"math"
)

// An Account says what may be held with the money there is. A field that is zero
// says nothing.
type Account struct {
	Leverage          float64 `json:"leverage,omitempty"`           // an entry may be worth so many times the equity
	MaintenanceMargin float64 `json:"maintenance_margin,omitempty"` // share of a position's value that equity must exceed
	Lot               float64 `json:"lot,omitempty"`                // units of which a quantity is a multiple
	MinQuantity       float64 `json:"min_quantity,omitempty"`       // units below which an entry is none
	MaxQuantity       float64 `json:"max_quantity,omitempty"`       // units above which an entry is cut
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
			return &accountError{x.key, fmt.Sprintf("%v: want a number from 0 to %v", x.value, x.most)}
		}
	}
	switch {
	case a.Leverage > 1 && a.MaintenanceMargin == 0:
		return &accountError{"leverage", fmt.Sprintf("%v needs a maintenance_margin: at which share of a position's value is it closed by force? For example %v", a.Leverage, 0.5/a.Leverage)}
	case a.MaintenanceMargin > 0 && a.MaintenanceMargin >= 1/max(1, a.Leverage):
		return &accountError{"maintenance_margin", fmt.Sprintf("%v: want less than %v, the share with which leverage %v lets a position begin",
			a.MaintenanceMargin, 1/max(1, a.Leverage), max(1, a.Leverage))}
	case a.MaxQuantity != 0 && a.MaxQuantity < max(a.MinQuantity, a.Lot):
		return &accountError{"max_quantity", fmt.Sprintf("%v: want at least the min_quantity of %v and the lot of %v", a.MaxQuantity, a.MinQuantity, a.Lot)}
	}
	return nil
}

// An accountError says which key is wrong, and why.
type accountError struct{ key, problem string }

func (e *accountError) Error() string { return e.key + " " + e.problem }

// Fills say how orders meet the bars. The zero value is the usual.
type Fills struct {
	VolumeLimit float64 `json:"volume_limit,omitempty"` // share of the volume of a bar that an entry may take; 0 is no limit
}

var (
	accountShape = shape{
		keys: []string{"leverage", "maintenance_margin", "lot", "min_quantity", "max_quantity"},
		hints: map[string]string{
			"initial_margin":  "write leverage, which is 1 / initial_margin",
			"margin":          "write leverage and maintenance_margin",
			"lot_size":        "the key is called lot",
			"initial_capital": "it belongs to the request of a backtest: remove it",
		},
	}
	fillsShape = shape{keys: []string{"volume_limit"}, hints: map[string]string{"max_volume": "the key is called volume_limit"}}
)

func (d *decoder) account(s *Strategy, f fields) {
	n, ok := f.get("account")
	if !ok {
		return
	}
	if f, ok = n.fields(accountShape); !ok {
		return
	}
	a, positive := &s.Decisions.Account, interval{low: 0, lowOpen: true, high: 1e12}
	a.Lot = f.number("lot", 0, positive)
	a.MinQuantity = f.number("min_quantity", 0, positive)
	a.MaxQuantity = f.number("max_quantity", 0, positive)
	positive.high = MaxLeverage
	a.Leverage = f.number("leverage", 0, positive)
	a.MaintenanceMargin = f.number("maintenance_margin", 0, interval{low: 0, lowOpen: true, high: 1, highOpen: true})
	f.reject(a.Validate(), func(err error) (key, problem string) {
		if e, ok := err.(*accountError); ok {
			return e.key, e.problem
		}
		return "", err.Error()
	})
}

func (d *decoder) fills(s *Strategy, f fields) {
	n, ok := f.get("fills")
	if !ok {
		return
	}
	if f, ok = n.fields(fillsShape); !ok {
		return
	}
	s.Decisions.Fills.VolumeLimit = f.number("volume_limit", 0, interval{low: 0, lowOpen: true, high: 1})
}

// accountObject and fillsObject are in the form of the file.
func accountObject(a Account) object {
	return present(object{{"leverage", a.Leverage}, {"maintenance_margin", a.MaintenanceMargin}, {"lot", a.Lot},
		{"min_quantity", a.MinQuantity}, {"max_quantity", a.MaxQuantity}})
}

func fillsObject(x Fills) object { return present(object{{"volume_limit", x.VolumeLimit}}) }

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

func accountSchema() jsonSchema {
	return mappingOf(accountShape, map[string]jsonSchema{"leverage": numberSchema, "maintenance_margin": numberSchema, "lot": numberSchema,
		"min_quantity": numberSchema, "max_quantity": numberSchema})
}

func fillsSchema() jsonSchema {
	return mappingOf(fillsShape, map[string]jsonSchema{"volume_limit": numberSchema})
}
