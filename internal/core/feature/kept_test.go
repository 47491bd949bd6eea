package feature_test

import (
	"bytes"
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/strategies"
)

// A shelf keeps columns and counts.
type shelf struct {
	columns map[string][]float32
	puts    int
}

func (s *shelf) Get(key string, rows int) ([]float32, bool) {
	column, ok := s.columns[key]
	return column, ok && len(column) == rows
}

func (s *shelf) Put(key string, column []float32) { s.columns[key] = column; s.puts++ }

func keptFrame(s *strategy.Strategy, bars int, seed uint64) feature.Frame {
	f := feature.Frame{Symbol: s.Symbols[0], Series: map[market.Timeframe]market.Series{}, Hashes: map[strategy.Bars]string{}}
	f.Context = map[string]market.Series{}
	for _, of := range s.Reads() {
		tf := of.Timeframe
		n := max(1, bars*int(s.Base.Seconds())/int(tf.Seconds()))
		series := market.NewSeries(of.Symbol, tf, n)
		at, price, state := int64(1_500_000_000)/tf.Seconds()*tf.Seconds(), 1.1, seed+1
		for range n {
			state = state*6364136223846793005 + 1442695040888963407
			open := price
			price *= 1 + 0.01*(float64(state>>11)/(1<<53)-0.5)
			series.Append(market.Bar{Time: at, Open: open, High: max(open, price), Low: min(open, price), Close: price, Volume: 1})
			at += tf.Seconds()
		}
		if of.Symbol == f.Symbol {
			f.Series[tf] = series
		}
		for _, source := range s.Context {
			if source.Bars == of {
				f.Context[source.ID] = series
			}
		}
		f.Hashes[of] = string(of.Symbol) + tf.String() + string(rune('a'+seed))
	}
	return f
}

// TestKeptColumnsChangeNothing builds in any order, from one shelf, the features of
// several strategies over several windows of several bars.
func TestKeptColumnsChangeNothing(t *testing.T) {
	all, names := map[string]*strategy.Strategy{}, []string{}
	for _, name := range []string{"sample_momentum", "forward_return", "gbpusd_two_timeframes", "barrier_events", "market_regime",
		"placed_sets", "quantile_ratio", "carry_context", "gbpusd_two_timeframes of earlier bars too"} {
		file, lagged, _ := strings.Cut(name, " ")
		source, err := strategies.Files.ReadFile(file + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if lagged != "" {
			source = bytes.ReplaceAll(source, []byte(", timeframes: "), []byte(", lags: 2, timeframes: "))
		}
		s, err := grammar.Parse(name, source)
		if err != nil {
			t.Fatal(err)
		}
		all[name], names = s, append(names, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		kept := &shelf{columns: map[string][]float32{}}
		for range 4 {
			s := all[rapid.SampledFrom(names).Draw(t, "strategy")]
			f := keptFrame(s, rapid.IntRange(4, 400).Draw(t, "bars"), uint64(rapid.IntRange(0, 2).Draw(t, "seed")))
			base := f.Series[s.Base]
			f.Hashes[strategy.Bars{Symbol: f.Symbol, Timeframe: s.Base}] += string(rune(base.Len()))
			from := rapid.IntRange(0, base.Len()-1).Draw(t, "from")
			span := market.Span{From: base.Time[from], To: base.Time[rapid.IntRange(from, base.Len()-1).Draw(t, "to")] + 1}
			want, err := feature.BuildUnscaled(context.Background(), s, f, span)
			if err != nil {
				t.Fatal(err)
			}
			f.Kept = kept
			for range 2 {
				got, err := feature.BuildUnscaled(context.Background(), s, f, span)
				if err != nil {
					t.Fatal(err)
				}
				sameMatrix(t, want, got)
			}
		}
	})
}

func sameMatrix(t *rapid.T, want, got feature.Matrix) {
	if got.Width != want.Width || got.Len() != want.Len() || len(got.Names) != len(want.Names) || got.Symbol != want.Symbol || got.Timeframe != want.Timeframe {
		t.Fatalf("a matrix of %d by %d %v, want %d by %d %v", got.Len(), got.Width, got.Names, want.Len(), want.Width, want.Names)
	}
	for i, name := range want.Names {
		if got.Names[i] != name {
			t.Fatalf("column %d is %s, want %s", i, got.Names[i], name)
		}
	}
	for i, v := range want.Data {
		if math.Float32bits(v) != math.Float32bits(got.Data[i]) {
			t.Fatalf("row %d column %d is %v, want %v", i/want.Width, i%want.Width, got.Data[i], v)
		}
	}
}

// TestKeptColumnsHaveNames: where the bars of one series have no hash, nothing is
// kept, since other bars without one would get their columns.
func TestKeptColumnsHaveNames(t *testing.T) {
	s := example(t, "carry_context")
	kept := &shelf{columns: map[string][]float32{}}
	for of := range keptFrame(s, 300, 0).Hashes {
		for seed := range uint64(2) {
			f := keptFrame(s, 300, seed)
			f.Hashes[of] = ""
			want, err := feature.BuildUnscaled(t.Context(), s, f, market.Span{})
			if err != nil {
				t.Fatal(err)
			}
			f.Kept = kept
			got, err := feature.BuildUnscaled(t.Context(), s, f, market.Span{})
			if err != nil || !sameBits(got.Data, want.Data) || kept.puts != 0 {
				t.Errorf("without the hash of %v: %d columns kept, error %v", of, kept.puts, err)
			}
		}
	}
}

// example returns one of the examples of strategies.
func example(t *testing.T, name string) *strategy.Strategy {
	t.Helper()
	source, err := strategies.Files.ReadFile(name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := grammar.Parse(name, source)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestKeptColumnsAreShared builds a strategy, and then one that differs in one
// input: only the columns of that one are computed.
func TestKeptColumnsAreShared(t *testing.T) {
	s := example(t, "sample_momentum")
	f, kept := keptFrame(s, 300, 0), &shelf{columns: map[string][]float32{}}
	f.Kept = kept
	build := func(s *strategy.Strategy) int {
		kept.puts = 0
		if _, err := feature.BuildUnscaled(context.Background(), s, f, market.Span{}); err != nil {
			t.Fatal(err)
		}
		return kept.puts
	}
	less := *s
	less.Inputs = s.Inputs[1:]
	if len(less.Inputs) == 0 {
		t.Fatal("the example has one input only")
	}
	some := build(&less)
	if rest, want := build(s), len(s.Features())-len(less.Features()); some != len(less.Features()) || rest != want {
		t.Errorf("computed %d and then %d columns, want %d and %d", some, rest, len(less.Features()), want)
	}
	if again := build(s); again != 0 {
		t.Errorf("computed %d columns again", again)
	}
}

// TestKeptColumnsAreOfAllTheyFollowFrom: columns of the bars of another timeframe, or of
// another symbol, follow from those, from the bars that they are rows of, and from what the
// strategy says by the same names.
func TestKeptColumnsAreOfAllTheyFollowFrom(t *testing.T) {
	for _, c := range []struct{ name, was, is string }{
		{"gbpusd_two_timeframes", "period: 14", "period: 9"}, {"carry_context", "period: 14", "period: 9"},
	} {
		source, err := strategies.Files.ReadFile(c.name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		kept := &shelf{columns: map[string][]float32{}}
		for _, change := range []string{"nothing", "base", "others", "strategy", "nothing"} {
			text := source
			if change == "strategy" {
				if text = bytes.Replace(source, []byte(c.was), []byte(c.is), 1); bytes.Equal(text, source) {
					t.Fatalf("%s has no %q", c.name, c.was)
				}
			}
			s, err := grammar.Parse(c.name, text)
			if err != nil {
				t.Fatal(err)
			}
			f := keptFrame(s, 300, 0)
			base := strategy.Bars{Symbol: f.Symbol, Timeframe: s.Base}
			switch change {
			case "base": // seven bars later
				for i := range f.Series[s.Base].Time {
					f.Series[s.Base].Time[i] += 7 * s.Base.Seconds()
				}
				f.Hashes[base] += "later"
			case "others":
				other := keptFrame(s, 300, 1)
				other.Series[s.Base] = f.Series[s.Base]
				other.Hashes[base] = f.Hashes[base]
				f = other
			}
			want, err := feature.BuildUnscaled(t.Context(), s, f, market.Span{})
			if err != nil {
				t.Fatal(err)
			}
			f.Kept = kept
			if got, err := feature.BuildUnscaled(t.Context(), s, f, market.Span{}); err != nil || !sameBits(got.Data, want.Data) {
				t.Errorf("%s, %s changed: kept columns are not those of a build, error %v", c.name, change, err)
			}
		}
	}
}

// TestKeptColumnsThatAreGone lets go of one column after the other, as a cache may.
func TestKeptColumnsThatAreGone(t *testing.T) {
	s := example(t, "sample_momentum")
	f, kept := keptFrame(s, 300, 0), &shelf{columns: map[string][]float32{}}
	want, err := feature.BuildUnscaled(t.Context(), s, f, market.Span{})
	if err != nil {
		t.Fatal(err)
	}
	f.Kept = kept
	if _, err := feature.BuildUnscaled(t.Context(), s, f, market.Span{}); err != nil {
		t.Fatal(err)
	}
	for key := range maps.Clone(kept.columns) {
		delete(kept.columns, key)
		if got, err := feature.BuildUnscaled(t.Context(), s, f, market.Span{}); err != nil || !sameBits(got.Data, want.Data) || kept.columns[key] == nil {
			t.Fatalf("without one of %d columns the build is another, or does not keep it again: %v", len(kept.columns), err)
		}
	}
}

// TestKeptColumnsOfOthersOnly: bars of the base without a hash keep the columns of other
// series from being kept, too: they have its rows.
func TestKeptColumnsOfOthersOnly(t *testing.T) {
	s := example(t, "gbpusd_two_timeframes")
	f, kept := keptFrame(s, 300, 0), &shelf{columns: map[string][]float32{}}
	others := *s
	others.Inputs = nil
	for _, in := range s.Inputs {
		in.Timeframes = slices.DeleteFunc(slices.Clone(in.Timeframes), func(tf market.Timeframe) bool { return tf == s.Base })
		if len(in.Timeframes) > 0 {
			others.Inputs = append(others.Inputs, in)
		}
	}
	f.Kept, f.Hashes[strategy.Bars{Symbol: f.Symbol, Timeframe: s.Base}] = kept, ""
	if _, err := feature.BuildUnscaled(t.Context(), &others, f, market.Span{}); err != nil || len(others.Inputs) == 0 || kept.puts != 0 {
		t.Errorf("%d inputs, %d columns kept, error %v", len(others.Inputs), kept.puts, err)
	}
}

// TestRatios: sets of the same shapes that divide other prices by the same values are other
// features, whatever is built beside them, and a price divided by 0 is not known.
func TestRatios(t *testing.T) {
	source, err := strategies.Files.ReadFile("quantile_ratio.yaml")
	if err != nil {
		t.Fatal(err)
	}
	of := func(name, text string) feature.Matrix {
		t.Helper()
		s, err := grammar.Parse(name, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		f := keptFrame(s, 300, 0)
		for _, column := range [][]float64{f.Series[s.Base].Open, f.Series[s.Base].High, f.Series[s.Base].Low, f.Series[s.Base].Close} {
			for i := 100; i < 200; i++ { // prices that do not change
				column[i] = 1
			}
		}
		m, err := feature.BuildUnscaled(t.Context(), s, f, market.Span{})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	week := "  week:\n    indicator: ema_120\n    transform: {type: price_ratio, reference: close}\n    place: c-means\n    below: {type: gaussian}\n    at: {type: gaussian}\n    above: {type: gaussian}\n"
	same := "  week:\n    indicator: sma_24\n    transform: {type: price_ratio, reference: high}\n    below: {type: left_shoulder, parameters: [0.996, 1]}\n    at: [0.996, 1, 1.004]\n    above: {type: right_shoulder, parameters: [1, 1.004]}\n"
	text := strings.Replace(string(source), week, same, 1)
	if text == string(source) {
		t.Fatal("the example is another one")
	}
	both := of("both", text)
	for _, alone := range []string{"day", "week"} {
		other := map[string]string{"day": "  - {fuzzy_set: week, timeframes: all}\n", "week": "  - {fuzzy_set: day, timeframes: all, lags: 3}\n"}[alone]
		one := of(alone, strings.Replace(text, other, "", 1))
		for c, name := range one.Names {
			at := slices.Index(both.Names, name)
			for row := range one.Len() {
				if v, want := both.Data[row*both.Width+at], one.Data[row*one.Width+c]; math.Float32bits(v) != math.Float32bits(want) {
					t.Fatalf("row %d of %s is %v beside the other set, and %v without", row, name, v, want)
				}
			}
		}
	}
	zero := of("zero", strings.Replace(text, "sma_24: {type: sma, period: 24}", "sma_24: {type: momentum, period: 24}", 1))
	if row := zero.Data[150*zero.Width:][:zero.Width]; slices.ContainsFunc(row, func(v float32) bool { return v == v }) {
		t.Errorf("divided by 0 the features are %v", row)
	}
}
