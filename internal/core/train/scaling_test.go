package train_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

// rawSource adds scaled values and placed sets to source.
var rawSource = strings.NewReplacer("fuzzy_sets:\n", `fuzzy_sets:
  placed_level: {indicator: rsi_7, place: quantile, low: {type: left_shoulder}, mid: {type: triangular}, high: {type: right_shoulder}}
  placed_move: {indicator: roc_12, place: c-means, down: {type: gaussian}, up: {type: gaussian, hedge: very}}
`, "nn_inputs:\n", `nn_inputs:
  - {raw_indicator: roc_12, timeframes: all, normalization: zscore}
  - {raw_indicator: rsi_7, timeframes: all, normalization: minmax}
  - {fuzzy_set: placed_level, timeframes: all}
  - {fuzzy_set: placed_move, timeframes: all}
`).Replace(source)

// TestScaling_sees_training_rows_only turns everything after the training part
// into another market: the constants stay as they are.
func TestScaling_sees_training_rows_only(t *testing.T) {
	in := twoSymbols(t, rawSource, 900)
	m, _ := mustRun(t, in)
	if len(m.Manifest.Scaling) != 2+3+2 {
		t.Fatalf("scaling is %v, want that of seven inputs", m.Manifest.Scaling)
	}
	border := m.Manifest.Splits.Train.To
	changed, _ := mustRun(t, withOther(in, border))
	if changed.Manifest.Splits.Train.To != border {
		t.Fatal("the training part ends elsewhere: the test compares nothing")
	}
	if diff := cmp.Diff(m.Manifest.Scaling, changed.Manifest.Scaling); diff != "" {
		t.Errorf("bars after the training part changed the scaling (-before +after):\n%s", diff)
	}
}

// TestScaling_row_of_training_is_row_of_backtest compares every row that the
// network saw with the row that the model's constants make, to the bit.
func TestScaling_row_of_training_is_row_of_backtest(t *testing.T) {
	in := twoSymbols(t, rawSource, 900)
	in.Frames, in.Strategy = in.Frames[:1], parse(t, strings.Replace(rawSource, "{mode: multi_symbol, symbols: [AAA, BBB]}", "{mode: single, symbol: AAA}", 1))
	rows, err := train.Scaled(in)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := mustRun(t, in)
	x, err := feature.BuildScaled(t.Context(), in.Strategy, in.Frames[0], market.Span{}, m.Manifest.Scaling)
	if err != nil {
		t.Fatal(err)
	}
	at := map[int64]int{}
	for i, time := range x.Time {
		at[time] = i
	}
	for _, r := range rows {
		for c, v := range x.Row(at[r.Time]) {
			if math.Float32bits(v) != math.Float32bits(r.X[c]) {
				t.Fatalf("%s: %s = %v in training, %v in a backtest", market.Stamp(r.Time), x.Names[c], r.X[c], v)
			}
		}
	}
	if len(rows) < 500 {
		t.Errorf("%d rows compared, want most of 900", len(rows))
	}
}

// TestScaling_of_a_constant: an input with one value is refused by name.
func TestScaling_of_a_constant(t *testing.T) {
	in := twoSymbols(t, rawSource, 900)
	for i, f := range in.Frames {
		s := f.Series[market.Hour1]
		rising := market.NewSeries(s.Symbol, s.Timeframe, s.Len())
		for j := range s.Len() {
			b := s.Bar(j)
			p := 100 + float64(j)
			b.Open, b.High, b.Low, b.Close = p, p+1, p, p+1
			rising.Append(b)
		}
		in.Frames[i] = frame(rising)
	}
	in.Strategy = parse(t, strings.NewReplacer("classification", "regression\n  cost_model: {round_trip_cost: 0.001, min_edge_multiplier: 1.5}",
		"{source: triple_barrier, pt_multiplier: 4, sl_multiplier: 4, max_holding_period: 24, vol_span: 20}", "{source: forward_return, horizon: 12}").Replace(rawSource))
	if _, _, err := train.Run(t.Context(), in, nil); err == nil || !strings.Contains(err.Error(), "1h_rsi_7_raw") {
		t.Errorf("Run = %v, want a refusal of 1h_rsi_7_raw", err)
	}
}
