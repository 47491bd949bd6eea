package trial_test

import (
	"context"
	"math"
	"runtime"
	"sync"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
	"github.com/ktrdr/ktrdr/internal/core/trial"
)

// benchSpaces have 10,000 decision sets each.
var benchSpaces = []struct{ name, text string }{
	{"thresholds", `axes:
  decisions.confidence_threshold: {from: 0.40, to: 0.895, step: 0.005}
  decisions.filters.min_signal_separation: {from: 1, to: 100, step: 1}`},
	{"exits", `axes:
  decisions.confidence_threshold: {from: 0.5, to: 0.9, step: 0.1}
  decisions.exits.stop_loss: {from: 0.002, to: 0.041, step: 0.001}
  decisions.exits.take_profit: {from: 0.002, to: 0.051, step: 0.001}`},
}

// BenchmarkSweep evaluates 10,000 decision sets on 200,000 bars with two threads.
// A regression means that a sweep takes longer in proportion. Before it is timed,
// every hundredth row is held to its backtest.
func BenchmarkSweep(b *testing.B) {
	const bars, threads, chunk = 200_000, 2, 100
	for _, tf := range []market.Timeframe{market.Minute1, market.Hour1} {
		shared, err := trial.Prepare(inputs(b, "sample_momentum", tf, bars, 5, 0.002, 0.98))
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range benchSpaces {
			s := space(b, c.text)
			rows := make([]sweep.Row, s.Len())
			run := func() {
				var group sync.WaitGroup
				for lane := range threads {
					group.Go(func() {
						for from := lane * chunk; from < len(rows); from += threads * chunk {
							to := min(from+chunk, len(rows))
							if err := shared.Evaluate(context.Background(), s, from, to, rows[from:to]); err != nil {
								b.Error(err)
							}
						}
					})
				}
				group.Wait()
			}
			b.Run("timeframe="+tf.String()+"/axes="+c.name, func(b *testing.B) {
				run()
				trades := 0
				for i := 0; i < len(rows); i += 100 {
					want, err := shared.Backtest(context.Background(), s.Trial(i))
					if err != nil || want.OrderHash != rows[i].OrderHash || math.Float64bits(want.FinalEquity) != math.Float64bits(rows[i].FinalEquity) {
						b.Fatalf("row %d is %+v, its backtest %+v, %v", i, rows[i], want, err)
					}
					trades += want.TotalTrades
				}
				b.ReportAllocs()
				for b.Loop() {
					run()
				}
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				b.ReportMetric(float64(bars)*float64(len(rows))*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gbars/s")
				b.ReportMetric(float64(m.Sys)/(1<<20), "MiB")
				b.ReportMetric(float64(trades)/float64(len(rows)/100), "trades/trial")
			})
		}
	}
}

// BenchmarkTrial simulates one trial at a time, with all numbers of its row.
//
//	orders=sparse  a signal on one bar of 500
//	orders=every   a signal on every bar, against what is held
func BenchmarkTrial(b *testing.B) {
	const bars = 1_000_000
	for _, c := range []struct {
		orders string
		every  int
	}{{"sparse", 500}, {"every", 1}} {
		in := inputs(b, "sample_momentum", market.Minute1, bars, 5, 0.002, 0)
		for i := range in.Known {
			in.Known[i] = true
			z := in.Outputs[3*i : 3*i+3]
			clear(z)
			switch {
			case i%(2*c.every) == 0:
				z[0] = 5
			case i%c.every == 0:
				z[2] = 5
			default:
				z[1] = 5
			}
		}
		shared, err := trial.Prepare(in)
		if err != nil {
			b.Fatal(err)
		}
		s := space(b, "axes: {decisions.filters.min_signal_separation: [0]}")
		rows := make([]sweep.Row, s.Len())
		b.Run("bars=1000000/orders="+c.orders, func(b *testing.B) {
			for b.Loop() {
				if err := shared.Evaluate(context.Background(), s, 0, s.Len(), rows); err != nil {
					b.Fatal(err)
				}
			}
			want, err := shared.Backtest(context.Background(), s.Trial(0))
			if err != nil || want != rows[0] {
				b.Fatalf("the row is %+v, its backtest %+v, %v", rows[0], want, err)
			}
			b.ReportMetric(float64(bars)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mbars/s")
			b.ReportMetric(float64(rows[0].TotalTrades), "trades")
		})
	}
}
