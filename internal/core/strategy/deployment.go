package strategy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A Deployment says what the models of a strategy are meant for. The zero value is
// everything.
type Deployment struct {
	Symbols    string             // universal, group_restricted or training_only; "" is universal
	PairsOnly  bool               // of group_restricted: pairs of currencies and nothing else
	Excluded   []market.Symbol    // of group_restricted
	Timeframes []market.Timeframe // of decisions, in the order written; nil is all
}

// The values of Deployment.Symbols.
const (
	TargetUniversal  = "universal"
	TargetRestricted = "group_restricted"
	TargetTraining   = "training_only" // the symbols that the model was trained on
)

// assetForex is the one class of assets that a symbol tells.
const assetForex = "forex"

// FitSymbol refuses symbol where a model that was trained on the symbols trained is
// not meant for it.
func (d Deployment) FitSymbol(symbol market.Symbol, trained []market.Symbol) error {
	_, _, isPair := symbol.Pair()
	why := ""
	switch {
	case d.Symbols == TargetTraining && !slices.Contains(trained, symbol):
		why = "mode is training_only, and the model was trained on " + joinSymbols(trained)
	case slices.Contains(d.Excluded, symbol):
		why = "restrictions.excluded_symbols names it"
	case d.PairsOnly && !isPair:
		why = "restrictions.asset_classes is [forex], and it is no pair of currencies"
	default:
		return nil
	}
	return fmt.Errorf("%s is not what the strategy is meant for: deployment.target_symbols.%s. Choose another symbol, or change what the file says", symbol, why)
}

// fitTimeframe refuses tf where models that decide on it are of no use.
func (d Deployment) fitTimeframe(tf market.Timeframe) error {
	if d.Timeframes == nil || slices.Contains(d.Timeframes, tf) {
		return nil
	}
	return fmt.Errorf("decisions on %s are not what the strategy is meant for: deployment.target_timeframes names %s", tf, alternatives(names(d.Timeframes)))
}

// String says what the models are meant for; "" is everything.
func (d Deployment) String() string {
	text := ""
	switch {
	case d.Symbols == TargetTraining:
		text = "the symbols that they are trained on"
	case d.PairsOnly:
		text = "pairs of currencies"
	}
	if len(d.Excluded) > 0 {
		text = cmp.Or(text, "all symbols") + " but " + joinSymbols(d.Excluded)
	}
	if len(d.Timeframes) > 0 {
		text = cmp.Or(text, "all symbols") + ", for decisions on " + alternatives(names(d.Timeframes))
	}
	return text
}

func joinSymbols(list []market.Symbol) string {
	texts := make([]string, len(list))
	for i, x := range list {
		texts[i] = string(x)
	}
	return strings.Join(texts, ", ")
}

var (
	deploymentShape = shape{
		keys: []string{"target_symbols", "target_timeframes"},
		hints: map[string]string{"symbols": "the key is called target_symbols", "timeframes": "the key is called target_timeframes",
			"scope": "write target_symbols: {mode: …}"},
	}
	targetSymbolsShape = shape{
		keys: []string{"mode", "restrictions"},
		hints: map[string]string{"asset_classes": "it stands under restrictions", "excluded_symbols": "it stands under restrictions",
			"list": "write mode: training_only, and train on those symbols"},
	}
	restrictionsShape = shape{
		keys:  []string{"asset_classes", "excluded_symbols"},
		hints: map[string]string{"min_liquidity_tier": "remove it: nothing here knows how liquid a symbol is; name those that are not under excluded_symbols"},
	}
	targetTimeframesShape = shape{
		keys:  []string{"mode", "timeframe", "supported"},
		hints: map[string]string{"list": "the key is called supported", "timeframes": "the key is called supported"},
	}
)

// deployment reads what the models are meant for.
func (d *decoder) deployment(s *Strategy, f fields) {
	n, ok := f.get("deployment")
	if !ok {
		return
	}
	if f, ok = n.fields(deploymentShape); !ok {
		return
	}
	symbols, hasSymbols := f.get("target_symbols")
	timeframes, hasTimeframes := f.get("target_timeframes")
	if hasSymbols {
		d.targetSymbols(&s.Deployment, symbols)
	}
	if hasTimeframes {
		d.targetTimeframes(s, timeframes)
	}
	if !hasSymbols && !hasTimeframes && len(f.refused) == 0 {
		n.problem("it says nothing: want target_symbols or target_timeframes, or remove it")
	}
}

func (d *decoder) targetSymbols(to *Deployment, n node) {
	f, ok := n.fields(targetSymbolsShape)
	if !ok {
		return
	}
	if n, there := f.need("mode", alternatives([]string{TargetUniversal, TargetRestricted, TargetTraining})); there {
		to.Symbols, ok = n.choice([]string{TargetUniversal, TargetRestricted, TargetTraining})
	}
	n, restricted := f.get("restrictions")
	switch {
	case !ok || to.Symbols == "":
	case restricted && to.Symbols != TargetRestricted:
		n.problem("they belong to mode: group_restricted, and the mode is %s", to.Symbols)
	case restricted:
		d.restrictions(to, n)
	case to.Symbols == TargetRestricted:
		f.need("restrictions", "asset_classes: [forex] or excluded_symbols: [...]; mode: universal restricts nothing")
	}
}

func (d *decoder) restrictions(to *Deployment, n node) {
	f, ok := n.fields(restrictionsShape)
	if !ok {
		return
	}
	classes, hasClasses := f.get("asset_classes")
	if hasClasses {
		for _, item := range classes.someOf("class") {
			if class, ok := item.text(); ok && class != assetForex {
				item.problem("%q cannot be told from a symbol, only forex can: want [forex], or name what is not meant under excluded_symbols", clip(class))
			}
			to.PairsOnly = true
		}
	}
	excluded, hasExcluded := f.get("excluded_symbols")
	if hasExcluded {
		for _, item := range excluded.someOf("symbol") {
			symbol, ok := item.symbol()
			switch {
			case !ok:
			case slices.Contains(to.Excluded, symbol):
				item.problem("%s is listed twice", symbol)
			default:
				to.Excluded = append(to.Excluded, symbol)
			}
		}
	}
	if !hasClasses && !hasExcluded && len(f.refused) == 0 {
		n.problem("they restrict nothing: want asset_classes or excluded_symbols")
	}
}

func (d *decoder) targetTimeframes(s *Strategy, n node) {
	f, ok := n.fields(targetTimeframesShape)
	if !ok {
		return
	}
	single, multi := "single", "multi_timeframe"
	mode, ok := "", false
	if n, there := f.need("mode", single+" or "+multi); there {
		mode, ok = n.choice([]string{single, multi})
	}
	if !ok {
		return
	}
	key, other, want := "timeframe", "supported", "the timeframe of decisions, for example timeframe: 1h"
	if mode == multi {
		key, other, want = "supported", "timeframe", "a list of timeframes of decisions, for example supported: [1h, 4h]"
	}
	if n, there := f.get(other); there {
		n.problem("mode %s wants %s", mode, key)
	}
	value, there := f.need(key, want)
	if !there {
		return
	}
	items := []node{value}
	if mode == multi {
		items = value.someOf("timeframe")
	}
	list, ok := d.timeframeList(items)
	if !ok || len(list) == 0 {
		return
	}
	s.Deployment.Timeframes = list
	if d.base == 0 && s.Base != 0 && !slices.Contains(list, s.Base) {
		value.problem("the strategy decides on %s, which is not among them: no model of it could be used", s.Base)
	}
}

// someOf reads a list that holds something.
func (n node) someOf(what string) []node {
	items, ok := n.list()
	if ok && len(items) == 0 {
		n.problem("the list is empty: want at least one %s", what)
	}
	return items
}

func (x Deployment) object() object {
	var o object
	if x.Symbols != "" {
		symbols := object{{"mode", x.Symbols}}
		var restrictions object
		if x.PairsOnly {
			restrictions = append(restrictions, member{"asset_classes", []string{assetForex}})
		}
		if x.Excluded != nil {
			restrictions = append(restrictions, member{"excluded_symbols", x.Excluded})
		}
		if restrictions != nil {
			symbols = append(symbols, member{"restrictions", restrictions})
		}
		o = append(o, member{"target_symbols", symbols})
	}
	switch len(x.Timeframes) {
	case 0:
	case 1:
		o = append(o, member{"target_timeframes", object{{"mode", "single"}, {"timeframe", x.Timeframes[0]}}})
	default:
		o = append(o, member{"target_timeframes", object{{"mode", "multi_timeframe"}, {"supported", x.Timeframes}}})
	}
	return o
}

func deploymentSchema() jsonSchema {
	return mappingOf(deploymentShape, map[string]jsonSchema{
		"target_symbols": mappingOf(targetSymbolsShape, map[string]jsonSchema{
			"mode": wordOf(TargetUniversal, TargetRestricted, TargetTraining),
			"restrictions": mappingOf(restrictionsShape, map[string]jsonSchema{
				"asset_classes": listOf(wordOf(assetForex)), "excluded_symbols": listOf(textSchema)}),
		}),
		"target_timeframes": mappingOf(targetTimeframesShape, map[string]jsonSchema{
			"mode": wordOf("single", "multi_timeframe"), "timeframe": timeframeSchema(), "supported": listOf(timeframeSchema())}),
	})
}
