package migration

import (
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/indicator/catalog"
	"go.yaml.in/yaml/v4"
)

// spellings are names by which the original knew an indicator and this engine
// does not.
var spellings = map[string]string{
	"stoch": "stochastic", "psar": "parabolicsar", "sar": "parabolicsar", "bollinger": "bollingerbands", "bollinger_bands": "bollingerbands",
	"bb_width": "bollingerbandwidth", "bollinger_band_width": "bollingerbandwidth", "williams_r": "williamsr", "donchian_channels": "donchianchannels",
	"keltner_channels": "keltnerchannels", "fisher_transform": "fishertransform", "fisher": "fishertransform", "volume_ratio": "volumeratio",
	"squeeze_intensity": "squeezeintensity", "distance_from_ma": "distancefromma", "parabolic_sar": "parabolicsar", "ad_line": "adline",
	"zig_zag": "zigzag", "super_trend": "supertrend",
}

// parameters are names that files give to a parameter of another name.
var parameters = map[string]map[string]string{
	"macd":           {"fast": "fast_period", "slow": "slow_period", "signal": "signal_period"},
	"bollingerbands": {"std_dev": "multiplier", "num_std": "multiplier"},
}

// indicators turns the list into a mapping, and writes out what names and
// formulas of the original mean here.
func (m *migration) indicators() {
	n := get(m.top, "indicators")
	if n != nil && n.Kind == yaml.SequenceNode {
		n = m.indicatorMap(n)
		set(m.top, "indicators", n)
	}
	for _, id := range keys(n) {
		m.indicator("indicators."+id, get(n, id))
	}
}

func (m *migration) indicatorMap(old *yaml.Node) *yaml.Node {
	n := mapping()
	n.HeadComment, n.FootComment = old.HeadComment, old.FootComment
	for _, item := range old.Content {
		name, id := remove(item, "name"), remove(item, "feature_id")
		switch {
		case item.Kind != yaml.MappingNode || name == nil && id == nil:
			m.refuse(item, "indicators", "an entry has neither name nor feature_id: %s", inline(item))
			continue
		case id == nil:
			id = text(name.Value)
			m.did(name, "indicators."+id.Value, "got the id %s, its name, for it has no feature_id", id.Value)
		}
		if get(n, id.Value) != nil {
			m.refuse(id, "indicators."+id.Value, "the id is there twice: rename one of the two")
			continue
		}
		if params := remove(item, "params"); params != nil && params.Kind == yaml.MappingNode {
			item.Content = append(item.Content, params.Content...)
		}
		if name != nil && get(item, "type") == nil {
			insert(item, "type", name)
		}
		key := text(id.Value)
		key.HeadComment, item.HeadComment = item.HeadComment, ""
		n.Content = append(n.Content, key, item)
		m.did(id, "indicators."+id.Value, "the entry of the list became the key %s", id.Value)
	}
	return n
}

// indicator rewrites one indicator.
func (m *migration) indicator(path string, n *yaml.Node) {
	kind := get(n, "type")
	if kind == nil || kind.Kind != yaml.ScalarNode {
		return // grammar.Parse says what is missing
	}
	spec, ok := catalog.Lookup(kind.Value)
	if !ok {
		spec, ok = catalog.Lookup(spellings[strings.ToLower(kind.Value)])
		if !ok {
			m.refuse(kind, path+".type", "the indicator %s is not known here", kind.Value)
			return
		}
		m.did(kind, path+".type", "%s became %s", kind.Value, spec.Name)
		kind.Value = spec.Name
	}
	known := make([]string, len(spec.Params))
	for i, p := range spec.Params {
		known[i] = p.Name
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if right := parameters[spec.Name][key.Value]; right != "" && get(n, right) == nil {
			m.did(key, path+"."+key.Value, "renamed %s; the original ignored the parameter under this name", right)
			key.Value = right
		}
	}
	for _, key := range keys(n) {
		if key != "type" && key != "data_source" && !slices.Contains(known, key) {
			m.drop(n, path, key, "the original's "+spec.Name+" has no such parameter and ignored it")
		}
	}
	if slices.Contains(known, "definition") && get(n, "definition") == nil {
		set(n, "definition", text("ktrdr"))
		m.did(nil, path+".definition", "added ktrdr: the original's formula differs from the textbook")
	}
}
