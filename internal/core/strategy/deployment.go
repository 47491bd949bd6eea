package strategy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/document"
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

// AssetForex is the one class of assets that a symbol tells.
const AssetForex = "forex"

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
	return fmt.Errorf("decisions on %s are not what the strategy is meant for: deployment.target_timeframes names %s", tf, document.Alternatives(market.TimeframeNames(d.Timeframes)))
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
		text = cmp.Or(text, "all symbols") + ", for decisions on " + document.Alternatives(market.TimeframeNames(d.Timeframes))
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

func (x Deployment) object() object {
	var o object
	if x.Symbols != "" {
		symbols := object{{"mode", x.Symbols}}
		var restrictions object
		if x.PairsOnly {
			restrictions = append(restrictions, member{"asset_classes", []string{AssetForex}})
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
