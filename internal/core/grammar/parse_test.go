package grammar_test

import (
	_ "embed"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// minimal is the shortest strategy.
//
//go:embed testdata/good/minimal.yaml
var minimal string

func parse(t testing.TB, src string) *strategy.Strategy {
	t.Helper()
	s, err := grammar.Parse("test.yaml", []byte(src))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return s
}

func TestParseDefaults(t *testing.T) {
	s := parse(t, minimal)
	want := &strategy.Strategy{
		Name: "minimal", Version: "3.0",
		Symbols: []market.Symbol{"EURUSD"}, Timeframes: []market.Timeframe{market.Hour1}, Base: market.Hour1,
		Inputs: []strategy.Input{{FuzzySet: "rsi_level", Timeframes: []market.Timeframe{market.Hour1}, All: true}},
		Model:  strategy.Model{Type: "mlp", Hidden: []int{8}, Activation: "relu", Dropout: 0.2},
		Training: strategy.Training{
			Labels: label.Default(label.ZigZag), Epochs: 100, BatchSize: 32, LearningRate: 0.001, Optimizer: "adam",
			Loss: "cross_entropy", WeightDecay: 1e-4, GradientClip: 1, Split: strategy.Split{Train: 0.7, Validation: 0.15, Test: 0.15},
			ClassWeights: "balanced", Calibration: "none", Seed: 1,
		},
		Decisions: strategy.Decisions{OutputFormat: "classification", ConfidenceThreshold: 0.5, PositionAwareness: true, MinSignalSeparation: 4},
		Source:    []byte(minimal),
	}
	if diff := cmp.Diff(want, s, cmpopts.IgnoreFields(*s, "Indicators", "FuzzySets")); diff != "" {
		t.Errorf("Parse (-want +have):\n%s", diff)
	}
	if key := s.Indicators[0].Indicator.Key(); s.Indicators[0].ID != "rsi_14" || key != "rsi(period=14,source=close)" {
		t.Errorf("indicator %s is %s, want rsi_14 with its defaults", s.Indicators[0].ID, key)
	}
}

func TestParseRegressionDefaults(t *testing.T) {
	src := strings.NewReplacer("zigzag", "forward_return", "output_format: classification",
		"output_format: regression\n  cost_model: {round_trip_cost: 0.003, min_edge_multiplier: 1.5}").Replace(minimal)
	s := parse(t, src)
	if s.Training.Loss != "huber" || s.Training.HuberDelta != 0.01 || s.Training.WeightDecay != 0 || s.Training.ClassWeights != "none" {
		t.Errorf("training = %+v, want huber with delta 0.01, no weight decay and no class weights", s.Training)
	}
	want := strategy.Decisions{OutputFormat: "regression", PositionAwareness: true, MinSignalSeparation: 4, AllowShortFromFlat: true,
		CostModel: strategy.CostModel{RoundTripCost: 0.003, MinEdgeMultiplier: 1.5}}
	if diff := cmp.Diff(want, s.Decisions); diff != "" {
		t.Errorf("decisions (-want +have):\n%s", diff)
	}
	if s.Training.Labels.Horizon != 20 {
		t.Errorf("horizon = %d, want 20", s.Training.Labels.Horizon)
	}
}

// TestFeatures is the order that saved models rely on: inputs as written, then
// timeframes, then sets.
func TestFeatures(t *testing.T) {
	src := strings.NewReplacer(
		"{mode: single, timeframe: 1h}", "{mode: multi_timeframe, list: [1h, 4h], base_timeframe: 1h}",
		"  rsi_14: {type: rsi}", "  rsi_14: {type: rsi}\n  adx_14: {type: adx}\n  macd: {type: macd}",
		"  rsi_level: {indicator: rsi_14, low: [0, 0, 60], high: [40, 100, 100]}", `
  adx_str: {indicator: adx_14, weak: [0, 0, 100]}
  macd_hist: {indicator: macd.histogram, up: [0, 1, 2]}
  rsi_mom: {indicator: rsi_14, low: [0, 0, 60], high: [40, 100, 100]}`,
		"  - {fuzzy_set: rsi_level, timeframes: all}", `
  - {fuzzy_set: rsi_mom, timeframes: all}
  - {fuzzy_set: macd_hist, timeframes: [1h]}
  - {fuzzy_set: adx_str, timeframes: [4h]}`).Replace(minimal)
	s := parse(t, src)
	type column struct{ name, indicator, output string }
	var have []column
	for _, f := range s.Features() {
		in := s.Indicators[f.Indicator]
		have = append(have, column{f.Name, in.ID, in.Indicator.Outputs()[f.Output]})
	}
	adx := s.Indicators[1].Indicator.Outputs()[0]
	want := []column{
		{"1h_rsi_mom_low", "rsi_14", ""}, {"1h_rsi_mom_high", "rsi_14", ""},
		{"4h_rsi_mom_low", "rsi_14", ""}, {"4h_rsi_mom_high", "rsi_14", ""},
		{"1h_macd_hist_up", "macd", "histogram"}, {"4h_adx_str_weak", "adx_14", adx},
	}
	if diff := cmp.Diff(want, have, cmp.AllowUnexported(column{})); diff != "" {
		t.Errorf("Features (-want +have):\n%s", diff)
	}
}

func TestParseIsStrict(t *testing.T) {
	for _, tc := range []struct{ name, replace, by, want string }{
		{"yaml_1_1_flags", "output_format: classification", "output_format: classification\n  position_awareness: on", "want true or false, have on"},
		{"leading_zero", "{type: rsi}", "{type: rsi, period: 014}", "want a whole number, have 014"},
		{"fraction", "{type: rsi}", "{type: rsi, period: 14.0}", "want a whole number, have 14.0"},
		{"quoted", "{type: rsi}", `{type: rsi, period: "14"}`, `want a whole number, have the text "14": remove the quotes`},
		{"infinity", "[0, 0, 60]", "[0, 0, .inf]", "want a number, have .inf"},
		{"not_a_number", "[0, 0, 60]", "[.nan, 0, 60]", "want a number, have .nan"},
		{"too_large", "[0, 0, 60]", "[0, 0, 1e999]", "1e999 is too large"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			src := strings.Replace(minimal, tc.replace, tc.by, 1)
			_, err := grammar.Parse("test.yaml", []byte(src))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Parse = %v, want %q", err, tc.want)
			}
		})
	}
}

func TestParseYAML12Words(t *testing.T) {
	src := strings.NewReplacer("low:", "no:", "high:", "yes:", "EURUSD", "ON").Replace(minimal)
	s := parse(t, src)
	if f := s.Features(); s.Symbols[0] != "ON" || f[0].Name != "1h_rsi_level_no" || f[1].Name != "1h_rsi_level_yes" {
		t.Errorf("symbols %v, features %v: want ON, no and yes as they are written", s.Symbols, f)
	}
}

func TestProblemsAreErrors(t *testing.T) {
	_, err := grammar.Parse("x.yaml", []byte(strings.Replace(minimal, "type: rsi", "type: rsj", 1)))
	problems, ok := errors.AsType[document.Problems](err)
	if !ok || len(problems) != 1 {
		t.Fatalf("Parse = %v, want one problem", err)
	}
	if p := problems[0]; p.File != "x.yaml" || p.Line != 7 || p.Column != 18 || p.Path != "indicators.rsi_14.type" ||
		!strings.Contains(p.Message, "did you mean rsi?") {
		t.Errorf("problem = %+v", p)
	}
}
