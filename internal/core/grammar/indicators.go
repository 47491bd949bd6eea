package grammar

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/indicator/catalog"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

func (d *decoder) indicators(s *strategy.Strategy, f document.Mapping, sources document.Definitions) document.Definitions {
	list := document.Define(f, "indicators", "at least one indicator such as rsi_14: {type: rsi, period: 14}")
	for _, def := range list {
		made, ok := d.indicator(def.Value)
		source, found := dataSource(def.Value, sources)
		if def.OK = def.OK && ok && found; def.OK {
			def.Index = len(s.Indicators)
			s.Indicators = append(s.Indicators, strategy.Indicator{ID: def.Name, Indicator: made, Source: source})
		}
	}
	sources.WarnUnused("indicator")
	return list
}

// dataSource reads which source an indicator is computed on; "" where it is the
// symbol itself.
func dataSource(n document.Node, sources document.Definitions) (id string, ok bool) {
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
	def := sources.Of(value, id)
	return id, def != nil && def.OK
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
		panic("grammar: parameter " + p.Name + " is of no kind")
	}
}
