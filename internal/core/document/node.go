package document

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// A Node is a value of a file and the path under which it is known.
type Node struct {
	f    *File
	yaml *yaml.Node
	path string
}

// Problem reports what is wrong with n.
func (n Node) Problem(format string, args ...any) { n.f.problems.add(n.at(format, args...)) }

// Warn reports what is doubtful about n.
func (n Node) Warn(format string, args ...any) { n.f.warnings.add(n.at(format, args...)) }

func (n Node) at(format string, args ...any) Problem {
	return Problem{File: n.f.name, Line: n.yaml.Line, Column: n.yaml.Column, Path: n.path, Message: fmt.Sprintf(format, args...)}
}

// child returns y, the value of key name below n, with aliases followed.
func (n Node) child(name string, y *yaml.Node) Node {
	path := Clip(name)
	if n.path != "" && !strings.HasPrefix(name, "[") {
		path = n.path + "." + path
	} else {
		path = n.path + path
	}
	return Node{f: n.f, yaml: follow(y), path: path}
}

// follow returns the value that y is an alias of, at the place of the alias if it
// is a scalar.
func follow(y *yaml.Node) *yaml.Node {
	if y.Kind != yaml.AliasNode {
		return y
	}
	target := y.Alias
	if target.Kind != yaml.ScalarNode {
		return target
	}
	moved := *target
	moved.Line, moved.Column = y.Line, y.Column
	return &moved
}

// Describe says what n is, for a message that says what it should have been.
func (n Node) Describe() string {
	switch n.yaml.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch {
	case n.IsNull():
		return "nothing"
	case n.IsPlain():
		return Clip(n.yaml.Value)
	}
	return fmt.Sprintf("the text %q", Clip(n.yaml.Value))
}

// Clip returns s as short as a message repeats it.
func Clip(s string) string {
	if len(s) <= maxQuoted {
		return s
	}
	return strings.ToValidUTF8(s[:maxQuoted], "") + "…"
}

// IsNull tells that nothing stands there.
func (n Node) IsNull() bool { return n.yaml.Kind == yaml.ScalarNode && n.yaml.ShortTag() == "!!null" }

// IsPlain tells that n is a scalar written without quotes.
func (n Node) IsPlain() bool {
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	return n.yaml.Kind == yaml.ScalarNode && n.yaml.Style&quoted == 0
}

// Text reads a text. Numbers, true, false and null are not texts unless quoted.
func (n Node) Text() (string, bool) {
	switch {
	case n.yaml.Kind != yaml.ScalarNode || n.IsNull():
		n.Problem("want a text, have %s", n.Describe())
		return "", false
	case n.IsPlain() && n.yaml.ShortTag() != "!!str":
		n.Problem("want a text, have %s: write %q in quotes", n.Describe(), Clip(n.yaml.Value))
		return "", false
	}
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	if strings.ContainsFunc(n.yaml.Value, control) {
		n.Problem("the text holds control characters: remove them")
		return "", false
	}
	return n.yaml.Value, true
}

// Numbers are decimal: no octal, hexadecimal, underscores or sexagesimals, which
// YAML versions read differently.
var (
	wholePattern  = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)
	numberPattern = regexp.MustCompile(`^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$`)
)

// Whole reads a whole number in [low, high].
func (n Node) Whole(low, high int) (int, bool) {
	if !n.IsPlain() || !wholePattern.MatchString(n.yaml.Value) {
		n.Problem("want a whole number, have %s%s", n.Describe(), n.unquoteHint(wholePattern))
		return 0, false
	}
	v, err := strconv.Atoi(n.yaml.Value)
	if err != nil || v < low || v > high {
		n.Problem("want a whole number from %d to %d, have %s", low, high, n.Describe())
		return 0, false
	}
	return v, true
}

// Number reads a finite number.
func (n Node) Number() (float64, bool) {
	if !n.IsPlain() || !numberPattern.MatchString(n.yaml.Value) {
		n.Problem("want a number, have %s%s", n.Describe(), n.unquoteHint(numberPattern))
		return 0, false
	}
	v, err := strconv.ParseFloat(n.yaml.Value, 64)
	if err != nil || math.IsInf(v, 0) {
		n.Problem("%s is too large", n.Describe())
		return 0, false
	}
	return v + 0, true // -0 is 0
}

func (n Node) unquoteHint(pattern *regexp.Regexp) string {
	if n.yaml.Kind == yaml.ScalarNode && !n.IsPlain() && pattern.MatchString(n.yaml.Value) {
		return ": remove the quotes"
	}
	return ""
}

// Flag reads true or false.
func (n Node) Flag() (value, ok bool) {
	if n.IsPlain() {
		switch strings.ToLower(n.yaml.Value) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
	}
	n.Problem("want true or false, have %s", n.Describe())
	return false, false
}

// Choice reads one of the texts in choices.
func (n Node) Choice(choices []string) (string, bool) {
	v, ok := n.Text()
	switch {
	case !ok:
		return "", false
	case slices.Contains(choices, v):
		return v, true
	default:
		hint := ""
		if len(choices) > 1 {
			hint = n.Hint(v, choices)
		}
		n.Problem("%q is not known: want %s%s", Clip(v), Alternatives(choices), hint)
	}
	return "", false
}

// Alternatives writes a, b or c.
func Alternatives(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// Hint is spell.Hint for names that a person can have typed, and only while
// somebody will read it.
func (n Node) Hint(name string, candidates []string) string {
	if len(name) > maxQuoted || n.f.problems.full() {
		return ""
	}
	return spell.Hint(name, candidates)
}

// Items returns the items of a list that must not be empty; one says what one of
// them is.
func (n Node) Items(one string) []Node {
	items, ok := n.List()
	if ok && len(items) == 0 {
		n.Problem("the list is empty: want at least one %s", one)
	}
	return items
}

// Numbers returns the numbers of a list.
func (n Node) Numbers() ([]float64, bool) {
	items, ok := n.List()
	values := make([]float64, 0, len(items))
	for _, item := range items {
		v, one := item.Number()
		ok = ok && one
		values = append(values, v)
	}
	return values, ok
}

// Among reads one of the names that the file itself gives to things of a kind.
func (n Node) Among(names []string, kind string) (string, bool) {
	text, ok := n.Text()
	if ok && !slices.Contains(names, text) {
		n.Problem("%q is not %s%s", Clip(text), kind, n.hintOrList(text, names))
		return "", false
	}
	return text, ok
}

// namePattern is what also names files and models.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)

// NamePattern is a regular expression for what Node.Name reads.
func NamePattern() string { return namePattern.String() }

// Name reads a name: letters, digits, _ and -.
func (n Node) Name() string {
	text, ok := n.Text()
	if ok && !namePattern.MatchString(text) {
		n.Problem("%q is not a name: want 1 to 100 letters, digits, _ and -, beginning with a letter or digit", Clip(text))
		return ""
	}
	return text
}

// IsMapping tells that n is a mapping.
func (n Node) IsMapping() bool { return n.yaml.Kind == yaml.MappingNode }

// IsList tells that n is a list.
func (n Node) IsList() bool { return n.yaml.Kind == yaml.SequenceNode }

// IsScalar tells that n is a single value.
func (n Node) IsScalar() bool { return n.yaml.Kind == yaml.ScalarNode }

// IsWord tells that n is a single value that is written as word, without quotes.
func (n Node) IsWord(word string) bool { return n.IsPlain() && n.yaml.Value == word }

// IsDate tells that n is what YAML takes for a day or a moment.
func (n Node) IsDate() bool { return n.yaml.ShortTag() == "!!timestamp" }

// IsNumber tells that n is written as a number.
func (n Node) IsNumber() bool { return n.IsPlain() && IsNumeral(n.yaml.Value) }

// IsNumeral tells that text is a number as files write it.
func IsNumeral(text string) bool { return numberPattern.MatchString(text) }

// IsWhole tells that n is written as a whole number.
func (n Node) IsWhole() bool { return n.IsPlain() && wholePattern.MatchString(n.yaml.Value) }

// Raw returns a single value as it is written, without its quotes; "" for others.
func (n Node) Raw() string { return n.yaml.Value }

// YAML returns the node of the parser, for programs that make other files of it.
func (n Node) YAML() *yaml.Node { return n.yaml }

// List returns the items of a list.
func (n Node) List() ([]Node, bool) {
	if n.yaml.Kind != yaml.SequenceNode {
		n.Problem("want a list such as [a, b], have %s", n.Describe())
		return nil, false
	}
	items := make([]Node, len(n.yaml.Content))
	for i, y := range n.yaml.Content {
		items[i] = n.child(fmt.Sprintf("[%d]", i), y)
	}
	return items, true
}
