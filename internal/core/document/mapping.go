package document

import (
	"fmt"
	"iter"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// Keys says what the keys of one kind of mapping can be.
type Keys struct {
	Names []string
	Hints map[string]string // what to do instead of keys that are often written by mistake
}

// A Mapping is the entries of a mapping. Unknown and repeated keys are not among
// them: those are reported when it is made.
type Mapping struct {
	Node
	order   []Entry
	refused []string // the unknown keys
	merged  bool     // a merge key was refused, which may have brought others
}

// An Entry is a key with its value.
type Entry struct {
	Name  string
	Key   Node // where the key stands, under the path of its value
	Value Node
}

// Mapping reads n as a mapping with the keys.
func (n Node) Mapping(keys Keys) (Mapping, bool) {
	m, ok := n.Entries()
	if !ok {
		return m, false
	}
	m.order = slices.DeleteFunc(m.order, func(e Entry) bool {
		known := e.Known(keys)
		if !known {
			m.refused = append(m.refused, e.Name)
		}
		return !known
	})
	return m, true
}

// Known reports e unless keys lists it.
func (e Entry) Known(keys Keys) bool {
	switch {
	case slices.Contains(keys.Names, e.Name):
		return true
	case keys.Hints[e.Name] != "":
		e.Key.Problem("not a key here: %s", keys.Hints[e.Name])
	default:
		hint := e.Key.Hint(e.Name, keys.Names)
		if hint == "" {
			hint = ": want " + Alternatives(keys.Names)
		}
		e.Key.Problem("unknown key%s", hint)
	}
	return false
}

// Entries reads n as a mapping whose keys are chosen by the author.
func (n Node) Entries() (Mapping, bool) {
	m := Mapping{Node: n}
	if n.yaml.Kind != yaml.MappingNode {
		n.Problem("want a mapping of keys, have %s", n.Describe())
		return m, false
	}
	first := make(map[string]int, len(n.yaml.Content)/2)
	for i := 0; i+1 < len(n.yaml.Content); i += 2 {
		y := follow(n.yaml.Content[i])
		if y.Kind != yaml.ScalarNode {
			Node{f: n.f, yaml: y, path: n.path}.Problem("want a key, have %s", Node{yaml: y}.Describe())
			continue
		}
		value := n.child(y.Value, n.yaml.Content[i+1])
		key := Node{f: n.f, yaml: y, path: value.path}
		if y.ShortTag() == "!!merge" {
			key.Problem("merge keys are not understood here: write the keys out")
			m.merged = true
			continue
		}
		if line, again := first[y.Value]; again {
			key.Problem("the key is there twice, first on line %d: remove one", line)
			continue
		}
		first[y.Value] = y.Line
		m.order = append(m.order, Entry{Name: y.Value, Key: key, Value: value})
	}
	return m, true
}

// Get returns the value of key name.
func (m Mapping) Get(name string) (Node, bool) {
	for _, e := range m.order {
		if e.Name == name {
			return e.Value, true
		}
	}
	return Node{}, false
}

// Peek returns the value of key name where n is a mapping that has it, and reports
// nothing.
func (n Node) Peek(name string) (Node, bool) {
	if n.yaml.Kind != yaml.MappingNode {
		return Node{}, false
	}
	for i := 0; i+1 < len(n.yaml.Content); i += 2 {
		if follow(n.yaml.Content[i]).Value == name {
			return n.child(name, n.yaml.Content[i+1]), true
		}
	}
	return Node{}, false
}

// Need is get, and reports a key that is not there, unless a key was refused that
// is a misspelling of it.
func (m Mapping) Need(name, want string) (Node, bool) {
	n, ok := m.Get(name)
	misspelt := func(key string) bool { return len(key) <= maxQuoted && spell.Nearest(key, []string{name}) == name }
	if !ok && !m.merged && !slices.ContainsFunc(m.refused, misspelt) {
		missing := m.Node
		missing.path = m.child(name, m.yaml).path
		missing.Problem("missing: want %s", want)
	}
	return n, ok
}

// Reject reports each of the errors joined in err at the key that split finds it
// to be about, or at the mapping if that key is not written.
func (m Mapping) Reject(err error, split func(error) (key, problem string)) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			m.Reject(one, split)
		}
		return
	}
	key, problem := split(err)
	at, ok := m.Get(key)
	if !ok {
		at = m.Node
		if key != "" {
			at.path = m.child(key, m.yaml).path
		}
	}
	at.Problem("%s", problem)
}

// All returns the keys that are there with their values, in the order of the file.
func (m Mapping) All() iter.Seq2[string, Node] {
	return func(yield func(string, Node) bool) {
		for _, e := range m.order {
			if !yield(e.Name, e.Value) {
				return
			}
		}
	}
}

// Order returns the entries in the order of the file.
func (m Mapping) Order() []Entry { return m.order }

// IsRefused tells that a key of the mapping was refused.
func (m Mapping) IsRefused() bool { return len(m.refused) > 0 }

// Useless reports a key that is there and would have no effect.
func (m Mapping) Useless(key, because string) {
	if n, ok := m.Get(key); ok {
		n.Problem("it would have no effect: %s: remove it", because)
	}
}

// Name reads what must be there and be a name: letters, digits, _ and -.
func (m Mapping) Name(key, want string) string {
	n, ok := m.Need(key, want)
	if !ok {
		return ""
	}
	return n.Name()
}

// The following read an optional key and return def where it is absent or wrong.

func (m Mapping) Text(name, def string) string {
	if n, ok := m.Get(name); ok {
		if v, ok := n.Text(); ok {
			return v
		}
	}
	return def
}

func (m Mapping) Whole(name string, def, low, high int) int {
	if n, ok := m.Get(name); ok {
		if v, ok := n.Whole(low, high); ok {
			return v
		}
	}
	return def
}

func (m Mapping) Number(name string, def float64, r Interval) float64 {
	if n, ok := m.Get(name); ok {
		if v, ok := n.NumberIn(r); ok {
			return v
		}
	}
	return def
}

func (m Mapping) Flag(name string, def bool) bool {
	if n, ok := m.Get(name); ok {
		if v, ok := n.Flag(); ok {
			return v
		}
	}
	return def
}

func (m Mapping) Choice(name, def string, choices []string) string {
	if n, ok := m.Get(name); ok {
		if v, ok := n.Choice(choices); ok {
			return v
		}
	}
	return def
}

// An Interval is a range of numbers; an open end does not belong to it.
type Interval struct {
	Low, High         float64
	LowOpen, HighOpen bool
}

func (r Interval) contains(v float64) bool {
	return (v > r.Low || v == r.Low && !r.LowOpen) && (v < r.High || v == r.High && !r.HighOpen)
}

func (r Interval) String() string {
	if !r.LowOpen && !r.HighOpen {
		return fmt.Sprintf("from %v to %v", r.Low, r.High)
	}
	low, high := "at least", "at most"
	if r.LowOpen {
		low = "above"
	}
	if r.HighOpen {
		high = "below"
	}
	return fmt.Sprintf("%s %v and %s %v", low, r.Low, high, r.High)
}

// NumberIn reads a number in r.
func (n Node) NumberIn(r Interval) (float64, bool) {
	v, ok := n.Number()
	if ok && !r.contains(v) {
		n.Problem("want a number %s, have %s", r, n.Describe())
		return 0, false
	}
	return v, ok
}
