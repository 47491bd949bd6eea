package indicator

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// A Param says what a parameter may be. Min and Max bound KindInt and
// KindNumber and are themselves allowed, unless MinOpen excludes Min. Choices
// lists what KindText may be.
type Param struct {
	Name     string
	Kind     ParamKind
	Default  Value
	Min, Max float64
	MinOpen  bool
	Choices  []string
	Doc      string
}

// A ParamError says what is wrong with one parameter of an indicator and what
// would be right. Param is the name as it was given.
type ParamError struct{ Param, Problem string }

func (e *ParamError) Error() string { return e.Param + ": " + e.Problem }

// Accept returns v as the parameter keeps it, or a *ParamError. A whole number
// is a number, and a number without a fraction is a whole number, because not
// every notation tells 14 from 14.0; nothing else is converted.
func (p Param) Accept(v Value) (Value, error) {
	switch p.Kind {
	case KindInt:
		n, isWhole := asInt(v)
		if !isWhole || float64(n) < p.Min || float64(n) > p.Max {
			return Value{}, p.refuse(v)
		}
		return Int(n), nil
	case KindNumber:
		x, isNumber := asNumber(v)
		if !isNumber || !(x >= p.Min && x <= p.Max) || (p.MinOpen && x == p.Min) {
			return Value{}, p.refuse(v)
		}
		return Number(x), nil
	case KindText:
		if v.kind != KindText || !slices.Contains(p.Choices, v.text) {
			return Value{}, p.refuse(v)
		}
		return v, nil
	case KindFlag:
		if v.kind != KindFlag {
			return Value{}, p.refuse(v)
		}
		return v, nil
	default:
		panic(fmt.Sprintf("indicator: parameter %s is of no kind", p.Name))
	}
}

func (p Param) refuse(v Value) error {
	problem := fmt.Sprintf("want %s, have %s", p.Want(), v)
	if p.Kind == KindText && v.kind == KindText {
		problem = fmt.Sprintf("want %s, have %q%s", p.Want(), v.text, spell.Hint(v.text, p.Choices))
	}
	return &ParamError{Param: p.Name, Problem: problem}
}

// Want says in words what the parameter takes, for example "a whole number from
// 2 to 100".
func (p Param) Want() string {
	low := fmt.Sprintf("from %v", p.Min)
	if p.MinOpen {
		low = fmt.Sprintf("above %v and up", p.Min)
	}
	switch p.Kind {
	case KindInt:
		return fmt.Sprintf("a whole number %s to %v", low, p.Max)
	case KindNumber:
		return fmt.Sprintf("a number %s to %v", low, p.Max)
	case KindText:
		return "one of " + strings.Join(p.Choices, ", ")
	case KindFlag:
		return "true or false"
	default:
		panic(fmt.Sprintf("indicator: parameter %s is of no kind", p.Name))
	}
}

func asInt(v Value) (n int, ok bool) {
	switch v.kind {
	case KindInt:
		return v.whole, true
	case KindNumber:
		// Beyond 2^53 not every whole number is a float64, and the conversion
		// to int is not defined for all of them.
		whole := v.number == math.Trunc(v.number) && math.Abs(v.number) <= 1<<53
		if !whole {
			return 0, false
		}
		return int(v.number), true
	default:
		return 0, false
	}
}

func asNumber(v Value) (x float64, ok bool) {
	switch v.kind {
	case KindInt:
		return float64(v.whole), true
	case KindNumber:
		return v.number, true
	default:
		return 0, false
	}
}

// Period is the parameter that most indicators have: a number of bars.
func Period(name string, byDefault, low, high int, doc string) Param {
	return Param{Name: name, Kind: KindInt, Default: Int(byDefault), Min: float64(low), Max: float64(high), Doc: doc}
}

// Multiplier is the width of a band: above 0.
func Multiplier(byDefault, high float64, doc string) Param {
	return MultiplierNamed("multiplier", byDefault, high, doc)
}

func MultiplierNamed(name string, byDefault, high float64, doc string) Param {
	return Param{Name: name, Kind: KindNumber, Default: Number(byDefault), Max: high, MinOpen: true, Doc: doc}
}

// prices are the values of the source parameter.
var prices = []string{"open", "high", "low", "close"}

// Source is the parameter of indicators of one price column.
func Source() Param {
	return Param{
		Name: "source", Kind: KindText, Default: Text("close"), Choices: slices.Clone(prices),
		Doc: "Price column that the indicator is computed from.",
	}
}

// The values of the definition parameter.
const (
	Textbook = "textbook"
	KTRDR    = "ktrdr"
)

// OnlyWith refuses parameters that were given but matter only with the other
// definition.
func (in Indicator) OnlyWith(given map[string]Value, wanted string, params ...string) []error {
	have := in.Value("definition").Text()
	if have == wanted {
		return nil
	}
	var problems []error
	for _, name := range params {
		if _, isGiven := given[name]; isGiven {
			problem := fmt.Sprintf("has no effect with definition %s: remove it, or set definition to %s", have, wanted)
			problems = append(problems, &ParamError{Param: name, Problem: problem})
		}
	}
	return problems
}

// Definition is the parameter of indicators whose original KTRDR formula
// differs from the standard one; doc says how.
func Definition(doc string) Param {
	return Param{
		Name: "definition", Kind: KindText, Default: Text(Textbook), Choices: []string{Textbook, KTRDR}, Doc: doc,
	}
}

// FastBelowSlow refuses a fast period that is not shorter than the slow one.
func FastBelowSlow(in Indicator, _ map[string]Value) []error {
	if fast, slow := in.Whole("fast_period"), in.Whole("slow_period"); fast >= slow {
		return []error{&ParamError{Param: "fast_period", Problem: fmt.Sprintf("want less than slow_period (%d), have %d", slow, fast)}}
	}
	return nil
}
