package strategy

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// A shape says what the keys of one kind of mapping can be.
type shape struct {
	keys  []string          // what the decoder reads
	hints map[string]string // what to do instead of keys that are often written by mistake
}

// fields are the entries of a mapping. Unknown and repeated keys are not among
// them: those are reported when it is made.
type fields struct {
	node
	order   []entry
	refused []string // the unknown keys
	merged  bool     // a merge key was refused, which may have brought others
}

type entry struct {
	name  string
	key   node // where the key stands, under the path of its value
	value node
}

// fields reads n as a mapping of the given shape.
func (n node) fields(s shape) (fields, bool) {
	f, ok := n.entries()
	if !ok {
		return f, false
	}
	f.order = slices.DeleteFunc(f.order, func(e entry) bool {
		known := e.known(s)
		if !known {
			f.refused = append(f.refused, e.name)
		}
		return !known
	})
	return f, true
}

// known reports e unless s lists it.
func (e entry) known(s shape) bool {
	switch {
	case slices.Contains(s.keys, e.name):
		return true
	case s.hints[e.name] != "":
		e.key.problem("not a key here: %s", s.hints[e.name])
	default:
		hint := e.key.d.hint(e.name, s.keys)
		if hint == "" {
			hint = ": want " + alternatives(s.keys)
		}
		e.key.problem("unknown key%s", hint)
	}
	return false
}

// entries reads n as a mapping whose keys are chosen by the author.
func (n node) entries() (fields, bool) {
	f := fields{node: n}
	if n.yaml.Kind != yaml.MappingNode {
		n.problem("want a mapping of keys, have %s", n.describe())
		return f, false
	}
	first := make(map[string]int, len(n.yaml.Content)/2)
	for i := 0; i+1 < len(n.yaml.Content); i += 2 {
		y := follow(n.yaml.Content[i])
		if y.Kind != yaml.ScalarNode {
			node{d: n.d, yaml: y, path: n.path}.problem("want a key, have %s", node{yaml: y}.describe())
			continue
		}
		value := n.child(y.Value, n.yaml.Content[i+1])
		key := node{d: n.d, yaml: y, path: value.path}
		if y.ShortTag() == "!!merge" {
			key.problem("merge keys are not understood here: write the keys out")
			f.merged = true
			continue
		}
		if line, again := first[y.Value]; again {
			key.problem("the key is there twice, first on line %d: remove one", line)
			continue
		}
		first[y.Value] = y.Line
		f.order = append(f.order, entry{name: y.Value, key: key, value: value})
	}
	return f, true
}

// get returns the value of key name.
func (f fields) get(name string) (node, bool) {
	for _, e := range f.order {
		if e.name == name {
			return e.value, true
		}
	}
	return node{}, false
}

// peek returns the value of key name where n is a mapping that has it, and reports
// nothing.
func (n node) peek(name string) (node, bool) {
	if n.yaml.Kind != yaml.MappingNode {
		return node{}, false
	}
	for i := 0; i+1 < len(n.yaml.Content); i += 2 {
		if follow(n.yaml.Content[i]).Value == name {
			return n.child(name, n.yaml.Content[i+1]), true
		}
	}
	return node{}, false
}

// need is get, and reports a key that is not there, unless a key was refused that
// is a misspelling of it.
func (f fields) need(name, want string) (node, bool) {
	n, ok := f.get(name)
	misspelt := func(key string) bool { return len(key) <= maxQuoted && spell.Nearest(key, []string{name}) == name }
	if !ok && !f.merged && !slices.ContainsFunc(f.refused, misspelt) {
		missing := f.node
		missing.path = f.child(name, f.yaml).path
		missing.problem("missing: want %s", want)
	}
	return n, ok
}

// reject reports each of the errors joined in err at the key that split finds it
// to be about, or at the mapping if that key is not written.
func (f fields) reject(err error, split func(error) (key, problem string)) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			f.reject(one, split)
		}
		return
	}
	key, problem := split(err)
	at, ok := f.get(key)
	if !ok {
		at = f.node
		if key != "" {
			at.path = f.child(key, f.yaml).path
		}
	}
	at.problem("%s", problem)
}

// The following read an optional key and return def where it is absent or wrong.

func (f fields) text(name, def string) string {
	if n, ok := f.get(name); ok {
		if v, ok := n.text(); ok {
			return v
		}
	}
	return def
}

func (f fields) whole(name string, def, low, high int) int {
	if n, ok := f.get(name); ok {
		if v, ok := n.whole(low, high); ok {
			return v
		}
	}
	return def
}

func (f fields) number(name string, def float64, r interval) float64 {
	if n, ok := f.get(name); ok {
		if v, ok := n.numberIn(r); ok {
			return v
		}
	}
	return def
}

func (f fields) flag(name string, def bool) bool {
	if n, ok := f.get(name); ok {
		if v, ok := n.flag(); ok {
			return v
		}
	}
	return def
}

func (f fields) choice(name, def string, choices []string) string {
	if n, ok := f.get(name); ok {
		if v, ok := n.choice(choices); ok {
			return v
		}
	}
	return def
}

// An interval is a range of numbers; an open end does not belong to it.
type interval struct {
	low, high         float64
	lowOpen, highOpen bool
}

func (r interval) contains(v float64) bool {
	return (v > r.low || v == r.low && !r.lowOpen) && (v < r.high || v == r.high && !r.highOpen)
}

func (r interval) String() string {
	if !r.lowOpen && !r.highOpen {
		return fmt.Sprintf("from %v to %v", r.low, r.high)
	}
	low, high := "at least", "at most"
	if r.lowOpen {
		low = "above"
	}
	if r.highOpen {
		high = "below"
	}
	return fmt.Sprintf("%s %v and %s %v", low, r.low, high, r.high)
}

// numberIn reads a number in r.
func (n node) numberIn(r interval) (float64, bool) {
	v, ok := n.number()
	if ok && !r.contains(v) {
		n.problem("want a number %s, have %s", r, n.describe())
		return 0, false
	}
	return v, ok
}
