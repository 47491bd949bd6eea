package migration

import (
	"fmt"

	"go.yaml.in/yaml/v4"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// ignored are top-level keys that never changed a training or a backtest.
var ignored = []struct{ key, why string }{
	{"scope", "the original never acted on it; what models are meant for stands under deployment"},
	{"orchestrator", "only the original's paper trading read it"},
	{"risk_management", "the original never read it"},
	{"backtesting", "the original never read it: capital, costs and dates are given with each backtest"},
}

// describe rewrites what stands at the top.
func (m *migration) describe() {
	for _, x := range ignored {
		m.drop(m.top, "", x.key, x.why)
	}
	m.backtest()
	version := get(m.top, "version")
	switch {
	case version == nil && m.from == 3:
	case version == nil:
		set(m.top, "version", quoted("3.0"))
		m.did(nil, "version", "added 3.0")
	case version.Value != "3.0" || version.ShortTag() != "!!str":
		set(m.top, "version", quoted("3.0"))
		m.did(version, "version", "%s became \"3.0\", the version of the format", inline(version))
	}
	if n := get(m.top, "context_data"); n != nil {
		for i, entry := range n.Content {
			m.drop(entry, fmt.Sprintf("context_data[%d]", i), "instrument_type", "bars are known by their symbol")
		}
	}
}

func quoted(s string) *yaml.Node {
	n := text(s)
	n.Style = yaml.DoubleQuotedStyle
	return n
}

// backtest leaves the dates of backtests, and nothing else of the section.
func (m *migration) backtest() {
	n := get(m.top, "backtest")
	if find(n, "date_range") == nil {
		m.drop(m.top, "", "backtest", "the original never read it: capital, costs and dates are given with each backtest")
		return
	}
	for _, key := range keys(n) {
		if key != "date_range" {
			m.drop(n, "backtest", key, "the original never read it: it is given with each backtest")
		}
	}
}

// trainingData rewrites symbols and timeframes.
func (m *migration) trainingData() {
	if m.from == 1 {
		m.dataOfVersion1()
	}
	n := get(m.top, "training_data")
	m.drop(n, "training_data", "history_required", "the history that the indicators need follows from their parameters")
	m.dateRange(n)
	m.drop(get(n, "symbols"), "training_data.symbols", "selection_criteria", "the original never selected anything by it")
	m.timeframes(get(n, "timeframes"))
}

// dateRange moves start_date and end_date into date_range, which stays.
func (m *migration) dateRange(n *yaml.Node) {
	const path = "training_data"
	for _, x := range []struct{ old, key string }{{"start_date", "start"}, {"end_date", "end"}} {
		if find(n, "date_range", x.key) != nil {
			m.drop(n, path, x.old, "date_range."+x.key+" says "+find(n, "date_range", x.key).Value)
			continue
		}
		value := get(n, x.old)
		if value == nil {
			continue
		}
		if get(n, "date_range") == nil {
			set(n, "date_range", mapping())
		}
		if dates := section(n, "date_range"); dates != nil {
			set(dates, x.key, remove(n, x.old))
			m.did(value, path+"."+x.old, "moved to training_data.date_range.%s", x.key)
		}
	}
}

// note tells of keys that stay and that the original did not act on, unless the file
// has been migrated before.
func (m *migration) note() {
	if len(m.changes) == 0 {
		return
	}
	if n := find(m.top, "training_data", "date_range"); n != nil {
		m.did(n, "training_data.date_range", "it acts now: a training that is asked for without dates has this range, and dates that are asked for must lie in it")
	}
	if n := find(m.top, "backtest", "date_range"); n != nil {
		m.did(n, "backtest.date_range", "it acts now: a backtest that is asked for without dates has this range, and dates that are asked for must lie in it")
	}
	for _, key := range []string{"early_stopping", "lr_scheduler"} {
		if n := find(m.top, "training", key); m.from == 3 && n != nil && n.Kind == yaml.MappingNode {
			m.did(n, "training."+key, "it acts now: the original trained all epochs, at one rate")
		}
	}
	if n := get(m.top, "deployment"); n != nil {
		m.did(n, "deployment", "it acts now: a backtest of anything else is refused")
	}
}

// deployment leaves out of it what nothing here knows. The original only checked its
// form.
func (m *migration) deployment() {
	symbols, timeframes := find(m.top, "deployment", "target_symbols"), find(m.top, "deployment", "target_timeframes")
	const path = "deployment.target_symbols"
	m.drop(get(symbols, "restrictions"), path+".restrictions", "min_liquidity_tier", "nothing here knows how liquid a symbol is")
	for _, key := range []string{"asset_classes", "excluded_symbols"} {
		if list := find(symbols, "restrictions", key); list != nil && list.Kind == yaml.SequenceNode && len(list.Content) == 0 {
			m.drop(get(symbols, "restrictions"), path+".restrictions", key, "an empty list restricts nothing")
		}
	}
	if r := get(symbols, "restrictions"); r != nil && len(r.Content) == 0 {
		m.drop(symbols, path, "restrictions", "nothing is left in it")
	}
	if mode := get(symbols, "mode"); mode != nil && mode.Value != "group_restricted" {
		m.drop(symbols, path, "restrictions", "the mode is "+mode.Value+", which restricts nothing else")
	}
	if mode := get(symbols, "mode"); mode != nil && mode.Value == "group_restricted" && get(symbols, "restrictions") == nil {
		m.did(mode, path+".mode", "group_restricted became universal: no group is named")
		mode.Value = "universal"
	}
	m.supported(timeframes)
}

// supported carries the timeframes of a deployment, of which the original filled
// in one of two keys whatever the mode.
func (m *migration) supported(n *yaml.Node) {
	mode, list, one := get(n, "mode"), get(n, "supported"), get(n, "timeframe")
	if mode == nil {
		return
	}
	const path = "deployment.target_timeframes"
	if mode.Value == "single" && one == nil && list != nil || mode.Value == "multi_timeframe" && list == nil && one != nil {
		was := mode.Value
		if mode.Value = "single"; list != nil {
			mode.Value = "multi_timeframe"
		}
		m.did(mode, path+".mode", "%s became %s, of which the rest is", was, mode.Value)
	}
	switch {
	case mode.Value == "single" && list != nil:
		m.drop(n, path, "supported", "the mode is single")
	case mode.Value == "multi_timeframe" && one != nil:
		m.drop(n, path, "timeframe", "the mode is multi_timeframe")
	}
}

// dataOfVersion1 turns data into training_data.
func (m *migration) dataOfVersion1() {
	old := remove(m.top, "data")
	if old == nil {
		m.refuse(nil, "training_data", "the file names no symbol and no timeframe; the original took AAPL on 1h without saying so: write training_data")
		return
	}
	n := mapping()
	for _, x := range []struct{ from, one, many string }{{"symbols", "symbol", "multi_symbol"}, {"timeframes", "timeframe", "multi_timeframe"}} {
		values := remove(old, x.from)
		if values == nil || values.Kind != yaml.SequenceNode || len(values.Content) == 0 {
			m.refuse(old, "training_data."+x.from, "the file names no %s: write one", x.one)
			continue
		}
		part := flow(mapping())
		if len(values.Content) == 1 {
			set(part, "mode", text("single"))
			set(part, x.one, values.Content[0])
		} else {
			set(part, "mode", text(x.many))
			values.Style = yaml.FlowStyle
			set(part, "list", values)
		}
		set(n, x.from, part)
		m.did(values, "data."+x.from, "moved to training_data.%s", x.from)
	}
	n.Content = append(n.Content, old.Content...)
	set(m.top, "training_data", n)
}

// timeframes names the base where the original only implied it.
func (m *migration) timeframes(n *yaml.Node) {
	listed := get(n, "list")
	if listed == nil {
		listed = get(n, "timeframes")
	}
	if listed == nil || listed.Kind != yaml.SequenceNode {
		return
	}
	if mode := get(n, "mode"); mode != nil && mode.Value == "multi_timeframe" && len(listed.Content) == 1 {
		mode.Value = "single"
		m.did(mode, "training_data.timeframes.mode", "multi_timeframe became single: there is one timeframe")
	}
	if get(n, "base_timeframe") != nil || len(listed.Content) < 2 {
		return
	}
	base, why := listed.Content[0].Value, "the original decided on the first timeframe"
	if m.from < 3 {
		base, why = shortest(listed), "the original decided on the shortest timeframe"
	}
	set(n, "base_timeframe", text(base))
	m.did(nil, "training_data.timeframes.base_timeframe", "added %s: %s", base, why)
}

// shortest returns the shortest of the timeframes that can be read.
func shortest(list *yaml.Node) string {
	name, least := list.Content[0].Value, int64(0)
	for _, item := range list.Content {
		if tf, err := market.ParseTimeframe(item.Value); err == nil && (least == 0 || tf.Seconds() < least) {
			name, least = item.Value, tf.Seconds()
		}
	}
	return name
}
