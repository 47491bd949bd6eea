package job_test

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/data/tabular"
)

// realFrame reads the real bars of the example strategy on two timeframes, or
// skips the test.
func realFrame(t *testing.T) (*strategy.Strategy, feature.Frame) {
	t.Helper()
	root := filepath.Join("..", "..", "..")
	text, err := os.ReadFile(filepath.Join(root, "strategies", "gbpusd_two_timeframes.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := grammar.Parse("gbpusd_two_timeframes.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	frame := feature.Frame{Symbol: "GBPUSD", Series: map[market.Timeframe]market.Series{}}
	for _, tf := range s.Timeframes {
		name := "GBPUSD_" + tf.String() + ".csv"
		file, err := os.Open(filepath.Join(root, "..", "shared", "data", "market", name))
		if err != nil {
			t.Skipf("real market data is not here (%s): this test needs it", name)
		}
		defer file.Close()
		series, _, err := tabular.ReadCSV(file, name, tabular.CSVOptions{Options: tabular.Options{Symbol: "GBPUSD", Timeframe: tf}})
		if err != nil {
			t.Fatal(err)
		}
		frame.Series[tf] = series
	}
	return s, frame
}

func span(t *testing.T, start, end string) market.Span {
	t.Helper()
	s, err := market.ParseSpan(start, end)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// TestRealFeatures/no_bar_is_seen_early alters, for random decision times, every
// bar of every timeframe that is not available then.
func TestRealFeatures(t *testing.T) {
	s, frame := realFrame(t)
	whole, err := feature.Build(t.Context(), s, frame, span(t, "2018-01-01", "2021-12-31"))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("no_bar_is_seen_early", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for range 60 {
			row := rng.IntN(whole.Len())
			decided := s.Base.End(whole.Time[row])
			altered := feature.Frame{Symbol: frame.Symbol, Series: map[market.Timeframe]market.Series{}}
			for tf, series := range frame.Series {
				altered.Series[tf] = alterAfter(series, decided, rng)
			}
			got, err := feature.Build(t.Context(), s, altered, market.Span{From: whole.Time[row], To: whole.Time[row] + 1})
			if err != nil {
				t.Fatal(err)
			}
			if !sameBits(got.Row(0), whole.Row(row)) {
				t.Fatalf("the row of %s changed with bars that were not available then:\n%v\n%v", market.Stamp(whole.Time[row]), got.Row(0), whole.Row(row))
			}
		}
	})
	t.Run("training_row_is_backtest_row", func(t *testing.T) {
		// A training is given the bars up to its end, a backtest those up to its own.
		cut := feature.Frame{Symbol: frame.Symbol, Series: map[market.Timeframe]market.Series{}}
		end := span(t, "", "2019-06-30").To
		for tf, series := range frame.Series {
			cut.Series[tf] = series.Within(market.Span{To: end})
		}
		training, err := feature.Build(t.Context(), s, cut, span(t, "2013-01-01", "2019-06-30"))
		if err != nil {
			t.Fatal(err)
		}
		shared := 0
		for i, open := range training.Time {
			j, found := slices.BinarySearch(whole.Time, open)
			if !found {
				continue
			}
			shared++
			if !sameBits(training.Row(i), whole.Row(j)) {
				t.Fatalf("the rows of %s differ:\n%v\n%v", market.Stamp(open), training.Row(i), whole.Row(j))
			}
		}
		if shared < 5_000 {
			t.Errorf("compared %d rows, want thousands", shared)
		}
	})
}

// alterAfter returns a copy of s in which every bar that is not available at
// time now has other prices.
func alterAfter(s market.Series, now int64, rng *rand.Rand) market.Series {
	altered := market.NewSeries(s.Symbol, s.Timeframe, s.Len())
	for i := range s.Len() {
		bar := s.Bar(i)
		if s.Available(i) > now {
			factor := 0.5 + rng.Float64()
			bar.Open, bar.High, bar.Low, bar.Close = bar.Open*factor, bar.High*factor*1.01, bar.Low*factor*0.99, bar.Close*factor
			bar.Volume = float64(rng.IntN(1000))
		}
		altered.Append(bar)
	}
	return altered
}
