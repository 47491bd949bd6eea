package ledger_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/ledger"
)

// TestTally adds trades up one by one, with a branch for each result.
func TestTally(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "trades")
		result := rapid.OneOf(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1e-300, -1e-300}), rapid.Float64Range(-1e6, 1e6))
		nets := rapid.SliceOfN(result, n, n).Draw(t, "nets")
		seconds := rapid.SliceOfN(rapid.Int64Range(0, 1e9), n, n).Draw(t, "seconds")
		longs := rapid.IntRange(0, n).Draw(t, "longs")
		want, streak := ledger.NewTally(), 0
		want.Longs = longs
		for i, net := range nets {
			want.Count++
			want.Net += net
			want.Seconds += seconds[i]
			want.Most, want.Least = max(want.Most, net), min(want.Least, net)
			switch {
			case net > 0:
				want.Wins++
				want.Won += net
				want.WonSeconds += seconds[i]
				streak = 0
			case net < 0:
				want.Losses++
				want.Lost += net
				want.LostSeconds += seconds[i]
				streak++
				want.Longest = max(want.Longest, streak)
			default:
				streak = 0
			}
		}
		got, cut := ledger.NewTally(), rapid.IntRange(0, n).Draw(t, "cut")
		got.Add(nets[:cut], seconds, longs)
		got.Add(nets[cut:], seconds[cut:], 0)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(ledger.Tally{})); diff != "" {
			t.Fatalf("%v (-one by one +tally):\n%s", nets, diff)
		}
	})
}
