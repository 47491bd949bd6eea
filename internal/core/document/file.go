package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// Limits on a file. The largest strategies people write have some 15 KB, a few
// hundred values and five levels.
const (
	maxBytes  = 256 << 10
	maxValues = 20_000 // with aliases written out
	maxDepth  = 12
	maxQuoted = 60 // bytes of the file that a message repeats
)

// A Kind is what a file is, for messages.
type Kind struct {
	Name string // such as strategy
	Keys string // some that it has, such as name and indicators
}

// A File is one file on its way, with what was found wrong with it so far. Who reads
// it goes on after a problem, so that one run reports all of them.
type File struct {
	name     string
	kind     Kind
	problems report
	warnings report
	values   int
}

// Open parses src, which holds one mapping; name is that of the file, for messages.
// ok is false, and Problems says why, for what is not one well-formed YAML document
// within the limits.
func Open(name string, kind Kind, src []byte) (f *File, top Node, ok bool) {
	f = &File{name: name, kind: kind}
	top, ok = f.load(src)
	return f, top, ok
}

// Of returns the file name that holds y under path, unparsed: what a program has made
// of other files. ok is false, and Problems says why, for what is beyond the limits.
func Of(name, path string, y *yaml.Node) (f *File, n Node, ok bool) {
	f = &File{name: name}
	return f, Node{f: f, yaml: follow(y), path: path}, f.check(y, 1)
}

// Tree returns the one YAML mapping that src holds, within the limits of Open, for
// programs that rewrite files. The error is Problems.
func Tree(name string, kind Kind, src []byte) (*yaml.Node, error) {
	f, top, _ := Open(name, kind, src)
	if problems := f.Problems(); problems != nil {
		return nil, problems
	}
	return top.yaml, nil
}

// Problems returns what was found wrong so far, in the order of the file; nil where
// nothing was.
func (f *File) Problems() Problems { return f.problems.sorted() }

// Warnings returns what was found doubtful so far, in the order of the file.
func (f *File) Warnings() Problems { return f.warnings.sorted() }

// load parses src into its top node. It reports false, having reported why, for
// what is not one well-formed YAML document within the limits.
func (f *File) load(src []byte) (Node, bool) {
	if len(src) > maxBytes {
		f.problems.add(Problem{File: f.name, Message: fmt.Sprintf(
			"the file has %d bytes; %s files have at most %d: is this the right file?", len(src), f.kind.Name, maxBytes)})
		return Node{}, false
	}
	if !utf8.Valid(src) {
		f.problems.add(invalidUTF8(f.name, src))
		return Node{}, false
	}
	root, err := parse(src, f.kind.Name)
	if err != nil {
		f.problems.add(syntaxProblem(f.name, err))
		return Node{}, false
	}
	top := Node{f: f, yaml: root}
	if !f.check(top.yaml, 0) {
		return Node{}, false
	}
	if top.yaml.Kind != yaml.MappingNode {
		top.Problem("want a mapping of keys such as %s, have %s", f.kind.Keys, top.Describe())
		return Node{}, false
	}
	return top, true
}

// document parses src, which must hold one YAML document.
func parse(src []byte, want string) (*yaml.Node, error) {
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
func (f *File) check(y *yaml.Node, depth int) bool {
	f.values++
	n := Node{f: f, yaml: y}
	switch {
	case f.values > maxValues:
		n.Problem("the file holds more than %d values, with its aliases written out: is this the right file?", maxValues)
		return false
	case depth > maxDepth:
		n.Problem("values are nested more than %d deep: an alias may contain itself", maxDepth)
		return false
	case y.Style&yaml.TaggedStyle != 0:
		n.Problem("the tag %s is not understood here: remove it", y.Tag)
	case y.Kind == yaml.AliasNode:
		return f.check(y.Alias, depth+1)
	}
	for _, child := range y.Content {
		if !f.check(child, depth+1) {
			return false
		}
	}
	return true
}
