package barstore_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

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
	want := 0.0
	for _, v := range series.Close {
		want += v
	}
	scan := func(s *barstore.Store) {
		sum := 0.0
		got, err := s.Read(b.Context(), series.Symbol, series.Timeframe, market.Span{})
		if err != nil || got.Len() != bars {
			b.Fatalf("%d bars, %v", got.Len(), err)
		}
		for _, v := range got.Close {
			sum += v
		}
		if sum != want {
			b.Fatalf("closes add up to %v, want %v", sum, want)
		}
	}
	b.Run(fmt.Sprintf("bars=%d/first=false", bars), func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(48 * bars)
		for b.Loop() {
			scan(s)
		}
	})
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run(fmt.Sprintf("bars=%d/first=true", bars), func(b *testing.B) {
		b.ReportAllocs()
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
		b.ReportAllocs()
		b.SetBytes(48 * bars)
		for b.Loop() {
			if change, err := s.Merge(b.Context(), series); err != nil || change.Same != bars {
				b.Fatalf("%+v, %v", change, err)
			}
		}
	})
	one := series.Slice(bars-1, bars)
	b.Run("append=1", func(b *testing.B) {
		for b.Loop() {
			one.Time = []int64{one.Time[0] + 60}
			if change, err := s.Merge(b.Context(), one); err != nil || change.Added != 1 {
				b.Fatalf("%+v, %v", change, err)
			}
		}
	})
}

// BenchmarkRevise changes the last of many bars, as the next download does with a bar
// that was not complete, and reads the series. A regression makes live updates of long series
// slower.
func BenchmarkRevise(b *testing.B) {
	for _, bars := range []int{100_000, 1_000_000, 10_000_000} {
		b.Run(fmt.Sprintf("bars=%d", bars), func(b *testing.B) {
			series := sample.BenchSeries(bars, 42)
			s := open(b, b.TempDir())
			if _, err := s.Merge(b.Context(), series); err != nil {
				b.Fatal(err)
			}
			if _, err := s.Read(b.Context(), series.Symbol, series.Timeframe, market.Span{}); err != nil {
				b.Fatal(err)
			}
			last := clone(series.Slice(bars-1, bars))
			b.ReportAllocs()
			for b.Loop() {
				last.Volume[0]++
				if change, err := s.Merge(b.Context(), last); err != nil || change.Changed != 1 {
					b.Fatalf("%+v, %v", change, err)
				}
				got, err := s.Read(b.Context(), series.Symbol, series.Timeframe, market.Span{})
				if err != nil || got.Len() != bars || got.Volume[bars-1] != last.Volume[0] || got.Volume[bars-2] != series.Volume[bars-2] {
					b.Fatalf("%d bars, %v", got.Len(), err)
				}
			}
		})
	}
}

// A regression makes submitting an operation and starting a job slower.
func BenchmarkSnapshot(b *testing.B) {
	const bars = 1_000_000
	series := sample.BenchSeries(bars, 42)
	snapshot := barstore.Encode(nil, series)
	b.Run(fmt.Sprintf("bars=%d/encode", bars), func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(snapshot)))
		for b.Loop() {
			snapshot = barstore.Encode(snapshot[:0], series)
		}
		if back, err := barstore.Decode(snapshot); err != nil || !slices.Equal(back.Close, series.Close) || !slices.Equal(back.Time, series.Time) {
			b.Fatalf("%d bars came back, %v", back.Len(), err)
		}
	})
	b.Run(fmt.Sprintf("bars=%d/decode", bars), func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(snapshot)))
		for b.Loop() {
			got, err := barstore.Decode(snapshot)
			if err != nil || got.Len() != bars || got.Close[bars-1] != series.Close[bars-1] {
				b.Fatalf("%d bars, %v", got.Len(), err)
			}
		}
	})
}

// BenchmarkScan adds up every column of bars that were read before, those that the
// store gives out again and those of an ordinary series: a million, which a cache
// can hold, and eight, which are read from memory. A regression makes every job
// slower that goes through its bars.
func BenchmarkScan(b *testing.B) {
	for _, bars := range []int{1_000_000, 8_000_000} {
		series := sample.BenchSeries(bars, 42)
		s := open(b, b.TempDir())
		if _, err := s.Merge(b.Context(), series); err != nil {
			b.Fatal(err)
		}
		want := scan(b, series)
		if _, err := s.Read(b.Context(), series.Symbol, series.Timeframe, market.Span{}); err != nil { // what is timed is hot
			b.Fatal(err)
		}
		for _, from := range []string{"store", "memory"} {
			b.Run(fmt.Sprintf("bars=%d/from=%s", bars, from), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(48 * int64(bars))
				for b.Loop() {
					got := series
					if from == "store" {
						var err error
						if got, err = s.Read(b.Context(), series.Symbol, series.Timeframe, market.Span{}); err != nil || got.Len() != bars {
							b.Fatalf("%d bars, %v", got.Len(), err)
						}
					}
					if sums := scan(b, got); sums != want {
						b.Fatalf("sums %v, want %v", sums, want)
					}
				}
				b.ReportMetric(float64(bars)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mbars/s")
			})
		}
	}
}

// scan adds up the columns of s. The sums are variables and not elements, which
// would be written and read at each bar.
func scan(b *testing.B, s market.Series) [5]float64 {
	n, last := len(s.Time), int64(0)
	opens, highs, lows, closes, volumes := s.Open[:n], s.High[:n], s.Low[:n], s.Close[:n], s.Volume[:n]
	var open, high, low, close, volume float64
	for i, t := range s.Time {
		if t <= last {
			b.Fatal("times do not increase")
		}
		last = t
		open += opens[i]
		high += highs[i]
		low += lows[i]
		close += closes[i]
		volume += volumes[i]
	}
	return [5]float64{open, high, low, close, volume}
}

var monthBars = flag.Int("month.bars", 10_000_000, "bars that the benchmarks of a month write, 48 bytes each, at least a million")

// BenchmarkMonth reads months of minutes out of ten million bars, or as many as
// -month.bars says: first=true opens the store for each and verifies what it maps. A
// regression makes short backtests on long histories begin later; the length of the
// history must not show.
func BenchmarkMonth(b *testing.B) {
	dir, read := months(b)
	s := open(b, dir)
	b.Run(fmt.Sprintf("bars=%d/first=false", *monthBars), func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			read(b, s, i)
		}
	})
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run(fmt.Sprintf("bars=%d/first=true", *monthBars), func(b *testing.B) {
		var took []time.Duration
		for i := 0; b.Loop(); i++ {
			took = append(took, readFirst(b, dir, i, read))
		}
		reportWorst(b, took)
	})
}

// reportWorst reports the time that one in a hundred exceeds, and the longest, which
// on a shared machine is that of another's work.
func reportWorst(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
	b.ReportMetric(took[len(took)-1].Seconds()*1e3, "worst-ms")
}

// months fills a store and returns its directory, and what reads one of thirty months
// that lie all over it. Each lies in as many blocks as a month can, of either size.
func months(b *testing.B) (dir string, read func(b *testing.B, s *barstore.Store, month int)) {
	const part, bars, block = 1_000_000, 30 * 24 * 60, 1 << 16
	dir = b.TempDir()
	s := open(b, dir)
	series := sample.BenchSeries(part, 42)
	start := series.Time[0]
	for range *monthBars / part {
		if _, err := s.Merge(b.Context(), series); err != nil {
			b.Fatal(err)
		}
		times := make([]int64, part)
		for i, t := range series.Time {
			times[i] = t + 60*part
		}
		series.Time = times
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return dir, func(b *testing.B, s *barstore.Store, month int) {
		first := block*(1+month%30*(*monthBars/block-2)/30) - block/4 - 1
		from := start + 60*int64(first)
		got, err := s.Read(b.Context(), series.Symbol, series.Timeframe, market.Span{From: from, To: from + 60*bars})
		if err != nil || got.Len() != bars || got.Time[0] != from || got.Close[bars-1] != series.Close[(first+bars-1)%part] {
			b.Fatalf("%d bars, %v", got.Len(), err)
		}
	}
}

// readFirst is the first read of a process. It returns how long it took.
func readFirst(b *testing.B, dir string, month int, read func(*testing.B, *barstore.Store, int)) time.Duration {
	begin := time.Now()
	s, err := barstore.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	read(b, s, month)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return time.Since(begin)
}
