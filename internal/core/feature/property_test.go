package feature_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// mixed reads every kind of indicator and membership on timeframes shorter and
// longer than its base, and of another symbol.
const mixed = `
name: mixed
training_data:
  symbols: {mode: single, symbol: TEST}
  timeframes: {mode: multi_timeframe, list: [1h, 15m, 4h], base_timeframe: 1h}
context_data:
  - {provider: bars, symbol: OTHER, timeframe: 1h}
  - {provider: bars, symbol: OTHER, timeframe: 4h, id: long}
indicators:
  other_rsi: {type: rsi, period: 3, data_source: OTHER}
  other_long: {type: rsi, period: 3, data_source: long}
  rsi: {type: rsi, period: 3}
  same_rsi: {type: rsi, period: 3}
  macd: {type: macd, fast_period: 2, slow_period: 4, signal_period: 2}
  adx: {type: adx, period: 2}
  mean: {type: sma, period: 3}
fuzzy_sets:
  level: {indicator: rsi, low: {type: trapezoidal, parameters: [0, 0, 30, 60]}, mid: {type: gaussian, parameters: [50, 15]}}
  level_again: {indicator: same_rsi, low: {type: trapezoidal, parameters: [0, 0, 30, 60]}, other: [0, 50, 100]}
  edge: {indicator: rsi, low: {type: sigmoid, parameters: [30, -0.3], hedge: very}, mid: {type: bell, parameters: [50, 15, 2], hedge: somewhat}, high: {type: right_shoulder, parameters: [60, 90]}}
  edge_4h: {indicator: rsi, low: {type: left_shoulder, parameters: [10, 40]}, mid: {type: gauss2, parameters: [40, 9, 60, 20]}, half: {type: singleton, parameters: [50]}}
  momentum: {indicator: macd.histogram, down: [-2, -1, 0], up: [0, 1, 2]}
  signal: {indicator: macd.signal, up: {type: gaussian, parameters: [1, 1]}}
  strength: {indicator: adx, weak: [0, 25, 50], strong: {type: trapezoidal, parameters: [25, 50, 100, 100]}}
  buyers: {indicator: adx.plus_di, many: [0, 50, 100]}
  below: {indicator: mean, transform: {type: price_ratio, reference: high}, low: [0.9, 0.98, 1], high: {type: right_shoulder, parameters: [1, 1.1]}}
  other: {indicator: other_rsi, low: {type: trapezoidal, parameters: [0, 0, 30, 60]}, mid: {type: gaussian, parameters: [50, 15]}}
nn_inputs:
  - {fuzzy_set: level, timeframes: all, lags: 2}
  - {fuzzy_set: below, timeframes: [4h, 1h]}
  - {fuzzy_set: level_again, timeframes: [4h, 1h]}
  - {fuzzy_set: edge, timeframes: [1h, 15m]}
  - {fuzzy_set: edge_4h, timeframes: [4h]}
  - {fuzzy_set: momentum, timeframes: all}
  - {fuzzy_set: signal, timeframes: [15m]}
  - {fuzzy_set: strength, timeframes: [4h, 15m]}
  - {fuzzy_set: buyers, timeframes: [1h]}
  - {raw_indicator: macd.histogram, timeframes: all}
  - {fuzzy_set: other, timeframes: all}
  - {raw_indicator: other_long, timeframes: [4h], lags: 1}
model: {type: mlp, architecture: {hidden_layers: [1]}}
training: {labels: {source: zigzag}}
decisions: {output_format: classification}
`

// drawSeries makes up to n bars with gaps, as markets have them.
func drawSeries(t *rapid.T, tf market.Timeframe, n int) market.Series {
	length := tf.Seconds()
	at := rapid.Int64Range(0, 20).Draw(t, tf.String()+" start") * length
	gaps := rapid.SliceOfN(rapid.SampledFrom([]int64{0, 0, 0, 0, 0, 0, 0, 1, 3, 30}), 1, n).Draw(t, tf.String()+" gaps")
	moves := rapid.SliceOfN(rapid.Float64Range(-2, 2), len(gaps), len(gaps)).Draw(t, tf.String()+" moves")
	s, price := market.NewSeries("TEST", tf, len(gaps)), 100.0
	for i, gap := range gaps {
		open := price
		price = max(1, price+moves[i])
		s.Append(market.Bar{Time: at, Open: open, High: max(open, price) + 0.5, Low: min(open, price) - 0.5, Close: price, Volume: math.NaN()})
		at += (1 + gap) * length
	}
	return s
}

func drawFrame(t *rapid.T) feature.Frame {
	f := frame(drawSeries(t, market.Hour1, 60), drawSeries(t, market.Minute15, 200), drawSeries(t, market.Hour4, 30))
	f.Context = map[string]market.Series{"OTHER": drawSeries(t, market.Hour1, 60), "long": drawSeries(t, market.Hour4, 30)}
	for id, s := range f.Context {
		s.Symbol = "OTHER"
		f.Context[id] = s
	}
	return f
}

func mustBuild(t interface{ Fatal(...any) }, s *strategy.Strategy, f feature.Frame, span market.Span) feature.Matrix {
	m, err := feature.Build(context.Background(), s, f, span)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// reference is the definition of a row, one value at a time.
func reference(s *strategy.Strategy, f feature.Frame, row int) []float32 {
	base := f.Series[s.Base]
	var values []float32
	for _, x := range s.Features() {
		series, row := f.Of(x), row-x.Lag
		if row < 0 {
			values = append(values, float32(math.NaN()))
			continue
		}
		bar := row
		if x.Timeframe != s.Base || x.Source != "" {
			bar = lastKnown(base, series, row, base.Available(row))
		}
		degree := math.NaN()
		if bar >= 0 {
			degree = s.Indicators[x.Indicator].Indicator.Compute(series.Slice(0, bar+1))[x.Output][bar]
			if x.Reference != "" {
				degree = series.High[bar] / degree
			}
			if !x.IsRaw() && x.Place == "" {
				degree = x.Set.Degree(degree)
			}
		}
		values = append(values, float32(degree))
	}
	return values
}

func lastKnown(base, series market.Series, row int, closed int64) int {
	bar := -1
	for i := range series.Len() {
		if series.Available(i) <= closed {
			bar = i
		}
	}
	if bar < 0 {
		return -1
	}
	since := int64(0)
	for i := range row + 1 {
		if base.Available(i) > series.Available(bar) {
			since++
		}
	}
	if since*base.Timeframe.Seconds() > 2*max(base.Timeframe.Seconds(), series.Timeframe.Seconds()) {
		return -1
	}
	return bar
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool {
		return math.Float32bits(x) == math.Float32bits(y) || x != x && y != y
	})
}

func TestBuildIsTheReference(t *testing.T) {
	s := parse(t, mixed)
	rapid.Check(t, func(t *rapid.T) {
		f := drawFrame(t)
		m := mustBuild(t, s, f, market.Span{})
		for i := range m.Len() {
			if want := reference(s, f, i); !sameBits(m.Row(i), want) {
				t.Fatalf("row %d = %v, want %v", i, m.Row(i), want)
			}
		}
	})
}

// TestBuildSpan asks for a window: its rows are those of the whole, so that a
// row in training and the same row in a backtest are the same.
func TestBuildSpan(t *testing.T) {
	s := parse(t, mixed)
	rapid.Check(t, func(t *rapid.T) {
		f := drawFrame(t)
		whole := mustBuild(t, s, f, market.Span{})
		from := rapid.IntRange(0, whole.Len()-1).Draw(t, "from")
		to := rapid.IntRange(from, whole.Len()-1).Draw(t, "to")
		part := mustBuild(t, s, f, market.Span{From: whole.Time[from], To: whole.Time[to] + 1})
		if part.Len() != to-from+1 || !sameBits(part.Data, whole.Data[from*whole.Width:(to+1)*whole.Width]) {
			t.Fatalf("rows %d to %d are others when only they are asked for", from, to)
		}
	})
}

// TestBuildDoesNotLookAhead changes every bar that is not available when a base
// bar closes, or takes them away: the rows up to that bar stay as they are.
func TestBuildDoesNotLookAhead(t *testing.T) {
	s := parse(t, mixed)
	rapid.Check(t, func(t *rapid.T) {
		f := drawFrame(t)
		base := f.Series[s.Base]
		row := rapid.IntRange(0, base.Len()-1).Draw(t, "row")
		factor := rapid.Float64Range(0.5, 2).Draw(t, "factor")
		whole := mustBuild(t, s, f, market.Span{})
		known := whole.Data[:(row+1)*whole.Width]

		if m := mustBuild(t, s, change(f, base.Available(row), factor), market.Span{}); !sameBits(m.Data[:len(known)], known) {
			t.Fatalf("rows up to %d saw bars that close later", row)
		}
		cut, ok := upTo(f, base.Available(row))
		if !ok {
			return // a timeframe has no bars yet
		}
		if m := mustBuild(t, s, cut, market.Span{}); !sameBits(m.Data, known) {
			t.Fatalf("rows up to %d are others without the bars that close later", row)
		}
	})
}

// each returns f with what edit makes of every series.
func each(f feature.Frame, edit func(market.Series) market.Series) feature.Frame {
	other := feature.Frame{Symbol: f.Symbol, Series: map[market.Timeframe]market.Series{}, Context: map[string]market.Series{}}
	for tf, series := range f.Series {
		other.Series[tf] = edit(series)
	}
	for id, series := range f.Context {
		other.Context[id] = edit(series)
	}
	return other
}

// change multiplies the prices of all bars that are not available at closed.
func change(f feature.Frame, closed int64, factor float64) feature.Frame {
	return each(f, func(series market.Series) market.Series {
		other := market.NewSeries(series.Symbol, series.Timeframe, series.Len())
		for i := range series.Len() {
			bar := series.Bar(i)
			if series.Available(i) > closed {
				bar.Open, bar.High, bar.Low, bar.Close = bar.Open*factor, bar.High*factor*1.01, bar.Low*factor*0.99, bar.Close*factor
			}
			other.Append(bar)
		}
		return other
	})
}

// upTo returns the bars that are available at closed.
func upTo(f feature.Frame, closed int64) (cut feature.Frame, ok bool) {
	ok = true
	cut = each(f, func(series market.Series) market.Series {
		n := series.Search(closed - series.Timeframe.Seconds() + 1)
		ok = ok && n > 0
		return series.Slice(0, n)
	})
	return cut, ok
}

// wide asks for more outputs than are held at a time, and for one that is known
// from the first bar on, of both timeframes.
const wide = `
name: wide
training_data:
  symbols: {mode: single, symbol: TEST}
  timeframes: {mode: multi_timeframe, list: [1h, 4h], base_timeframe: 1h}
indicators:
  line: {type: macd, fast_period: 2, slow_period: 4, signal_period: 3}
  bar: {type: candle}
  a: {type: roc, period: 1}
  b: {type: roc, period: 2}
  c: {type: roc, period: 3}
  bands: {type: bbands, period: 4}
  d: {type: sma, period: 3}
  e: {type: ema, period: 3}
fuzzy_sets:
  rise: {indicator: a, up: [0, 5, 5]}
nn_inputs:
  - {fuzzy_set: rise, timeframes: all}
  - {raw_indicator: line.line, timeframes: all}
  - {raw_indicator: line.signal, timeframes: all}
  - {raw_indicator: bar.body, timeframes: all}
  - {raw_indicator: bar.lower_shadow, timeframes: all}
  - {raw_indicator: a, timeframes: all}
  - {raw_indicator: b, timeframes: all}
  - {raw_indicator: c, timeframes: all}
  - {raw_indicator: bands.upper, timeframes: all}
  - {raw_indicator: bands.lower, timeframes: all}
  - {raw_indicator: d, timeframes: all}
  - {raw_indicator: e, timeframes: all}
model: {type: mlp, architecture: {hidden_layers: [4]}}
training: {labels: {source: zigzag}}
decisions: {output_format: classification}
`

func TestBuildWide(t *testing.T) {
	s := parse(t, wide)
	outputs := 0
	for _, in := range s.Indicators {
		outputs += len(in.Indicator.Outputs())
	}
	if outputs <= 8 {
		t.Fatalf("%d outputs are held at once", outputs)
	}
	rapid.Check(t, func(t *rapid.T) {
		f := drawFrame(t)
		m := mustBuild(t, s, f, market.Span{})
		for row := range m.Len() {
			if want := reference(s, f, row); !sameBits(m.Row(row), want) {
				t.Fatalf("row %d is %v, want %v", row, m.Row(row), want)
			}
		}
	})
}

// TestBuildSharedColumns tells by the bits that features of equal
// definitions are equal.
func TestBuildSharedColumns(t *testing.T) {
	s := parse(t, mixed)
	rapid.Check(t, func(t *rapid.T) {
		m := mustBuild(t, s, drawFrame(t), market.Span{})
		a, b := slices.Index(m.Names, "4h_level_low"), slices.Index(m.Names, "4h_level_again_low")
		for i := range m.Len() {
			if row := m.Row(i); !sameBits(row[a:a+1], row[b:b+1]) {
				t.Fatalf("row %d: %s = %v, %s = %v", i, m.Names[a], row[a], m.Names[b], row[b])
			}
		}
	})
}

// spotCheck holds rows of m, all over it, to their definition.
func spotCheck(b *testing.B, s *strategy.Strategy, f feature.Frame, m feature.Matrix) {
	b.Helper()
	for row := 1; row < m.Len(); row = 2*row + 1 {
		if want := reference(s, f, row); !sameBits(m.Row(row), want) {
			b.Fatalf("row %d is %v, want %v", row, m.Row(row), want)
		}
	}
}

// BenchmarkBuild is what training and backtests spend on features; below a million
// bars per second they would wait for it.
func BenchmarkBuild(b *testing.B) {
	const bars = 1_000_000
	s := parse(b, fourIndicators)
	f := frame(randomWalk(bars))
	b.Run("bars=1000000/indicators=4/memberships=12/timeframes=1", func(b *testing.B) {
		b.ReportAllocs()
		var m feature.Matrix
		for b.Loop() {
			m = mustBuild(b, s, f, market.Span{})
		}
		b.ReportMetric(float64(bars)*float64(b.N)/b.Elapsed().Seconds(), "bars/s")
		spotCheck(b, s, f, m)
	})
}

// BenchmarkBuild_fuzzy is the way from bars to the rows of thirty inputs with three
// sets each, indicators and rows included.
func BenchmarkBuild_fuzzy(b *testing.B) {
	const bars, inputs = 200_000, 30
	f := frame(randomWalk(bars))
	for name, members := range map[string]string{
		"triangular": "low: [0, 20, 50], mid: [20, 50, 80], high: [50, 80, 100]",
		"gaussian":   "low: {type: gaussian, parameters: [20, 15]}, mid: {type: gaussian, parameters: [50, 15]}, high: {type: gaussian, parameters: [80, 15]}",
	} {
		var indicators, sets, reads strings.Builder
		for i := range inputs {
			fmt.Fprintf(&indicators, "  rsi_%d: {type: rsi, period: %d}\n", i, i+2)
			fmt.Fprintf(&sets, "  level_%d: {indicator: rsi_%d, %s}\n", i, i, members)
			fmt.Fprintf(&reads, "  - {fuzzy_set: level_%d, timeframes: all}\n", i)
		}
		s := parse(b, "name: bench\ntraining_data:\n  symbols: {mode: single, symbol: TEST}\n  timeframes: {mode: single, timeframe: 1m}\nindicators:\n"+
			indicators.String()+"fuzzy_sets:\n"+sets.String()+"nn_inputs:\n"+reads.String()+
			"model: {type: mlp, architecture: {hidden_layers: [1]}}\ntraining: {labels: {source: zigzag}}\ndecisions: {output_format: classification}\n")
		b.Run(fmt.Sprintf("kind=%s/bars=%d/inputs=%d/sets=3", name, bars, inputs), func(b *testing.B) {
			b.ReportAllocs()
			var m feature.Matrix
			for b.Loop() {
				m = mustBuild(b, s, f, market.Span{})
			}
			spotCheck(b, s, f, m)
			b.ReportMetric(float64(bars)*inputs*3*float64(b.N)/b.Elapsed().Seconds(), "memberships/s")
			b.ReportMetric(float64(bars)*float64(b.N)/b.Elapsed().Seconds(), "bars/s")
		})
	}
}

// randomWalk makes n one-minute bars.
func randomWalk(n int64) market.Series {
	series := market.NewSeries("TEST", market.Minute1, int(n))
	price, seed := 1.1, uint64(1)
	for i := range n {
		seed = seed*6364136223846793005 + 1442695040888963407
		open := price
		price += (float64(seed>>40)/(1<<24) - 0.5) * 0.001
		series.Append(market.Bar{Time: i * 60, Open: open, High: max(open, price) + 0.0002, Low: min(open, price) - 0.0002, Close: price})
	}
	return series
}

const fourIndicators = `
name: bench
training_data:
  symbols: {mode: single, symbol: TEST}
  timeframes: {mode: single, timeframe: 1m}
indicators:
  rsi: {type: rsi}
  macd: {type: macd}
  adx: {type: adx}
  roc: {type: roc}
fuzzy_sets:
  level: {indicator: rsi, low: [0, 20, 50], mid: {type: gaussian, parameters: [50, 10]}, high: [50, 80, 100]}
  momentum: {indicator: macd.histogram, down: [-2, -1, 0], flat: [-1, 0, 1], up: [0, 1, 2]}
  strength: {indicator: adx, weak: {type: trapezoidal, parameters: [0, 0, 20, 40]}, mid: [20, 40, 60], strong: {type: trapezoidal, parameters: [40, 60, 100, 100]}}
  move: {indicator: roc, down: [-2, -1, 0], flat: {type: gaussian, parameters: [0, 1]}, up: [0, 1, 2]}
nn_inputs:
  - {fuzzy_set: level, timeframes: all}
  - {fuzzy_set: momentum, timeframes: all}
  - {fuzzy_set: strength, timeframes: all}
  - {fuzzy_set: move, timeframes: all}
model: {type: mlp, architecture: {hidden_layers: [1]}}
training: {labels: {source: zigzag}}
decisions: {output_format: classification}
`
