package grammar

import (
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// tradingKeys are the keys of decisions that are about positions and not about
// what one model says.
var tradingKeys = []string{"filters", "exits", "sizing", "costs", "account", "fills"}

// trading reads them.
func (d *decoder) trading(s *strategy.Strategy, f document.Mapping) {
	s.Decisions.MinSignalSeparation = 4
	if n, ok := f.Get("filters"); ok {
		if filters, ok := n.Mapping(filtersShape); ok {
			d.separation(s, filters)
		}
	}
	d.exits(s, f)
	d.sizing(s, f)
	d.costs(s, f)
	d.account(s, f)
	d.fills(s, f)
}

// tradingShape hints at the other keys of decisions.
var tradingShape = document.Keys{Names: tradingKeys, Hints: map[string]string{
	"output_format":         "every model has its own: remove it",
	"confidence_threshold":  "every model has its own, from the strategy that it was trained by: remove it",
	"cost_model":            "every model has its own, from the strategy that it was trained by: remove it",
	"position_awareness":    "remove it: the position held is always looked at",
	"allow_short_from_flat": "it stands under composition",
}}

// Trading reads the decisions of a file that are about positions: what decisions
// of a strategy has under filters, exits, sizing, costs, account and fills, with
// the same defaults, which are all there is where the key is absent. Where exits are
// elsewhere they are refused here.
func Trading(m document.Mapping, key string, elsewhere bool) strategy.Decisions {
	s, d := &strategy.Strategy{}, &decoder{}
	n, ok := m.Get(key)
	if !ok {
		d.trading(s, document.Mapping{Node: m.Node})
		return s.Decisions
	}
	f, ok := n.Mapping(tradingShape)
	if !ok {
		return s.Decisions
	}
	d.trading(s, f)
	if n, ok := f.Get("exits"); ok && s.Decisions.Exits.FromLabel {
		n.Problem("there are no labels to take exits from: write them out, for example {stop_loss: 0.02, take_profit: 0.04}")
	}
	if elsewhere {
		f.Useless("exits", "every model has its own")
		return s.Decisions
	}
	d.sizingFits(s, n)
	return s.Decisions
}

// TradingSchema is the JSON Schema of what Mapping.Trading reads, as a value that
// encodes to it.
func TradingSchema() any {
	whole := decisionsSchema()["properties"].(map[string]document.Schema)
	kinds := map[string]document.Schema{}
	for _, key := range tradingKeys {
		kinds[key] = whole[key]
	}
	return tradingShape.Schema(kinds)
}
