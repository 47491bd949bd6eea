package trial_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
	"github.com/ktrdr/ktrdr/internal/core/trial"
)

// TestStretches holds vectors and plain Go to a look at every bar.
func TestStretches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 600).Draw(t, "bars")
		low, high := make([]float64, n), make([]float64, n)
		prices := rapid.IntRange(1, 40)
		for i := range low {
			low[i] = float64(prices.Draw(t, "low"))
			high[i] = low[i] + float64(prices.Draw(t, "width"))
		}
		stretches := make([]trial.Stretch, rapid.IntRange(1, 32).Draw(t, "stretches"))
		for i := range stretches {
			from := rapid.IntRange(0, n-1).Draw(t, "from")
			stretches[i] = trial.Stretch{From: from, To: rapid.IntRange(from, n).Draw(t, "to"),
				Below: float64(rapid.IntRange(0, 3).Draw(t, "below")), Above: rapid.SampledFrom([]float64{60, 75, 79, 81, math.Inf(1)}).Draw(t, "above")}
		}
		want := slices.Clone(stretches)
		for i := range want {
			w := &want[i]
			for bar := w.From; bar < w.To; bar++ {
				if low[bar] <= w.Below || high[bar] >= w.Above {
					w.To = bar
				}
			}
			if w.Least, w.Most = math.NaN(), 0; w.To > w.From {
				w.Least, w.Most = slices.Min(low[w.From:w.To]), slices.Max(high[w.From:w.To])
			}
		}
		for _, plain := range []bool{true, false} {
			got := slices.Clone(stretches)
			trial.Stretches(low, high, got, plain)
			if diff := cmp.Diff(want, got, cmp.Comparer(sameBits)); diff != "" {
				t.Fatalf("plain %v: (-every bar +got):\n%s", plain, diff)
			}
		}
	})
}

// TestFirst holds the search for a set bit to a look at every bit, at every distance
// that two steps of it reach.
func TestFirst(t *testing.T) {
	for from := range 130 {
		for ahead := range 270 {
			set := make([]uint64, (from+ahead)/64+4)
			for bar := range from { // what is behind does not count
				set[bar>>6] |= 1 << (bar & 63)
			}
			set[(from+ahead)>>6] |= 1 << ((from + ahead) & 63)
			if got := trial.First(set, from); got != from+ahead {
				t.Fatalf("from %d the first is %d, want %d", from, got, from+ahead)
			}
		}
	}
}

// TestDeclineAtOnce holds the drawdown over all closes of a position at once to that over
// one after the other.
func TestDeclineAtOnce(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	for range 250 {
		closes, most, rises, price := make([]float64, 24), 1+rng.IntN(9), rng.IntN(5), 40
		for i := range closes {
			price = min(130, max(1, price+rng.IntN(2*most+rises+1)-most))
			closes[i] = float64(price)
		}
		peak, sign := float64(90+rng.IntN(30)), float64(1-2*rng.IntN(2))
		d := trial.Decline{Peak: peak, Trough: peak - float64(rng.IntN(9)), Drawdown: float64(rng.IntN(30))}
		d.DrawdownPct = d.Drawdown / (90 + 100*rng.Float64())
		for from := range closes {
			for to := from + 1; to <= len(closes); to++ {
				want, got := d.After(closes, from, to, sign, 1, 40, 100, false), d.After(closes, from, to, sign, 1, 40, 100, true)
				if want.Trough = got.Trough; want != got { // a lower trough that counts is in the drawdown
					t.Fatalf("%+v, over %v: at once %+v, one after the other %+v", d, closes[from:to], got, want)
				}
			}
		}
	}
}

// TestDeclineOfLongPositions is that for positions of up to 2,000 bars, at prices that
// stay for a while and come again, so that equities are the same to the last bit.
func TestDeclineOfLongPositions(t *testing.T) {
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
		d := trial.Decline{Peak: peak, Trough: peak - one(0, 1, 20, 500), Drawdown: depth, DrawdownPct: depth / peak}
		want := d.After(closes, from, to, sign, quantity, closes[from]*quantity, 10_000, false)
		got := d.After(closes, from, to, sign, quantity, closes[from]*quantity, 10_000, true)
		if want.Trough = got.Trough; want != got { // as above
			t.Fatalf("seed %d, from bar %d to %d after %+v: at once %+v, one after the other %+v", seed, from, to, d, got, want)
		}
	}
}

// plainSpace are trials that rounds take on: all exits that do not move, both sides,
// sizes with and without parts of units.
const plainSpace = `axes:
  decisions.confidence_threshold: [0.4, 0.6]
  decisions.filters.min_signal_separation: [0, 1, 9]
  decisions.allow_short_from_flat: [true, false]
  decisions.exits: [null, {stop_loss: 0.004}, {take_profit: 0.003}, {stop_loss: 0.01, take_profit: 0.02}, {max_holding_bars: 1}, {max_holding_bars: 9, stop_loss: 0.003}, {stop_loss: 1e-17, take_profit: 1e-17}]`

// TestRoundsAreTrialsOneByOne holds what rounds compute to the same trials one by one,
// where prices often meet a level to the last bit, and peaks and ruin are rare or not.
func TestRoundsAreTrialsOneByOne(t *testing.T) {
	if !trial.HasVectors() {
		t.Skip("this processor has no vectors of 512 bits: trials go one by one")
	}
	s := space(t, plainSpace)
	trades := 0
	for seed := range uint64(16) {
		in := inputs(t, "sample_momentum", []market.Timeframe{market.Hour1, market.Minute1, market.Month1}[seed%3], 2500, seed, []float64{0.002, 0.02, 0.3}[seed%3], 0.9)
		in.Options.Commission, in.Options.Slippage = []float64{0, 0.001}[seed%2], []float64{0.0005, 0}[seed/2%2]
		in.Options.Fraction, in.Options.FractionalUnits = []float64{0.3, 1}[seed/4%2], seed%5 != 0
		if seed%4 == 3 {
			ofFewBits(&in.Window, seed)
			in.Held = in.Window
		}
		shared, err := trial.Prepare(in)
		if err != nil {
			t.Fatal(err)
		}
		rows, want := make([]sweep.Row, s.Len()), make([]sweep.Row, s.Len())
		if err := shared.Evaluate(context.Background(), s, 0, s.Len(), rows); err != nil {
			t.Fatal(err)
		}
		if err := shared.WithoutRounds().Evaluate(context.Background(), s, 0, s.Len(), want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, rows, cmp.Comparer(sameBits)); diff != "" {
			t.Fatalf("seed %d (-one by one +in rounds):\n%s", seed, diff)
		}
		for _, r := range rows {
			trades += r.TotalTrades
		}
	}
	if trades < 100_000 {
		t.Errorf("%d trades, want more", trades)
	}
}
