package strategy

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// decisionsOfRequest are the keys of decisions that a backtest may vary: all but
// what the model was made for.
var decisionsOfRequest = slices.DeleteFunc(slices.Clone(decisionsShape.keys), func(key string) bool { return key == "output_format" })

// Vary returns the strategy with other decisions: as if its file said what the
// mapping decisions says, in YAML or JSON, in the words of the file. What the
// mapping does not name stays as it is, and null stands for nothing said. The
// error is Problems, with paths and without lines.
//
//	{costs: {spread: 0.8 pips}, exits: null, sizing: {method: units, units: 1000}}
//
// A mapping goes into the one that is there key by key, except that a sizing of
// another method has nothing of the old one. The decisions have to fit the base
// timeframe of s; the symbols and timeframes of what is returned are those of the
// file again, so With comes after Vary.
func (s *Strategy) Vary(decisions []byte) (*Strategy, error) {
	file, err := Document(s.Name, s.Source)
	if err != nil {
		return nil, err
	}
	d := &decoder{file: "decisions of the request"}
	top, ok := d.load(decisions)
	if ok {
		top.path = "decisions"
		unplaced(top.yaml)
		top.fields(shape{keys: decisionsOfRequest, hints: map[string]string{"output_format": "the model was trained for that of the strategy: remove it"}})
	}
	if problems := d.problems.sorted(); problems != nil {
		return nil, problems
	}
	setKey(file, "decisions", varied(valueOf(file, "decisions"), top.yaml))
	varied := &Strategy{}
	d = &decoder{file: d.file, base: s.Base}
	d.strategy(varied, node{d: d, yaml: file})
	if problems := d.problems.sorted(); problems != nil {
		return nil, problems
	}
	varied.Source, varied.Warnings = s.Source, s.Warnings
	return varied, nil
}

// decidesOn returns the timeframe of the decisions of s.
func (d *decoder) decidesOn(s *Strategy) market.Timeframe {
	if d.base != 0 {
		return d.base
	}
	return s.Base
}

// unplaced takes away where y stands: it stands in no file.
func unplaced(y *yaml.Node) {
	y.Line, y.Column = 0, 0
	for _, child := range y.Content {
		unplaced(child)
	}
}

// varied returns the mapping old with what the mapping change says, as a new
// node.
func varied(old, change *yaml.Node) *yaml.Node {
	if old = follow(old); old.Kind != yaml.MappingNode || startsAfresh(old, change) {
		old = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	merged := *old
	merged.Content = slices.Clone(old.Content)
	for i := 0; i+1 < len(change.Content); i += 2 {
		key, value := change.Content[i].Value, follow(change.Content[i+1])
		switch before := valueOf(&merged, key); {
		case value.ShortTag() == "!!null":
			value = nil
		case value.Kind == yaml.MappingNode:
			if before == nil {
				before = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
			}
			value = varied(before, value)
		}
		setKey(&merged, key, value)
	}
	return &merged
}

// startsAfresh tells that change names another method, whose keys are others.
func startsAfresh(old, change *yaml.Node) bool {
	was, is := valueOf(old, "method"), valueOf(change, "method")
	return was != nil && is != nil && follow(was).Value != follow(is).Value
}

// valueOf returns the value of key in mapping m, or nil.
func valueOf(m *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if follow(m.Content[i]).Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// setKey gives key of mapping m a value; nil takes it away.
func setKey(m *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if follow(m.Content[i]).Value != key {
			continue
		}
		if value == nil {
			m.Content = slices.Delete(m.Content, i, i+2)
		} else {
			m.Content[i+1] = value
		}
		return
	}
	if value != nil {
		m.Content = append(m.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value)
	}
}
