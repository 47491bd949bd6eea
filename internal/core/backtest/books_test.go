package backtest_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/daily"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// longRaws are signals that come in runs, so that searches go far, with some that
// somebody withheld, skipped or left at in a part of them.
func longRaws(bars int, seed uint64, every int) []decision.Raw {
	rng := rand.New(rand.NewPCG(seed, 3))
	raws := make([]decision.Raw, bars)
	withheld := []decision.Reason{decision.NoEvent, decision.NoRegime, decision.Skipped}
	for i := range raws {
		r := &raws[i]
		*r = decision.Raw{Known: rng.IntN(50) > 0, Confidence: rng.Float32()}
		if rng.IntN(every) == 0 {
			r.Signal = decision.Signal(rng.IntN(3) - 1)
		}
		if i/5000%2 == 1 && rng.IntN(9) == 0 { // a part in which nothing is sure
			r.Withheld, r.Leave = withheld[rng.IntN(3)], rng.IntN(3) == 0
		}
	}
	return raws
}

// TestLongRunIsTheReference goes over many thousands of bars, in parts of any length,
// to ruin in some where shorts meet a jump.
func TestLongRunIsTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 15_000).Draw(t, "bars")
		s := scenario{in: backtest.Input{Series: benchSeries(n), Signals: longRaws(n, rapid.Uint64().Draw(t, "seed"), rapid.SampledFrom([]int{1, 40, 3000}).Draw(t, "every")),
			Rules: decision.Rules{Regression: rapid.Bool().Draw(t, "regression"), ConfidenceThreshold: 0.6, AllowShort: rapid.Bool().Draw(t, "shorts"),
				MinSignalSeparation: rapid.SampledFrom([]int{0, 1, 2, 3, 5, 300, 1_000_000}).Draw(t, "separation")}},
			o: backtest.Options{Capital: 10_000, Fraction: rapid.SampledFrom([]float64{1, 1, 0.3}).Draw(t, "fraction"), Commission: rapid.SampledFrom([]float64{0, 0.0001, 0.1}).Draw(t, "commission"), Slippage: 0.0001,
				FractionalUnits: rapid.Bool().Draw(t, "fractional")}}
		if at := rapid.IntRange(0, 2*n).Draw(t, "jump"); at < n { // from which no short recovers
			for _, column := range [][]float64{s.in.Series.Open, s.in.Series.High, s.in.Series.Low, s.in.Series.Close} {
				for i := at; i < n; i++ {
					column[i] *= 30
				}
			}
		}
		want := referenceRun(s.in, s.o)
		sim, err := backtest.New(s.in, s.o)
		for part := rapid.IntRange(1, n).Draw(t, "part"); err == nil && !sim.Done(); {
			err = sim.Advance(sim.State().Bar + part)
		}
		if err != nil {
			t.Fatal(err)
		}
		got := sim.Result()
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(backtest.Result{}, "OrderHash")); diff != "" {
			t.Fatalf("(-reference +Run):\n%s", diff)
		}
		var orders ledger.OrderStream
		for i := range want.Trades {
			orders.Trade(&want.Trades[i])
		}
		if got.OrderHash != orders.Sum() {
			t.Fatalf("the order hash of %d trades is %s, want %s", len(want.Trades), got.OrderHash, orders.Sum())
		}
	})
}

// TestRuinFarFromADecision ruins a short between two decisions, in the middle of what
// was searched through and counted.
func TestRuinFarFromADecision(t *testing.T) {
	const n, jump = 9000, 5000
	s := scenario{in: backtest.Input{Series: benchSeries(n), Signals: make([]decision.Raw, n), Rules: decision.Rules{AllowShort: true}},
		o: backtest.Options{Capital: 10_000, Fraction: 1, FractionalUnits: true}}
	for i := range s.in.Signals {
		s.in.Signals[i] = decision.Raw{Known: i%7 != 0, Confidence: 1}
		if i%10 == 0 && i < 8500 {
			s.in.Signals[i].Signal = decision.Sell
		}
	}
	s.in.Signals[8700].Known, s.in.Signals[8700].Signal = true, decision.Buy
	for _, column := range [][]float64{s.in.Series.Open, s.in.Series.High, s.in.Series.Low, s.in.Series.Close} {
		for i := jump; i < n; i++ {
			column[i] *= 30
		}
	}
	want, got := referenceRun(s.in, s.o), run(t, s)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(backtest.Result{}, "OrderHash")); diff != "" || got.Bankruptcy == nil || got.Bankruptcy.Bar != jump {
		t.Errorf("ruin %+v (-reference +Run):\n%s", got.Bankruptcy, diff)
	}
}

// TestBooksAreTheResult holds what books say by days and parts to what they say
// written out.
func TestBooksAreTheResult(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		b, err := backtest.Simulate(context.Background(), s.in, s.o, backtest.Checkpoints{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := b.Result()
		want := ledger.NewTally()
		for i, trade := range r.Trades {
			want.Add(trade.Net, trade.ExitTime-trade.EntryTime, trade.Side)
			if n, wins := b.LeftBy(trade.ExitTime - 1); n > i || wins > want.Wins {
				t.Fatalf("%d trades and %d wins before trade %d was left", n, wins, i)
			}
			if n, wins := b.LeftBy(trade.ExitTime); n <= i || n == i+1 && wins != want.Wins {
				t.Fatalf("%d trades and %d wins when trade %d was left, with the %d-th win", n, wins, i, want.Wins)
			}
			if diff := cmp.Diff(trade, b.Trade(i)); diff != "" {
				t.Fatalf("trade %d (-written +one):\n%s", i, diff)
			}
		}
		if diff := cmp.Diff(want, b.Tally(), cmp.AllowUnexported(ledger.Tally{})); diff != "" {
			t.Fatalf("tally (-trades +books):\n%s", diff)
		}
		ends := market.DayEnds(s.in.Series.Time, s.in.Series.Timeframe)
		days, written := b.Days(), make([]daily.Day, len(ends))
		daily.DaysOf(written, ends, r.Equity)
		from := 0
		for d, end := range ends {
			for _, p := range r.Position[from : end+1] {
				written[d].Held += int(p & 1)
			}
			closes := s.in.Series.Close[from : end+1]
			written[d].LowClose, written[d].HighClose = slices.Min(closes), slices.Max(closes)
			if diff := cmp.Diff(written[d], days[d], cmpopts.IgnoreFields(daily.Day{}, "At")); diff != "" {
				t.Fatalf("day %d (-written +books):\n%s", d, diff)
			}
			curve := make([]float64, end+1-from)
			b.Curve(curve, &days[d])
			if diff := cmp.Diff(r.Equity[from:end+1], curve); diff != "" {
				t.Fatalf("day %d, its bars (-written +books):\n%s", d, diff)
			}
			from = end + 1
		}
	})
}

// TestDaysOfManyParts: days that are summed up while bars go by are those of the
// curve, also where a position is held from one part to the next.
func TestDaysOfManyParts(t *testing.T) {
	const n = 60_000
	for seed, every := range []int{1, 60, 9000} {
		s := scenario{in: backtest.Input{Series: benchSeries(n), Signals: longRaws(n, uint64(seed), every), Rules: decision.Rules{AllowShort: true}},
			o: backtest.Options{FractionalUnits: true, Commission: 0.0001}}
		b, err := backtest.Simulate(context.Background(), s.in, s.o, backtest.Checkpoints{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		ends := market.DayEnds(s.in.Series.Time, s.in.Series.Timeframe)
		want := make([]daily.Day, len(ends))
		daily.DaysOf(want, ends, b.Equity())
		position, from := b.Position(), 0
		for d, end := range ends {
			for _, p := range position[from : end+1] {
				want[d].Held += int(p & 1)
			}
			closes := s.in.Series.Close[from : end+1]
			want[d].LowClose, want[d].HighClose = slices.Min(closes), slices.Max(closes)
			from = end + 1
		}
		if diff := cmp.Diff(want, b.Days(), cmpopts.IgnoreFields(daily.Day{}, "At")); diff != "" || b.Len() == 0 {
			t.Errorf("seed %d, %d trades (-curve +books):\n%s", seed, b.Len(), diff)
		}
		days, equity, from := b.Days(), b.Equity(), 0
		for d, end := range ends {
			curve := make([]float64, end+1-from)
			if b.Curve(curve, &days[d]); !slices.Equal(curve, equity[from:end+1]) {
				t.Fatalf("seed %d: the curve of day %d differs from its part of the whole", seed, d)
			}
			from = end + 1
		}
	}
}

// TestExcursionsAreFinite: what no float64 holds is the largest that it holds.
func TestExcursionsAreFinite(t *testing.T) {
	in := backtest.Input{Series: flat(1, 1, 1, 1, 1), Signals: signals("BhhSh")}
	in.Series.High[2] = math.MaxFloat64
	r := run(t, scenario{in, backtest.Options{Capital: 1000, Fraction: 1}})
	if len(r.Trades) != 1 || r.Trades[0].MaxFavorable != math.MaxFloat64 {
		t.Errorf("%+v, want one trade that showed %v", r.Trades, math.MaxFloat64)
	}
}

// BenchmarkTrades writes the trades of books out. A regression makes reports longer.
func BenchmarkTrades(b *testing.B) {
	const n = 100_000
	books, err := backtest.Simulate(context.Background(), backtest.Input{Series: benchSeries(n), Signals: alternatingSignals(n)}, backtest.Options{}, backtest.Checkpoints{}, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("bars=100000/orders=every", func(b *testing.B) {
		for b.Loop() {
			books.Trades()
		}
		b.ReportMetric(float64(books.Len())*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mtrades/s")
	})
}
