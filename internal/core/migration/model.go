package migration

import (
	"strconv"

	"go.yaml.in/yaml/v4"
)

// defaults writes out what the original took for granted in files of version 1.
func (m *migration) defaults() {
	if m.from != 1 {
		return
	}
	for _, x := range []struct {
		key   string
		value func() *yaml.Node
	}{
		{"model", func() *yaml.Node {
			n, shape := mapping(), flow(mapping())
			set(n, "type", text("mlp"))
			set(shape, "hidden_layers", list(scalar("!!int", "50"), scalar("!!int", "25")))
			set(n, "architecture", shape)
			return n
		}},
		{"training", func() *yaml.Node {
			n, labels := mapping(), flow(mapping())
			set(labels, "source", text("zigzag"))
			set(labels, "zigzag_threshold", scalar("!!float", "0.03"))
			set(labels, "label_lookahead", scalar("!!int", "20"))
			set(n, "labels", labels)
			return n
		}},
		{"decisions", func() *yaml.Node {
			n := mapping()
			set(n, "output_format", text("classification"))
			set(n, "confidence_threshold", scalar("!!float", "0.6"))
			return n
		}},
	} {
		const taken = "added %s, which the original took where nothing was written"
		value, old := x.value(), get(m.top, x.key)
		if old == nil {
			set(m.top, x.key, value)
			m.did(nil, x.key, taken, inline(value))
			continue
		}
		for _, key := range keys(value) {
			if old.Kind == yaml.MappingNode && get(old, key) == nil && x.key+"."+key != "decisions.confidence_threshold" {
				set(old, key, get(value, key))
				m.did(nil, x.key+"."+key, taken, inline(get(value, key)))
			}
		}
	}
}

// model rewrites the shape of the network, and moves its training to training.
func (m *migration) model() {
	n := get(m.top, "model")
	m.features(n)
	shape := get(n, "architecture")
	for _, key := range []string{"input_size", "output_size"} {
		m.drop(shape, "model.architecture", key, "it follows from the inputs and the labels")
	}
	kind := get(n, "type")
	if kind != nil && kind.Value == "mlp" {
		for _, key := range []string{"sequence_length", "hidden_size", "num_layers"} {
			m.drop(shape, "model.architecture", key, "it has no meaning for an mlp")
		}
	}
	old := remove(n, "training")
	if old == nil {
		return
	}
	to := section(m.top, "training")
	for i := 0; i+1 < len(old.Content) && to != nil; i += 2 {
		key, value := old.Content[i], old.Content[i+1]
		path := "model.training." + key.Value
		switch {
		case get(to, key.Value) != nil:
			m.did(value, path, "removed %s: training.%s says %s", inline(value), key.Value, inline(get(to, key.Value)))
		case m.from == 3:
			m.did(value, path, "moved to training.%s; the original ignored it here and took its default", key.Value)
			to.Content = append(to.Content, key, value)
		default:
			m.did(value, path, "moved to training.%s", key.Value)
			to.Content = append(to.Content, key, value)
		}
	}
}

// features removes model.features, of which one key ever did something.
func (m *migration) features(n *yaml.Node) {
	old := get(n, "features")
	if back := get(old, "lookback_periods"); back != nil && m.from < 3 && back.Value != "0" {
		remove(old, "lookback_periods")
		if inputs := get(m.top, "nn_inputs"); inputs != nil {
			for _, input := range inputs.Content {
				set(input, "lags", scalar("!!int", back.Value))
			}
		}
		m.did(back, "model.features.lookback_periods", "became lags: %s of every input: the network sees the bars before the decision bar as well; "+
			"the original gave it zeros where there were none yet, here such rows are not known", back.Value)
	}
	m.drop(n, "model", "features", "the original ignored it")
}

// training rewrites how the network is fitted.
func (m *migration) training() {
	n := get(m.top, "training")
	switch value := get(n, "lr_scheduler"); {
	case value == nil:
	case value.Value == "true":
		m.drop(n, "training", "lr_scheduler", "the original never scheduled the rate")
	case get(value, "enabled") != nil && get(value, "enabled").Value == "false":
		set(n, "lr_scheduler", scalar("!!bool", "false"))
		m.did(value, "training.lr_scheduler", "%s became false", inline(value))
	default:
		m.drop(value, "training.lr_scheduler", "enabled", "the block itself turns the schedule on")
	}
	m.earlyStopping(n)
	m.drop(n, "training", "fitness_metrics", "the original never read it")
	if value := get(n, "validation_split"); value != nil && get(n, "data_split") != nil {
		m.drop(n, "training", "validation_split", "data_split says it")
	}
	m.labels(get(n, "labels"))
}

// earlyStopping keeps what says when to stop.
func (m *migration) earlyStopping(n *yaml.Node) {
	const path = "training.early_stopping"
	value := get(n, "early_stopping")
	switch {
	case value == nil:
	case value.Kind == yaml.ScalarNode && value.Value == "true":
		block := flow(mapping())
		set(block, "patience", scalar("!!int", "10"))
		set(n, "early_stopping", block)
		m.did(value, path, "true became {patience: 10}, which is the default")
	case value.Kind == yaml.MappingNode:
		if on := get(value, "enabled"); on != nil && on.Value == "false" {
			set(n, "early_stopping", scalar("!!bool", "false"))
			m.did(value, path, "%s became false", inline(value))
			return
		}
		m.drop(value, path, "enabled", "the block itself turns early stopping on")
		m.drop(value, path, "monitor", "what is watched is the validation loss")
		m.drop(value, path, "restore_best_weights", "the best weights are always kept")
	}
}

// labels removes parameters that the original ignored.
func (m *migration) labels(n *yaml.Node) {
	source := get(n, "source")
	if source == nil || source.Value != "triple_barrier" {
		return
	}
	for _, x := range [...]struct{ wrong, right string }{
		{"profit_target_atr", "pt_multiplier"}, {"stop_loss_atr", "sl_multiplier"},
		{"max_holding_bars", "max_holding_period"}, {"atr_period", "vol_span"},
	} {
		m.drop(n, "training.labels", x.wrong, "the original ignored it; what it read is "+x.right)
	}
}

// decisions rewrites how outputs become trades.
func (m *migration) decisions() {
	n := get(m.top, "decisions")
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	m.drop(n, "decisions", "num_classes", "it follows from the labels")
	m.drop(get(n, "filters"), "decisions.filters", "volume_filter", "the original ignored it")
	switch format := get(n, "output_format"); {
	case format == nil:
	case format.Value == "regression":
		m.drop(n, "decisions", "confidence_threshold", "a regression has no confidence")
	case format.Value == "regime_classification", format.Value == "context_classification":
		for _, key := range []string{"confidence_threshold", "position_awareness", "filters"} {
			m.drop(n, "decisions", key, "what it says is about trades, and the model makes none")
		}
		return
	}
	m.separation(n)
}

// defaultSeparation is what the original waited between signals, in hours.
const defaultSeparation = 4

// separation turns the hours that older versions counted between signals into
// bars. In version 3 the number is left as it is: it was always said to be bars.
func (m *migration) separation(n *yaml.Node) {
	const path = "decisions.filters.min_signal_separation"
	base, ok := m.base()
	if m.from == 3 || !ok || base.Seconds() == 3600 {
		return // an hour is a bar
	}
	filters := section(n, "filters")
	if filters == nil {
		return
	}
	value, hours := get(filters, "min_signal_separation"), defaultSeparation
	if value != nil {
		var err error
		if hours, err = strconv.Atoi(value.Value); err != nil || hours < 0 {
			return // grammar.Parse says what is wrong
		}
	}
	bars := (int64(hours)*3600 + base.Seconds() - 1) / base.Seconds()
	set(filters, "min_signal_separation", scalar("!!int", strconv.FormatInt(bars, 10)))
	m.did(value, path, "%d hours became %d bars of %s: signals are counted apart in bars", hours, bars, base)
}
