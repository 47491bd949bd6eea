package grammar

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

var (
	trainingDataShape = document.Keys{
		Names: []string{"symbols", "timeframes", "date_range"},
		Hints: map[string]string{
			"history_required": "remove it: the history that the indicators need is known from their parameters",
			"start_date":       "write date_range: {start: …}",
			"end_date":         "write date_range: {end: …}",
		},
	}
	symbolsShape = document.Keys{
		Names: []string{"mode", "symbol", "list", "symbols"},
		Hints: map[string]string{"selection_criteria": "remove it: symbols are named, nothing selects them"},
	}
	timeframesShape = document.Keys{
		Names: []string{"mode", "timeframe", "list", "timeframes", "base_timeframe"},
		Hints: map[string]string{"base": "the key is called base_timeframe"},
	}
)

func (d *decoder) trainingData(s *strategy.Strategy, n document.Node) {
	f, ok := n.Mapping(trainingDataShape)
	if !ok {
		return
	}
	if n, ok := f.Need("symbols", "a mapping such as {mode: single, symbol: EURUSD}"); ok {
		d.symbols(s, n)
	}
	if n, ok := f.Need("timeframes", "a mapping such as {mode: single, timeframe: 1h}"); ok {
		d.timeframes(s, n)
	}
	if n, ok := f.Get("date_range"); ok {
		s.Period = dateRange(n)
	}
}

func (d *decoder) symbols(s *strategy.Strategy, n document.Node) {
	f, ok := n.Mapping(symbolsShape)
	if !ok {
		return
	}
	items, _ := members(f, "multi_symbol", "symbol", "symbols")
	for _, item := range items {
		symbol, ok := readSymbol(item)
		switch {
		case !ok:
		case slices.Contains(s.Symbols, symbol):
			item.Problem("%s is listed twice", symbol)
		default:
			s.Symbols = append(s.Symbols, symbol)
		}
	}
}

func (d *decoder) timeframes(s *strategy.Strategy, n document.Node) {
	f, ok := n.Mapping(timeframesShape)
	if !ok {
		return
	}
	items, multi := members(f, "multi_timeframe", "timeframe", "timeframes")
	s.Timeframes, ok = d.timeframeList(items)
	if multi && len(items) == 1 {
		items[0].Problem("mode multi_timeframe wants at least 2 timeframes: add one, or use mode: single with timeframe: %s", items[0].Describe())
	}
	base, named := f.Get("base_timeframe")
	switch {
	case named:
		tf, parsed := readTimeframe(base)
		if parsed && ok && len(items) > 0 && !slices.Contains(s.Timeframes, tf) {
			base.Problem("%s is not among the timeframes of this strategy: want %s", tf, document.Alternatives(market.TimeframeNames(s.Timeframes)))
		}
		s.Base = tf
	case multi:
		f.Need("base_timeframe", "the timeframe on whose bars decisions are made, for example base_timeframe: 1h")
	case len(s.Timeframes) > 0:
		s.Base = s.Timeframes[0]
	}
}

// members reads the mode of f and then its one member under key one, or its
// members under list or its alias many.
func members(f document.Mapping, multiMode, one, many string) (items []document.Node, multi bool) {
	mode, ok := "", false
	if n, there := f.Need("mode", "single or "+multiMode); there {
		mode, ok = n.Choice([]string{"single", multiMode})
	}
	if !ok {
		return nil, false
	}
	multi = mode == multiMode
	single, hasOne := f.Get(one)
	list, hasList := f.Get("list")
	alias, hasAlias := f.Get(many)
	if hasAlias {
		if hasList {
			alias.Problem("list says the same: remove one of the two")
		}
		list, hasList = alias, true
	}
	switch {
	case hasOne && hasList:
		single.Problem("give either %s or list, not both", one)
	case multi && hasOne:
		single.Problem("mode %s wants list: [%s, …]", mode, single.Describe())
	case hasOne:
		return []document.Node{single}, multi
	case !hasList && multi:
		f.Need("list", "a list of "+many)
	case !hasList:
		f.Need(one, "one "+one)
	default:
		items, ok = list.List()
		switch {
		case ok && len(items) == 0:
			list.Problem("the list is empty: want at least one %s", one)
		case len(items) > 1 && !multi:
			list.Problem("mode single wants one %s, have %d: use mode: %s", one, len(items), multiMode)
		}
		return items, multi
	}
	return nil, multi
}

// timeframe reads one timeframe.
func readTimeframe(n document.Node) (market.Timeframe, bool) {
	text, ok := n.Text()
	if !ok {
		return 0, false
	}
	tf, err := market.ParseTimeframe(text)
	if err != nil {
		n.Problem("%v%s", err, n.Hint(text, market.TimeframeNames(market.Timeframes())))
		return 0, false
	}
	return tf, true
}

// timeframeList reads timeframes that differ; it reports false if one of them is
// wrong.
func (d *decoder) timeframeList(items []document.Node) (list []market.Timeframe, ok bool) {
	ok = true
	for _, item := range items {
		tf, parsed := readTimeframe(item)
		switch {
		case !parsed:
			ok = false
		case slices.Contains(list, tf):
			item.Problem("%s is listed twice", tf)
		default:
			list = append(list, tf)
		}
	}
	return list, ok
}
