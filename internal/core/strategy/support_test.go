package strategy_test

import (
	"fmt"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// minimal is the shortest strategy: everything else has its default.
const minimal = `
name: minimal
training_data:
  symbols: {mode: single, symbol: EURUSD}
  timeframes: {mode: single, timeframe: 1h}
indicators:
  rsi_14: {type: rsi}
fuzzy_sets:
  rsi_level: {indicator: rsi_14, low: [0, 0, 60], high: [40, 100, 100]}
nn_inputs:
  - {fuzzy_set: rsi_level, timeframes: all}
model:
  type: mlp
  architecture: {hidden_layers: [8]}
training:
  labels: {source: zigzag}
decisions:
  output_format: classification
`

func parse(t testing.TB, src string) *strategy.Strategy {
	t.Helper()
	s, err := grammar.Parse("test.yaml", []byte(src))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return s
}

func text(v any) string { return fmt.Sprint(v) }
