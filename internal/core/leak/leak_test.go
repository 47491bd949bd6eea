package leak_test

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/leak"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

// source reads two timeframes, degrees and values on every scale.
const source = `
name: clean
training_data:
  symbols: {mode: single, symbol: TEST}
  timeframes: {mode: multi_timeframe, list: [1h, 4h], base_timeframe: 1h}
context_data:
  - {provider: bars, symbol: OTHER, timeframe: 1d}
indicators:
  rsi_7: {type: rsi, period: 7}
  day: {type: roc, period: 2, data_source: OTHER}
  roc_5: {type: roc, period: 5}
fuzzy_sets:
  level: {indicator: rsi_7, low: [0, 0, 60], high: [40, 100, 100]}
  move: {indicator: roc_5, place: quantile, down: {type: left_shoulder}, up: {type: right_shoulder}}
nn_inputs:
  - {fuzzy_set: level, timeframes: all}
  - {raw_indicator: roc_5, timeframes: all, normalization: zscore}
  - {fuzzy_set: move, timeframes: all}
  - {raw_indicator: day, timeframes: all}
model: {type: mlp, architecture: {hidden_layers: [4]}}
training:
  labels: {source: triple_barrier, max_holding_period: 12, vol_span: 10, compute_weights: true}
  embargo_bars: 5
decisions: {output_format: classification}
`

func parse(t testing.TB, src string) *strategy.Strategy {
	t.Helper()
	s, err := grammar.Parse("test.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// walk returns n bars of a random walk.
func walk(symbol market.Symbol, tf market.Timeframe, n int) market.Series {
	rng, s, price := rand.New(rand.NewPCG(uint64(tf), 5)), market.NewSeries(symbol, tf, n), 100.0
	for i := range n {
		b := market.Bar{Time: 1_704_067_200 + int64(i)*tf.Seconds(), Open: price, Volume: 100 + 50*rng.Float64()}
		price *= 1 + 0.004*rng.NormFloat64()
		b.Close = price
		b.High, b.Low = max(b.Open, price)*1.001, min(b.Open, price)*0.999
		s.Append(b)
	}
	return s
}

// bars returns bars of every timeframe of s over one stretch of time.
func bars(s *strategy.Strategy, n int) feature.Frame {
	f := feature.Frame{Symbol: s.Symbols[0], Series: map[market.Timeframe]market.Series{}, Context: map[string]market.Series{}}
	number := func(tf market.Timeframe) int { return int(int64(n) * s.Base.Seconds() / tf.Seconds()) }
	for _, tf := range s.Timeframes {
		f.Series[tf] = walk(f.Symbol, tf, number(tf))
	}
	for _, source := range s.Context {
		f.Context[source.ID] = walk(source.Symbol, source.Timeframe, number(source.Timeframe))
	}
	return f
}

func examine(t testing.TB, p leak.Pipeline, f feature.Frame) leak.Report {
	t.Helper()
	r, err := leak.Examine(t.Context(), p, f, 6, 1)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestExamine_clean is silent on the strategy that the leaks are planted in, and
// on every example.
func TestExamine_clean(t *testing.T) {
	sources := map[string]string{"clean": source}
	names, err := filepath.Glob("../../../strategies/*.yaml")
	if err != nil || len(names) < 4 {
		t.Fatalf("there are %d example strategies, want at least 4 (%v)", len(names), err)
	}
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources[strings.TrimSuffix(filepath.Base(name), ".yaml")] = string(src)
	}
	for _, l := range []string{"{source: zigzag}", "{source: zigzag, entry: close}", "{source: zigzag, compute_weights: true}",
		"{source: triple_barrier, compute_weights: true, cusum_threshold: 0}"} {
		sources["labels "+l] = strings.Replace(source, "{source: triple_barrier, max_holding_period: 12, vol_span: 10, compute_weights: true}", l, 1)
	}
	for name, src := range sources {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			if strings.Contains(src, "source: meta") {
				t.Skip("TestExamine_clean_meta has its model")
			}
			s := parse(t, src)
			r := examine(t, leak.Of(s), bars(s, 1500))
			for _, f := range r.Findings {
				t.Error(f)
			}
			for _, check := range []string{leak.CheckKeys, leak.CheckCut, leak.CheckChange, leak.CheckUnknown, leak.CheckLabelEnd, leak.CheckJoin, leak.CheckPurge, leak.CheckFit} {
				if r.Looks[check] == 0 {
					t.Errorf("%s was never looked at", check)
				}
			}
		})
	}
}

func TestExamine_few_bars(t *testing.T) {
	s := parse(t, source)
	if _, err := leak.Examine(t.Context(), leak.Of(s), bars(s, 50), 3, 1); err == nil || !strings.Contains(err.Error(), "at least 200") {
		t.Errorf("Examine = %v, want a refusal", err)
	}
}

func TestExamine_same_seed(t *testing.T) {
	s := parse(t, source)
	p := leak.Of(s)
	plants["full_sample_scaling"].plant(&p)
	a, b := examine(t, p, bars(s, 600)), examine(t, p, bars(s, 600))
	if len(a.Findings) == 0 || len(a.Findings) != len(b.Findings) || a.Findings[0] != b.Findings[0] {
		t.Errorf("reports %v and %v: want the same, with findings", a.Findings, b.Findings)
	}
}

// TestExamine_planted plants one leak after the other into a clean pipeline. Each
// is found, by the check that is about it.
func TestExamine_planted(t *testing.T) {
	if len(plants) < 20 {
		t.Fatalf("%d leaks are planted, want at least 20", len(plants))
	}
	for name, planted := range plants {
		t.Run(name, func(t *testing.T) {
			s := parse(t, source)
			p := leak.Of(s)
			planted.plant(&p)
			r := examine(t, p, bars(s, 900))
			checks := map[string]bool{}
			for _, f := range r.Findings {
				checks[f.Check] = true
			}
			if !checks[planted.check] {
				t.Errorf("check %q found nothing; all findings: %v", planted.check, r.Findings)
			}
		})
	}
}

// A planted leak is a change to a pipeline and the check that must find it.
type planted struct {
	check string
	plant func(p *leak.Pipeline)
}

// rows replaces what the features are by what edit makes of them.
func rows(check string, edit func(f feature.Frame, m feature.Matrix)) planted {
	return planted{check, func(p *leak.Pipeline) {
		clean := p.Features
		p.Features = func(ctx context.Context, f feature.Frame) (feature.Matrix, error) {
			m, err := clean(ctx, f)
			if err == nil {
				edit(f, m)
			}
			return m, err
		}
	}}
}

// column replaces the first column, which is one of the base timeframe, by what
// value says of each row.
func column(check string, value func(base market.Series, row int) float64) planted {
	return rows(check, func(f feature.Frame, m feature.Matrix) {
		for i := range m.Len() {
			if v := m.Row(i); v[0] == v[0] {
				v[0] = float32(value(f.Series[market.Hour1], i))
			}
		}
	})
}

// joined replaces the first column of the longer timeframe by the close of the
// bar that choose names.
func joined(choose func(base, long market.Series, row int) int) planted {
	return rows(leak.CheckChange, func(f feature.Frame, m feature.Matrix) {
		base, long := f.Series[market.Hour1], f.Series[market.Hour4]
		for i := range m.Len() {
			bar := choose(base, long, i)
			if v := m.Row(i); v[2] == v[2] && bar >= 0 && bar < long.Len() {
				v[2] = float32(long.Close[bar])
			}
		}
	})
}

// labelled replaces the labels.
func labelled(check string, edit func(base market.Series, l *label.Labels)) planted {
	return planted{check, func(p *leak.Pipeline) {
		clean := p.Labels
		p.Labels = func(ctx context.Context, f feature.Frame) (label.Labels, error) {
			l, err := clean(ctx, f)
			if err == nil {
				edit(f.Series[p.Strategy.Base], &l)
			}
			return l, err
		}
	}}
}

// sampled replaces what is learned from.
func sampled(edit func(s []train.Sample)) planted {
	return planted{leak.CheckJoin, func(p *leak.Pipeline) {
		clean := p.Samples
		p.Samples = func(ctx context.Context, f feature.Frame) ([]train.Sample, error) {
			s, err := clean(ctx, f)
			edit(s)
			return s, err
		}
	}}
}

// divided replaces the parts.
func divided(parts func(n int) (training, validation, test []int)) planted {
	return planted{leak.CheckPurge, func(p *leak.Pipeline) {
		p.Parts = func(s []train.Sample) (training, validation, test []int) { return parts(len(s)) }
	}}
}

func numbers(from, to int) []int {
	list := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		list = append(list, i)
	}
	return list
}

// eachColumn calls edit with every column and writes it back.
func eachColumn(m feature.Matrix, edit func(c int, x []float64)) {
	for c := range m.Width {
		x := make([]float64, m.Len())
		for i := range x {
			x[i] = float64(m.Row(i)[c])
		}
		edit(c, x)
		for i, v := range x {
			m.Row(i)[c] = float32(v)
		}
	}
}

func moments(x []float64) (mean, deviation float64) {
	n := 0.0
	for _, v := range x {
		if v == v {
			mean, n = mean+v, n+1
		}
	}
	mean /= n
	for _, v := range x {
		if v == v {
			deviation += (v - mean) * (v - mean)
		}
	}
	return mean, math.Sqrt(deviation / n)
}
