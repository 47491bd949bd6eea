package indicator

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// A Spec is an entry of the catalogue: what an indicator is called, what it
// takes and what it gives. Specs come from Catalog and Lookup; New panics on
// one made by hand.
type Spec struct {
	Name    string   // canonical, lower case
	Aliases []string // other names that Lookup knows
	Params  []Param
	Outputs []string // one "" where there is a single output; else the first is the main one
	Scales  []Scale  // one per output
	Doc     string

	// Volume says that the first output is computed from volumes, and NaN
	// where they are not reported.
	Volume bool
	// Repaints says that the value of a bar changes with later ones: nothing
	// to compute features from.
	Repaints bool
	// Gaps says where values after the lookback are NaN all the same; empty
	// where never.
	Gaps string
	// Obsolete names parameters that the original KTRDR accepted without
	// effect, and what to do instead.
	Obsolete map[string]string

	// Check returns what is wrong with parameters that are each acceptable;
	// given holds those that were not left to their default. May be nil.
	Check func(in Indicator, given map[string]Value) []error
	// Lookback returns, for each output, the index of its first known value.
	Lookback func(in Indicator) []int
	// Memory returns how many further bars the recursive filters need to
	// forget their seed. Nil where there are none.
	Memory func(in Indicator) int
	// Anchored is the answer of Indicator.Anchored. Nil for never.
	Anchored func(in Indicator) bool
	// Start returns the machine at the beginning of a series.
	Start func(in Indicator) Machine
	// Compute fills out, one column of s.Len() values per output, where that
	// is quicker than the machine. Nil to run the machine.
	Compute func(in Indicator, s market.Series, out [][]float64)
}

// A Scale says how the values of an output behave, whatever the parameters.
type Scale struct {
	Unit     Unit
	Min, Max float64 // no value lies outside; infinite where there is no bound
}

// A Unit is what an output is measured in. The zero value is not a unit.
type Unit uint8

// The units.
const (
	Price     Unit = iota + 1 // follows the price: twice the price, twice the value
	Plain                     // does not depend on the scale of price and volume
	Volume                    // follows the volume, and not the scale of the price
	Nonlinear                 // depends on the scale of the price, but does not follow it
	Clock                     // depends on the time only
)

var unitNames = [...]string{Price: "price", Plain: "plain", Volume: "volume", Nonlinear: "nonlinear", Clock: "clock"}

// String returns the name of the unit, such as price, or Unit(n) for a value
// that is not a unit.
func (u Unit) String() string {
	if u < Price || u > Clock {
		return fmt.Sprintf("Unit(%d)", uint8(u))
	}
	return unitNames[u]
}

// MarshalText implements encoding.TextMarshaler; it refuses the zero value.
func (u Unit) MarshalText() ([]byte, error) {
	if u < Price || u > Clock {
		return nil, fmt.Errorf("%v is not a unit", u)
	}
	return []byte(unitNames[u]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (u *Unit) UnmarshalText(text []byte) error {
	for unit := Price; unit <= Clock; unit++ {
		if unitNames[unit] == string(text) {
			*u = unit
			return nil
		}
	}
	return fmt.Errorf("unknown unit %q: want price, plain, volume, nonlinear or clock", text)
}

// AnyPrice is a price, or a difference of prices.
func AnyPrice() Scale { return Scale{Unit: Price, Min: math.Inf(-1), Max: math.Inf(1)} }

// AbovePrice is an extent of prices, which is not negative.
func AbovePrice() Scale { return Scale{Unit: Price, Min: 0, Max: math.Inf(1)} }

// Percent is a share in percent.
func Percent() Scale { return Scale{Unit: Plain, Min: 0, Max: 100} }

// Fraction is a share.
func Fraction() Scale { return Scale{Unit: Plain, Min: 0, Max: 1} }

// Symmetric is a number from -1 to 1.
func Symmetric() Scale { return Scale{Unit: Plain, Min: -1, Max: 1} }

// Ratio is any number without a unit.
func Ratio() Scale { return Scale{Unit: Plain, Min: math.Inf(-1), Max: math.Inf(1)} }

// AboveZero is a number without a unit that is not negative.
func AboveZero() Scale { return Scale{Unit: Plain, Min: 0, Max: math.Inf(1)} }

// AnyVolume is an amount that was traded, with a sign.
func AnyVolume() Scale { return Scale{Unit: Volume, Min: math.Inf(-1), Max: math.Inf(1)} }

// Cyclic is a coordinate of a point on a circle that time runs round.
func Cyclic() Scale { return Scale{Unit: Clock, Min: -1, Max: 1} }

// New returns the indicator with the given parameters; those not given have
// their default. The error joins one *ParamError for everything that is wrong.
func (s Spec) New(params map[string]Value) (Indicator, error) {
	if s.Lookback == nil {
		panic(fmt.Sprintf("indicator: spec %q does not come from the catalogue", s.Name))
	}
	in := Indicator{spec: s, values: make([]Value, len(s.Params))}
	var problems []error
	for i, p := range s.Params {
		v, isGiven := params[p.Name]
		if !isGiven {
			in.values[i] = p.Default
			continue
		}
		accepted, err := p.Accept(v)
		if err != nil {
			problems = append(problems, err)
		}
		in.values[i] = accepted
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if !slices.ContainsFunc(s.Params, func(p Param) bool { return p.Name == name }) {
			problems = append(problems, s.unknown(name))
		}
	}
	if problems == nil && s.Check != nil {
		problems = s.Check(in, params)
	}
	if problems != nil {
		return Indicator{}, errors.Join(problems...)
	}
	return in, nil
}

func (s Spec) unknown(name string) error {
	if reason := s.Obsolete[name]; reason != "" {
		return &ParamError{Param: name, Problem: reason}
	}
	var names []string
	for _, p := range s.Params {
		names = append(names, p.Name)
	}
	return &ParamError{Param: name, Problem: fmt.Sprintf("%s has no such parameter%s; it takes %v", s.Name, spell.Hint(name, names), names)}
}
