package feature_test

import (
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

const hungry = `
name: hungry
training_data:
  symbols: {mode: single, symbol: TEST}
  timeframes: {mode: multi_timeframe, list: [1h, 4h], base_timeframe: 1h}
indicators:
  near: {type: sma, period: 5}
  far: {type: sma, period: 20}
fuzzy_sets:
  n: {indicator: near, low: [0, 1, 2], high: [1, 2, 3]}
nn_inputs:
  - {fuzzy_set: n, timeframes: [1h], lags: 2}
  - {raw_indicator: far, timeframes: [4h]}
model: {type: mlp, architecture: {hidden_layers: [4]}}
training: {labels: {source: zigzag}}
decisions: {output_format: classification}
`

// TestShortages: the average of 5 two bars earlier needs 7 bars, that of 20 on 4h
// needs 20 that are closed. What is short by one bar more has a row less.
func TestShortages(t *testing.T) {
	s := parse(t, hungry)
	for name, tc := range map[string]struct {
		hours, fours int // bars that are there, from one moment on
		row          int // first decision bar
		want         string
	}{
		"all_there":       {120, 30, 79, ""},
		"one_4h_short":    {120, 30, 78, "1 of TEST 4h before 2024-01-02T00:00:00Z"},
		"at_the_begin":    {120, 30, 0, "6 of TEST 1h before 2024-01-02T00:00:00Z, 20 of TEST 4h before 2024-01-02T00:00:00Z"},
		"third_bar":       {120, 30, 2, "4 of TEST 1h before 2024-01-02T00:00:00Z, 20 of TEST 4h"},
		"no_later_series": {120, 5, 79, "15 of TEST 4h before"},
	} {
		t.Run(name, func(t *testing.T) {
			f := frame(flat(market.Hour1, every(t, market.Hour1, "2024-01-02 00:00", tc.hours)...), flat(market.Hour4, every(t, market.Hour4, "2024-01-02 00:00", tc.fours)...))
			span := market.Span{From: f.Series[market.Hour1].Time[tc.row]}
			have := feature.Describe(feature.Shortages(s, f, span))
			if (have == "") != (tc.want == "") || !strings.Contains(have, tc.want) {
				t.Errorf("Shortages from bar %d: %q, want %q", tc.row, have, tc.want)
			}
			m, err := feature.BuildUnscaled(t.Context(), s, f, span)
			if err != nil {
				t.Fatal(err)
			}
			if m.Complete(0) != (tc.want == "") {
				t.Errorf("the first row is complete: %v", m.Complete(0))
			}
		})
	}
	if none := feature.Shortages(s, frame(flat(market.Hour1), flat(market.Hour4)), market.Span{}); none != nil {
		t.Errorf("Shortages without bars = %v", none)
	}
}

// TestShortages_first_bar: a longer timeframe that begins early enough lacks
// nothing at the first base bar of all.
func TestShortages_first_bar(t *testing.T) {
	s := parse(t, strings.Replace(hungry, "timeframes: [1h], lags: 2}", "timeframes: [4h]}", 1))
	for early, want := range map[string]string{"2023-12-29 20:00": "", "2023-12-30 00:00": "1 of TEST 4h before 2023-12-30"} {
		// The base bar closes at 01:00, when 20 bars from 20:00 on have closed.
		f := frame(flat(market.Hour1, every(t, market.Hour1, "2024-01-02 03:00", 50)...), flat(market.Hour4, every(t, market.Hour4, early, 60)...))
		have := feature.Describe(feature.Shortages(s, f, market.Span{From: f.Series[market.Hour1].Time[0]}))
		if (have == "") != (want == "") || !strings.Contains(have, want) {
			t.Errorf("with bars from %s on: %q, want %q", early, have, want)
		}
	}
}
