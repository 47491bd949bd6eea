package grammar

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

func (d *decoder) fuzzySets(s *strategy.Strategy, f document.Mapping, indicators document.Definitions) document.Definitions {
	list := document.Define(f, "fuzzy_sets", "at least one fuzzy set such as rsi_level: {indicator: rsi_14, low: [0, 0, 50], high: [50, 100, 100]}")
	for _, def := range list {
		set, ok := d.fuzzySet(s, def, indicators)
		if def.OK = def.OK && ok; def.OK {
			def.Index = len(s.FuzzySets)
			s.FuzzySets = append(s.FuzzySets, set)
		}
	}
	return list
}

// fuzzySet reads one fuzzy set: the indicator it looks at, and its sets.
func (d *decoder) fuzzySet(s *strategy.Strategy, def *document.Definition, indicators document.Definitions) (strategy.FuzzySet, bool) {
	set := strategy.FuzzySet{ID: def.Name}
	f, ok := def.Value.Entries()
	if !ok {
		return set, false
	}
	ref, ok := f.Need("indicator", "the id of the indicator that the sets are about")
	if ok {
		set.IndicatorID, set.Output, ok = d.reference(s, ref, indicators)
	}
	isSet := func(e document.Entry) bool { return !slices.Contains(fuzzySetKeys, e.Name) }
	if !slices.ContainsFunc(f.Order(), isSet) {
		f.Problem("it has no sets: want at least one such as low: [0, 0, 50]")
		return set, false
	}
	if old, there := f.Get("input_transform"); there {
		old.Problem("the key is called transform: write transform: {type: price_ratio, reference: close}, or remove it for identity")
		ok = false
	}
	if transform, there := f.Get("transform"); there && ok {
		ok = d.transform(s, &set, transform)
	}
	if place, there := f.Get("place"); there {
		placed := d.placed(&set, f, place)
		return set, ok && placed && d.placeFits(s, set, place)
	}
	for _, e := range f.Order() {
		if !isSet(e) {
			continue
		}
		function, made := membership(e.Value)
		if named := e.IsID(); !made || !named {
			ok = false
			continue
		}
		set.Sets = append(set.Sets, fuzzy.Set{Name: e.Name, Function: function})
	}
	if ok {
		d.warnShape(s, f, set)
	}
	return set, ok
}

// fuzzySetKeys are the keys of a fuzzy set that are not the name of a set.
var fuzzySetKeys = []string{"indicator", "transform", "place", "input_transform"}

// reference resolves an indicator id, or id.output. A bare id means the first
// output.
func (d *decoder) reference(s *strategy.Strategy, n document.Node, indicators document.Definitions) (id, output string, ok bool) {
	ref, ok := n.Text()
	if !ok {
		return "", "", false
	}
	id, output = splitReference(ref)
	def := indicators.Of(n, id)
	if def == nil {
		return "", "", false
	}
	if !def.OK {
		return "", "", false
	}
	outputs := s.Indicators[def.Index].Indicator.Outputs()
	switch {
	case id == ref:
		return id, outputs[0], true
	case len(outputs) == 1:
		n.Problem("indicator %s has one output: write %s", id, id)
		return "", "", false
	case !slices.Contains(outputs, output):
		n.Problem("indicator %s has no output %q: want %s%s", id, document.Clip(output), document.Alternatives(outputs), n.Hint(output, outputs))
		return "", "", false
	}
	return id, output, true
}

var membershipShape = document.Keys{Names: []string{"type", "parameters", "hedge"}, Hints: map[string]string{
	"params": "the key is called parameters", "place": "it stands beside indicator, for all sets together",
}}

// shorthand says what a list of so many numbers probably was meant to be.
var shorthand = map[int]string{2: "gaussian", 4: "trapezoidal"}

// membership reads one set: a list of three numbers, which is a triangle, or a
// mapping of type, parameters and hedge.
func membership(n document.Node) (fuzzy.Function, bool) {
	switch {
	case n.IsScalar():
		n.Problem("want three numbers [a, b, c] or {type: …, parameters: […]}, have %s", n.Describe())
		return fuzzy.Function{}, false
	case n.IsList():
		params, ok := n.Numbers()
		if !ok {
			return fuzzy.Function{}, false
		}
		if kind := shorthand[len(params)]; kind != "" {
			n.Problem("a bare list is a triangle of 3 numbers, have %d: write {type: %s, parameters: [%s]}", len(params), kind, flow(n))
			return fuzzy.Function{}, false
		}
		return function(n, fuzzy.Triangular, params)
	}
	f, ok := n.Mapping(membershipShape)
	if !ok {
		return fuzzy.Function{}, false
	}
	kind, known := kindOf(f)
	list, hasList := f.Need("parameters", "a list of numbers")
	hedge, hedged := hedge(f)
	if !hasList {
		return fuzzy.Function{}, false
	}
	params, ok := list.Numbers()
	if !ok || !hedged || !known {
		return fuzzy.Function{}, false
	}
	function, ok := function(list, kind, params)
	return function.Hedged(hedge), ok
}

// hedge reads the hedge of a set; none where there is no such key.
func hedge(f document.Mapping) (fuzzy.Hedge, bool) {
	n, ok := f.Get("hedge")
	if !ok {
		return fuzzy.Plain, true
	}
	var names []string
	for _, h := range fuzzy.Hedges() {
		names = append(names, h.String())
	}
	name, ok := n.Choice(names)
	if !ok {
		return fuzzy.Plain, false
	}
	h, err := fuzzy.ParseHedge(name)
	return h, err == nil
}

func kindNames() []string {
	var names []string
	for _, k := range fuzzy.Kinds() {
		names = append(names, k.String())
	}
	return names
}

func function(n document.Node, kind fuzzy.Kind, params []float64) (fuzzy.Function, bool) {
	function, err := fuzzy.New(kind, params)
	if err != nil {
		n.Problem("%v", err)
	}
	return function, err == nil
}

// flow writes the scalars of a list as they stand.
func flow(n document.Node) string {
	items, _ := n.List()
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = document.Clip(item.Raw())
	}
	return strings.Join(texts, ", ")
}

var inputShape = document.Keys{
	Names: []string{"fuzzy_set", "raw_indicator", "timeframes", "normalization", "lags"},
	Hints: map[string]string{
		"timeframe": "the key is called timeframes: write all or a list",
		"indicator": "the key is called raw_indicator",
		"normalize": "the key is called normalization",
		"scaling":   "the key is called normalization",
		"lag":       "the key is called lags: how many bars before the decision bar",
		"lookback":  "the key is called lags: how many bars before the decision bar",
	},
}

func (d *decoder) inputs(s *strategy.Strategy, f document.Mapping, indicators, sets document.Definitions) {
	n, ok := f.Need("nn_inputs", "a list such as [{fuzzy_set: rsi_level, timeframes: all}]")
	if !ok {
		return
	}
	items, ok := n.List()
	if ok && len(items) == 0 {
		n.Problem("the list is empty: a network needs at least one input")
	}
	taken := make(map[string]string)
	for _, item := range items {
		if in, ok := d.input(s, item, indicators, sets); ok {
			s.Inputs = append(s.Inputs, in)
			d.collisions(s, in, item, taken)
		}
	}
	indicators.WarnUnused("fuzzy set or input in nn_inputs")
	sets.WarnUnused("input in nn_inputs")
}

// maxLags bounds how many bars before the decision bar an input shows.
const maxLags = 100

// input reads one entry of nn_inputs.
func (d *decoder) input(s *strategy.Strategy, n document.Node, indicators, sets document.Definitions) (strategy.Input, bool) {
	f, ok := n.Mapping(inputShape)
	if !ok {
		return strategy.Input{}, false
	}
	var in strategy.Input
	raw, isRaw := f.Get("raw_indicator")
	set, isSet := f.Get("fuzzy_set")
	switch {
	case isRaw && isSet:
		raw.Problem("give either fuzzy_set or raw_indicator, not both: write two entries")
		ok = false
	case isRaw:
		in.Raw, ok = d.rawInput(s, f, raw, indicators)
	default:
		ok = d.fuzzyInput(&in, f, set, isSet, sets)
	}
	in.Lags = f.Whole("lags", 0, 0, maxLags)
	list, there := f.Need("timeframes", "all, or a list such as ["+s.Base.String()+"]")
	if !there {
		return in, false
	}
	listed := false
	known, whose := timeframesOf(s, in, ok)
	in.Timeframes, in.All, listed = d.inputTimeframes(known, whose, list)
	return in, ok && listed
}

// timeframesOf returns the timeframes that an input can be read on, and whose they
// are; resolved tells that what it refers to is there.
func timeframesOf(s *strategy.Strategy, in strategy.Input, resolved bool) (list []market.Timeframe, whose string) {
	if resolved {
		if source, ok := s.SourceOf(in); ok {
			return []market.Timeframe{source.Timeframe}, "data source " + source.ID
		}
	}
	return s.Timeframes, "this strategy"
}

// fuzzyInput reads the reference to a fuzzy set.
func (d *decoder) fuzzyInput(in *strategy.Input, f document.Mapping, ref document.Node, there bool, sets document.Definitions) bool {
	f.Useless("normalization", "degrees lie between 0 and 1 already")
	if !there {
		f.Need("fuzzy_set", "the id of a fuzzy set, or raw_indicator: the id of an indicator")
		return false
	}
	name, ok := ref.Text()
	if !ok {
		return false
	}
	in.FuzzySet = name
	set := sets.Of(ref, name)
	return set != nil && set.OK
}

// rawInput reads the reference to an indicator and how its values are scaled.
func (d *decoder) rawInput(s *strategy.Strategy, f document.Mapping, ref document.Node, indicators document.Definitions) (in strategy.RawInput, ok bool) {
	in.Normalization = strategy.NormalizeNone
	if n, there := f.Get("normalization"); there {
		if in.Normalization, ok = n.Choice([]string{strategy.NormalizeMinMax, strategy.NormalizeZScore, strategy.NormalizeNone}); !ok {
			return in, false
		}
	}
	if in.IndicatorID, in.Output, ok = d.reference(s, ref, indicators); ok {
		in.Reference, ok = ref.Text()
	}
	return in, ok
}

// inputTimeframes reads "all" or a list of the timeframes in known.
func (d *decoder) inputTimeframes(known []market.Timeframe, whose string, n document.Node) (list []market.Timeframe, all, ok bool) {
	if n.IsScalar() {
		if n.Raw() == "all" {
			return known, true, true
		}
		if _, err := market.ParseTimeframe(n.Raw()); err == nil {
			n.Problem("want all or a list, have %s: write [%s]", n.Describe(), n.Raw())
		} else {
			n.Problem("want all, or a list of timeframes of %s such as [%s], have %s", whose, strings.Join(market.TimeframeNames(known), ", "), n.Describe())
		}
		return nil, false, false
	}
	items, ok := n.List()
	if !ok {
		return nil, false, false
	}
	if len(items) == 0 {
		n.Problem("the list is empty: want all, or at least one timeframe")
		return nil, false, false
	}
	list, ok = d.timeframeList(items)
	for i, item := range items {
		if !ok || len(known) == 0 || len(list) != len(items) {
			break
		}
		if !slices.Contains(known, list[i]) {
			item.Problem("%s is not among the timeframes of %s: want %s", list[i], whose, document.Alternatives(market.TimeframeNames(known)))
			ok = false
		}
	}
	return list, false, ok
}

// collisions reports features of in that already have an owner: the same input on
// the same timeframe, or ids that read the same once joined (a and b_c, a_b and c).
func (d *decoder) collisions(s *strategy.Strategy, in strategy.Input, n document.Node, taken map[string]string) {
	for _, x := range s.FeaturesOf(in) {
		owner, input := "indicator "+in.Raw.Reference, fmt.Sprintf("indicator %s on %s", in.Raw.Reference, x.Timeframe)
		if in.FuzzySet != "" {
			owner = fmt.Sprintf("set %s of fuzzy set %s", s.FuzzySets[x.FuzzySet].Sets[x.Member].Name, in.FuzzySet)
			input = fmt.Sprintf("fuzzy set %s on %s", in.FuzzySet, x.Timeframe)
		}
		if claim(n, taken, x.Name, owner, input) {
			return
		}
	}
}

// claim gives a feature name to its owner, or reports that it is taken; again
// tells that it was taken by the same owner.
func claim(n document.Node, taken map[string]string, name, owner, input string) (again bool) {
	other, isTaken := taken[name]
	switch {
	case !isTaken:
		taken[name] = owner
	case other == owner:
		n.Problem("%s is an input already: remove one of the two", input)
		return true
	default:
		n.Problem("feature %s is made by %s and by %s: rename one of them", name, other, owner)
	}
	return false
}
