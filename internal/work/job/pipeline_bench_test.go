package job_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/nn"
	"github.com/ktrdr/ktrdr/internal/core/performance"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
	"github.com/ktrdr/ktrdr/internal/data/featurecache"
	"github.com/ktrdr/ktrdr/internal/data/sample"
)

// pipelineStrategy reads twelve memberships of four indicators.
const pipelineStrategy = `
name: pipeline
version: "3.0"
training_data:
  symbols: {mode: single, symbol: BENCH}
  timeframes: {mode: single, timeframe: 1m}
indicators:
  rsi_14: {type: rsi, period: 14}
  macd: {type: macd}
  adx_14: {type: adx, period: 14}
  roc_10: {type: roc, period: 10}
fuzzy_sets:
  level: {indicator: rsi_14, low: [0, 25, 50], middle: [25, 50, 75], high: [50, 75, 100]}
  trend: {indicator: macd.histogram, down: [-0.1, -0.05, 0], flat: [-0.05, 0, 0.05], up: [0, 0.05, 0.1]}
  strength: {indicator: adx_14.adx, weak: [0, 12, 25], usual: [12, 25, 50], strong: [25, 50, 100]}
  move: {indicator: roc_10, down: [-0.6, -0.3, 0], flat: [-0.3, 0, 0.3], up: [0, 0.3, 0.6]}
nn_inputs:
  - {fuzzy_set: level, timeframes: all}
  - {fuzzy_set: trend, timeframes: all}
  - {fuzzy_set: strength, timeframes: all}
  - {fuzzy_set: move, timeframes: all}
model:
  type: mlp
  architecture: {hidden_layers: [32, 16], dropout: 0}
training:
  labels: {source: triple_barrier}
decisions:
  output_format: classification
  confidence_threshold: 0.34
  allow_short_from_flat: true
  filters: {min_signal_separation: 240}
`

// A pipeline goes from a store of bars to the metrics of a backtest.
type pipeline struct {
	store    *barstore.Store
	strategy *strategy.Strategy
	model    model.Model
	head     decision.Head
}

func newPipeline(b *testing.B, bars int) pipeline {
	b.Helper()
	store, err := barstore.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	if _, err := store.Merge(b.Context(), sample.BenchSeries(bars, 42)); err != nil {
		b.Fatal(err)
	}
	s, err := grammar.Parse("pipeline.yaml", []byte(pipelineStrategy))
	if err != nil {
		b.Fatal(err)
	}
	network, err := nn.New(nn.Config{Inputs: len(s.Features()), Hidden: s.Model.Hidden, Outputs: 3}, rand.New(rand.NewPCG(3, 1)))
	if err != nil {
		b.Fatal(err)
	}
	head, err := decision.HeadOf(s, []string{"BUY", "HOLD", "SELL"})
	if err != nil {
		b.Fatal(err)
	}
	return pipeline{store: store, strategy: s, model: model.Model{Network: network, Manifest: model.Manifest{Temperature: 0.05}}, head: head}
}

// run is the whole way. With kept, what it holds is not computed again.
func (p pipeline) run(b *testing.B, kept *featurecache.Cache) performance.Metrics {
	ctx := b.Context()
	series, err := p.store.Read(ctx, "BENCH", market.Minute1, market.Span{})
	if err != nil {
		b.Fatal(err)
	}
	raws, err := featurecache.Held(kept, "signals", func() ([]decision.Raw, int64, error) { return p.ask(b, series), 8 * int64(series.Len()), nil })
	if err != nil {
		b.Fatal(err)
	}
	books, err := backtest.Simulate(ctx, backtest.InputOf(p.strategy, series, series, raws), backtest.OptionsOf(p.strategy, backtest.Options{FractionalUnits: true}), backtest.Checkpoints{}, nil)
	if err != nil {
		b.Fatal(err)
	}
	return performance.MeasureBooks(books, series.Time, series.Timeframe, performance.Options{Closes: series.Close})
}

// ask computes features and signals.
func (p pipeline) ask(b *testing.B, series market.Series) []decision.Raw {
	x, before, err := p.model.Features(context.Background(), p.strategy,
		feature.Frame{Symbol: "BENCH", Series: map[market.Timeframe]market.Series{market.Minute1: series}}, market.Span{})
	if err != nil || before != 0 {
		b.Fatal(before, err)
	}
	readable := model.Readable(x, 1)
	raws := make([]decision.Raw, series.Len())
	for from := 0; from < len(raws); from += 16_384 {
		to := min(from+16_384, len(raws))
		if _, err := p.head.DecodeKnown(raws[from:to], p.model.Outputs(x, readable, from, to), series.Time[from:to], readable[from:to]); err != nil {
			b.Fatal(err)
		}
	}
	return raws
}

// BenchmarkPipeline goes from a million bars in the store to the metrics of a
// backtest on one thread: four indicators, twelve memberships, a network 12-32-16-3, a
// simulation. kept=true has asked the model before. A regression makes every
// backtest longer. Both give the same metrics.
func BenchmarkPipeline(b *testing.B) {
	const bars = 1_000_000
	p := newPipeline(b, bars)
	kept, err := featurecache.Open("", featurecache.Options{MemoryBytes: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	want := p.run(b, kept)
	if diff := cmp.Diff(want, p.run(b, kept)); diff != "" || want.TotalTrades == 0 || math.IsNaN(want.TotalReturn) {
		b.Fatalf("%d trades; with kept signals it differs:\n%s", want.TotalTrades, diff)
	}
	for _, c := range []struct {
		name string
		kept *featurecache.Cache
	}{{"false", nil}, {"true", kept}} {
		b.Run("bars=1000000/kept="+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got := p.run(b, c.kept); math.Float64bits(got.TotalReturn) != math.Float64bits(want.TotalReturn) || got.TotalTrades != want.TotalTrades {
					b.Fatalf("%d trades with a return of %v, want %d and %v", got.TotalTrades, got.TotalReturn, want.TotalTrades, want.TotalReturn)
				}
			}
			b.ReportMetric(float64(bars)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mbars/s")
			b.ReportMetric(float64(want.TotalTrades), "trades")
		})
	}
}
