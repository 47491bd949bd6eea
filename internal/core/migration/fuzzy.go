package migration

import (
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/indicator/catalog"
	"go.yaml.in/yaml/v4"
)

// kinds are names of memberships that are spelled otherwise here.
var kinds = map[string]string{"triangle": "triangular", "trapezoid": "trapezoidal"}

// fuzzySets names the indicator of each set.
func (m *migration) fuzzySets() {
	n := get(m.top, "fuzzy_sets")
	for _, id := range keys(n) {
		m.fuzzySet(n, id, "fuzzy_sets."+id)
	}
}

func (m *migration) fuzzySet(all *yaml.Node, id, path string) {
	n := get(all, id)
	if n.Kind != yaml.MappingNode {
		return
	}
	if get(n, "indicator") == nil {
		used := find(m.top, "indicators", id)
		if used == nil {
			remove(all, id)
			m.did(n, path, "removed %s: no indicator has this id, so the original never used the set", inline(n))
			return
		}
		insert(n, "indicator", text(id))
		m.did(nil, path+".indicator", "added %s", id)
		m.noteOutput(n, path, used)
	}
	m.transform(n, path)
	for _, set := range keys(n) {
		kind := find(n, set, "type")
		if kind == nil {
			continue
		}
		if right := kinds[strings.ToLower(kind.Value)]; right != "" {
			m.did(kind, path+"."+set+".type", "%s became %s", kind.Value, right)
			kind.Value = right
		}
	}
}

// noteOutput tells which output an id without one means, where there are several.
func (m *migration) noteOutput(n *yaml.Node, path string, used *yaml.Node) {
	kind := get(used, "type")
	if kind == nil {
		return
	}
	spec, ok := catalog.Lookup(kind.Value)
	if !ok || len(spec.Outputs) < 2 {
		return
	}
	m.did(n, path, "%s has several outputs: the set is about the first, %s; the original took the last column whose name began with the id. "+
		"If another is meant, write indicator: %s.%s", spec.Name, spec.Outputs[0], get(n, "indicator").Value, spec.Outputs[len(spec.Outputs)-1])
}

// transform carries the input transform of version 2.
func (m *migration) transform(n *yaml.Node, path string) {
	value := get(n, "input_transform")
	if value == nil {
		return
	}
	if kind := get(value, "type"); kind != nil && kind.Value == "identity" {
		m.drop(n, path, "input_transform", "identity changes nothing")
		return
	}
	n.Content[index(n, "input_transform")].Value = "transform"
	m.did(value, path+".input_transform", "became transform")
}

// inputs lists the inputs of the network, which older files imply.
func (m *migration) inputs() {
	if get(m.top, "nn_inputs") != nil {
		return
	}
	ids := keys(get(m.top, "fuzzy_sets"))
	if len(ids) == 0 {
		return
	}
	inputs := list()
	inputs.Style = 0
	for _, id := range ids {
		entry := flow(mapping())
		set(entry, "fuzzy_set", text(id))
		set(entry, "timeframes", text("all"))
		inputs.Content = append(inputs.Content, entry)
	}
	set(m.top, "nn_inputs", inputs)
	m.did(nil, "nn_inputs", "added: every fuzzy set, on all timeframes (%s)", strings.Join(ids, ", "))
}
