package backtest_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/daily"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// TestRareTradesAreOneByOne holds many trades at a time to one bar after the other, where
// opens are no prices, positions come to nothing, results are 0 and equity is used up.
func TestRareTradesAreOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 400).Draw(t, "bars")
		in := backtest.Input{Series: benchSeries(n), Signals: make([]decision.Raw, n),
			Rules: decision.Rules{AllowShort: rapid.Bool().Draw(t, "shorts"), MinSignalSeparation: rapid.IntRange(0, 4).Draw(t, "separation")}}
		side := rapid.SampledFrom([]decision.Signal{decision.Buy, decision.Sell, decision.Sell, decision.Hold})
		turns := rapid.Bool().Draw(t, "turns")
		for i := range in.Signals {
			if in.Signals[i] = known(decision.Signal(1 - 2*(i&1))); !turns {
				in.Signals[i] = known(side.Draw(t, "signal"))
			}
		}
		isFlat := rapid.Bool().Draw(t, "flat")
		for i := 1; isFlat && i < n; i++ {
			in.Series.Open[i] = in.Series.Open[0]
		}
		odd := rapid.SampledFrom([]float64{0, math.Copysign(0, -1), -100, math.NaN(), math.Inf(1), math.Inf(-1), 5e-324, 1e-300, math.MaxFloat64, 1e6})
		for range rapid.IntRange(0, 3).Draw(t, "odd opens") {
			in.Series.Open[rapid.IntRange(1, n-1).Draw(t, "bar")] = odd.Draw(t, "open")
		}
		for range rapid.IntRange(0, 1).Draw(t, "odd closes") {
			in.Series.Close[rapid.IntRange(0, n-1).Draw(t, "bar")] = rapid.SampledFrom([]float64{1e4, 1e-3, 1e300}).Draw(t, "close")
		}
		o := backtest.Options{Capital: rapid.SampledFrom([]float64{200, 10_000}).Draw(t, "capital"), Fraction: rapid.SampledFrom([]float64{0.25, 0.51, 1}).Draw(t, "fraction"),
			Commission: rapid.SampledFrom([]float64{0, 0.001}).Draw(t, "commission"), Slippage: rapid.SampledFrom([]float64{0, 0.01}).Draw(t, "slippage"),
			FractionalUnits: rapid.Bool().Draw(t, "fractional")}

		advanced := func(bars int) (*backtest.Simulation, string) {
			s, err := backtest.New(in, o)
			for err == nil && !s.Done() {
				err = s.Advance(s.State().Bar + bars)
			}
			return s, fmt.Sprint(err)
		}
		want, problem := advanced(1)
		got, gotProblem := advanced(n)
		if gotProblem != problem {
			t.Fatalf("many at a time: %s\none by one: %s", gotProblem, problem)
		}
		if want == nil || !want.Done() {
			return
		}
		if diff := cmp.Diff(want.Result(), got.Result()); diff != "" {
			t.Fatalf("(-one by one +many):\n%s", diff)
		}
		if diff := cmp.Diff(want.Books().Tally(), got.Books().Tally(), cmp.AllowUnexported(want.Books().Tally())); diff != "" {
			t.Fatalf("tally (-one by one +many):\n%s", diff)
		}
		if diff := cmp.Diff(want.Books().Days(), got.Books().Days()); diff != "" {
			t.Fatalf("days (-one by one +many):\n%s", diff)
		}
	})
}

// manyTrades are bars of few prices, at which shorts are ruined exactly, or by more, now
// at a close and now at an open, and signals for some hundred trades of them.
func manyTrades(seed uint64) (backtest.Input, backtest.Options) {
	rng := rand.New(rand.NewPCG(seed, 21))
	n := 300 + rng.IntN(900)
	s, at := market.NewSeries("EURUSD", market.Minute1, n), int64(946857600)
	draw := func() float64 {
		if rng.IntN(400) == 0 && seed%2 == 0 {
			return []float64{96, 128, 129}[rng.IntN(3)]
		}
		return []float64{63, 63.75, 64, 64, 64, 64.5, 65}[rng.IntN(7)]
	}
	signals := make([]decision.Raw, n)
	for i := range n {
		open, last := draw(), draw()
		s.Append(market.Bar{Time: at, Open: open, High: max(open, last), Low: min(open, last), Close: last, Volume: 1})
		at += 60 * int64(1+rng.IntN(5)*rng.IntN(40))
		signals[i] = decision.Raw{Known: rng.IntN(20) > 0, Signal: decision.Signal(rng.IntN(3) - 1), Confidence: float32(rng.IntN(9)) / 8}
	}
	pick := func(values ...float64) float64 { return values[rng.IntN(len(values))] }
	rules := decision.Rules{AllowShort: rng.IntN(3) > 0, ConfidenceThreshold: pick(0, 0.125), MinSignalSeparation: []int{0, 2, 3, 7, math.MaxInt}[rng.IntN(50)%5]}
	if rules.MinSignalSeparation > n && rng.IntN(4) > 0 { // it allows one trade
		rules.MinSignalSeparation = 1
	}
	o := backtest.Options{Capital: pick(8192, 700), Fraction: pick(0.25, 0.5, 0.995, 1, 1), FractionalUnits: rng.IntN(3) > 0}
	if rng.IntN(2) == 0 {
		o.Commission, o.Slippage = pick(0, 0.001), pick(0, 0.02)
	}
	return backtest.Input{Series: s, Signals: signals, Rules: rules}, o
}

// TestManyTradesAreOneByOne holds many trades at a time, block after block, to one bar
// after the other, in the middle and at the end.
func TestManyTradesAreOneByOne(t *testing.T) {
	var seen struct{ ruined, early, trades int }
	for seed := range uint64(300) {
		in, o := manyTrades(seed)
		n, what := in.Series.Len(), func(s *backtest.Simulation) []any {
			if !s.Done() {
				return []any{s.State()}
			}
			curve, days := []float64(nil), s.Books().Days()
			for d, end := range s.Books().Ends() {
				day := make([]float64, end+1-days[d].At.Bar)
				s.Books().Curve(day, &days[d])
				curve, days[d].At = append(curve, day...), daily.Place{} // a deal that is left there is in it or before it
			}
			return []any{s.State(), s.Result(), s.Books().Tally(), days, curve}
		}
		for _, stop := range []int{n / 2, n} {
			oneByOne, err := backtest.New(in, o)
			if err != nil {
				t.Fatal(err)
			}
			many, err := backtest.New(in, o)
			for bar := 0; err == nil && bar < stop && !oneByOne.Done(); bar++ {
				err = oneByOne.Advance(bar + 1)
			}
			if err == nil {
				err = many.Advance(stop)
			}
			if err != nil {
				t.Fatal(err)
			}
			if want, got := what(oneByOne), what(many); !reflect.DeepEqual(want, got) {
				t.Fatalf("seed %d, %d bars of %d, %+v, %+v (-one by one +many):\n%s", seed, stop, n, in.Rules, o, cmp.Diff(want, got, cmp.AllowUnexported(many.Books().Tally())))
			}
			if many.Done() {
				r := many.Result()
				seen.trades += len(r.Trades)
				seen.early += r.Decisions[decision.Separation]
				if r.Bankruptcy != nil {
					seen.ruined++
				}
			}
		}
	}
	if seen.ruined < 5 || seen.early < 100 || seen.trades < 5000 {
		t.Errorf("seen %+v, want more", seen)
	}
}
