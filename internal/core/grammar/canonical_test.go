package grammar_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// sameStrategy compares all but the bytes read and the spelling of inputs.
var sameStrategy = cmp.Options{
	cmpopts.IgnoreFields(strategy.Strategy{}, "Source", "Warnings"),
	cmpopts.IgnoreFields(strategy.Input{}, "All"),
	cmp.Comparer(func(a, b indicator.Indicator) bool { return a.Key() == b.Key() }),
	cmp.Comparer(func(a, b fuzzy.Function) bool { return a == b }),
	cmpopts.SortSlices(func(a, b strategy.Indicator) bool { return a.ID < b.ID }),
	cmpopts.SortSlices(func(a, b strategy.FuzzySet) bool { return a.ID < b.ID }),
}

// TestMarshalCanonical reads back what it writes, for files of every kind.
func TestMarshalCanonical(t *testing.T) {
	for file, src := range exampleFiles(t) {
		t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
			s := parse(t, string(src))
			canonical := s.MarshalCanonical()
			again := parse(t, string(canonical))
			if diff := cmp.Diff(s, again, sameStrategy); diff != "" {
				t.Errorf("the canonical form means something else (-file +canonical):\n%s", diff)
			}
			if again.Hash() != s.Hash() || !bytes.Equal(again.MarshalCanonical(), canonical) {
				t.Error("the canonical form has another canonical form or hash")
			}
		})
	}
}

func TestHashKeeps(t *testing.T) {
	for _, tc := range []struct{ name, old, new string }{
		{"comment", "name: minimal", "# about\nname: minimal # so"},
		{"descriptive_keys", "name: minimal", "name: other\ndescription: words\nhypothesis: more\nversion: \"3.0\""},
		{"layout", "rsi_level: {indicator: rsi_14, low: [0, 0, 60], high: [40, 100, 100]}",
			"rsi_level:\n    indicator: rsi_14\n    low: [0, 0.0,\n      6e1]\n    high: [ 40, 100, 100 ]"},
		{"order_of_keys", "training:\n  labels: {source: zigzag}\ndecisions:\n  output_format: classification\n",
			"decisions:\n  output_format: classification\ntraining:\n  labels: {source: zigzag}\n"},
		{"default_written_out", "{type: rsi}", "{period: 14, type: RSI, source: close}"},
		{"default_section_written_out", "  labels: {source: zigzag}", "  labels: {source: zigzag, zigzag_threshold: 0.02}\n  epochs: 100\n" +
			"  early_stopping: false\n  data_split: {test: 0.15, train: 0.7, validation: 0.15}\n  method: supervised"},
		{"long_form_of_a_triangle", "[0, 0, 60]", "{type: triangular, parameters: [0, 0, 60]}"},
		{"all_timeframes_listed", "timeframes: all", "timeframes: [1h]"},
		{"no_costs", "decisions:", "decisions:\n  costs: {financing_short: 0}"},
		{"sizing_by_fraction", "decisions:", "decisions:\n  sizing: {method: fraction}"},
		{"list_of_one", "{mode: single, symbol: EURUSD}", "{mode: multi_symbol, symbols: [eurusd]}"},
		{"output_named", "{hidden_layers: [8]}", "{hidden_layers: [8], output_activation: softmax}"},
	} {
		t.Run(tc.name, func(t *testing.T) { compareHash(t, tc.old, tc.new, true) })
	}
}

func TestHashChanges(t *testing.T) {
	for _, tc := range []struct{ name, old, new string }{
		{"symbol", "EURUSD", "GBPUSD"},
		{"timeframe", "timeframe: 1h", "timeframe: 4h"},
		{"parameter", "{type: rsi}", "{type: rsi, period: 15}"},
		{"indicator", "{type: rsi}", "{type: roc}"},
		{"set_name", "low:", "lower:"},
		{"set_order", "low: [0, 0, 60], high: [40, 100, 100]", "high: [40, 100, 100], low: [0, 0, 60]"},
		{"hedge", "[0, 0, 60]", "{type: triangular, parameters: [0, 0, 60], hedge: very}"},
		{"set_kind", "[0, 0, 60]", "{type: gaussian, parameters: [0, 60]}"},
		{"one_last_bit", "[0, 0, 60]", "[0, 0, 60.00000000000001]"},
		{"input_order", "  - {fuzzy_set: rsi_level, timeframes: all}", "  - {fuzzy_set: b, timeframes: all}\n  - {fuzzy_set: rsi_level, timeframes: all}"},
		{"raw", "  - {fuzzy_set: rsi_level, timeframes: all}", "  - {fuzzy_set: rsi_level, timeframes: all}\n  - {raw_indicator: rsi_14, timeframes: all}"},
		{"width", "[8]", "[8, 8]"},
		{"activation", "[8]}", "[8], activation: tanh}"},
		{"label", "zigzag", "triple_barrier"},
		{"entry", "{source: zigzag}", "{source: zigzag, entry: close}"},
		{"ensemble", "  labels:", "  ensemble: {seeds: 2}\n  labels:"},
		{"seed", "  labels:", "  seed: 2\n  labels:"},
		{"early_stopping", "  labels:", "  early_stopping: {}\n  labels:"},
		{"class_weights", "  labels:", "  class_weights: none\n  labels:"},
		{"position_awareness", "decisions:", "decisions:\n  position_awareness: false"},
		{"allow_short", "decisions:", "decisions:\n  allow_short_from_flat: true"},
		{"exits", "decisions:", "decisions:\n  exits: {stop_loss: 0.02, take_profit: 0.04}"},
		{"session_end", "decisions:", "decisions:\n  exits: {trailing_stop: 0.02, max_holding_bars: 9, session_end: \"21:00\"}"},
		{"costs", "decisions:", "decisions:\n  costs: {financing_short: 0.03}"},
		{"sizing", "decisions:", "decisions:\n  sizing: {method: confidence}"},
		{"duration", "decisions:", "decisions:\n  filters: {min_signal_separation: 4h}"},
		{"separation", "decisions:", "decisions:\n  filters: {min_signal_separation: 5}"},
	} {
		t.Run(tc.name, func(t *testing.T) { compareHash(t, tc.old, tc.new, false) })
	}
}

func compareHash(t *testing.T, old, changed string, wantSame bool) {
	t.Helper()
	src := strings.Replace(minimal, "fuzzy_sets:", "fuzzy_sets:\n  b: {indicator: rsi_14, x: [0, 50, 100]}", 1)
	if !strings.Contains(src, old) {
		t.Fatalf("%q is not in the strategy", old)
	}
	a, b := parse(t, src), parse(t, strings.Replace(src, old, changed, 1))
	if (a.Hash() == b.Hash()) != wantSame {
		t.Errorf("same hash = %v, want %v", !wantSame, wantSame)
	}
}

var numberInJSON = regexp.MustCompile(`[-0-9.]+(e[-+]?[0-9]+)?([,\]}])`)

// TestHashOfAnyNumber changes one number anywhere in an example: whenever the
// result is still a strategy, it is another one.
func TestHashOfAnyNumber(t *testing.T) {
	files := exampleFiles(t)
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	rapid.Check(t, func(t *rapid.T) {
		src := files[rapid.SampledFrom(names).Draw(t, "file")]
		s, err := grammar.Parse("example", src)
		if err != nil {
			t.Fatal(err)
		}
		canonical := s.MarshalCanonical()
		places := numberInJSON.FindAllIndex(canonical, -1)
		at := rapid.SampledFrom(places).Draw(t, "place")
		old := string(canonical[at[0] : at[1]-1])
		number := rapid.OneOf(rapid.Map(rapid.IntRange(-5, 200), func(n int) string { return fmt.Sprint(n) }),
			rapid.Map(rapid.Float64Range(-2, 2), func(x float64) string { return fmt.Sprint(x) })).Draw(t, "number")
		var before, after any
		if json.Unmarshal([]byte(old), &before) != nil || json.Unmarshal([]byte(number), &after) != nil || before == after {
			t.Skip("not a change")
		}
		changed, err := grammar.Parse("changed", []byte(string(canonical[:at[0]])+number+string(canonical[at[1]-1:])))
		if err == nil && changed.Hash() == s.Hash() {
			t.Fatalf("%s instead of %s has the same hash:\n%s", number, old, canonical)
		}
	})
}
