package sweep

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"go.yaml.in/yaml/v4"
)

// Apply returns the strategy file of trial t of the strategy file source: the same
// with the settings in their places, comments included. Whether it is a strategy
// is for grammar.Parse to say.
func Apply(source []byte, t Trial) ([]byte, error) {
	top, err := grammar.Tree("strategy.yaml", source)
	if err != nil {
		return nil, fmt.Errorf("trial %d: %w", t.Index, err)
	}
	top = unanchored(top) // so that a setting changes one place only
	for _, s := range t.Settings {
		value, err := valueOf(s)
		if err == nil {
			err = set(top, s.Path, value)
		}
		if err != nil {
			return nil, fmt.Errorf("trial %d: %w", t.Index, err)
		}
	}
	b, err := encode(top)
	if err != nil {
		return nil, fmt.Errorf("trial %d: %w", t.Index, err)
	}
	return b, nil
}

// valueOf returns the value of s.
func valueOf(s Setting) (*yaml.Node, error) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(s.Value), &document); err != nil || len(document.Content) != 1 {
		return nil, fmt.Errorf("%s: %q is not a value in YAML", s.Path, s.Value)
	}
	return document.Content[0], nil
}

// set puts value in its place below top; null takes the key away.
func set(top *yaml.Node, path string, value *yaml.Node) error {
	keys := strings.Split(path, ".")
	at := top
	for i, key := range keys[:len(keys)-1] {
		next := get(at, key)
		switch {
		case next == nil && value.ShortTag() == "!!null":
			return nil
		case next == nil:
			next = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
			put(at, key, next)
		case next.Kind != yaml.MappingNode:
			return fmt.Errorf("%s: %s is not a mapping in the strategy", path, strings.Join(keys[:i+1], "."))
		}
		at = next
	}
	last := keys[len(keys)-1]
	if value.ShortTag() == "!!null" {
		at.Content = removed(at.Content, last)
		return nil
	}
	put(at, last, value)
	return nil
}

// get returns the value of key, or nil.
func get(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// put gives key a value, where it stands or at the end.
func put(n *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content[i+1] = value
			return
		}
	}
	n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value)
}

// removed returns the content of a mapping without key.
func removed(content []*yaml.Node, key string) []*yaml.Node {
	for i := 0; i+1 < len(content); i += 2 {
		if content[i].Value == key {
			return slices.Delete(slices.Clone(content), i, i+2)
		}
	}
	return content
}

// unanchored returns a copy of n with its aliases written out.
func unanchored(n *yaml.Node) *yaml.Node {
	c := *n
	c.Anchor, c.Content = "", nil
	for _, child := range n.Content {
		if child.Kind == yaml.AliasNode {
			child = child.Alias
		}
		c.Content = append(c.Content, unanchored(child))
	}
	return &c
}

// encode writes a value, two spaces deep.
func encode(n *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	d, err := yaml.NewDumper(&b, yaml.WithIndent(2), yaml.WithLineWidth(math.MaxInt32))
	if err != nil {
		return nil, err
	}
	if err := d.Dump(n); err != nil {
		return nil, err
	}
	if err := d.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// flow returns n in one line.
func flow(n *yaml.Node) (string, error) {
	n = unanchored(n)
	inLine(n)
	b, err := encode(n)
	return strings.TrimSpace(string(b)), err
}

func inLine(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	if n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode {
		n.Style |= yaml.FlowStyle
	}
	for _, child := range n.Content {
		inLine(child)
	}
}
