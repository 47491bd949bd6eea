package feature_test

import (
	"math"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// TestCover counts by hand: the average of the last two closes of bars 1 to 12 is
// 1.5 to 11.5, and the only set is above 0.05 between 2.15 and 4.85.
func TestCover(t *testing.T) {
	s := parse(t, strings.NewReplacer("MODE", "single", "LIST", "1h", "BASE", "1h", "share: [0, 1000, 1000]", "share: [2, 3.5, 5]",
		"  - {fuzzy_set: c, timeframes: all}", "  - {fuzzy_set: c, timeframes: all}\n  - {raw_indicator: mean, timeframes: all, normalization: zscore}").Replace(source))
	all, err := feature.Cover(t.Context(), s, frame(flat(market.Hour1, every(t, market.Hour1, "2024-01-02 00:00", 12)...)), market.Span{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].Input != "c" || all[1].Input != "mean" || all[0].Known != 11 || all[1].Known != 11 {
		t.Fatalf("Cover = %+v, want c and mean with 11 known rows each", all)
	}
	if b := all[0].Blind; b == nil || math.Abs(*b-8.0/11) > 1e-12 {
		t.Errorf("blind = %v, want 8/11: only 2.5, 3.5 and 4.5 belong to the set", b)
	}
	if all[1].Blind != nil {
		t.Error("a raw value is blind")
	}
	if x := all[1].Features[0]; x.Name != "1h_mean_raw" || *x.Mean != 6.5 || *x.Min != 1.5 || *x.Max != 11.5 {
		t.Errorf("spread %s %v %v %v, want 1h_mean_raw 6.5 1.5 11.5", x.Name, *x.Mean, *x.Min, *x.Max)
	}
	if x := all[0].Features[0]; math.Abs(*x.Mean-(1+2/3.0)/11) > 1e-6 {
		t.Errorf("mean degree %v, want %v", *x.Mean, (1+2/3.0)/11)
	}
}

func TestCover_unknown(t *testing.T) {
	all, err := feature.Cover(t.Context(), closes(t, market.Hour1), frame(flat(market.Hour1, unix(t, "2024-01-02 00:00"))), market.Span{}, nil)
	if err != nil || all[0].Known != 0 || all[0].Blind != nil || all[0].Features[0].Mean != nil {
		t.Errorf("Cover = %+v, %v, want nothing known", all, err)
	}
}
