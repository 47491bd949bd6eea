package strategy

import (
	"iter"
	"slices"
)

// A Mapping is a mapping of a file of another grammar that is read by the rules
// of strategy files: strictly, and with every problem at its place. ReadMapping
// makes one.
type Mapping struct{ fields fields }

// A Value is what stands under a key of a Mapping.
type Value struct{ node node }

// Keys says what the keys of a mapping can be, and what to do instead of those
// that are often written by mistake.
type Keys struct {
	Names []string
	Hints map[string]string
}

func (k Keys) shape() shape { return shape{keys: k.Names, hints: k.Hints} }

// ReadMapping reads the one mapping that src, a file of the kind named, holds with
// the keys and hands it to read, which reports what is wrong with the rest. It
// returns what was found wrong.
func ReadMapping(file, what string, src []byte, keys Keys, read func(Mapping)) Problems {
	d := &decoder{file: file, kind: kind{what, alternatives(keys.Names)}}
	if top, ok := d.load(src); ok {
		if f, ok := top.fields(keys.shape()); ok {
			read(Mapping{f})
		}
	}
	return d.problems.sorted()
}

// Get returns the value of a key.
func (m Mapping) Get(key string) (Value, bool) {
	n, ok := m.fields.get(key)
	return Value{n}, ok
}

// Need is Get, and reports a key that is not there.
func (m Mapping) Need(key, want string) (Value, bool) {
	n, ok := m.fields.need(key, want)
	return Value{n}, ok
}

// All returns the keys that are there with their values, in the order of the file.
func (m Mapping) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for _, e := range m.fields.order {
			if !yield(e.name, Value{e.value}) {
				return
			}
		}
	}
}

// Useless reports a key that is there and would have no effect.
func (m Mapping) Useless(key, because string) { m.fields.useless(key, because) }

// Problem reports what is wrong with the mapping as a whole.
func (m Mapping) Problem(format string, args ...any) { m.fields.problem(format, args...) }

// The following read an optional key and return def where it is absent or wrong.

func (m Mapping) Text(key, def string) string { return m.fields.text(key, def) }

func (m Mapping) Whole(key string, def, low, high int) int {
	return m.fields.whole(key, def, low, high)
}

// Number reads a number from low to high, the ends included.
func (m Mapping) Number(key string, def, low, high float64) float64 {
	return m.fields.number(key, def, interval{low: low, high: high})
}

func (m Mapping) Flag(key string, def bool) bool { return m.fields.flag(key, def) }

func (m Mapping) Choice(key, def string, choices []string) string {
	return m.fields.choice(key, def, choices)
}

// Name reads what must be there and be a name: letters, digits, _ and -.
func (m Mapping) Name(key, want string) string {
	v, ok := m.Need(key, want)
	if !ok {
		return ""
	}
	return v.Name()
}

// Name reads a name: letters, digits, _ and -.
func (v Value) Name() string {
	text, ok := v.node.text()
	if ok && !strategyName.MatchString(text) {
		v.node.problem("%q is not a name: want 1 to 100 letters, digits, _ and -, beginning with a letter or digit", clip(text))
		return ""
	}
	return text
}

// Text reads a text.
func (v Value) Text() (string, bool) { return v.node.text() }

// Choice reads one of choices.
func (v Value) Choice(choices []string) (string, bool) { return v.node.choice(choices) }

// Among reads one of the names that the file itself gives to things of a kind.
func (v Value) Among(names []string, kind string) (string, bool) {
	text, ok := v.node.text()
	if ok && !slices.Contains(names, text) {
		v.node.problem("%q is not %s%s", clip(text), kind, v.node.d.hint(text, names))
		return "", false
	}
	return text, ok
}

// Mapping reads a mapping with the keys.
func (v Value) Mapping(keys Keys) (Mapping, bool) {
	f, ok := v.node.fields(keys.shape())
	return Mapping{f}, ok
}

// Map reads a mapping whose keys are chosen by the author.
func (v Value) Map() (Mapping, bool) {
	f, ok := v.node.entries()
	return Mapping{f}, ok
}

// Problem reports what is wrong with the value.
func (v Value) Problem(format string, args ...any) { v.node.problem(format, args...) }

// tradingKeys are the keys of decisions that are about positions and not about
// what one model says.
var tradingKeys = []string{"filters", "exits", "sizing", "costs", "account", "fills"}

// trading reads them.
func (d *decoder) trading(s *Strategy, f fields) {
	s.Decisions.MinSignalSeparation = 4
	if n, ok := f.get("filters"); ok {
		if filters, ok := n.fields(filtersShape); ok {
			d.separation(s, filters)
		}
	}
	d.exits(s, f)
	d.sizing(s, f)
	d.costs(s, f)
	d.account(s, f)
	d.fills(s, f)
}

// tradingShape hints at the other keys of decisions.
var tradingShape = shape{keys: tradingKeys, hints: map[string]string{
	"output_format":         "every model has its own: remove it",
	"confidence_threshold":  "every model has its own, from the strategy that it was trained by: remove it",
	"cost_model":            "every model has its own, from the strategy that it was trained by: remove it",
	"position_awareness":    "remove it: the position held is always looked at",
	"allow_short_from_flat": "it stands under composition",
}}

// Trading reads the decisions of a file that are about positions: what decisions
// of a strategy has under filters, exits, sizing, costs, account and fills, with
// the same defaults, which are all there is where the key is absent.
func (m Mapping) Trading(key string) Decisions {
	s, d := &Strategy{}, m.fields.d
	n, ok := m.fields.get(key)
	if !ok {
		d.trading(s, fields{node: m.fields.node})
		return s.Decisions
	}
	f, ok := n.fields(tradingShape)
	if !ok {
		return s.Decisions
	}
	d.trading(s, f)
	if n, ok := f.get("exits"); ok && s.Decisions.Exits.FromLabel {
		n.problem("there are no labels to take exits from: write them out, for example {stop_loss: 0.02, take_profit: 0.04}")
	}
	d.sizingFits(s, n)
	return s.Decisions
}

// TradingSchema is the JSON Schema of what Mapping.Trading reads, as a value that
// encodes to it.
func TradingSchema() any {
	whole := decisionsSchema()["properties"].(map[string]jsonSchema)
	kinds := map[string]jsonSchema{}
	for _, key := range tradingKeys {
		kinds[key] = whole[key]
	}
	return mappingOf(tradingShape, kinds)
}
