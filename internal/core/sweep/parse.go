package sweep

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// Limits on a file.
const (
	maxBytes  = 1 << 20
	maxAxes   = 32
	maxValues = 10_000 // of one axis
	maxDepth  = 8
)

// A reader turns a file into a Space and collects what is wrong on the way.
type reader struct {
	file     string
	problems document.Problems
}

// ParseSpace reads a file as the package comment describes it; file is its name
// for messages. The error is document.Problems: everything that is wrong, at once.
func ParseSpace(file string, src []byte) (Space, error) {
	r := &reader{file: file}
	s := Space{Seed: 1}
	if top := r.load(src); top != nil {
		r.space(&s, top)
	}
	if len(r.problems) > 0 {
		return Space{}, r.problems
	}
	return s, nil
}

func (r *reader) problem(n *yaml.Node, path, format string, args ...any) {
	p := document.Problem{File: r.file, Path: path, Message: fmt.Sprintf(format, args...)}
	if n != nil {
		p.Line, p.Column = n.Line, n.Column
	}
	r.problems = append(r.problems, p)
}

// load returns the mapping that src holds, or nil, having reported why.
func (r *reader) load(src []byte) *yaml.Node {
	if len(src) > maxBytes {
		r.problem(nil, "", "the file has %d bytes; a space has at most %d: is this the right file?", len(src), maxBytes)
		return nil
	}
	loader, err := yaml.NewLoader(bytes.NewReader(src), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		r.problem(nil, "", "%s", err.Error())
		return nil
	}
	var first, second yaml.Node
	err = loader.Load(&first)
	switch {
	case errors.Is(err, io.EOF) || err == nil && len(first.Content) == 0:
		r.problem(nil, "", "the file is empty: want axes")
	case err != nil:
		r.problem(nil, "", "not valid YAML: %s", err.Error())
	case !errors.Is(loader.Load(&second), io.EOF):
		r.problem(nil, "", "the file holds more than one document, or something that is not YAML behind the first: want one")
	case first.Content[0].Kind != yaml.MappingNode:
		r.problem(first.Content[0], "", "want a mapping with axes")
	case !r.plain(first.Content[0]):
	default:
		return first.Content[0]
	}
	return nil
}

// plain reports anchors, aliases, tags and keys that are there twice.
func (r *reader) plain(n *yaml.Node) bool {
	ok := true
	if n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		r.problem(n, "", "anchors, aliases and tags are not understood here: write the value out")
		return false
	}
	for i, child := range n.Content {
		ok = r.plain(child) && ok
		for k := 0; n.Kind == yaml.MappingNode && i%2 == 0 && k < i; k += 2 {
			if n.Content[k].Value == child.Value {
				r.problem(child, child.Value, "the key is there twice, first on line %d: remove one", n.Content[k].Line)
				ok = false
			}
		}
	}
	return ok
}

var topKeys = []string{"axes", "sample", "seed"}

func (r *reader) space(s *Space, top *yaml.Node) {
	r.known(top, topKeys)
	if axes := get(top, "axes"); axes == nil {
		r.problem(top, "axes", "missing: want at least one axis such as decisions.confidence_threshold: [0.5, 0.6]")
	} else {
		r.axes(s, axes)
	}
	if n := get(top, "seed"); n != nil {
		seed, err := strconv.ParseUint(n.Value, 10, 64)
		if err != nil || n.Kind != yaml.ScalarNode {
			r.problem(n, "seed", "want a whole number of at least 0")
		}
		s.Seed = seed
	}
	if n := get(top, "sample"); n != nil {
		sample, err := strconv.Atoi(n.Value)
		if err != nil || sample < 0 || sample > MaxTrials || n.Kind != yaml.ScalarNode {
			r.problem(n, "sample", "want a number of trials from 0 to %d; 0 is the whole grid", MaxTrials)
		} else if points := s.points(); len(r.problems) == 0 && uint64(sample) > points {
			r.problem(n, "sample", "the grid has %d points: want at most so many, or 0 for all of them", points)
		}
		s.Sample = sample
	}
	if points := s.points(); len(r.problems) == 0 && s.Sample == 0 && points > MaxTrials {
		r.problem(top, "axes", "the grid has %d points: want at most %d, or a sample", points, MaxTrials)
	}
}

// known reports keys of n that are not among keys.
func (r *reader) known(n *yaml.Node, keys []string) {
	for i := 0; i < len(n.Content); i += 2 {
		if key := n.Content[i]; !slices.Contains(keys, key.Value) {
			r.problem(key, key.Value, "unknown key%s: want %s", spell.Hint(key.Value, keys), strings.Join(keys, ", "))
		}
	}
}

func (r *reader) axes(s *Space, n *yaml.Node) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 || len(n.Content) > 2*maxAxes {
		r.problem(n, "axes", "want a mapping of 1 to %d paths, each with its values", maxAxes)
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		path := n.Content[i].Value
		r.path(n.Content[i], s.Axes)
		s.Axes = append(s.Axes, Axis{Path: path, Values: r.values(path, n.Content[i+1])})
	}
}

var pathPattern = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$`)

// path reports a path that is none, or that cannot be an axis beside the others.
func (r *reader) path(n *yaml.Node, others []Axis) {
	path := n.Value
	switch {
	case !pathPattern.MatchString(path):
		r.problem(n, path, "not a path: want keys with dots between them, for example decisions.exits.stop_loss")
	case !strings.HasPrefix(path, "decisions."):
		r.problem(n, path, "all trials share one model and what it reads: want a path under decisions")
	case strings.HasPrefix(path, "decisions.output_format"):
		r.problem(n, path, "the model was trained for one output_format, which all trials share: remove it")
	}
	for _, other := range others {
		if strings.HasPrefix(path+".", other.Path+".") || strings.HasPrefix(other.Path+".", path+".") {
			r.problem(n, path, "it is part of %s, or the other way round, so that one undoes the other: remove one", other.Path)
		}
	}
}

// values returns what is tried for path.
func (r *reader) values(path string, n *yaml.Node) []string {
	var values []string
	switch {
	case n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			text, err := flow(item)
			if err != nil {
				r.problem(item, path, "%s", err.Error())
			}
			values = append(values, text)
		}
	case n.Kind == yaml.MappingNode:
		values = r.steps(path, n)
	}
	if len(values) == 0 || len(values) > maxValues {
		r.problem(n, path, "want a list of 1 to %d values, or {from: 0.5, to: 0.9, step: 0.05}", maxValues)
	}
	seen := make(map[string]bool, len(values))
	for _, v := range values {
		if seen[v] {
			r.problem(n, path, "%s is there twice: remove one", v)
		}
		seen[v] = true
	}
	return values
}

var decimalPattern = regexp.MustCompile(`^-?[0-9]{1,12}(\.[0-9]{1,12})?$`)

// steps returns from, from+step, … up to to, as exact decimals.
func (r *reader) steps(path string, n *yaml.Node) []string {
	keys := []string{"from", "to", "step"}
	r.known(n, keys)
	var bound [3]*big.Rat
	places := 0
	for i, key := range keys {
		v := get(n, key)
		if v == nil || v.Kind != yaml.ScalarNode || !decimalPattern.MatchString(v.Value) {
			r.problem(n, path+"."+key, "want a decimal number such as 0.05")
			return nil
		}
		bound[i], _ = new(big.Rat).SetString(v.Value) // the pattern is one of numbers
		if dot := strings.IndexByte(v.Value, '.'); dot >= 0 {
			places = max(places, len(v.Value)-dot-1)
		}
	}
	if bound[2].Sign() <= 0 {
		r.problem(n, path+".step", "want a number above 0")
		return nil
	}
	var values []string
	for at := bound[0]; at.Cmp(bound[1]) <= 0 && len(values) <= maxValues; at = new(big.Rat).Add(at, bound[2]) {
		text := at.FloatString(places)
		if places > 0 {
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
		values = append(values, text)
	}
	return values
}
