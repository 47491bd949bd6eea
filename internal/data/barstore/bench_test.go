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

// BenchmarkScan adds up every column of a million bars that were read before. A
// regression makes every job slower that goes through its bars.
func BenchmarkScan(b *testing.B) {
	const bars = 1_000_000
	series := sample.BenchSeries(bars, 42)
	s := open(b, b.TempDir())
	if _, err := s.Merge(b.Context(), series); err != nil {
		b.Fatal(err)
	}
	var want [5]float64
	for i := range bars {
		for c, column := range [...][]float64{series.Open, series.High, series.Low, series.Close, series.Volume} {
			want[c] += column[i]
		}
	}
	b.SetBytes(48 * bars)
	for b.Loop() {
		got, err := s.Read(b.Context(), series.Symbol, series.Timeframe, market.Span{})
		if err != nil || got.Len() != bars {
			b.Fatalf("%d bars, %v", got.Len(), err)
		}
		var sums [5]float64
		n, last := len(got.Time), int64(0)
		open, high, low, close, volume := got.Open[:n], got.High[:n], got.Low[:n], got.Close[:n], got.Volume[:n]
		for i, t := range got.Time {
			if t <= last {
				b.Fatal("times do not increase")
			}
			last = t
			sums[0] += open[i]
			sums[1] += high[i]
			sums[2] += low[i]
			sums[3] += close[i]
			sums[4] += volume[i]
		}
		if sums != want {
			b.Fatalf("sums %v, want %v", sums, want)
		}
	}
	b.ReportMetric(bars*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mbars/s")
}

// BenchmarkMonth reads a month of minutes out of ten million bars: first=true opens
// the store for it and verifies the blocks that it maps. A regression makes short
// backtests on long histories begin later; the length of the history must not show.
func BenchmarkMonth(b *testing.B) {
	const bars, part, month = 10_000_000, 1_000_000, 30 * 24 * 60
	dir := b.TempDir()
	s := open(b, dir)
	series := sample.BenchSeries(part, 42)
	first := series.Time[0]
	for range bars / part {
		if _, err := s.Merge(b.Context(), series); err != nil {
			b.Fatal(err)
		}
		times := make([]int64, part)
		for i, t := range series.Time {
			times[i] = t + 60*part
		}
		series.Time = times
	}
	from := first + 60*(bars/2)
	read := func(s *barstore.Store) {
		got, err := s.Read(b.Context(), series.Symbol, series.Timeframe, market.Span{From: from, To: from + 60*month})
		if err != nil || got.Len() != month || got.Time[0] != from || got.Close[month-1] != series.Close[(bars/2+month-1)%part] {
			b.Fatalf("%d bars, %v", got.Len(), err)
		}
	}
	b.Run(fmt.Sprintf("bars=%d/first=false", bars), func(b *testing.B) {
		for b.Loop() {
			read(s)
		}
	})
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run(fmt.Sprintf("bars=%d/first=true", bars), func(b *testing.B) {
		for b.Loop() {
			s, err := barstore.Open(dir)
			if err != nil {
				b.Fatal(err)
			}
			read(s)
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
