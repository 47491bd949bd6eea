package migration

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// The following treat a node that is nil or no mapping as an empty mapping.

// index returns where key stands in n.Content, or -1.
func index(n *yaml.Node, key string) int {
	if n == nil || n.Kind != yaml.MappingNode {
		return -1
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// get returns the value of key, or nil.
func get(n *yaml.Node, key string) *yaml.Node {
	if i := index(n, key); i >= 0 {
		return n.Content[i+1]
	}
	return nil
}

// find follows keys down from n.
func find(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		n = get(n, key)
	}
	return n
}

// remove takes key out of n and returns its value, or nil.
func remove(n *yaml.Node, key string) *yaml.Node {
	i := index(n, key)
	if i < 0 {
		return nil
	}
	value := n.Content[i+1]
	n.Content = append(n.Content[:i:i], n.Content[i+2:]...)
	return value
}

// set gives key a value, where it stands or at the end.
func set(n *yaml.Node, key string, value *yaml.Node) {
	if i := index(n, key); i >= 0 {
		n.Content[i+1] = value
		return
	}
	n.Content = append(n.Content, text(key), value)
}

// insert puts key and value in front of everything in n.
func insert(n *yaml.Node, key string, value *yaml.Node) {
	n.Content = append([]*yaml.Node{text(key), value}, n.Content...)
}

// keys returns the keys of n in their order.
func keys(n *yaml.Node) []string {
	var list []string
	if n != nil && n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			list = append(list, n.Content[i].Value)
		}
	}
	return list
}

// section returns the mapping under key of n, adding an empty one where there is
// none. It is nil where something else stands there.
func section(n *yaml.Node, key string) *yaml.Node {
	value := get(n, key)
	if value == nil {
		value = mapping()
		set(n, key, value)
	}
	if value.Kind != yaml.MappingNode {
		return nil
	}
	return value
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"} }

func flow(n *yaml.Node) *yaml.Node {
	n.Style = yaml.FlowStyle
	return n
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

// scalar returns a number or a flag.
func scalar(tag, s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: s} }

func list(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle, Content: items}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func lineOf(n *yaml.Node) int {
	if n == nil {
		return 0
	}
	return n.Line
}

// maxInline bounds a quoted value.
const maxInline = 60

// inline writes a value on one line, for a person to recognise.
func inline(n *yaml.Node) string {
	var b strings.Builder
	write(&b, n)
	if s := b.String(); len(s) <= maxInline {
		return s
	}
	return strings.ToValidUTF8(b.String()[:maxInline], "") + "…"
}

func write(b *strings.Builder, n *yaml.Node) {
	open, shut := "[", "]"
	switch n.Kind {
	case yaml.ScalarNode:
		b.WriteString(strings.Join(strings.Fields(n.Value), " "))
		return
	case yaml.MappingNode:
		open, shut = "{", "}"
	}
	b.WriteString(open)
	for i, c := range n.Content {
		switch {
		case i == 0:
		case n.Kind == yaml.MappingNode && i%2 == 1:
			b.WriteString(": ")
		default:
			b.WriteString(", ")
		}
		if b.Len() > maxInline {
			return // cut off there anyway
		}
		write(b, c)
	}
	b.WriteString(shut)
}

// findAlias returns an alias below n, or nil.
func findAlias(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n
	}
	for _, c := range n.Content {
		if a := findAlias(c); a != nil {
			return a
		}
	}
	return nil
}
