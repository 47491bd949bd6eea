package trading

import (
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

var (
	decisionsShape = document.Keys{
		Names: []string{"output_format", "confidence_threshold", "position_awareness", "filters", "allow_short_from_flat", "cost_model", "exits", "sizing", "costs", "account", "fills"},
		Hints: map[string]string{
			"num_classes":           "remove it: the labels decide how many classes there are",
			"threshold":             "the key is called confidence_threshold",
			"min_signal_separation": "it stands under decisions.filters",
			"stop_loss":             "it stands under decisions.exits",
			"take_profit":           "it stands under decisions.exits",
			"trailing_stop":         "it stands under decisions.exits",
		},
	}
	filtersShape = document.Keys{Names: []string{"min_signal_separation"}, Hints: map[string]string{
		"volume_filter": "remove it: what volume says can be an input, such as volumeratio or obv under indicators"}}
	costModelShape = document.Keys{Names: []string{"round_trip_cost", "min_edge_multiplier"}}
)

var outputFormats = []string{strategy.Classification, strategy.Regression, strategy.RegimeClassification, strategy.ContextClassification, strategy.MetaClassification}

// maxBars bounds counts of bars.
const maxBars = 1_000_000

// Read reads n, the decisions of a strategy. base is the timeframe on whose bars it
// decides, zero where that is not known. What depends on the labels Fit says.
func Read(n document.Node, base market.Timeframe) strategy.Decisions {
	d := strategy.Decisions{}
	f, ok := n.Mapping(decisionsShape)
	if !ok {
		return d
	}
	if n, ok := f.Need("output_format", document.Alternatives(outputFormats)); ok {
		d.OutputFormat, _ = n.Choice(outputFormats)
	}
	if d.OutputFormat != "" && !d.Trades() {
		for _, key := range decisionsShape.Names[1:] {
			f.Useless(key, "output_format "+d.OutputFormat+" makes no trades by itself")
		}
		return d
	}
	d.PositionAwareness = f.Flag("position_awareness", true)
	readShorts(&d, f)
	readShared(&d, f, base)
	switch d.OutputFormat {
	case strategy.Classification:
		d.ConfidenceThreshold = f.Number("confidence_threshold", 0.5, document.Interval{Low: 0, High: 1})
		f.Useless("cost_model", "output_format classification acts on confidence_threshold")
	case strategy.Regression:
		f.Useless("confidence_threshold", "output_format regression acts on cost_model")
		readCostModel(&d, f)
	}
	return d
}

// Fit reports what of n, of which Read has made d, cannot act with labels of a source,
// "" for one that is not known, or on bars of the timeframe base.
func Fit(d strategy.Decisions, n document.Node, labels label.Source, base market.Timeframe) {
	fitExits(d, n, labels, base)
	fitSizing(d, n, labels, false)
}

// readShorts reads whether a sell opens a short. Where it does anyway, false would be
// a promise that nobody keeps.
func readShorts(d *strategy.Decisions, f document.Mapping) {
	because := ""
	switch {
	case d.OutputFormat == strategy.Regression:
		because = "output_format regression sells as it buys"
	case !d.PositionAwareness:
		because = "position_awareness is false, so every sell is acted on"
	}
	d.AllowShortFromFlat = f.Flag("allow_short_from_flat", because != "")
	if n, ok := f.Get("allow_short_from_flat"); ok && because != "" && !d.AllowShortFromFlat {
		n.Problem("it would have no effect: %s: remove it", because)
	}
}

func readCostModel(d *strategy.Decisions, f document.Mapping) {
	n, ok := f.Need("cost_model", "the costs that a predicted return must exceed, for example {round_trip_cost: 0.003, min_edge_multiplier: 1.5}")
	if !ok {
		return
	}
	if f, ok = n.Mapping(costModelShape); !ok {
		return
	}
	positive := document.Interval{Low: 0, LowOpen: true, High: 1}
	if n, ok := f.Need("round_trip_cost", "the cost of a whole trade as a share of its value, for example 0.003"); ok {
		d.CostModel.RoundTripCost, _ = n.NumberIn(positive)
	}
	positive.High = 1000
	if n, ok := f.Need("min_edge_multiplier", "how many times its cost a trade must promise, for example 1.5"); ok {
		d.CostModel.MinEdgeMultiplier, _ = n.NumberIn(positive)
	}
}
