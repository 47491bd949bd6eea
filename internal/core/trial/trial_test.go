package trial_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
	"github.com/ktrdr/ktrdr/internal/core/trial"
	"github.com/ktrdr/ktrdr/strategies"
)

// series is a seeded walk.
func series(tf market.Timeframe, bars int, step float64) market.Series {
	rng := rand.New(rand.NewPCG(42, 1))
	s := market.NewSeries("SAMPLE", tf, bars)
	at, price := int64(946857600), 100.0
	for range bars {
		open := price * (1 + 0.1*step*(rng.Float64()-0.5))
		price = open * (1 + step*(rng.Float64()-0.5))
		s.Append(market.Bar{Time: at, Open: open, Close: price, High: max(open, price) * 1.0003, Low: min(open, price) * 0.9997, Volume: 100})
		at += tf.Seconds()
		if rng.IntN(200) == 0 {
			at += tf.Seconds() * int64(rng.IntN(50))
		}
	}
	return s
}

func example(t testing.TB, name string) *strategy.Strategy {
	t.Helper()
	source, err := strategies.Files.ReadFile(name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := strategy.Parse(name+".yaml", source)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// inputs are bars and the outputs of a network of three classes with a memory, so
// that signals come in runs.
func inputs(t testing.TB, bars int) trial.Inputs {
	s := example(t, "sample_momentum")
	window := series(s.Base, bars, 0.01)
	in := trial.Inputs{Strategy: s, Held: window, Window: window, Classes: []string{"BUY", "HOLD", "SELL"},
		Known: make([]bool, bars), Options: backtest.Options{Commission: 0.0002, FractionalUnits: true}}
	rng := rand.New(rand.NewPCG(5, 5))
	z := [3]float64{}
	for i := range bars {
		in.Known[i] = i > 20 && rng.IntN(100) > 0
		for k := range z {
			z[k] = 0.9*z[k] + rng.NormFloat64()
			in.Outputs = append(in.Outputs, float32(z[k]))
		}
	}
	return in
}

func space(t testing.TB, text string) sweep.Space {
	t.Helper()
	s, err := sweep.ParseSpace("space.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEvaluateIsTheBacktest(t *testing.T) {
	in := inputs(t, 3000)
	shared, err := trial.Prepare(in)
	if err != nil {
		t.Fatal(err)
	}
	s := space(t, `axes:
  decisions.confidence_threshold: [0.5, 0.7]
  decisions.exits: [null, {stop_loss: 0.01, take_profit: 0.02}]`)
	rows := make([]sweep.Row, s.Len())
	if err := shared.Evaluate(context.Background(), s, 0, s.Len(), rows); err != nil {
		t.Fatal(err)
	}
	hashes := map[string]bool{}
	for i, row := range rows {
		if row.Trial != i || row.TotalTrades == 0 || math.IsNaN(row.SharpeRatio) {
			t.Errorf("row %d is %+v", i, row)
		}
		hashes[row.OrderHash] = true
	}
	if len(hashes) != len(rows) {
		t.Errorf("%d trials traded in %d ways", len(rows), len(hashes))
	}
	last := make([]sweep.Row, 1)
	if err := shared.Evaluate(context.Background(), s, 3, 4, last); err != nil {
		t.Fatal(err)
	}
	if last[0] != rows[3] {
		t.Errorf("alone, trial 3 is %+v, among others %+v", last[0], rows[3])
	}
}

func TestEvaluateNamesTheTrialThatIsNoStrategy(t *testing.T) {
	shared, err := trial.Prepare(inputs(t, 100))
	if err != nil {
		t.Fatal(err)
	}
	s := space(t, "axes: {decisions.confidence_threshold: [0.5, 1.5]}")
	err = shared.Evaluate(context.Background(), s, 0, 2, make([]sweep.Row, 2))
	if err == nil || !strings.Contains(err.Error(), "trial 1") || !strings.Contains(err.Error(), "decisions.confidence_threshold") {
		t.Errorf("error %v, want one that names the trial and the path", err)
	}
}

func TestEvaluateStops(t *testing.T) {
	shared, err := trial.Prepare(inputs(t, 100))
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	s := space(t, "axes: {decisions.confidence_threshold: [0.5]}")
	if err := shared.Evaluate(ctx, s, 0, 1, make([]sweep.Row, 1)); !errors.Is(err, why) {
		t.Errorf("error %v, want the cause of the cancellation", err)
	}
}

func TestPrepareRefuses(t *testing.T) {
	whole := inputs(t, 100)
	for name, change := range map[string]func(*trial.Inputs){
		"outputs":   func(in *trial.Inputs) { in.Outputs = in.Outputs[1:] },
		"known":     func(in *trial.Inputs) { in.Known = in.Known[1:] },
		"no_bars":   func(in *trial.Inputs) { in.Window = market.Series{} },
		"no_trades": func(in *trial.Inputs) { in.Strategy = example(t, "market_regime") },
	} {
		in := whole
		change(&in)
		if _, err := trial.Prepare(in); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
