package backtest_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
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
