package train_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

// source is a strategy on SYMBOLS that reads momentum; tests replace parts.
const source = `
name: test_momentum
version: "3.0"
training_data:
  symbols: {mode: multi_symbol, symbols: [AAA, BBB]}
  timeframes: {mode: single, timeframe: 1h}
indicators:
  rsi_7: {type: rsi, period: 7}
  roc_12: {type: roc, period: 12}
fuzzy_sets:
  level:
    indicator: rsi_7
    low: {type: trapezoidal, parameters: [0, 0, 20, 50]}
    high: {type: trapezoidal, parameters: [50, 80, 100, 100]}
  move:
    indicator: roc_12
    down: {type: trapezoidal, parameters: [-3, -3, -1.5, 0]}
    flat: [-1.5, 0, 1.5]
    up: {type: trapezoidal, parameters: [0, 1.5, 3, 3]}
nn_inputs:
  - {fuzzy_set: level, timeframes: all}
  - {fuzzy_set: move, timeframes: all}
model:
  type: mlp
  architecture: {hidden_layers: [16, 8], activation: tanh, dropout: 0.1}
training:
  labels: {source: triple_barrier, pt_multiplier: 4, sl_multiplier: 4, max_holding_period: 24, vol_span: 20}
  epochs: 12
  batch_size: 64
  learning_rate: 0.01
  data_split: {train: 0.7, validation: 0.15, test: 0.15}
  seed: 3
decisions:
  output_format: classification
`

// regressionSource predicts the return of the next 12 bars.
var regressionSource = strings.NewReplacer(
	"{source: triple_barrier, pt_multiplier: 4, sl_multiplier: 4, max_holding_period: 24, vol_span: 20}", "{source: forward_return, horizon: 12}",
	"output_format: classification", "output_format: regression\n  cost_model: {round_trip_cost: 0.001, min_edge_multiplier: 1.5}",
	"learning_rate: 0.01", "learning_rate: 0.01\n  loss: huber\n  huber_delta: 0.02",
).Replace(source)

func parse(t testing.TB, src string) *strategy.Strategy {
	t.Helper()
	s, err := grammar.Parse("test_momentum.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const start = 1_500_001_200 // a full hour

// trending returns n hourly bars whose drift changes its sign every two days or
// so: momentum is an edge. The bars for which hole is true are missing.
func trending(symbol market.Symbol, seed uint64, n int, hole func(i int) bool) market.Series {
	rng := rand.New(rand.NewPCG(seed, 77))
	s := market.NewSeries(symbol, market.Hour1, n)
	price, drift, left := 100.0, 0.004, 0
	for i := range n {
		if left--; left < 0 {
			left, drift = 30+rng.IntN(40), -drift
		}
		b := market.Bar{Time: start + int64(i)*3600, Open: price, Volume: 1}
		price *= 1 + drift + 0.004*rng.NormFloat64()
		b.Close = price
		b.High = max(b.Open, b.Close) * (1 + 0.001*rng.Float64())
		b.Low = min(b.Open, b.Close) * (1 - 0.001*rng.Float64())
		if hole == nil || !hole(i) {
			s.Append(b)
		}
	}
	return s
}

func frame(s market.Series) feature.Frame {
	return feature.Frame{Symbol: s.Symbol, Series: map[market.Timeframe]market.Series{s.Timeframe: s}}
}

// twoSymbols is an input whose symbols have different holes.
func twoSymbols(t testing.TB, src string, bars int) train.Input {
	return train.Input{
		Strategy: parse(t, src), EngineVersion: "test",
		Frames: []feature.Frame{
			frame(trending("AAA", 1, bars, func(i int) bool { return i%97 == 5 })),
			frame(trending("BBB", 2, bars, func(i int) bool { return i > 200 && i < 260 || i%61 == 3 })),
		},
		Data: []model.DataRef{{Symbol: "AAA", Timeframe: market.Hour1, SHA256: fmt.Sprintf("%064x", 1), Bars: bars, First: start, Last: start + 3600*int64(bars)}},
	}
}
