package job_test

import (
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// TestEnsembleOfOne_types: whatever puts models together, where it always comes to one
// of them the ensemble trades as that one does alone, to the last bit.
func TestEnsembleOfOne_types(t *testing.T) {
	c := newCast(t)
	c.train(t, "drift", replaced(t, example(t, "forward_return"), "symbol: EURUSD", "symbol: SAMPLE", "round_trip_cost: 0.0005", "round_trip_cost: 0.00005"))
	const (
		gates = "  regime: {model: g, output_type: regime_classification}\n  day: {model: d, output_type: context_classification}\n"
		trend = "  trend: {model: m, output_type: classification}\n"
		drift = "  drift: {model: m, output_type: regression}\n"
		route = "  type: regime_route\n  gate_model: regime\n  stability_bars: 2\n  on_regime_transition: let_run\n  rules: {trending_up: {model: M}, trending_down: {model: M}, ranging: {model: M}, volatile: {model: M}}\n"
		alone = "  type: single\n  model: M\n"
		day   = "  context_gate: day\n  context_modifiers: {aligned_discount: 0, counter_premium: 0, neutral_effect: 0}\n"
	)
	for name, tc := range map[string]struct{ member, models, composition, separation string }{
		"single":                   {"trend", trend, alone, "12"},
		"single_regression":        {"drift", drift, alone, "24"},
		"single_with_context":      {"trend", gates[strings.Index(gates, "  day"):] + trend, alone + day, "12"},
		"route":                    {"trend", gates[:strings.Index(gates, "  day")] + trend, route, "12"},
		"route_of_a_regression":    {"drift", gates[:strings.Index(gates, "  day")] + drift, route, "24"},
		"route_with_context":       {"trend", gates + trend, route + day, "12"},
		"route_that_never_changes": {"trend", gates[:strings.Index(gates, "  day")] + trend, strings.Replace(route, "on_regime_transition: let_run", "regime_hysteresis: 1", 1), "12"},
	} {
		t.Run(name, func(t *testing.T) {
			order := c.order(t, "name: one\nmodels:\n"+tc.models+"composition:\n"+strings.ReplaceAll(tc.composition, "M}", tc.member+"}")+
				"  allow_short_from_flat: true\ndecisions: {filters: {min_signal_separation: "+tc.separation+"}}\n", 8_000)
			order.EnsembleYAML = strings.Replace(order.EnsembleYAML, "model: M\n", "model: "+tc.member+"\n", 1)
			order.StrategyName, order.Members = "one", nil
			single := wire.BacktestOrder{}
			for _, name := range []string{"regime", "day", tc.member} {
				for _, m := range c.members {
					if m.Member == name && strings.Contains(tc.models, "  "+name+":") {
						order.Members = append(order.Members, m)
						single = order.BacktestOrder
						single.StrategyName, single.ModelSHA256 = m.ModelName, m.ModelSHA256
					}
				}
			}
			single.StrategyYAML = c.yaml[tc.member]
			x := &trainee{world: c.world}
			sameBooks(t, x.backtest(t, single), x.backtest(t, order))
		})
	}
}
