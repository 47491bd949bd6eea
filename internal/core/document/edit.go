package document

import (
	"slices"

	"go.yaml.in/yaml/v4"
)

// Unplace takes away where y stands: it stands in no file.
func Unplace(y *yaml.Node) {
	y.Line, y.Column = 0, 0
	for _, child := range y.Content {
		Unplace(child)
	}
}

// Merge returns the mapping old with what the mapping change says, as a new node: a
// mapping goes into the one that is there key by key, null takes a key away. Where
// change names another method than old, nothing of old is left. Without old, which
// is nil then, it is what change says.
func Merge(old, change *yaml.Node) *yaml.Node {
	if old == nil {
		old = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	if old = follow(old); old.Kind != yaml.MappingNode || startsAfresh(old, change) {
		old = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	merged := *old
	merged.Content = slices.Clone(old.Content)
	for i := 0; i+1 < len(change.Content); i += 2 {
		key, value := change.Content[i].Value, follow(change.Content[i+1])
		switch before := Value(&merged, key); {
		case value.ShortTag() == "!!null":
			value = nil
		case value.Kind == yaml.MappingNode:
			value = Merge(before, value)
		}
		Set(&merged, key, value)
	}
	return &merged
}

// startsAfresh tells that change names another method, whose keys are others.
func startsAfresh(old, change *yaml.Node) bool {
	was, is := Value(old, "method"), Value(change, "method")
	return was != nil && is != nil && follow(was).Value != follow(is).Value
}

// Value returns the value of key in mapping m, or nil.
func Value(m *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if follow(m.Content[i]).Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// Set gives key of mapping m a value; nil takes it away.
func Set(m *yaml.Node, key string, value *yaml.Node) {
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
