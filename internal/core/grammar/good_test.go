package grammar_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// TestGood holds files that show keys at work. They are read without a warning,
// and their canonical form means the same.
func TestGood(t *testing.T) {
	names, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("testdata/good holds no files (%v)", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			s := good(t, filepath.Base(name))
			if s.Warnings != nil {
				t.Errorf("warnings:\n%v", s.Warnings)
			}
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

func good(t *testing.T, name string) *strategy.Strategy {
	t.Helper()
	return parse(t, string(goodText(t, name)))
}

func goodText(t *testing.T, name string) []byte {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata/good", name))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// TestSeveralSetsOfOneIndicator: each fuzzy set about an indicator makes features
// of its own, on its own timeframes, in the order of the inputs.
func TestSeveralSetsOfOneIndicator(t *testing.T) {
	var names []string
	for _, f := range good(t, "fuzzy.yaml").Features() {
		if !strings.HasPrefix(f.Name, f.Timeframe.String()+"_") {
			t.Errorf("feature %s is computed on %s", f.Name, f.Timeframe)
		}
		names = append(names, f.Name+" = "+f.Set.String())
	}
	want := []string{
		"1h_rsi_level_low = left_shoulder[25 45]",
		"1h_rsi_level_middle = gauss2[45 10 55 12]",
		"1h_rsi_level_high = right_shoulder[55 75]",
		"1h_rsi_edge_very_low = very sigmoid[40 -0.3]",
		"1h_rsi_edge_middle = somewhat bell[50 15 2]",
		"1h_rsi_edge_very_high = very sigmoid[60 0.3]",
		"4h_rsi_edge_very_low = very sigmoid[40 -0.3]",
		"4h_rsi_edge_middle = somewhat bell[50 15 2]",
		"4h_rsi_edge_very_high = very sigmoid[60 0.3]",
		"1h_move_1h_down = left_shoulder[-0.4 0]",
		"1h_move_1h_flat = gaussian[0 0.2]",
		"1h_move_1h_up = right_shoulder[0 0.4]",
		"4h_move_4h_down = trapezoidal[-1 -1 -0.8 0]",
		"4h_move_4h_flat = triangular[-0.8 0 0.8]",
		"4h_move_4h_none = singleton[0]",
		"4h_move_4h_up = trapezoidal[0 0.8 1 1]",
		"4h_trend_down = left_shoulder[-0.0002 0.0001]",
		"4h_trend_up = right_shoulder[-0.0001 0.0002]",
		"1h_trend_down = left_shoulder[-0.0002 0.0001]",
		"1h_trend_up = right_shoulder[-0.0001 0.0002]",
	}
	if !slices.Equal(names, want) {
		t.Errorf("features are\n%s\nwant\n%s", strings.Join(names, "\n"), strings.Join(want, "\n"))
	}
}
