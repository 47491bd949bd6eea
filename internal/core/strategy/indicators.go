package strategy

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/indicator/catalog"
)

// An id names an indicator, a fuzzy set or one of its sets. It becomes part of
// feature names; a dot would be read as the output of an indicator.
var idPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// id reports a key that cannot be an id.
func isID(e document.Entry) bool {
	if idPattern.MatchString(e.Name) {
		return true
	}
	e.Key.Problem("%q is not an id: want 1 to 64 letters, digits, _ and -, beginning with a letter", document.Clip(e.Name))
	return false
}

// A definition is what the file says under one id, right or wrong, so that a
// reference to a wrong one is not reported as a second problem.
type definition struct {
	document.Entry
	ok    bool
	used  bool
	index int // in Strategy.Indicators or Strategy.FuzzySets, if ok
}

type definitions []*definition

func (list definitions) get(id string) *definition {
	for _, def := range list {
		if def.Name == id {
			return def
		}
	}
	return nil
}

// defined returns what n refers to by id and notes that it is used. It reports an
// id that is not there, unless nothing is, which is reported already.
func defined(n document.Node, id string, list definitions) *definition {
	def := list.get(id)
	switch {
	case def != nil:
		def.used = true
	case len(list) > 0:
		n.Problem("%q is not defined%s", document.Clip(id), n.Hint(id, list.ids()))
	}
	return def
}

func (list definitions) ids() []string {
	ids := make([]string, len(list))
	for i, def := range list {
		ids[i] = def.Name
	}
	return ids
}

// warnUnused tells of definitions that nothing refers to.
func (list definitions) warnUnused(by string) {
	for _, def := range list {
		if !def.used {
			def.Key.Warn("it is defined but not used by any %s", by)
		}
	}
}

// define reads the mapping under key of f, whose keys are ids.
func define(f document.Mapping, key, want string) definitions {
	n, ok := f.Need(key, want)
	if !ok {
		return nil
	}
	m, ok := n.Entries()
	if !ok {
		return nil
	}
	if len(m.Order()) == 0 {
		n.Problem("it is empty: want %s", want)
	}
	var list definitions
	for _, e := range m.Order() {
		def := &definition{Entry: e}
		def.ok = isID(e)
		list = append(list, def)
	}
	return list
}

func (d *decoder) indicators(s *Strategy, f document.Mapping, sources definitions) definitions {
	list := define(f, "indicators", "at least one indicator such as rsi_14: {type: rsi, period: 14}")
	for _, def := range list {
		made, ok := d.indicator(def.Value)
		source, found := dataSource(def.Value, sources)
		if def.ok = def.ok && ok && found; def.ok {
			def.index = len(s.Indicators)
			s.Indicators = append(s.Indicators, Indicator{ID: def.Name, Indicator: made, Source: source})
		}
	}
	sources.warnUnused("indicator")
	return list
}

// dataSource reads which source an indicator is computed on; "" where it is the
// symbol itself.
func dataSource(n document.Node, sources definitions) (id string, ok bool) {
	value, ok := n.Peek("data_source")
	if !ok {
		return "", true
	}
	if id, ok = value.Text(); !ok {
		return "", false
	}
	if len(sources) == 0 {
		value.Problem("%q is not defined: sources are listed under context_data", document.Clip(id))
		return "", false
	}
	def := defined(value, id, sources)
	return id, def != nil && def.ok
}

// wrongParameters are names that people give to parameters of an indicator, and
// what the parameter is called.
var wrongParameters = map[string]map[string]string{
	"macd": {"fast": "fast_period", "slow": "slow_period", "signal": "signal_period"},
}

// indicator reads one indicator: its type, and the parameters of that type.
func (d *decoder) indicator(n document.Node) (indicator.Indicator, bool) {
	f, ok := n.Entries()
	if !ok {
		return indicator.Indicator{}, false
	}
	kind, ok := f.Need("type", "the kind of indicator, for example type: rsi")
	if !ok {
		return indicator.Indicator{}, false
	}
	name, ok := kind.Text()
	if !ok {
		return indicator.Indicator{}, false
	}
	spec, ok := catalog.Lookup(name)
	if !ok {
		hint := n.Hint(name, indicatorNames())
		if hint == "" {
			hint = ": want " + document.Alternatives(catalog.Names())
		}
		kind.Problem("indicator %q is not known in this version%s", document.Clip(name), hint)
		return indicator.Indicator{}, false
	}
	if spec.Repaints {
		kind.Problem("%s changes what it says of a bar when later bars come, so a network would learn from the future: "+
			"remove it, or take an indicator that does not, such as zigzagconfirmed", spec.Name)
		return indicator.Indicator{}, false
	}
	values, ok := parameters(f, spec)
	made, err := spec.New(values)
	if err != nil {
		f.Reject(err, func(err error) (key, problem string) {
			if wrong, ok := errors.AsType[*indicator.ParamError](err); ok {
				return wrong.Param, wrong.Problem
			}
			return "", err.Error()
		})
		return indicator.Indicator{}, false
	}
	return made, ok
}

// indicatorNames returns every name that Lookup knows.
func indicatorNames() []string {
	var names []string
	for _, spec := range catalog.All() {
		names = append(append(names, spec.Name), spec.Aliases...)
	}
	return names
}

// indicatorKeys are the keys of an indicator that are no parameters.
var indicatorKeys = []string{"type", "data_source"}

// parameters reads what stands beside type; it reports false if any of it is
// wrong in itself.
func parameters(f document.Mapping, spec indicator.Spec) (map[string]indicator.Value, bool) {
	s := document.Keys{Names: slices.Clone(indicatorKeys), Hints: map[string]string{}}
	for _, p := range spec.Params {
		s.Names = append(s.Names, p.Name)
	}
	maps.Copy(s.Hints, spec.Obsolete)
	for wrong, right := range wrongParameters[spec.Name] {
		s.Hints[wrong] = "the parameter is called " + right
	}
	values, all := make(map[string]indicator.Value), true
	for _, e := range f.Order() {
		if slices.Contains(indicatorKeys, e.Name) {
			continue
		}
		if !e.Known(s) {
			all = false
			continue
		}
		p := spec.Params[slices.Index(s.Names, e.Name)-len(indicatorKeys)]
		v, ok := parameter(e.Value, p)
		if !ok {
			all = false
			continue
		}
		values[p.Name] = v
	}
	return values, all
}

// splitReference cuts an indicator reference at its dot.
func splitReference(ref string) (id, output string) {
	id, output, _ = strings.Cut(ref, ".")
	return id, output
}

// parameter reads a value of the kind that p takes.
func parameter(n document.Node, p indicator.Param) (indicator.Value, bool) {
	switch p.Kind {
	case indicator.KindInt:
		v, ok := n.Whole(int(p.Min), int(p.Max))
		return indicator.Int(v), ok
	case indicator.KindNumber:
		v, ok := n.Number()
		return indicator.Number(v), ok
	case indicator.KindText:
		v, ok := n.Choice(p.Choices)
		return indicator.Text(v), ok
	case indicator.KindFlag:
		v, ok := n.Flag()
		return indicator.Flag(v), ok
	default:
		panic("strategy: parameter " + p.Name + " is of no kind")
	}
}
