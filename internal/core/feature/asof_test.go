package feature_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

func opensAt(tf market.Timeframe, hours ...int64) market.Series {
	s := market.NewSeries("TEST", tf, len(hours))
	for _, h := range hours {
		s.Append(market.Bar{Time: h * 3600, Open: 1, High: 1, Low: 1, Close: 1})
	}
	return s
}

// TestAsOf: the bar of four hours from 4 on is first read by the hour that ends
// with it; without a successor it stands for two bars of its length.
func TestAsOf(t *testing.T) {
	var hours []int64
	for h := range int64(24) {
		hours = append(hours, h)
	}
	base := opensAt(market.Hour1, hours...)
	got := feature.AsOf(base, 0, 24, opensAt(market.Hour4, 4, 8))
	want := slices.Concat(slices.Repeat([]int32{-1}, 7), slices.Repeat([]int32{0}, 4), slices.Repeat([]int32{1}, 9), slices.Repeat([]int32{-1}, 4))
	if !slices.Equal(got, want) {
		t.Errorf("AsOf = %v, want %v", got, want)
	}
	if part := feature.AsOf(base, 9, 3, opensAt(market.Hour4, 4, 8)); !slices.Equal(part, want[9:12]) {
		t.Errorf("from bar 9 on it is %v, want %v", part, want[9:12])
	}
}

// TestAsOf_causal: no bar is read before it is available, nor an older one where a
// newer one is, and bars that come later change nothing.
func TestAsOf_causal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(tf market.Timeframe, name string) market.Series {
			s, at := market.NewSeries("TEST", tf, 0), int64(0)
			for range rapid.IntRange(1, 40).Draw(t, name) {
				at += tf.Seconds() * rapid.Int64Range(1, 4).Draw(t, "gap")
				s.Append(market.Bar{Time: at, Open: 1, High: 1, Low: 1, Close: 1})
			}
			return s
		}
		base, other := draw(market.Hour1, "base"), draw(rapid.SampledFrom([]market.Timeframe{market.Minute30, market.Hour1, market.Hour4}).Draw(t, "timeframe"), "other")
		whole := feature.AsOf(base, 0, base.Len(), other)
		cut := rapid.IntRange(0, base.Len()-1).Draw(t, "cut")
		closed, n := base.Available(cut), 0
		for n < other.Len() && other.Available(n) <= closed {
			n++
		}
		if got := whole[cut]; got >= 0 && int(got) != n-1 {
			t.Fatalf("bar %d reads bar %d of %d that are available", cut, got, n)
		}
		if part := feature.AsOf(base.Slice(0, cut+1), 0, cut+1, other.Slice(0, n)); !slices.Equal(part, whole[:cut+1]) {
			t.Fatalf("without later bars it is %v, with them %v", part, whole[:cut+1])
		}
	})
}
