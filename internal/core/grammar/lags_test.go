package grammar_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLags: the features of earlier bars come after those of the decision bar,
// input by input, and say in their names how much earlier.
func TestLags(t *testing.T) {
	type column struct {
		name, reference string
		lag             int
	}
	var have []column
	for _, f := range good(t, "lags.yaml").Features() {
		have = append(have, column{f.Name, f.Reference, f.Lag})
	}
	want := []column{
		{"1h_level_low", "", 0}, {"1h_level_high", "", 0}, {"4h_level_low", "", 0}, {"4h_level_high", "", 0},
		{"1h_level_low_lag_1", "", 1}, {"1h_level_high_lag_1", "", 1}, {"4h_level_low_lag_1", "", 1}, {"4h_level_high_lag_1", "", 1},
		{"4h_stretch_below", "close", 0}, {"4h_stretch_above", "close", 0},
		{"1h_rsi_14_raw", "", 0}, {"1h_rsi_14_raw_lag_1", "", 1}, {"1h_rsi_14_raw_lag_2", "", 2},
	}
	if diff := cmp.Diff(want, have, cmp.AllowUnexported(column{})); diff != "" {
		t.Errorf("Features (-want +have):\n%s", diff)
	}
}
