package job_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
	"github.com/ktrdr/ktrdr/internal/data/sample"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

// benchSpace is the space of 1,000 trials of one model.
const benchSpace = `axes:
  decisions.confidence_threshold: {from: 0.34, to: 0.589, step: 0.001}
  decisions.filters.min_signal_separation: [1, 6]
  decisions.costs.commission: [0.0001, 0.0005]
`

// BenchmarkSweep evaluates 1,000 trials over 200,000 bars in one chunk, and then
// puts the sweep together, as one worker does. What the trials share is made once,
// before the first.
func BenchmarkSweep(b *testing.B) {
	const bars = 200_000
	w := newWorld()
	series := sample.Generate(sample.Options{Symbol: "SAMPLE", Timeframe: market.Hour1, Seed: 3, Bars: bars + 7_200})
	train := wire.TrainingOrder{StrategyName: "sample_momentum", StrategyYAML: exampleStrategy(b), EngineVersion: "test",
		StartDate: market.Stamp(series.Time[0]), EndDate: market.Stamp(series.Time[6_999]), Data: []wire.DataRef{w.snapshot(b, series.Slice(0, 7_000))}}
	text, err := w.run(b, job.Training(), train)
	if err != nil {
		b.Fatal(err)
	}
	var trained job.TrainingResult
	if err := json.Unmarshal(text, &trained); err != nil {
		b.Fatal(err)
	}
	order := wire.BacktestOrder{StrategyName: train.StrategyName, StrategyYAML: train.StrategyYAML, ModelSHA256: trained.Model.SHA256,
		Symbol: "SAMPLE", Timeframe: market.Hour1, StartDate: market.Stamp(series.Time[7_200]), EndDate: market.Stamp(series.Time[bars+7_199]),
		InitialCapital: 100_000, Commission: 0.0001, Slippage: 0.0001, SizingFraction: 0.5, EngineVersion: "test", Data: []wire.DataRef{w.snapshot(b, series)}}
	space, err := sweep.ParseSpace("space.yaml", []byte(benchSpace))
	if err != nil {
		b.Fatal(err)
	}
	trials := space.Len()
	chunk, whole := job.Sweeps()
	first, err := w.run(b, chunk, wire.SweepChunkOrder{BacktestOrder: order, SpaceYAML: benchSpace, From: 0, To: trials})
	if err != nil {
		b.Fatal(err)
	}
	b.Run(fmt.Sprintf("part=chunk/trials=%d/bars=%d", trials, bars), func(b *testing.B) {
		for b.Loop() {
			if _, err := w.run(b, chunk, wire.SweepChunkOrder{BacktestOrder: order, SpaceYAML: benchSpace, From: 0, To: trials}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(trials)*bars*float64(b.N)/b.Elapsed().Seconds(), "bar-evaluations/s")
	})
	w.gathered = []json.RawMessage{first}
	b.Run(fmt.Sprintf("part=whole/trials=%d/bars=%d", trials, bars), func(b *testing.B) {
		for b.Loop() {
			if _, err := w.run(b, whole, wire.SweepOrder{BacktestOrder: order, SpaceYAML: benchSpace, Trials: trials, Metric: "sharpe_ratio", Top: 20}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
