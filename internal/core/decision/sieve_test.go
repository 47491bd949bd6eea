package decision_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/decision"
)

// TestSieveIsDecide holds the sets and the counts to the rules, asked bar by bar with
// every position: where they depend on it, the bar is in a set, and else counted.
func TestSieveIsDecide(t *testing.T) {
	var s decision.Sieve // its room is used again
	rapid.Check(t, func(t *rapid.T) {
		rules := decision.Rules{Regression: rapid.Bool().Draw(t, "regression"), AllowShort: true,
			ConfidenceThreshold: rapid.SampledFrom([]float64{0, 0.5, 0.7, 1}).Draw(t, "threshold")}
		withheld := rapid.SampledFrom([]decision.Reason{decision.Acted, decision.Acted, decision.NoEvent, decision.OutOfRegime})
		if rapid.Bool().Draw(t, "skips") {
			withheld = rapid.SampledFrom([]decision.Reason{decision.Acted, decision.Skipped})
		}
		leaves := rapid.IntRange(0, 9).Draw(t, "leaves") == 0
		raws := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) decision.Raw {
			return decision.Raw{Known: rapid.IntRange(0, 9).Draw(t, "known") > 0, Signal: decision.Signal(rapid.IntRange(-1, 1).Draw(t, "signal")),
				Confidence: rapid.SampledFrom([]float32{0, 0.5, 0.6999, 0.7, 1}).Draw(t, "confidence"), Withheld: withheld.Draw(t, "withheld"),
				Leave: leaves && rapid.Bool().Draw(t, "leave")}
		}), 0, 200).Draw(t, "raws")
		s.Sift(rules, raws)
		var others decision.Counts
		odd := false
		for bar, raw := range raws {
			buys, sells := s.Buys[bar/64]>>(bar%64)&1 != 0, s.Sells[bar/64]>>(bar%64)&1 != 0
			whileFlat, reason := rules.Decide(raw, decision.Flat, decision.NeverEntered)
			long, _ := rules.Decide(raw, decision.Long, 1)
			short, _ := rules.Decide(raw, decision.Short, 1)
			if raw.Known && (raw.Leave || raw.Withheld == decision.Skipped) {
				odd = true
			}
			if reason != decision.Acted {
				others[reason]++
			}
			if want := whileFlat == decision.Buy || short == decision.Buy; !s.Odd && want != buys {
				t.Fatalf("bar %d, %+v: in the buys %t, want %t", bar, raw, buys, want)
			}
			if want := whileFlat != decision.Hold; !s.Odd && want != (s.Entries[bar/64]>>(bar%64)&1 != 0) {
				t.Fatalf("bar %d, %+v: in the entries %t, want %t", bar, raw, !want, want)
			}
			if want := whileFlat == decision.Sell || long == decision.Sell; !s.Odd && want != sells {
				t.Fatalf("bar %d, %+v: in the sells %t, want %t", bar, raw, sells, want)
			}
		}
		if s.Odd != odd {
			t.Fatalf("odd %t, want %t", s.Odd, odd)
		}
		if diff := cmp.Diff(others, s.Others); !odd && diff != "" {
			t.Fatalf("counts (-rules +sieve):\n%s", diff)
		}
		for bar := len(raws); bar < decision.SieveBars && !odd; bar++ {
			if (s.Buys[bar/64]|s.Sells[bar/64]|s.Entries[bar/64])>>(bar%64)&1 != 0 {
				t.Fatalf("bar %d of %d is set", bar, len(raws))
			}
		}
	})
}

// TestColumns holds the vectors to plain Go, whatever the bytes of a raw are.
func TestColumns(t *testing.T) {
	nan := float32(math.NaN())
	rapid.Check(t, func(t *rapid.T) {
		raws := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) decision.Raw {
			return decision.Raw{Known: rapid.IntRange(0, 5).Draw(t, "known") > 0, Signal: decision.Signal(rapid.IntRange(-1, 1).Draw(t, "signal")),
				Confidence: rapid.SampledFrom([]float32{-1, 0, 0.5, 0.6999, 0.7, 1, nan}).Draw(t, "confidence"),
				Withheld:   decision.Reason(rapid.SampledFrom([]int{0, 0, 0, 1, 7, 13}).Draw(t, "withheld")), Leave: rapid.IntRange(0, 5).Draw(t, "leave") == 0}
		}), 64, 64).Draw(t, "raws")
		threshold := rapid.SampledFrom([]float32{0, 0.5, 0.7}).Draw(t, "threshold")
		clean, signals, downs, sure := decision.ColumnsOf(raws, threshold)
		wantClean, wantSignals, wantDowns, wantSure := decision.ColumnsPlain(raws, threshold)
		if clean != wantClean || signals != wantSignals || downs != wantDowns || sure != wantSure {
			t.Fatalf("clean %x, signals %x, downs %x, sure %x, want %x, %x, %x, %x", clean, signals, downs, sure, wantClean, wantSignals, wantDowns, wantSure)
		}
	})
}

// BenchmarkSift sifts random signals. A regression makes every backtest longer.
func BenchmarkSift(b *testing.B) {
	rng := rand.New(rand.NewPCG(7, 7))
	raws := make([]decision.Raw, decision.SieveBars)
	for i := range raws {
		raws[i] = decision.Raw{Signal: decision.Signal(rng.IntN(3) - 1), Confidence: rng.Float32(), Known: true}
	}
	var s decision.Sieve
	rules := decision.Rules{ConfidenceThreshold: 0.6}
	b.Run("bars=4096", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Sift(rules, raws)
		}
		for bar, raw := range raws {
			flat, _ := rules.Decide(raw, decision.Flat, decision.NeverEntered)
			long, _ := rules.Decide(raw, decision.Long, 1)
			if got, want := [2]bool{s.Buys[bar/64]>>(bar%64)&1 != 0, s.Sells[bar/64]>>(bar%64)&1 != 0}, [2]bool{flat == decision.Buy, long == decision.Sell}; got != want {
				b.Fatalf("bar %d, %+v: in the buys and sells %v, want %v", bar, raw, got, want)
			}
		}
		b.ReportMetric(float64(len(raws))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mbars/s")
	})
}

// TestBits holds what is found and counted in a set to a look at every bar of it.
func TestBits(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 9))
	for every := range 40 {
		var set decision.Bits
		for i := range set {
			for bit := range 64 {
				if rng.IntN(1+8*every) == 0 {
					set[i] |= 1 << bit
				}
			}
		}
		for range 400 {
			a := rng.IntN(decision.SieveBars)
			b := min(decision.SieveBars, a+[]int{rng.IntN(3), rng.IntN(70), rng.IntN(300), rng.IntN(decision.SieveBars)}[rng.IntN(4)])
			first, count := b, 0
			for bar := b - 1; bar >= a; bar-- {
				if set[bar/64]>>(bar%64)&1 != 0 {
					first, count = bar, count+1
				}
			}
			if set.First(a, b) != first || set.Count(a, b) != count {
				t.Fatalf("from bar %d to %d one in %d: first %d, %d in all, want %d, %d", a, b, 1+8*every, set.First(a, b), set.Count(a, b), first, count)
			}
		}
	}
}
