package trial_test

import (
	"math/rand/v2"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/trial"
)

// TestPasses holds the drawdown within a position, found many bars at a time, to a look
// at every bar: at prices that stay for a while and come again, so that equities are
// the same to the last bit, and that rise or fall.
func TestPasses(t *testing.T) {
	for seed := range uint64(4000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		one := func(of ...float64) float64 { return of[rng.IntN(len(of))] }
		closes, price := make([]float64, 2+rng.IntN(2000)), 5000.0
		rare, drift := one(1, 9, 99, 999), rng.IntN(3)-1
		for i := range closes {
			if rng.IntN(int(rare)) == 0 {
				price += float64(drift + rng.IntN(7) - 3)
			}
			closes[i] = price
		}
		from := rng.IntN(len(closes))
		to := from + 1 + rng.IntN(len(closes)-from)
		sign, quantity := one(-1, 1), one(1, 0.37, 3)
		peak, depth := 10_000+one(-2000, -10, 0, 10, 100), one(0, 10, 100, 5000)
		d := trial.Drawdown{Peak: peak, Trough: peak - one(0, 1, 20, 500), Depth: depth, Share: depth / peak}
		if fast, slow := d.Passes(closes, from, to, sign, quantity, closes[from]*quantity, 10_000); fast != slow {
			t.Fatalf("seed %d, from bar %d to %d after %+v: %+v, bar by bar %+v", seed, from, to, d, fast, slow)
		}
	}
}
