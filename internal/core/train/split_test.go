package train_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

// TestDivide_no_leak: whatever the times and the reach of the labels, nothing
// that a part knows reaches into the next part, embargoed bars are left out, and
// no row is lost without being counted.
func TestDivide_no_leak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 300).Draw(t, "rows")
		times, ends := make([]int64, n), make([]int64, n)
		at := int64(1000)
		for i := range n {
			at += 10 * rapid.Int64Range(0, 3).Draw(t, "step") // 0: another symbol's row of the same time
			times[i], ends[i] = at, at+10*rapid.Int64Range(1, 40).Draw(t, "reach")
		}
		share := strategy.Split{Train: rapid.Float64Range(0.01, 0.98).Draw(t, "train")}
		share.Validation = rapid.Float64Range(0.001, 0.999-share.Train).Draw(t, "validation")
		share.Test = 1 - share.Train - share.Validation
		embargo := rapid.IntRange(0, 5).Draw(t, "embargo")
		first, second, third, purged, embargoed := train.Divide(times, ends, share, embargo)

		if got := len(first) + len(second) + len(third) + purged + embargoed; got != n {
			t.Fatalf("%d+%d+%d rows, %d purged and %d embargoed make %d, want %d", len(first), len(second), len(third), purged, embargoed, got, n)
		}
		for _, pair := range [][2][]train.Row{{first, second}, {second, third}, {first, third}} {
			if len(pair[1]) == 0 {
				continue
			}
			begin := pair[1][0].Time
			for _, r := range pair[0] {
				if r.End > begin {
					t.Fatalf("a label known at %d reaches into the part that begins at %d", r.End, begin)
				}
				between := 0
				for i, at := range times {
					if at > r.Time && at < begin && (i == 0 || times[i-1] != at) {
						between++
					}
				}
				if between < embargo {
					t.Fatalf("%d bars lie between %d and the next part at %d, want at least %d", between, r.Time, begin, embargo)
				}
			}
		}
	})
}

func TestDivide_shares(t *testing.T) {
	times, ends := make([]int64, 1000), make([]int64, 1000)
	for i := range times {
		times[i] = int64(i) * 60
		ends[i] = times[i] + 60*5 // four bars ahead
	}
	first, second, third, purged, embargoed := train.Divide(times, ends, strategy.Split{Train: 0.7, Validation: 0.2, Test: 0.1}, 10)
	// Rows 696..699 are known at 701*60 and later, the border is 700*60.
	if len(first) != 696 || len(second) != 186 || len(third) != 90 || purged != 8 || embargoed != 20 {
		t.Errorf("%d, %d and %d rows, %d purged, %d embargoed, want 696, 186, 90, 8 and 20", len(first), len(second), len(third), purged, embargoed)
	}
	if second[0].Time != 710*60 || third[0].Time != 910*60 {
		t.Errorf("parts begin at bars %d and %d, want 710 and 910", second[0].Time/60, third[0].Time/60)
	}
}

func TestBalanced(t *testing.T) {
	for name, c := range map[string]struct {
		rows []int
		want []float32
	}{
		"even":         {[]int{50, 50, 50}, []float32{1, 1, 1}},
		"uneven":       {[]int{10, 20, 30}, []float32{2, 1, float32(60.0 / 90)}},
		"rare_capped":  {[]int{500, 1, 499}, []float32{float32(1000.0 / 1500), train.MaxClassWeight, float32(1000.0 / 1497)}},
		"absent":       {[]int{100, 0, 300}, []float32{2, 1, float32(400.0 / 600)}},
		"last_absent":  {[]int{100, 300, 0}, []float32{2, float32(400.0 / 600), 1}},
		"two_classes":  {[]int{1, 3}, []float32{2, float32(4.0 / 6)}},
		"single_class": {[]int{0, 7, 0}, []float32{1, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := train.Balanced(c.rows); !slices.Equal(got, c.want) {
				t.Errorf("weights for %v rows = %v, want %v", c.rows, got, c.want)
			}
		})
	}
}
