package feature_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// source is a strategy with one feature per timeframe: the average of the last two
// closes, over 1000.
const source = `
name: test
training_data:
  symbols: {mode: single, symbol: TEST}
  timeframes: {mode: MODE, list: [LIST], base_timeframe: BASE}
indicators:
  mean: {type: sma, period: 2}
fuzzy_sets:
  c: {indicator: mean, share: [0, 1000, 1000]}
nn_inputs:
  - {fuzzy_set: c, timeframes: all}
model: {type: mlp, architecture: {hidden_layers: [1]}}
training: {labels: {source: zigzag}}
decisions: {output_format: classification}
`

// closes returns the strategy above on the given timeframes, base first.
func closes(t testing.TB, timeframes ...market.Timeframe) *strategy.Strategy {
	t.Helper()
	mode, list := "single", make([]string, len(timeframes))
	for i, tf := range timeframes {
		list[i] = tf.String()
	}
	if len(list) > 1 {
		mode = "multi_timeframe"
	}
	return parse(t, strings.NewReplacer("MODE", mode, "LIST", strings.Join(list, ", "), "BASE", list[0]).Replace(source))
}

func parse(t testing.TB, src string) *strategy.Strategy {
	t.Helper()
	s, err := grammar.Parse("test.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func unix(t testing.TB, stamp string) int64 {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", stamp)
	if err != nil {
		t.Fatal(err)
	}
	return at.Unix()
}

// flat makes a series of bars that open at the given times. All prices of bar i
// are i+1, so that the average of two bars tells which is the last.
func flat(tf market.Timeframe, times ...int64) market.Series {
	s := market.NewSeries("TEST", tf, len(times))
	for i, at := range times {
		p := float64(i + 1)
		s.Append(market.Bar{Time: at, Open: p, High: p, Low: p, Close: p})
	}
	return s
}

// every returns the opening times of n bars from stamp on.
func every(t testing.TB, tf market.Timeframe, stamp string, n int) []int64 {
	times := make([]int64, n)
	for i := range times {
		times[i] = unix(t, stamp) + int64(i)*tf.Seconds()
	}
	return times
}

func build(t testing.TB, s *strategy.Strategy, span market.Span, series ...market.Series) feature.Matrix {
	t.Helper()
	m, err := feature.Build(context.Background(), s, frame(series...), span)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func frame(series ...market.Series) feature.Frame {
	f := feature.Frame{Symbol: series[0].Symbol, Series: map[market.Timeframe]market.Series{}}
	for _, s := range series {
		f.Series[s.Timeframe] = s
	}
	return f
}

// lastBar returns, for each row, the number of the other timeframe's bar that it
// reads, counted from 0; -1 where the value is not known.
func lastBar(m feature.Matrix) []int {
	bars := make([]int, m.Len())
	for i := range bars {
		v := m.Row(i)[1]
		bars[i] = -1
		if v == v {
			bars[i] = int(math.Round(float64(v)*1000 - 0.5)) // the average of bars i-1 and i is i+0.5
		}
	}
	return bars
}

// TestJoin is the rule by which a row reads other timeframes, as tables.
func TestJoin(t *testing.T) {
	h1, h4, d1, m5 := market.Hour1, market.Hour4, market.Day1, market.Minute5
	friday, monday := every(t, h1, "2024-01-05 12:00", 12), every(t, h1, "2024-01-08 00:00", 3)
	for _, tc := range []struct {
		name  string
		base  market.Series
		other market.Series
		want  []int
	}{
		// The bar that opens at 00:00 closes at 04:00, with the hour that opens at 03:00.
		{"4h_on_1h", flat(h1, every(t, h1, "2024-01-02 06:00", 8)...), flat(h4, every(t, h4, "2024-01-02 00:00", 4)...),
			[]int{-1, 1, 1, 1, 1, 2, 2, 2}},
		// The day before stays until the day itself has closed.
		{"1d_on_1h", flat(h1, every(t, h1, "2024-01-03 22:00", 5)...), flat(d1, every(t, d1, "2024-01-01 00:00", 4)...),
			[]int{1, 2, 2, 2, 2}},
		// Of the twelve bars in the hour, the last.
		{"5m_on_1h", flat(h1, every(t, h1, "2024-01-02 00:00", 3)...), flat(m5, every(t, m5, "2024-01-02 00:00", 36)...),
			[]int{11, 23, 35}},
		// Neither market is open between Friday night and Monday: nothing ages.
		{"weekend", flat(h1, append(friday[9:], monday...)...), flat(h4, append(every(t, h4, "2024-01-05 12:00", 3), unix(t, "2024-01-08 00:00"))...),
			[]int{1, 1, 2, 2, 2, 2}},
		// The base market stays open and the other has no bars: after eight hours
		// the last one no longer stands.
		{"hole", flat(h1, every(t, h1, "2024-01-02 07:00", 12)...), flat(h4, append(every(t, h4, "2024-01-02 00:00", 2), unix(t, "2024-01-02 16:00"))...),
			[]int{1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1}},
		{"ended", flat(h1, every(t, h1, "2024-01-02 00:00", 5)...), flat(m5, every(t, m5, "2024-01-02 00:00", 18)...),
			[]int{11, 17, 17, -1, -1}},
		{"not_begun", flat(h1, every(t, h1, "2024-01-02 00:00", 2)...), flat(h4, every(t, h4, "2024-01-03 00:00", 4)...),
			[]int{-1, -1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := build(t, closes(t, tc.base.Timeframe, tc.other.Timeframe), market.Span{}, tc.base, tc.other)
			if diff := cmp.Diff(tc.want, lastBar(m)); diff != "" {
				t.Errorf("bar read by each row (-want +have):\n%s", diff)
			}
		})
	}
}

func TestBuildRows(t *testing.T) {
	s := closes(t, market.Hour1, market.Hour4)
	base := flat(market.Hour1, every(t, market.Hour1, "2024-01-02 00:00", 12)...)
	other := flat(market.Hour4, every(t, market.Hour4, "2024-01-02 00:00", 3)...)
	span := market.Span{From: unix(t, "2024-01-02 07:00"), To: unix(t, "2024-01-02 09:00")}
	m := build(t, s, span, base, other)
	want := feature.Matrix{Symbol: "TEST", Timeframe: market.Hour1, Time: base.Time[7:9], Width: 2,
		Names: []string{"1h_c_share", "4h_c_share"}, Data: []float32{0.0075, 0.0015, 0.0085, 0.0015}}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("Build (-want +have):\n%s", diff)
	}
	if all := build(t, s, market.Span{}, base, other); all.Complete(6) || !all.Complete(7) {
		t.Errorf("rows 6 and 7 are %v and %v: the second four-hour bar closes with hour 7", all.Row(6), all.Row(7))
	}
}

func TestBuildNoRows(t *testing.T) {
	base := flat(market.Hour1, every(t, market.Hour1, "2024-01-02 00:00", 12)...)
	m := build(t, closes(t, market.Hour1), market.Span{From: unix(t, "2025-01-01 00:00")}, base)
	if m.Len() != 0 || len(m.Data) != 0 || m.Width != 1 {
		t.Errorf("Build after the last bar = %+v, want no rows", m)
	}
}

func TestBuildRefuses(t *testing.T) {
	s := closes(t, market.Hour1, market.Hour4)
	base := flat(market.Hour1, every(t, market.Hour1, "2024-01-02 00:00", 12)...)
	other := flat(market.Hour4, every(t, market.Hour4, "2024-01-02 00:00", 3)...)
	foreign, mislabelled := other, other
	foreign.Symbol, mislabelled.Timeframe = "EURUSD", market.Day1
	for _, tc := range []struct {
		name   string
		series map[market.Timeframe]market.Series
		want   string
	}{
		{"no_base", map[market.Timeframe]market.Series{market.Hour4: other}, "features of TEST: there are no 1h bars: load them (the strategy reads 1h)"},
		{"no_other", map[market.Timeframe]market.Series{market.Hour1: base}, "features of TEST: there are no 4h bars: load them (the strategy reads 4h)"},
		{"empty_other", map[market.Timeframe]market.Series{market.Hour1: base, market.Hour4: other.Slice(0, 0)}, "features of TEST: there are no 4h bars: load them (the strategy reads 4h)"},
		{"foreign_symbol", map[market.Timeframe]market.Series{market.Hour1: base, market.Hour4: foreign}, "features of TEST: the 4h bars are those of EURUSD 4h"},
		{"other_timeframe", map[market.Timeframe]market.Series{market.Hour1: base, market.Hour4: mislabelled}, "features of TEST: the 4h bars are those of TEST 1d"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := feature.Build(context.Background(), s, feature.Frame{Symbol: "TEST", Series: tc.series}, market.Span{})
			if err == nil || err.Error() != tc.want {
				t.Errorf("Build = %v, want %s", err, tc.want)
			}
		})
	}
}

func TestBuildStops(t *testing.T) {
	stop := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(stop)
	base := flat(market.Hour1, every(t, market.Hour1, "2024-01-02 00:00", 12)...)
	if _, err := feature.Build(ctx, closes(t, market.Hour1), frame(base), market.Span{}); !errors.Is(err, stop) {
		t.Errorf("Build = %v, want the cause of the cancellation", err)
	}
}

// TestSchema changes with everything that changes what a column means, and with
// nothing else.
func TestSchema(t *testing.T) {
	src := strings.NewReplacer("MODE", "multi_timeframe", "LIST", "1h, 4h", "BASE", "1h").Replace(source)
	schema := feature.SchemaOf(parse(t, src))
	if diff := cmp.Diff([]string{"1h_c_share", "4h_c_share"}, schema.Names); diff != "" {
		t.Errorf("names (-want +have):\n%s", diff)
	}
	for _, tc := range []struct {
		name, old, new string
		same           bool
	}{
		{"symbol", "symbol: TEST", "symbol: OTHER", true},
		{"training", "source: zigzag", "source: triple_barrier", true},
		{"indicator_id", "mean", "average", true},
		{"definition_left_out", "{type: sma, period: 2}", "{type: SMA, period: 2, source: close}", true},
		{"parameter", "period: 2", "period: 3", false},
		{"membership", "[0, 1000, 1000]", "[0, 1000, 1001]", false},
		{"kind", "[0, 1000, 1000]", "{type: right_shoulder, parameters: [0, 1000]}", false},
		{"hedge", "[0, 1000, 1000]", "{type: triangular, parameters: [0, 1000, 1000], hedge: very}", false},
		{"long_form", "[0, 1000, 1000]", "{type: triangular, parameters: [0, 1000, 1000]}", true},
		{"name", "share", "part", false},
		{"timeframe_order", "timeframes: all", "timeframes: [4h, 1h]", false},
		{"base", "base_timeframe: 1h", "base_timeframe: 4h", false},
		{"price", "period: 2}", "period: 2, source: open}", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			changed := strings.ReplaceAll(src, tc.old, tc.new)
			if changed == src {
				t.Fatalf("%q is not in the strategy", tc.old)
			}
			if same := feature.SchemaOf(parse(t, changed)).Hash == schema.Hash; same != tc.same {
				t.Errorf("same hash = %v, want %v", same, tc.same)
			}
		})
	}
}

func ExampleBuild() {
	src, err := os.ReadFile("../../../strategies/gbpusd_two_timeframes.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := grammar.Parse("gbpusd_two_timeframes.yaml", src)
	if err != nil {
		fmt.Println(err)
		return
	}
	hours, fours := market.NewSeries("GBPUSD", market.Hour1, 0), market.NewSeries("GBPUSD", market.Hour4, 0)
	for i := range int64(400) {
		p := 1.3 + 0.01*math.Sin(float64(i)/9)
		bar := market.Bar{Time: i * 3600, Open: p, High: p + 0.002, Low: p - 0.002, Close: p + 0.001}
		hours.Append(bar)
		if i%4 == 0 {
			fours.Append(bar)
		}
	}
	f := feature.Frame{Symbol: "GBPUSD", Series: map[market.Timeframe]market.Series{market.Hour1: hours, market.Hour4: fours}}
	m, err := feature.Build(context.Background(), s, f, market.Span{From: 399 * 3600})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, name := range m.Names[:6] {
		fmt.Printf("%s %.3f\n", name, m.Row(0)[i])
	}
	// Output:
	// 1h_rsi_level_low 0.000
	// 1h_rsi_level_middle 0.004
	// 1h_rsi_level_high 1.000
	// 4h_rsi_level_low 0.000
	// 4h_rsi_level_middle 0.967
	// 4h_rsi_level_high 0.106
}
