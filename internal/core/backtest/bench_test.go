package backtest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// BenchmarkRun simulates ready signals. A regression means that a sweep takes
// longer in proportion: it runs this once per trial on shared columns.
//
//	orders=sparse    a signal on one bar of 500, the model holds on the others
//	orders=every     an order on every bar, half of them entries
//	orders=noise     every bar has a random class and a random confidence
//	orders=crossing  SMA(10) over SMA(30) is a buy, under it a sell, on every bar; long only
func BenchmarkRun(b *testing.B) {
	for _, bars := range []int{10_000, 100_000, 1_000_000} {
		series := benchSeries(bars)
		for _, c := range []struct {
			orders  string
			signals []decision.Raw
			rules   decision.Rules
		}{
			{"sparse", sparseSignals(bars), decision.Rules{ConfidenceThreshold: 0.6, AllowShort: true}},
			{"every", alternatingSignals(bars), decision.Rules{ConfidenceThreshold: 0.6}},
			{"noise", noiseSignals(bars), decision.Rules{ConfidenceThreshold: 0.6, MinSignalSeparation: 4, AllowShort: true}},
			{"crossing", crossingSignals(series.Close, 10, 30), decision.Rules{ConfidenceThreshold: 0.5}},
		} {
			b.Run(fmt.Sprintf("bars=%d/orders=%s", bars, c.orders), func(b *testing.B) {
				b.ReportAllocs()
				in := backtest.Input{Series: series, Signals: c.signals, Rules: c.rules}
				o := backtest.Options{Commission: 0.001, FractionalUnits: true}
				var books *backtest.Books
				for b.Loop() {
					var err error
					if books, err = backtest.Simulate(context.Background(), in, o, backtest.Checkpoints{}, nil); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(bars)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mbars/s")
				beginsLike(b, books, in, o)
			})
		}
	}
}

// beginsLike fails b where books do not begin with the trades of the reference, which
// are worked out one bar after the other.
func beginsLike(b *testing.B, books *backtest.Books, in backtest.Input, o backtest.Options) {
	first := min(10_000, in.Series.Len())
	in.Series, in.Signals = in.Series.Slice(0, first), in.Signals[:first]
	for i, want := range referenceRun(in, o).Trades {
		if want.Cause == ledger.ByEnd {
			break // of the first bars only
		}
		if diff := cmp.Diff(want, books.Trade(i)); diff != "" {
			b.Fatalf("trade %d (-reference +run):\n%s", i, diff)
		}
	}
}

// benchSeries is a seeded walk of minute bars.
func benchSeries(bars int) market.Series {
	rng := rand.New(rand.NewPCG(42, 1))
	s := market.NewSeries("BENCH", market.Minute1, bars)
	price := 100.0
	for i := range bars {
		open := price * (1 + 0.0002*(rng.Float64()-0.5))
		price = open * (1 + 0.002*(rng.Float64()-0.5))
		s.Append(market.Bar{Time: 946857600 + 60*int64(i), Open: open, Close: price,
			High: max(open, price) * 1.0003, Low: min(open, price) * 0.9997, Volume: 100})
	}
	return s
}

func known(s decision.Signal) decision.Raw {
	return decision.Raw{Signal: s, Confidence: 0.9, Known: true}
}

func sparseSignals(bars int) []decision.Raw {
	raws := make([]decision.Raw, bars)
	for i := range raws {
		raws[i] = known(decision.Hold)
		if i%1000 == 0 {
			raws[i] = known(decision.Buy)
		} else if i%1000 == 500 {
			raws[i] = known(decision.Sell)
		}
	}
	return raws
}

func alternatingSignals(bars int) []decision.Raw {
	raws := make([]decision.Raw, bars)
	for i := range raws {
		raws[i] = known(decision.Buy)
		if i%2 == 1 {
			raws[i] = known(decision.Sell)
		}
	}
	return raws
}

func noiseSignals(bars int) []decision.Raw {
	rng := rand.New(rand.NewPCG(7, 7))
	raws := make([]decision.Raw, bars)
	for i := range raws {
		raws[i] = decision.Raw{Signal: decision.Signal(rng.IntN(3) - 1), Confidence: rng.Float32(), Known: true}
	}
	return raws
}

func crossingSignals(closes []float64, fast, slow int) []decision.Raw {
	raws := make([]decision.Raw, len(closes))
	var f, s float64
	for i, c := range closes {
		f, s = f+c, s+c
		if i >= fast {
			f -= closes[i-fast]
		}
		if i >= slow {
			s -= closes[i-slow]
		}
		if i >= slow-1 {
			raws[i] = known(decision.Sell)
			if f/float64(fast) > s/float64(slow) {
				raws[i] = known(decision.Buy)
			}
		}
	}
	return raws
}
