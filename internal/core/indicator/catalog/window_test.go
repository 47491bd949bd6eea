package catalog_test

import (
	"math"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"pgregory.net/rapid"
)

// coarse makes bars whose highs and lows are often equal, and often rise or fall
// for long.
func coarse(t *rapid.T) market.Series {
	n := rapid.IntRange(1, 700).Draw(t, "bars")
	s, price, drift := market.NewSeries("TEST", market.Hour1, n), 50.0, 0
	moves := rapid.SliceOfN(rapid.IntRange(-2, 2), 40, 40).Draw(t, "moves")
	for i := range n {
		if i%100 == 0 {
			drift = moves[i/100%40]
		}
		price = max(5, price+float64(drift+moves[i*7%40]))
		s.Append(market.Bar{Time: int64(i) * 3600, Open: price, High: price + float64(2+moves[i%40]), Low: price - float64(2+moves[i*3%40]), Close: price})
	}
	return s
}

// TestWindows_reference holds what slides to what looks at every window anew:
// highest, lowest and their places, whichever of equal ones counts.
func TestWindows_reference(t *testing.T) {
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		s := coarse(t)
		n := rapid.SampledFrom([]int{1, 2, 3, 4, 5, 7, 8, 14, 31, 64, 130, 200}).Draw(t, "period")
		oldest := rapid.Bool().Draw(t, "oldest")
		definition := "textbook"
		if oldest {
			definition = "ktrdr"
		}
		bars := map[bool]int{false: n + 1, true: n}[oldest]
		aroon := build(outer, "aroon", map[string]indicator.Value{"period": indicator.Int(n), "definition": indicator.Text(definition)}).Compute(s)
		percent := func(since int) float64 { return float64(100 * (float64(n-since) / float64(n))) }
		for i := bars - 1; i < s.Len(); i++ {
			up := percent(ago(s.High[i-bars+1:i+1], oldest, func(a, b float64) bool { return a > b }))
			down := percent(ago(s.Low[i-bars+1:i+1], oldest, func(a, b float64) bool { return a < b }))
			if aroon[0][i] != up || aroon[1][i] != down || aroon[2][i] != up-down {
				t.Fatalf("aroon of %d bars at %d is %v, %v, %v, want %v, %v", n, i, aroon[0][i], aroon[1][i], aroon[2][i], up, down)
			}
		}
		if n < 2 || n > 130 {
			return
		}
		channel := build(outer, "donchian", map[string]indicator.Value{"period": indicator.Int(n)}).Compute(s)
		for i := n - 1; i < s.Len(); i++ {
			high, low := math.Inf(-1), math.Inf(1)
			for k := i - n + 1; k <= i; k++ {
				high, low = max(high, s.High[k]), min(low, s.Low[k])
			}
			if channel[0][i] != high || channel[2][i] != low {
				t.Fatalf("channel of %d bars at %d is %v to %v, want %v to %v", n, i, channel[2][i], channel[0][i], low, high)
			}
		}
	})
}

// ago returns how long before the end of x its best value came.
func ago(x []float64, oldest bool, better func(a, b float64) bool) int {
	best := 0
	for i, v := range x {
		if better(v, x[best]) || v == x[best] && !oldest {
			best = i
		}
	}
	return len(x) - 1 - best
}

// TestStochastic_reference smooths by the definition of a mean.
func TestStochastic_reference(t *testing.T) {
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		s := coarse(t)
		n, smooth, d := rapid.IntRange(1, 40).Draw(t, "k"), rapid.IntRange(1, 20).Draw(t, "smooth"), rapid.IntRange(1, 20).Draw(t, "d")
		out := build(outer, "stochastic", map[string]indicator.Value{"k_period": indicator.Int(n), "smooth_k": indicator.Int(smooth), "d_period": indicator.Int(d)}).Compute(s)
		raw := make([]float64, s.Len())
		for i := range raw {
			high, low := math.Inf(-1), math.Inf(1)
			for k := max(0, i-n+1); k <= i; k++ {
				high, low = max(high, s.High[k]), min(low, s.Low[k])
			}
			if raw[i] = 50; high > low {
				raw[i] = 100 * (s.Close[i] - low) / (high - low)
			}
		}
		near := func(name string, i int, have float64, of []float64, bars int) {
			want := 0.0
			for _, v := range of[i-bars+1 : i+1] {
				want += v / float64(bars)
			}
			if !(math.Abs(have-want) <= 1e-11) || have < 0 || have > 100 {
				t.Fatalf("%s at %d is %v, want %v", name, i, have, want)
			}
		}
		for i := n - 1 + smooth - 1; i < s.Len(); i++ {
			near("k", i, out[0][i], raw, smooth)
			if i >= n-1+smooth-1+d-1 {
				near("d", i, out[1][i], out[0], d)
			}
		}
	})
}
