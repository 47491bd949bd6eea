package strategy

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

var (
	trainingDataShape = shape{
		keys: []string{"symbols", "timeframes", "date_range"},
		hints: map[string]string{
			"history_required": "remove it: the history that the indicators need is known from their parameters",
			"start_date":       "write date_range: {start: …}",
			"end_date":         "write date_range: {end: …}",
		},
	}
	symbolsShape = shape{
		keys:  []string{"mode", "symbol", "list", "symbols"},
		hints: map[string]string{"selection_criteria": "remove it: symbols are named, nothing selects them"},
	}
	timeframesShape = shape{
		keys:  []string{"mode", "timeframe", "list", "timeframes", "base_timeframe"},
		hints: map[string]string{"base": "the key is called base_timeframe"},
	}
)

func (d *decoder) trainingData(s *Strategy, n node) {
	f, ok := n.fields(trainingDataShape)
	if !ok {
		return
	}
	if n, ok := f.need("symbols", "a mapping such as {mode: single, symbol: EURUSD}"); ok {
		d.symbols(s, n)
	}
	if n, ok := f.need("timeframes", "a mapping such as {mode: single, timeframe: 1h}"); ok {
		d.timeframes(s, n)
	}
	d.dateRange(s, f)
}

func (d *decoder) symbols(s *Strategy, n node) {
	f, ok := n.fields(symbolsShape)
	if !ok {
		return
	}
	items, _ := f.members("multi_symbol", "symbol", "symbols")
	for _, item := range items {
		symbol, ok := item.symbol()
		switch {
		case !ok:
		case slices.Contains(s.Symbols, symbol):
			item.problem("%s is listed twice", symbol)
		default:
			s.Symbols = append(s.Symbols, symbol)
		}
	}
}

func (d *decoder) timeframes(s *Strategy, n node) {
	f, ok := n.fields(timeframesShape)
	if !ok {
		return
	}
	items, multi := f.members("multi_timeframe", "timeframe", "timeframes")
	s.Timeframes, ok = d.timeframeList(items)
	if multi && len(items) == 1 {
		items[0].problem("mode multi_timeframe wants at least 2 timeframes: add one, or use mode: single with timeframe: %s", items[0].describe())
	}
	base, named := f.get("base_timeframe")
	switch {
	case named:
		tf, parsed := base.timeframe()
		if parsed && ok && len(items) > 0 && !slices.Contains(s.Timeframes, tf) {
			base.problem("%s is not among the timeframes of this strategy: want %s", tf, alternatives(names(s.Timeframes)))
		}
		s.Base = tf
	case multi:
		f.need("base_timeframe", "the timeframe on whose bars decisions are made, for example base_timeframe: 1h")
	case len(s.Timeframes) > 0:
		s.Base = s.Timeframes[0]
	}
}

// members reads the mode of f and then its one member under key one, or its
// members under list or its alias many.
func (f fields) members(multiMode, one, many string) (items []node, multi bool) {
	mode, ok := "", false
	if n, there := f.need("mode", "single or "+multiMode); there {
		mode, ok = n.choice([]string{"single", multiMode})
	}
	if !ok {
		return nil, false
	}
	multi = mode == multiMode
	single, hasOne := f.get(one)
	list, hasList := f.get("list")
	alias, hasAlias := f.get(many)
	if hasAlias {
		if hasList {
			alias.problem("list says the same: remove one of the two")
		}
		list, hasList = alias, true
	}
	switch {
	case hasOne && hasList:
		single.problem("give either %s or list, not both", one)
	case multi && hasOne:
		single.problem("mode %s wants list: [%s, …]", mode, single.describe())
	case hasOne:
		return []node{single}, multi
	case !hasList && multi:
		f.need("list", "a list of "+many)
	case !hasList:
		f.need(one, "one "+one)
	default:
		items, ok = list.list()
		switch {
		case ok && len(items) == 0:
			list.problem("the list is empty: want at least one %s", one)
		case len(items) > 1 && !multi:
			list.problem("mode single wants one %s, have %d: use mode: %s", one, len(items), multiMode)
		}
		return items, multi
	}
	return nil, multi
}

// timeframe reads one timeframe.
func (n node) timeframe() (market.Timeframe, bool) {
	text, ok := n.text()
	if !ok {
		return 0, false
	}
	tf, err := market.ParseTimeframe(text)
	if err != nil {
		n.problem("%v%s", err, n.d.hint(text, names(market.Timeframes())))
		return 0, false
	}
	return tf, true
}

// timeframeList reads timeframes that differ; it reports false if one of them is
// wrong.
func (d *decoder) timeframeList(items []node) (list []market.Timeframe, ok bool) {
	ok = true
	for _, item := range items {
		tf, parsed := item.timeframe()
		switch {
		case !parsed:
			ok = false
		case slices.Contains(list, tf):
			item.problem("%s is listed twice", tf)
		default:
			list = append(list, tf)
		}
	}
	return list, ok
}

func names(list []market.Timeframe) []string {
	texts := make([]string, len(list))
	for i, tf := range list {
		texts[i] = tf.String()
	}
	return texts
}
