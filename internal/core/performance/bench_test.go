package performance_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/performance"
)

// BenchmarkReport simulates ready signals and measures the result, as a backtest
// does after its inference: alone is the measuring without the simulation. A
// regression makes every backtest longer.
//
//	orders=sparse  a signal on one bar of 500, the model holds on the others
//	orders=most    an order on three bars of four, irregularly, half of them entries
//	orders=every   an order on every bar, half of them entries
func BenchmarkReport(b *testing.B) {
	const bars = 1_000_000
	series := benchSeries(bars)
	for _, c := range []struct {
		orders  string
		signals []decision.Raw
	}{{"sparse", alternating(bars, 500)}, {"most", irregular(bars)}, {"every", alternating(bars, 1)}} {
		in := backtest.Input{Series: series, Signals: c.signals, Rules: decision.Rules{ConfidenceThreshold: 0.6, AllowShort: true}}
		run := func() *backtest.Books {
			r, err := backtest.Simulate(context.Background(), in, backtest.Options{Commission: 0.0001, FractionalUnits: true}, backtest.Checkpoints{}, nil)
			if err != nil {
				b.Fatal(err)
			}
			return r
		}
		options := performance.Options{Closes: series.Close}
		measure := func(r *backtest.Books) performance.Metrics {
			return performance.MeasureBooks(r, series.Time, series.Timeframe, options)
		}
		r := run()
		if diff := cmp.Diff(performance.Measure(r.Result(), series.Time, series.Timeframe, options), measure(r)); diff != "" {
			b.Fatalf("(-written +books):\n%s", diff)
		}
		for name, f := range map[string]func(){"measure": func() { measure(r) }, "run": func() { run() }, "both": func() { measure(run()) }} {
			b.Run(fmt.Sprintf("bars=%d/orders=%s/%s", bars, c.orders, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					f()
				}
				b.ReportMetric(float64(bars)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mbars/s")
			})
		}
	}
}

// alternating buys and sells by turns, every so many bars.
func alternating(bars, every int) []decision.Raw {
	raws := make([]decision.Raw, bars)
	for i := range raws {
		raws[i] = decision.Raw{Confidence: 0.9, Known: true}
		if i%(2*every) == 0 {
			raws[i].Signal = decision.Buy
		} else if i%every == 0 {
			raws[i].Signal = decision.Sell
		}
	}
	return raws
}

// irregular sells or buys, against what is held, on three of four bars, and holds on
// the others, as it comes.
func irregular(bars int) []decision.Raw {
	raws, rng, sells := make([]decision.Raw, bars), rand.New(rand.NewPCG(1, 1)), false
	for i := range raws {
		raws[i] = decision.Raw{Confidence: 0.9, Known: true}
		switch {
		case rng.IntN(4) == 0:
			continue
		case sells:
			raws[i].Signal = decision.Sell
		default:
			raws[i].Signal = decision.Buy
		}
		sells = !sells
	}
	return raws
}

// benchSeries is a wave of minute bars.
func benchSeries(bars int) market.Series {
	s := market.NewSeries("BENCH", market.Minute1, bars)
	price, state := 100.0, uint64(42)
	unit := func() float64 {
		state = state*6364136223846793005 + 1442695040888963407
		return float64(state>>11)/(1<<53) - 0.5
	}
	for i := range bars {
		open := price * (1 + 0.0002*unit())
		price = open * (1 + 0.002*unit())
		s.Append(market.Bar{Time: 946857600 + 60*int64(i), Open: open, Close: price,
			High: max(open, price) * 1.0003, Low: min(open, price) * 0.9997, Volume: 100})
	}
	return s
}
