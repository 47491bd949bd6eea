package trading

import (
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// sharedShape has the keys of decisions that are about positions and not about what
// one model says, and hints at the others.
var sharedShape = document.Keys{
	Names: []string{"filters", "exits", "sizing", "costs", "account", "fills"},
	Hints: map[string]string{
		"output_format":        "every model has its own: remove it",
		"confidence_threshold": "every model has its own, from the strategy that it was trained by: remove it",
		"cost_model":           "every model has its own, from the strategy that it was trained by: remove it",
		"position_awareness":   "remove it: the position held is always looked at",
		shorts:                 "it stands under composition",
	},
}

// readShared reads what sharedShape lists.
func readShared(d *strategy.Decisions, f document.Mapping, base market.Timeframe) {
	d.MinSignalSeparation = 4
	if n, ok := f.Get("filters"); ok {
		if filters, ok := n.Mapping(filtersShape); ok {
			readSeparation(d, filters)
		}
	}
	readExits(d, f)
	readSizing(d, f)
	readCosts(d, f)
	readAccount(d, f)
	readFills(d, f, base)
}

// ReadShared reads key of m, the decisions that several models share: what decisions
// of a strategy has under filters, exits, sizing, costs, account and fills, with the
// same defaults, which are all there is where the key is absent. Where every model
// has exits of its own they are refused here.
func ReadShared(m document.Mapping, key string, ownExits bool) strategy.Decisions {
	d := strategy.Decisions{}
	n, ok := m.Get(key)
	if !ok {
		readShared(&d, document.Mapping{Node: m.Node}, 0)
		return d
	}
	f, ok := n.Mapping(sharedShape)
	if !ok {
		return d
	}
	readShared(&d, f, 0)
	if n, ok := f.Get("exits"); ok && d.Exits.FromLabel {
		n.Problem("there are no labels to take exits from: write them out, for example {stop_loss: 0.02, take_profit: 0.04}")
	}
	if ownExits {
		f.Useless("exits", "every model has its own")
		return d
	}
	fitSizing(d, n, "", true)
	return d
}
