package trading

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// section is the key of decisions in every file, and requested the name of the file
// that a request would have made.
const (
	section   = "decisions"
	requested = "decisions of the request"
)

// requestShape has the keys of decisions that a request may vary: all but what the
// model was made for.
var requestShape = document.Keys{
	Names: slices.DeleteFunc(slices.Clone(decisionsShape.Names), func(key string) bool { return key == "output_format" }),
	Hints: map[string]string{"output_format": "the model was trained for that of the strategy: remove it"},
}

// Vary returns src, a strategy file without problems, as if its decisions said what
// the mapping decisions says, in YAML or JSON, in the words of the file. What the
// mapping does not name stays as it is, and null stands for nothing said.
//
//	{costs: {spread: 0.8 pips}, exits: null, sizing: {method: units, units: 1000}}
//
// A mapping goes into the one that is there key by key, except that a sizing of
// another method has nothing of the old one. The error is document.Problems, with
// paths and without lines; problems of the whole are left to whoever reads it.
func Vary(kind document.Kind, src, decisions []byte) (*document.File, document.Node, error) {
	return vary(kind, src, decisions, requestShape, "")
}

// shorts is the key that says whether a sell opens a short.
const shorts = "allow_short_from_flat"

// sharedRequestShape has the keys that a request may vary of decisions that several
// models share.
var sharedRequestShape = document.Keys{Names: append(slices.Clone(sharedShape.Names), shorts), Hints: sharedShape.Hints}

// VaryShared is Vary of a file whose decisions ReadShared reads, and which has
// allow_short_from_flat in another section.
func VaryShared(kind document.Kind, src, decisions []byte, shortsSection string) (*document.File, document.Node, error) {
	return vary(kind, src, decisions, sharedRequestShape, shortsSection)
}

func vary(kind document.Kind, src, decisions []byte, allowed document.Keys, shortsSection string) (*document.File, document.Node, error) {
	tree, err := document.Tree(kind.Name, kind, src)
	if err != nil {
		return nil, document.Node{}, err
	}
	change, err := document.Tree(requested, kind, decisions)
	if err != nil {
		return nil, document.Node{}, err
	}
	document.Unplace(change)
	read, n, ok := document.Of(requested, section, change)
	if ok {
		if m, ok := n.Mapping(allowed); ok && shortsSection != "" {
			move(m, change, tree, shortsSection)
		}
	}
	if problems := read.Problems(); problems != nil {
		return nil, document.Node{}, problems
	}
	document.Set(tree, section, document.Merge(document.Value(tree, section), change))
	file, top, ok := document.Of(requested, "", tree)
	if !ok {
		return nil, document.Node{}, file.Problems()
	}
	return file, top, nil
}

// move takes what change, read as m, says about shorts to the section of tree where
// the file says it.
func move(m document.Mapping, change, tree *yaml.Node, to string) {
	n, ok := m.Get(shorts)
	if !ok {
		return
	}
	if !n.IsNull() {
		n.Flag() // what is wrong is wrong in the request, and not where it goes
	}
	moved := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	document.Set(moved, shorts, n.YAML())
	document.Set(change, shorts, nil)
	document.Set(tree, to, document.Merge(document.Value(tree, to), moved))
}

// Decide returns s with the decisions that the mapping decisions holds: those that
// its file would have given it with that mapping in the place of its own. It reads
// nothing else again, for programs that try thousands of decisions. file is a name
// for messages; the error is document.Problems.
func Decide(s *strategy.Strategy, file string, decisions *yaml.Node) (*strategy.Strategy, error) {
	changed := *s
	changed.Decisions = strategy.Decisions{}
	read, n, ok := document.Of(file, section, decisions)
	if ok {
		changed.Decisions = Read(n, s.Base)
		if have := changed.Decisions.OutputFormat; have != s.Decisions.OutputFormat {
			n.Problem("output_format %q: the model was trained for %s", document.Clip(have), s.Decisions.OutputFormat)
		}
		Fit(changed.Decisions, n, s.Training.Labels.Source, s.Base)
	}
	if problems := read.Problems(); problems != nil {
		return nil, problems
	}
	return &changed, nil
}
