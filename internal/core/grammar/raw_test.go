package grammar_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFeatureOrder is the published example of the order that saved models rely
// on, raw values included.
func TestFeatureOrder(t *testing.T) {
	src := strings.NewReplacer(
		"{mode: single, timeframe: 1h}", "{mode: multi_timeframe, list: [1h, 4h], base_timeframe: 1h}",
		"  rsi_14: {type: rsi}", "  rsi: {type: rsi}\n  macd: {type: macd}\n  adx: {type: adx}",
		"  rsi_level: {indicator: rsi_14, low: [0, 0, 60], high: [40, 100, 100]}", `
  rsi_mom: {indicator: rsi, low: [0, 0, 60], high: [40, 100, 100]}
  adx_str: {indicator: adx, weak: [0, 0, 25]}`,
		"  - {fuzzy_set: rsi_level, timeframes: all}", `
  - {fuzzy_set: rsi_mom, timeframes: all}
  - {raw_indicator: macd.histogram, timeframes: [1h]}
  - {fuzzy_set: adx_str, timeframes: [4h]}`).Replace(minimal)
	var have []string
	for _, f := range parse(t, src).Features() {
		have = append(have, f.Name)
	}
	want := []string{"1h_rsi_mom_low", "1h_rsi_mom_high", "4h_rsi_mom_low", "4h_rsi_mom_high", "1h_macd.histogram_raw", "4h_adx_str_weak"}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("Features (-want +have):\n%s", diff)
	}
}

// TestRawFeatures: a raw value says which output it is and how it is scaled; a
// bare id keeps its own name and means the first output.
func TestRawFeatures(t *testing.T) {
	s := parse(t, strings.NewReplacer("  rsi_14: {type: rsi}", "  rsi_14: {type: rsi}\n  macd: {type: macd}",
		"  - {fuzzy_set: rsi_level, timeframes: all}", `
  - {fuzzy_set: rsi_level, timeframes: all}
  - {raw_indicator: macd, timeframes: all, normalization: minmax}
  - {raw_indicator: macd.signal, timeframes: [1h]}`).Replace(minimal))
	type column struct {
		name, output, normalization string
		raw, scaled                 bool
	}
	var have []column
	for _, f := range s.Features()[2:] {
		have = append(have, column{f.Name, s.Indicators[f.Indicator].Indicator.Outputs()[f.Output], f.Normalization, f.IsRaw(), f.IsScaled()})
	}
	want := []column{{"1h_macd_raw", "line", "minmax", true, true}, {"1h_macd.signal_raw", "signal", "none", true, false}}
	if diff := cmp.Diff(want, have, cmp.AllowUnexported(column{})); diff != "" {
		t.Errorf("Features (-want +have):\n%s", diff)
	}
	if f := s.Features()[0]; f.IsRaw() || f.IsScaled() {
		t.Errorf("a degree is raw: %+v", f)
	}
}
