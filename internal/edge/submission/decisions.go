package submission

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// decisionFlags are the flags of a backtest that stand for a key of decisions in
// the strategy file, each with its path there. Any other one has --set.
var decisionFlags = []struct{ name, path, usage string }{
	{"commission", "costs.commission", "fraction of the value of each fill, 0 to 0.1, or ib_fixed or ib_tiered"},
	{"slippage", "costs.slippage", "fraction by which each fill is worse than the price, 0 to 0.1"},
	{"spread", "costs.spread", "distance of bid and ask: 0.8pips, 2bps, a price, or quotes for that of the bars"},
	{"commission-per-unit", "costs.commission_per_unit", "commission per unit of each fill"},
	{"commission-minimum", "costs.commission_minimum", "least commission of each fill"},
	{"financing-long", "costs.financing_long", "fraction per year that holding a long costs"},
	{"financing-short", "costs.financing_short", "fraction per year that holding a short costs"},
	{"currency", "account.currency", "currency that money is counted in, such as USD"},
	{"leverage", "account.leverage", "times the equity that an entry may be worth"},
	{"maintenance-margin", "account.maintenance_margin", "share of a position's value that equity must exceed"},
	{"margin-call", "account.margin_call", "what a margin call closes: close_all or reduce"},
	{"lot", "account.lot", "units of which a quantity is a multiple"},
	{"volume-limit", "fills.volume_limit", "share of the volume of a bar that an entry may take"},
	{"intrabar", "fills.intrabar", "timeframe whose bars say what a bar reached first, or pessimistic"},
	{"stop-loss", "exits.stop_loss", "fraction of the entry price at which a loss is taken"},
	{"take-profit", "exits.take_profit", "fraction of the entry price at which a profit is taken"},
	{"trailing-stop", "exits.trailing_stop", "fraction behind the best price at which a position is left"},
	{"max-holding-bars", "exits.max_holding_bars", "bars after which a position is left"},
	{"session-end", "exits.session_end", "time of day at which a position is left, hh:mm in UTC"},
	{"sizing", "sizing.method", "fraction, units, confidence, volatility_target or kelly"},
	{"units", "sizing.units", "units per entry, of --sizing units"},
	{"bar-volatility", "sizing.bar_volatility", "share of equity per bar, of --sizing volatility_target"},
	{"kelly-fraction", "sizing.kelly_fraction", "share of the Kelly size, of --sizing kelly"},
	{"confidence-threshold", "confidence_threshold", "least confidence to act on"},
}

// bindDecisions adds decisionFlags, but those without effect, and --set. They vary
// the file of a strategy or of an ensemble.
func bindDecisions(f *pflag.FlagSet, set *[]string, file string, without ...string) {
	for _, x := range decisionFlags {
		if !slices.Contains(without, x.name) {
			f.String(x.name, "", x.usage+" (default: of the "+file+")")
		}
	}
	f.StringArrayVar(set, "set", nil, "PATH=VALUE: any key of decisions in the "+file+" file, for example exits.stop_loss=0.02; null takes it away; may be repeated")
}

// decisionsOf returns what the flags of cmd and those of --set say about decisions,
// nil where they say nothing.
func decisionsOf(cmd *cobra.Command, sets []string) (map[string]any, error) {
	decisions := map[string]any{}
	for _, x := range decisionFlags {
		if f := cmd.Flags().Lookup(x.name); f != nil && f.Changed {
			v := scalarOf(f.Value.String())
			if !canCost(x.name, v) {
				return nil, exit.Usagef("--%s %v: want a fraction from 0 to %v (0.001 is 0.1 %%)", x.name, v, wire.MaxCostFraction)
			}
			if err := setPath(decisions, x.path, v); err != nil {
				return nil, err
			}
		}
	}
	for _, set := range sets {
		path, value, ok := strings.Cut(set, "=")
		if !ok || path == "" {
			return nil, exit.Usagef("--set %s: want PATH=VALUE, for example exits.stop_loss=0.02", set)
		}
		if err := setPath(decisions, strings.TrimPrefix(path, "decisions."), scalarOf(value)); err != nil {
			return nil, err
		}
	}
	if len(decisions) == 0 {
		return nil, nil
	}
	return decisions, nil
}

// canCost tells whether a flag can have the value v: those of costs are fractions,
// of which too much is a slip of the unit, and a commission may be a word.
func canCost(flag string, v any) bool {
	n, isNumber := v.(float64)
	inRange := n >= 0 && n <= wire.MaxCostFraction
	switch flag {
	case "commission":
		return !isNumber || inRange
	case "slippage":
		return isNumber && inRange
	}
	return true
}

// setPath puts a value in its place in nested mappings.
func setPath(m map[string]any, path string, value any) error {
	keys := strings.Split(path, ".")
	last := len(keys) - 1
	for _, key := range keys[:last] {
		next, ok := m[key].(map[string]any)
		if _, taken := m[key]; taken && !ok {
			return exit.Usagef("%s: %s is given as a whole too", path, key)
		}
		if !ok {
			next = map[string]any{}
			m[key] = next
		}
		m = next
	}
	if _, twice := m[keys[last]]; twice {
		return exit.Usagef("decisions.%s is given twice", path)
	}
	m[keys[last]] = value
	return nil
}

// scalarOf reads a number, true, false, null, a JSON list or mapping, and else a
// text.
func scalarOf(text string) any {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err == nil {
		return v
	}
	return strings.TrimSpace(text)
}
