package migration

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A Change is one thing that was done to a file. Line is that of the old file,
// 0 where something was added.
type Change struct {
	Line int    `json:"line,omitempty"`
	Path string `json:"path"`
	What string `json:"what"`
}

// A Refusal is something that cannot be carried over. Line is that of the old
// file where that is known.
type Refusal struct {
	Line   int    `json:"line,omitempty"`
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// A Result is a migrated file. It can be used as it is when Refusals is empty.
type Result struct {
	From     int       `json:"from"` // the version of the old file: 1, 2 or 3
	YAML     string    `json:"yaml"`
	Changes  []Change  `json:"changes"`
	Refusals []Refusal `json:"refusals"`
}

// Migrate rewrites the strategy file src as a file of version 3; file is its name
// for messages. The error is document.Problems where src is no document that can
// be looked at.
func Migrate(file string, src []byte) (Result, error) {
	top, err := grammar.Tree(file, src)
	if err != nil {
		return Result{}, err
	}
	if alias := findAlias(top); alias != nil {
		return Result{}, document.Problems{{File: file, Line: alias.Line, Column: alias.Column,
			Message: "an alias cannot be migrated: write out what it stands for, then migrate"}}
	}
	m := &migration{from: versionOf(top), top: top}
	m.run()
	text, err := encode(top)
	if err != nil {
		return Result{}, fmt.Errorf("write the migrated %s: %w", file, err)
	}
	m.check(file, text)
	return Result{From: m.from, YAML: string(text), Changes: m.changes, Refusals: m.refusals}, nil
}

// A migration is one file on its way.
type migration struct {
	from     int
	top      *yaml.Node
	changes  []Change
	refusals []Refusal
}

// run takes the sections one after the other. Later ones rely on earlier ones.
func (m *migration) run() {
	m.describe()
	m.trainingData()
	m.indicators()
	m.fuzzySets()
	m.inputs()
	m.defaults()
	m.model()
	m.training()
	m.decisions()
	m.deployment()
	m.note()
}

// versionOf tells the versions apart as the original did.
func versionOf(top *yaml.Node) int {
	indicators := get(top, "indicators")
	switch {
	case indicators != nil && indicators.Kind == yaml.MappingNode:
		return 3
	case get(top, "scope") != nil || get(top, "training_data") != nil || get(top, "deployment") != nil:
		return 2
	default:
		return 1
	}
}

// check reads the new file as a user would. What is wrong with it could not be
// migrated.
func (m *migration) check(file string, text []byte) {
	_, err := grammar.Parse(file, text)
	problems, ok := errors.AsType[document.Problems](err)
	if err != nil && !ok {
		problems = document.Problems{{Message: err.Error()}}
	}
	for _, p := range problems {
		known := func(r Refusal) bool { return r.Path == p.Path }
		if !slices.ContainsFunc(m.refusals, known) {
			m.refusals = append(m.refusals, Refusal{Line: m.lineOf(p.Path), Path: p.Path, Reason: p.Message})
		}
	}
}

// lineOf returns the line of the old file on which what path names stands, or what it
// would stand in; 0 where all of that was added.
func (m *migration) lineOf(path string) int {
	n, line := m.top, 0
	for _, key := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		i, err := strconv.Atoi(key)
		switch {
		case n.Kind == yaml.SequenceNode && err == nil && i < len(n.Content):
			n = n.Content[i]
		case index(n, key) >= 0:
			at := index(n, key)
			line = cmp.Or(n.Content[at].Line, line) // of the key
			n = n.Content[at+1]
			continue
		default:
			return line
		}
		line = cmp.Or(n.Line, line)
	}
	return line
}

func (m *migration) did(at *yaml.Node, path, format string, args ...any) {
	m.changes = append(m.changes, Change{Line: lineOf(at), Path: path, What: fmt.Sprintf(format, args...)})
}

func (m *migration) refuse(at *yaml.Node, path, format string, args ...any) {
	m.refusals = append(m.refusals, Refusal{Line: lineOf(at), Path: path, Reason: fmt.Sprintf(format, args...)})
}

// drop removes key from the mapping n, if it is there, and says why.
func (m *migration) drop(n *yaml.Node, path, key, why string) {
	if value := remove(n, key); value != nil {
		m.did(value, join(path, key), "removed %s: %s", inline(value), why)
	}
}

// base returns the timeframe on which the strategy decides, if that is plain.
func (m *migration) base() (market.Timeframe, bool) {
	at := find(m.top, "training_data", "timeframes")
	for _, key := range []string{"base_timeframe", "timeframe", "list", "timeframes"} {
		value := get(at, key)
		if value != nil && value.Kind == yaml.SequenceNode && len(value.Content) == 1 {
			value = value.Content[0]
		}
		if value == nil || value.Kind != yaml.ScalarNode {
			continue
		}
		tf, err := market.ParseTimeframe(value.Value)
		return tf, err == nil
	}
	return 0, false
}

// encode writes the document, two spaces deep.
func encode(top *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	d, err := yaml.NewDumper(&b, yaml.WithIndent(2))
	if err != nil {
		return nil, err
	}
	if err := d.Dump(top); err != nil {
		return nil, err
	}
	if err := d.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
