package grammar_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// TestContext: an indicator with a data source is read on the timeframe of that,
// whatever the timeframes of the strategy, and moves with none of them.
func TestContext(t *testing.T) {
	s := good(t, "context_data.yaml")
	columns := func(s *strategy.Strategy) (list [][3]string) {
		for _, f := range s.Features() {
			list = append(list, [3]string{f.Name, f.Timeframe.String(), f.Source})
		}
		return list
	}
	want := [][3]string{
		{"1h_level_low", "1h", ""}, {"1h_level_high", "1h", ""}, {"4h_level_low", "4h", ""}, {"4h_level_high", "4h", ""},
		{"1h_yen_level_low", "1h", "USDJPY"}, {"1h_yen_level_high", "1h", "USDJPY"}, {"1d_yen_week_raw", "1d", "yen_days"},
	}
	if diff := cmp.Diff(want, columns(s)); diff != "" {
		t.Errorf("Features (-want +have):\n%s", diff)
	}
	reads := []strategy.Bars{{Symbol: "EURUSD", Timeframe: market.Hour1}, {Symbol: "EURUSD", Timeframe: market.Hour4},
		{Symbol: "USDJPY", Timeframe: market.Hour1}, {Symbol: "USDJPY", Timeframe: market.Day1}}
	if diff := cmp.Diff(reads, s.Reads()); diff != "" {
		t.Errorf("Reads (-want +have):\n%s", diff)
	}
	alone, err := parse(t, minimalContext).With([]market.Symbol{"USDJPY"}, []market.Timeframe{market.Minute15})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][3]string{{"15m_level_low", "15m", ""}, {"15m_level_high", "15m", ""}, {"1h_roc_raw", "1h", "USDJPY"}}, columns(alone)); diff != "" {
		t.Errorf("Features on another timeframe (-want +have):\n%s", diff)
	}
	if have := alone.Reads(); len(have) != 2 || have[1].Timeframe != market.Hour1 {
		t.Errorf("Reads = %v, want USDJPY on 15m and 1h", have)
	}
}

const minimalContext = `
name: minimal_context
training_data:
  symbols: {mode: single, symbol: EURUSD}
  timeframes: {mode: single, timeframe: 1h}
context_data:
  - {provider: bars, symbol: USDJPY, timeframe: 1h}
indicators:
  rsi_14: {type: rsi}
  roc: {type: roc, data_source: USDJPY}
fuzzy_sets:
  level: {indicator: rsi_14, low: [0, 0, 60], high: [40, 100, 100]}
nn_inputs:
  - {fuzzy_set: level, timeframes: all}
  - {raw_indicator: roc, timeframes: all}
model: {type: mlp, architecture: {hidden_layers: [8]}}
training: {labels: {source: zigzag}}
decisions: {output_format: classification}
`
