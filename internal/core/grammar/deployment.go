package grammar

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

var (
	deploymentShape = document.Keys{
		Names: []string{"target_symbols", "target_timeframes"},
		Hints: map[string]string{"symbols": "the key is called target_symbols", "timeframes": "the key is called target_timeframes",
			"scope": "write target_symbols: {mode: …}"},
	}
	targetSymbolsShape = document.Keys{
		Names: []string{"mode", "restrictions"},
		Hints: map[string]string{"asset_classes": "it stands under restrictions", "excluded_symbols": "it stands under restrictions",
			"list": "write mode: training_only, and train on those symbols"},
	}
	restrictionsShape = document.Keys{
		Names: []string{"asset_classes", "excluded_symbols"},
		Hints: map[string]string{"min_liquidity_tier": "remove it: nothing here knows how liquid a symbol is; name those that are not under excluded_symbols"},
	}
	targetTimeframesShape = document.Keys{
		Names: []string{"mode", "timeframe", "supported"},
		Hints: map[string]string{"list": "the key is called supported", "timeframes": "the key is called supported"},
	}
)

// deployment reads what the models are meant for.
func (d *decoder) deployment(s *strategy.Strategy, f document.Mapping) {
	n, ok := f.Get("deployment")
	if !ok {
		return
	}
	if f, ok = n.Mapping(deploymentShape); !ok {
		return
	}
	symbols, hasSymbols := f.Get("target_symbols")
	timeframes, hasTimeframes := f.Get("target_timeframes")
	if hasSymbols {
		d.targetSymbols(&s.Deployment, symbols)
	}
	if hasTimeframes {
		d.targetTimeframes(s, timeframes)
	}
	if !hasSymbols && !hasTimeframes && !f.IsRefused() {
		n.Problem("it says nothing: want target_symbols or target_timeframes, or remove it")
	}
}

func (d *decoder) targetSymbols(to *strategy.Deployment, n document.Node) {
	f, ok := n.Mapping(targetSymbolsShape)
	if !ok {
		return
	}
	if n, there := f.Need("mode", document.Alternatives([]string{strategy.TargetUniversal, strategy.TargetRestricted, strategy.TargetTraining})); there {
		to.Symbols, ok = n.Choice([]string{strategy.TargetUniversal, strategy.TargetRestricted, strategy.TargetTraining})
	}
	n, restricted := f.Get("restrictions")
	switch {
	case !ok || to.Symbols == "":
	case restricted && to.Symbols != strategy.TargetRestricted:
		n.Problem("they belong to mode: group_restricted, and the mode is %s", to.Symbols)
	case restricted:
		d.restrictions(to, n)
	case to.Symbols == strategy.TargetRestricted:
		f.Need("restrictions", "asset_classes: [forex] or excluded_symbols: [...]; mode: universal restricts nothing")
	}
}

func (d *decoder) restrictions(to *strategy.Deployment, n document.Node) {
	f, ok := n.Mapping(restrictionsShape)
	if !ok {
		return
	}
	classes, hasClasses := f.Get("asset_classes")
	if hasClasses {
		for _, item := range classes.Items("class") {
			if class, ok := item.Text(); ok && class != strategy.AssetForex {
				item.Problem("%q cannot be told from a symbol, only forex can: want [forex], or name what is not meant under excluded_symbols", document.Clip(class))
			}
			to.PairsOnly = true
		}
	}
	excluded, hasExcluded := f.Get("excluded_symbols")
	if hasExcluded {
		for _, item := range excluded.Items("symbol") {
			symbol, ok := readSymbol(item)
			switch {
			case !ok:
			case slices.Contains(to.Excluded, symbol):
				item.Problem("%s is listed twice", symbol)
			default:
				to.Excluded = append(to.Excluded, symbol)
			}
		}
	}
	if !hasClasses && !hasExcluded && !f.IsRefused() {
		n.Problem("they restrict nothing: want asset_classes or excluded_symbols")
	}
}

func (d *decoder) targetTimeframes(s *strategy.Strategy, n document.Node) {
	f, ok := n.Mapping(targetTimeframesShape)
	if !ok {
		return
	}
	single, multi := "single", "multi_timeframe"
	mode, ok := "", false
	if n, there := f.Need("mode", single+" or "+multi); there {
		mode, ok = n.Choice([]string{single, multi})
	}
	if !ok {
		return
	}
	key, other, want := "timeframe", "supported", "the timeframe of decisions, for example timeframe: 1h"
	if mode == multi {
		key, other, want = "supported", "timeframe", "a list of timeframes of decisions, for example supported: [1h, 4h]"
	}
	if n, there := f.Get(other); there {
		n.Problem("mode %s wants %s", mode, key)
	}
	value, there := f.Need(key, want)
	if !there {
		return
	}
	items := []document.Node{value}
	if mode == multi {
		items = value.Items("timeframe")
	}
	list, ok := d.timeframeList(items)
	if !ok || len(list) == 0 {
		return
	}
	s.Deployment.Timeframes = list
	if d.base == 0 && s.Base != 0 && !slices.Contains(list, s.Base) {
		value.Problem("the strategy decides on %s, which is not among them: no model of it could be used", s.Base)
	}
}

func deploymentSchema() document.Schema {
	return deploymentShape.Schema(map[string]document.Schema{
		"target_symbols": targetSymbolsShape.Schema(map[string]document.Schema{
			"mode": document.WordOf(strategy.TargetUniversal, strategy.TargetRestricted, strategy.TargetTraining),
			"restrictions": restrictionsShape.Schema(map[string]document.Schema{
				"asset_classes": document.ListOf(document.WordOf(strategy.AssetForex)), "excluded_symbols": document.ListOf(textSchema)}),
		}),
		"target_timeframes": targetTimeframesShape.Schema(map[string]document.Schema{
			"mode": document.WordOf("single", "multi_timeframe"), "timeframe": timeframeSchema(), "supported": document.ListOf(timeframeSchema())}),
	})
}
