package ledger_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
)

// TestTally adds trades up one by one, with a branch for each result.
func TestTally(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "trades")
		result := rapid.OneOf(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1e-300, -1e-300}), rapid.Float64Range(-1e6, 1e6))
		nets := rapid.SliceOfN(result, n, n).Draw(t, "nets")
		seconds := rapid.SliceOfN(rapid.Int64Range(0, 1e9), n, n).Draw(t, "seconds")
		sides := rapid.SliceOfN(rapid.SampledFrom([]decision.Position{decision.Long, decision.Short}), n, n).Draw(t, "sides")
		want, streak := ledger.NewTally(), 0
		for i, net := range nets {
			want.Count++
			if sides[i] == decision.Long {
				want.Longs++
			}
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
		got := ledger.NewTally()
		for i := 0; i < n; {
			some, longs := i, 0
			for some < n && nets[some] != 0 && rapid.Bool().Draw(t, "together") {
				longs += int(sides[some]+1) / 2
				some++
			}
			if got.AddAll(nets[i:some], seconds[i:some], longs); some < n {
				got.Add(nets[some], seconds[some], sides[some])
			}
			i = some + 1
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(ledger.Tally{})); diff != "" {
			t.Fatalf("%v (-one by one +tally):\n%s", nets, diff)
		}
	})
}
