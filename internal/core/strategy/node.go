package strategy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// Limits on a file. The largest strategies people write have some 15 KB, a few
// hundred values and five levels.
const (
	maxBytes  = 256 << 10
	maxValues = 20_000 // with aliases written out
	maxDepth  = 12
	maxQuoted = 60 // bytes of the file that a message repeats
)

// A decoder turns the node tree of one file into a Strategy and collects what is
// wrong on the way. Each method reads on after a problem, so that one run reports
// all of them.
type decoder struct {
	file     string
	kind     kind             // zero for a strategy
	base     market.Timeframe // of the decisions where it is not that of the file; else zero
	problems report
	warnings report
	values   int
}

// A kind is what a file is, for messages: its name, and keys that it has.
type kind struct{ name, keys string }

// A node is a value of the file and the path under which it is known.
type node struct {
	d    *decoder
	yaml *yaml.Node
	path string
}

// load parses src into its top node. It reports false, having reported why, for
// what is not one well-formed YAML document within the limits.
func (d *decoder) load(src []byte) (node, bool) {
	if d.kind == (kind{}) {
		d.kind = kind{"strategy", "name, indicators and nn_inputs"}
	}
	if len(src) > maxBytes {
		d.problems.add(Problem{File: d.file, Message: fmt.Sprintf(
			"the file has %d bytes; %s files have at most %d: is this the right file?", len(src), d.kind.name, maxBytes)})
		return node{}, false
	}
	if !utf8.Valid(src) {
		d.problems.add(invalidUTF8(d.file, src))
		return node{}, false
	}
	root, err := document(src, d.kind.name)
	if err != nil {
		d.problems.add(syntaxProblem(d.file, err))
		return node{}, false
	}
	top := node{d: d, yaml: root}
	if !d.check(top.yaml, 0) {
		return node{}, false
	}
	if top.yaml.Kind != yaml.MappingNode {
		top.problem("want a mapping of keys such as %s, have %s", d.kind.keys, top.describe())
		return node{}, false
	}
	return top, true
}

// document parses src, which must hold one YAML document.
func document(src []byte, want string) (*yaml.Node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(src), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		return nil, err
	}
	var first, second yaml.Node
	switch err := loader.Load(&first); {
	case errors.Is(err, io.EOF) || err == nil && len(first.Content) == 0:
		return nil, fmt.Errorf("the file is empty: want one %s", want)
	case err != nil:
		return nil, err
	}
	switch err := loader.Load(&second); {
	case err == nil:
		return nil, fmt.Errorf("the file holds more than one document: want one %s, without a line ---", want)
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return first.Content[0], nil
}

func invalidUTF8(file string, src []byte) Problem {
	p := Problem{File: file, Line: 1, Column: 1}
	for len(src) > 0 {
		r, size := utf8.DecodeRune(src)
		if r == utf8.RuneError && size == 1 {
			break
		}
		p.Column++
		if r == '\n' {
			p.Line, p.Column = p.Line+1, 1
		}
		src = src[size:]
	}
	p.Message = "the file is not UTF-8 text from here on: save it as UTF-8"
	return p
}

func syntaxProblem(file string, err error) Problem {
	p := Problem{File: file, Message: err.Error()}
	if load, ok := errors.AsType[*yaml.LoadError](err); ok {
		p.Line, p.Column = load.Mark.Line, load.Mark.Column
		p.Message = "not valid YAML: " + load.Message
	}
	return p
}

// check refuses what the grammar has no use for wherever it stands: tags, merge
// keys, and aliases that expand without end. It reports false if the tree must
// not be walked.
func (d *decoder) check(y *yaml.Node, depth int) bool {
	d.values++
	n := node{d: d, yaml: y}
	switch {
	case d.values > maxValues:
		n.problem("the file holds more than %d values, with its aliases written out: is this the right file?", maxValues)
		return false
	case depth > maxDepth:
		n.problem("values are nested more than %d deep: an alias may contain itself", maxDepth)
		return false
	case y.Style&yaml.TaggedStyle != 0:
		n.problem("the tag %s is not understood here: remove it", y.Tag)
	case y.Kind == yaml.AliasNode:
		return d.check(y.Alias, depth+1)
	}
	for _, child := range y.Content {
		if !d.check(child, depth+1) {
			return false
		}
	}
	return true
}

// problem reports what is wrong with n.
func (n node) problem(format string, args ...any) { n.d.problems.add(n.at(format, args...)) }

// warn reports what is doubtful about n.
func (n node) warn(format string, args ...any) { n.d.warnings.add(n.at(format, args...)) }

func (n node) at(format string, args ...any) Problem {
	return Problem{File: n.d.file, Line: n.yaml.Line, Column: n.yaml.Column, Path: n.path, Message: fmt.Sprintf(format, args...)}
}

// child returns y, the value of key name below n, with aliases followed.
func (n node) child(name string, y *yaml.Node) node {
	path := clip(name)
	if n.path != "" && !strings.HasPrefix(name, "[") {
		path = n.path + "." + path
	} else {
		path = n.path + path
	}
	return node{d: n.d, yaml: follow(y), path: path}
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

// describe says what n is, for a message that says what it should have been.
func (n node) describe() string {
	switch n.yaml.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch {
	case n.isNull():
		return "nothing"
	case n.isPlain():
		return clip(n.yaml.Value)
	}
	return fmt.Sprintf("the text %q", clip(n.yaml.Value))
}

func clip(s string) string {
	if len(s) <= maxQuoted {
		return s
	}
	return strings.ToValidUTF8(s[:maxQuoted], "") + "…"
}

func (n node) isNull() bool { return n.yaml.Kind == yaml.ScalarNode && n.yaml.ShortTag() == "!!null" }

// isPlain tells that n is a scalar written without quotes.
func (n node) isPlain() bool {
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	return n.yaml.Kind == yaml.ScalarNode && n.yaml.Style&quoted == 0
}

// text reads a text. Numbers, true, false and null are not texts unless quoted.
func (n node) text() (string, bool) {
	switch {
	case n.yaml.Kind != yaml.ScalarNode || n.isNull():
		n.problem("want a text, have %s", n.describe())
		return "", false
	case n.isPlain() && n.yaml.ShortTag() != "!!str":
		n.problem("want a text, have %s: write %q in quotes", n.describe(), clip(n.yaml.Value))
		return "", false
	}
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	if strings.ContainsFunc(n.yaml.Value, control) {
		n.problem("the text holds control characters: remove them")
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

// whole reads a whole number in [low, high].
func (n node) whole(low, high int) (int, bool) {
	if !n.isPlain() || !wholePattern.MatchString(n.yaml.Value) {
		n.problem("want a whole number, have %s%s", n.describe(), n.unquoteHint(wholePattern))
		return 0, false
	}
	v, err := strconv.Atoi(n.yaml.Value)
	if err != nil || v < low || v > high {
		n.problem("want a whole number from %d to %d, have %s", low, high, n.describe())
		return 0, false
	}
	return v, true
}

// number reads a finite number.
func (n node) number() (float64, bool) {
	if !n.isPlain() || !numberPattern.MatchString(n.yaml.Value) {
		n.problem("want a number, have %s%s", n.describe(), n.unquoteHint(numberPattern))
		return 0, false
	}
	v, err := strconv.ParseFloat(n.yaml.Value, 64)
	if err != nil || math.IsInf(v, 0) {
		n.problem("%s is too large", n.describe())
		return 0, false
	}
	return v + 0, true // -0 is 0
}

func (n node) unquoteHint(pattern *regexp.Regexp) string {
	if n.yaml.Kind == yaml.ScalarNode && !n.isPlain() && pattern.MatchString(n.yaml.Value) {
		return ": remove the quotes"
	}
	return ""
}

// flag reads true or false.
func (n node) flag() (value, ok bool) {
	if n.isPlain() {
		switch strings.ToLower(n.yaml.Value) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
	}
	n.problem("want true or false, have %s", n.describe())
	return false, false
}

// choice reads one of the texts in choices.
func (n node) choice(choices []string) (string, bool) {
	v, ok := n.text()
	switch {
	case !ok:
		return "", false
	case slices.Contains(choices, v):
		return v, true
	default:
		hint := ""
		if len(choices) > 1 {
			hint = n.d.hint(v, choices)
		}
		n.problem("%q is not known: want %s%s", clip(v), alternatives(choices), hint)
	}
	return "", false
}

// alternatives writes a, b or c.
func alternatives(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// hint is spell.Hint for names that a person can have typed, and only while
// somebody will read it.
func (d *decoder) hint(name string, candidates []string) string {
	if len(name) > maxQuoted || d.problems.full() {
		return ""
	}
	return spell.Hint(name, candidates)
}

// list returns the items of a list.
func (n node) list() ([]node, bool) {
	if n.yaml.Kind != yaml.SequenceNode {
		n.problem("want a list such as [a, b], have %s", n.describe())
		return nil, false
	}
	items := make([]node, len(n.yaml.Content))
	for i, y := range n.yaml.Content {
		items[i] = n.child(fmt.Sprintf("[%d]", i), y)
	}
	return items, true
}
