package barstore_test

import (
	"fmt"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
	"github.com/ktrdr/ktrdr/internal/data/sample"
)

// A regression makes every backtest and training start later: first=true is the
// first read after opening, which verifies everything it maps.
func BenchmarkRead(b *testing.B) {
	const bars = 1_000_000
	series := sample.BenchSeries(bars, 42)
	dir := b.TempDir()
	s := open(b, dir)
	if _, err := s.Merge(b.Context(), series); err != nil {
		b.Fatal(err)
	}
	scan := func(s *barstore.Store) (sum float64) {
		got, err := s.Read(b.Context(), series.Symbol, series.Timeframe, market.Span{})
		if err != nil || got.Len() != bars {
			b.Fatalf("%d bars, %v", got.Len(), err)
		}
		for _, v := range got.Close {
			sum += v
		}
		return sum
	}
	b.Run(fmt.Sprintf("bars=%d/first=false", bars), func(b *testing.B) {
		b.SetBytes(48 * bars)
		for b.Loop() {
			scan(s)
		}
	})
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run(fmt.Sprintf("bars=%d/first=true", bars), func(b *testing.B) {
		b.SetBytes(48 * bars)
		for b.Loop() {
			s, err := barstore.Open(dir)
			if err != nil {
				b.Fatal(err)
			}
			scan(s)
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// A regression makes live updates and imports slower; append is bound by the
// syncs of the disk.
func BenchmarkMerge(b *testing.B) {
	const bars = 1_000_000
	series := sample.BenchSeries(bars, 42)
	s := open(b, b.TempDir())
	if _, err := s.Merge(b.Context(), series); err != nil {
		b.Fatal(err)
	}
	b.Run(fmt.Sprintf("bars=%d/same", bars), func(b *testing.B) {
		b.SetBytes(48 * bars)
		for b.Loop() {
			if _, err := s.Merge(b.Context(), series); err != nil {
				b.Fatal(err)
			}
		}
	})
	one := series.Slice(bars-1, bars)
	b.Run("append=1", func(b *testing.B) {
		for b.Loop() {
			one.Time = []int64{one.Time[0] + 60}
			if _, err := s.Merge(b.Context(), one); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// A regression makes submitting an operation and starting a job slower.
func BenchmarkSnapshot(b *testing.B) {
	const bars = 1_000_000
	series := sample.BenchSeries(bars, 42)
	snapshot := barstore.Encode(nil, series)
	b.Run(fmt.Sprintf("bars=%d/encode", bars), func(b *testing.B) {
		b.SetBytes(int64(len(snapshot)))
		for b.Loop() {
			snapshot = barstore.Encode(snapshot[:0], series)
		}
	})
	b.Run(fmt.Sprintf("bars=%d/decode", bars), func(b *testing.B) {
		b.SetBytes(int64(len(snapshot)))
		for b.Loop() {
			if _, err := barstore.Decode(snapshot); err != nil {
				b.Fatal(err)
			}
		}
	})
}
