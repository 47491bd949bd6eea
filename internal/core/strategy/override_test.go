package strategy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

const twoTimeframes = "{mode: multi_timeframe, list: [1h, 4h], base_timeframe: 1h}"

func TestWith(t *testing.T) {
	one := parse(t, strings.Replace(minimal, "timeframes: all", "timeframes: [1h]", 1))
	two := parse(t, strings.Replace(minimal, "{mode: single, timeframe: 1h}", twoTimeframes, 1))
	session := parse(t, strings.Replace(minimal, "decisions:", "decisions:\n  exits: {session_end: \"21:00\"}", 1))
	hours := parse(t, strings.Replace(minimal, "timeframes: all", "timeframes: [1h]", 1)+"deployment:\n  target_timeframes: {mode: multi_timeframe, supported: [1h, 4h]}\n")
	h1, h4, d1 := market.Hour1, market.Hour4, market.Day1
	for _, tc := range []struct {
		name       string
		strategy   *strategy.Strategy
		symbols    []market.Symbol
		timeframes []market.Timeframe
		want       string // symbols, timeframes, base and first feature, or the error
	}{
		{"as_written", one, nil, nil, "[EURUSD] [1h] 1h 1h_rsi_level_low"},
		{"symbols", one, []market.Symbol{"GBPUSD", "USDJPY"}, nil, "[GBPUSD USDJPY] [1h] 1h 1h_rsi_level_low"},
		{"symbol_twice", one, []market.Symbol{"GBPUSD", "GBPUSD"}, nil, "symbol GBPUSD is asked for twice"},
		{"moved", one, nil, []market.Timeframe{d1}, "[EURUSD] [1d] 1d 1d_rsi_level_low"},
		{"session_to_days", session, nil, []market.Timeframe{d1},
			"strategy minimal on 1d: session_end would close every position on the bar of its entry: the bars of base timeframe 1d are not shorter than a day"},
		{"meant_for", hours, nil, []market.Timeframe{h4}, "[EURUSD] [4h] 4h 4h_rsi_level_low"},
		{"not_meant_for", hours, nil, []market.Timeframe{d1},
			"strategy minimal on 1d: decisions on 1d are not what the strategy is meant for: deployment.target_timeframes names 1h or 4h"},
		{"one_to_several", one, nil, []market.Timeframe{h1, h4}, "strategy minimal is written for one timeframe: ask for one, have 1h 4h"},
		{"own_set", two, nil, []market.Timeframe{h4, h1}, "[EURUSD] [1h 4h] 1h 1h_rsi_level_low"},
		{"own_base", two, nil, []market.Timeframe{h1}, "[EURUSD] [1h 4h] 1h 1h_rsi_level_low"},
		{"not_its_base", two, nil, []market.Timeframe{h4},
			"strategy minimal is written for the timeframes 1h 4h together and decides on 1h: ask for 1h, or leave the timeframe out"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := tc.strategy.Hash()
			changed, err := tc.strategy.With(tc.symbols, tc.timeframes)
			have := ""
			if err != nil {
				have = err.Error()
			} else {
				have = strings.Join([]string{text(changed.Symbols), text(changed.Timeframes), changed.Base.String(), changed.Features()[0].Name}, " ")
			}
			if diff := cmp.Diff(tc.want, have); diff != "" {
				t.Errorf("With (-want +have):\n%s", diff)
			}
			if tc.strategy.Hash() != before {
				t.Error("With changed the strategy that it was called on")
			}
		})
	}
}
