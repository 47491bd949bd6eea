package ensemble

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/trading"
)

var (
	topKeys = document.Keys{
		Names: []string{"name", "description", "models", "composition", "decisions"},
		Hints: map[string]string{
			"members": "the key is called models", "gate_model": "it stands under composition", "rules": "they stand under composition",
			"exits": "they stand under decisions", "version": "ensemble files have none: remove it",
		},
	}
	memberKeys = document.Keys{
		Names: []string{"model", "model_path", "output_type", "exits", "of", "threshold", "use"},
		Hints: map[string]string{"primary": "the key is called of", "output_format": "the key is called output_type", "type": "the key is called output_type", "name": "the key is called model"},
	}
	routeKeys  = []string{"gate_model", "regime_threshold", "regime_hysteresis", "stability_bars", "rules", "on_regime_transition"}
	singleKeys = []string{"model"}
	commonKeys = []string{"type", "context_gate", "context_modifiers", "allow_short_from_flat"}

	compositionKeys = document.Keys{
		Names: slices.Concat(commonKeys, routeKeys, singleKeys),
		Hints: map[string]string{
			"gate": "the key is called gate_model", "threshold": "the key is called regime_threshold",
			"hysteresis": "the key is called regime_hysteresis", "transition": "the key is called on_regime_transition",
			"min_bars": "the key is called stability_bars", "routes": "the key is called rules",
		},
	}
	ruleKeys     = document.Keys{Names: []string{"model", "action"}}
	modifierKeys = document.Keys{Names: []string{"aligned_discount", "counter_premium", "neutral_effect"}}

	outputTypes = []string{strategy.Classification, strategy.Regression, strategy.RegimeClassification, strategy.ContextClassification, strategy.MetaClassification}
	types       = []string{RegimeRoute, Single}
	transitions = []string{CloseAndSwitch, LetRun}
	actions     = []string{ActFlat, ActHold}
	uses        = []string{useFilter, useSize}
	exitsOf     = []string{exitsOfEnsemble, exitsOwn}
)

// Whose exits the entries of a signal model have.
const (
	exitsOfEnsemble = "ensemble" // decisions.exits of the file
	exitsOwn        = "own"      // those of the strategy that the model was trained by
)

// What a meta-model does with a decision that it takes.
const (
	useFilter = "filter" // it stays as it is
	useSize   = "size"   // it has the probability that it pays in place of its confidence
)

// meta reads what a member of meta_classification has beside the others.
func (e *Ensemble) meta(name string, v document.Node) {
	m, ok := v.Entries()
	i := slices.IndexFunc(e.Members, func(m Member) bool { return m.Name == name })
	if !ok || e.Members[i].Output == "" {
		return
	}
	if e.Members[i].Output != strategy.MetaClassification {
		for _, key := range []string{"of", "threshold", "use"} {
			m.Useless(key, "it belongs to models of "+strategy.MetaClassification)
		}
		return
	}
	e.Members[i].Of = e.named(m, "of", "the signal model whose decisions are taken or skipped", strategy.Classification, strategy.Regression)
	e.Members[i].Threshold = m.Number("threshold", 0.5, document.Interval{Low: 0, High: 1})
	e.Members[i].Sizes = m.Choice("use", useFilter, uses) == useSize
	for _, other := range e.Members[:i] {
		if other.Of != "" && other.Of == e.Members[i].Of {
			v.Problem("model %s has a meta-model already, %s: want one", other.Of, other.Name)
		}
	}
}

// kind is what an ensemble file is, for messages.
var kind = document.Kind{Name: "ensemble", Keys: document.Alternatives(topKeys.Names)}

// maxStability bounds stability_bars, and maxMembers the models.
const (
	maxStability = 10_000
	maxMembers   = 100
)

// Parse reads an ensemble file; file is its name for messages. The error is
// document.Problems: everything that is wrong, at once. Parse keeps a copy of src.
func Parse(file string, src []byte) (*Ensemble, error) {
	f, top, ok := document.Open(file, kind, src)
	if !ok {
		return nil, f.Problems()
	}
	return read(f, top, bytes.Clone(src))
}

// Vary returns the ensemble with other decisions: as if its file said what the
// mapping decisions says, in the words of the file; see trading.Vary. Of composition
// it says allow_short_from_flat, which stands under decisions elsewhere.
func (e *Ensemble) Vary(decisions []byte) (*Ensemble, error) {
	file, top, err := trading.VaryShared(kind, e.Source, decisions, "composition")
	if err != nil {
		return nil, err
	}
	return read(file, top, e.Source)
}

// read returns the ensemble that top says, of the file src.
func read(f *document.File, top document.Node, src []byte) (*Ensemble, error) {
	e := &Ensemble{Source: src}
	if m, ok := top.Mapping(topKeys); ok {
		e.file(m)
	}
	if problems := f.Problems(); problems != nil {
		return nil, problems
	}
	return e, nil
}

func (e *Ensemble) file(top document.Mapping) {
	e.Name = top.Name("name", "the name of the ensemble")
	e.Description = top.Text("description", "")
	values := map[string]document.Node{} // where each member stands
	if v, ok := top.Need("models", "a mapping of trained models, for example trend: {model: NAME, output_type: classification}"); ok {
		if m, ok := v.Entries(); ok {
			for name, v := range m.All() {
				values[name] = v
				e.member(name, v)
			}
			for _, m := range slices.Clone(e.Members) {
				e.meta(m.Name, values[m.Name])
			}
			switch n := len(e.Members); {
			case n == 0:
				v.Problem("there are no models: want at least one")
			case n > maxMembers:
				v.Problem("there are %d models: want at most %d", n, maxMembers)
			}
		}
	}
	elsewhere := !slices.ContainsFunc(e.Members, func(m Member) bool { return m.Trades() && !m.OwnExits }) && slices.ContainsFunc(e.Members, Member.Trades)
	e.Decisions = trading.ReadShared(top, "decisions", elsewhere)
	e.Decisions.OutputFormat, e.Decisions.PositionAwareness = strategy.Classification, true
	for _, m := range e.Members {
		if by := e.Decisions.Sizing.Method; m.Sizes && by != strategy.SizeConfidence && by != strategy.SizeKelly {
			values[m.Name].Problem("use: size would have no effect: want decisions.sizing with the method confidence or kelly")
		}
	}
	v, ok := top.Need("composition", "how the models are put together: a mapping with type and rules")
	if !ok {
		return
	}
	m, ok := v.Mapping(compositionKeys)
	if !ok {
		return
	}
	e.composition(m)
	if e.isComplete(m) {
		e.unnamed(values)
	}
}

func (e *Ensemble) member(name string, v document.Node) {
	member := Member{Name: name}
	m, ok := v.Mapping(memberKeys)
	if !ok {
		e.Members = append(e.Members, member)
		return
	}
	if strings.TrimFunc(name, isNameRune) != "" || name == "" {
		v.Problem("%q is not a name: want letters, digits, _ and -", name)
	}
	path, isOld := m.Get("model_path")
	model, isNew := m.Get("model")
	switch {
	case isOld && isNew:
		path.Problem("it says what model says: remove one of the two")
	case isOld:
		model, isNew = path, true
	}
	if !isNew {
		m.Need("model", "the name or id of a trained model")
	} else if text, ok := model.Text(); ok {
		member.Model = text
		if strings.ContainsAny(text, "/\\ ") || text == "" {
			model.Problem("%q is not the name of a model: models are named and not found by their paths%s; list them with: ktrdr models list", document.Clip(text), calledHere(text))
		}
	}
	if v, ok := m.Need("output_type", "what the model puts out: "+strings.Join(outputTypes, ", ")); ok {
		member.Output, _ = v.Choice(outputTypes)
	}
	if member.Trades() {
		member.OwnExits = m.Choice("exits", exitsOfEnsemble, exitsOf) == exitsOwn
	} else if member.Output != "" {
		m.Useless("exits", "it belongs to models that trade")
	}
	e.Members = append(e.Members, member)
}

// folderOf is the folder in which the original kept a model: its strategy, then its
// timeframe and version.
var folderOf = regexp.MustCompile(`([A-Za-z0-9][A-Za-z0-9_-]*)/([0-9]+[mhdwM])_(?:v[0-9]+|latest)/?$`)

// calledHere says what the model in a folder of the original is called once it has been
// trained here.
func calledHere(folder string) string {
	match := folderOf.FindStringSubmatch(folder)
	if match == nil {
		return ""
	}
	return fmt.Sprintf(" (trained here by strategy %s it is called %s_%s)", match[1], match[1], match[2])
}

func isNameRune(r rune) bool {
	return r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

func (e *Ensemble) composition(m document.Mapping) {
	c := &e.Composition
	if v, ok := m.Need("type", strings.Join(types, " or ")); ok {
		c.Type, _ = v.Choice(types)
	}
	switch c.Type {
	case RegimeRoute:
		e.route(m)
		for _, key := range singleKeys {
			m.Useless(key, "type "+RegimeRoute+" names its models in rules")
		}
	case Single:
		c.Model = e.named(m, "model", "the signal model that is asked", strategy.Classification, strategy.Regression)
		for _, key := range routeKeys {
			m.Useless(key, "type "+Single+" has no regimes")
		}
	}
	e.Decisions.AllowShortFromFlat = m.Flag("allow_short_from_flat", false)
	if _, ok := m.Get("context_gate"); !ok {
		m.Useless("context_modifiers", "there is no context_gate")
		return
	}
	c.ContextGate = e.named(m, "context_gate", "", strategy.ContextClassification)
	c.Modifiers = Modifiers{AlignedDiscount: 0.2, CounterPremium: 0.3, NeutralEffect: 0.05}
	v, ok := m.Get("context_modifiers")
	if !ok {
		return
	}
	if m, ok = v.Mapping(modifierKeys); ok {
		x := &c.Modifiers
		x.AlignedDiscount = m.Number("aligned_discount", x.AlignedDiscount, document.Interval{Low: 0, High: 1})
		x.CounterPremium = m.Number("counter_premium", x.CounterPremium, document.Interval{Low: 0, High: 1})
		x.NeutralEffect = m.Number("neutral_effect", x.NeutralEffect, document.Interval{Low: 0, High: 1})
	}
}

// route reads what regime_route has of its own.
func (e *Ensemble) route(m document.Mapping) {
	c := &e.Composition
	c.Gate = e.named(m, "gate_model", "the model that tells the regime", strategy.RegimeClassification)
	c.Threshold = m.Number("regime_threshold", 0.4, document.Interval{Low: 0, High: 1})
	c.Hysteresis = m.Number("regime_hysteresis", 0, document.Interval{Low: 0, High: 1})
	c.Stability = m.Whole("stability_bars", 3, 1, maxStability)
	c.Transition = m.Choice("on_regime_transition", CloseAndSwitch, transitions)
	v, ok := m.Need("rules", "what is done in each regime: "+strings.Join(RegimeNames(), ", "))
	if !ok {
		return
	}
	rules, ok := v.Mapping(document.Keys{Names: RegimeNames()})
	if !ok {
		return
	}
	for i, name := range RegimeNames() {
		v, ok := rules.Need(name, "what is done in this regime: {model: MEMBER}, {action: FLAT} or {action: HOLD}")
		if !ok {
			continue
		}
		if m, ok := v.Mapping(ruleKeys); ok {
			c.Rules[i] = e.rule(m)
		}
	}
	if !slices.ContainsFunc(c.Rules[:], func(r Rule) bool { return r.Action == "" }) {
		v.Problem("no regime has a model, so that the ensemble never trades: want at least one rule {model: MEMBER}")
	}
}

func (e *Ensemble) rule(m document.Mapping) Rule {
	_, hasModel := m.Get("model")
	_, hasAction := m.Get("action")
	switch {
	case hasModel && hasAction:
		m.Problem("a model and an action: want one of the two")
	case hasModel:
		return Rule{Model: e.named(m, "model", "", strategy.Classification, strategy.Regression)}
	case hasAction:
		return Rule{Action: m.Choice("action", "", actions)}
	default:
		m.Problem("nothing is to be done: want {model: MEMBER}, {action: FLAT} or {action: HOLD}")
	}
	return Rule{}
}

// named reads the name of a member whose output is one of outputs. One that must
// be there says what is wanted.
func (e *Ensemble) named(m document.Mapping, key, want string, outputs ...string) string {
	v, ok := m.Get(key)
	if want != "" {
		v, ok = m.Need(key, want)
	}
	if !ok {
		return ""
	}
	if len(e.Members) == 0 {
		return "" // reported already
	}
	var names []string
	for _, member := range e.Members {
		names = append(names, member.Name)
	}
	name, ok := v.Among(names, "one of the models")
	if !ok {
		return ""
	}
	if member, _ := e.Member(name); member.Output != "" && !slices.Contains(outputs, member.Output) {
		v.Problem("%s has output_type %s: want a model of %s", name, member.Output, strings.Join(outputs, " or "))
	}
	return name
}

// isComplete tells that all that the composition m names was understood.
func (e *Ensemble) isComplete(m document.Mapping) bool {
	c := e.Composition
	if _, has := m.Get("context_gate"); has != (c.ContextGate != "") {
		return false
	}
	if c.Type == RegimeRoute {
		return c.Gate != "" && !slices.Contains(c.Rules[:], Rule{})
	}
	return c.Model != ""
}

// unnamed reports members that nothing names: they would be asked for nothing.
func (e *Ensemble) unnamed(values map[string]document.Node) {
	c := e.Composition
	used := []string{c.Model, c.Gate, c.ContextGate}
	for _, r := range c.Rules {
		used = append(used, r.Model)
	}
	for _, m := range e.Members {
		if m.Output == strategy.MetaClassification {
			used = append(used, m.Name)
		}
	}
	for _, m := range e.Members {
		if !slices.Contains(used, m.Name) {
			values[m.Name].Problem("nothing asks this model: name it under composition, or remove it")
		}
	}
}
