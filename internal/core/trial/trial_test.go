package trial_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
	"github.com/ktrdr/ktrdr/internal/core/trial"
	"github.com/ktrdr/ktrdr/strategies"
)

// series is a seeded walk.
func series(tf market.Timeframe, bars int, seed uint64, step float64) market.Series {
	rng := rand.New(rand.NewPCG(seed, 1))
	s := market.NewSeries("SAMPLE", tf, bars)
	at, price := int64(946857600), 100.0
	for range bars {
		open := min(1e9, max(1e-6, price*math.Exp(0.6*step*(rng.Float64()-0.5))))
		price = min(1e9, max(1e-6, open*math.Exp(step*(rng.Float64()-0.5))))
		b := market.Bar{Time: at, Open: open, Close: price, Volume: 100,
			High: max(open, price) * (1 + 0.3*step*rng.Float64()), Low: min(open, price) / (1 + 0.3*step*rng.Float64())}
		s.AppendQuoted(b, market.Quote{Bid: price, Ask: price + 0.001*float64(1+len(s.Time)%3)*b.Low})
		at += tf.Seconds()
		if rng.IntN(8) == 0 {
			at += tf.Seconds() * int64(rng.IntN(3)*rng.IntN(3)*rng.IntN(8))
		}
	}
	return s
}

type fataler interface {
	Helper()
	Fatal(...any)
}

func example(t fataler, name string) *strategy.Strategy {
	t.Helper()
	source, err := strategies.Files.ReadFile(name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, rest, _ := strings.Cut(string(source), "\ndeployment:") // what it says is of no use here
	_, rest, _ = strings.Cut(rest, "\n\n")
	text += "\n\n" + rest
	s, err := grammar.Parse(name+".yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// inputs are bars and the outputs of a network: each is memory times the one before
// and something new.
func inputs(t fataler, name string, tf market.Timeframe, bars int, seed uint64, step, memory float64) trial.Inputs {
	t.Helper()
	s, err := example(t, name).With(nil, []market.Timeframe{tf})
	if err != nil {
		t.Fatal(err)
	}
	window := series(tf, bars, seed, step)
	in := trial.Inputs{Strategy: s, Held: window, Window: window, Known: make([]bool, bars),
		Options: backtest.Options{Commission: 0.0002, FractionalUnits: true}}
	outputs := 1
	if s.Decisions.OutputFormat == strategy.Classification {
		in.Classes, outputs = []string{"BUY", "HOLD", "SELL"}, 3
	}
	rng := rand.New(rand.NewPCG(seed, 5))
	z := make([]float64, outputs)
	for i := range bars {
		in.Known[i] = i > 20 && rng.IntN(100) > 0
		for k := range z {
			z[k] = memory*z[k] + rng.NormFloat64()
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
	in := inputs(t, "sample_momentum", market.Hour1, 3000, 5, 0.01, 0.9)
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

// Trials that pay the spread of the quotes pay it; without quotes they are refused.
func TestEvaluateQuotes(t *testing.T) {
	in := inputs(t, "sample_momentum", market.Hour1, 1000, 5, 0.01, 0.9)
	s := space(t, "axes: {decisions.costs: [null, {spread: quotes}, {spread: 20 bps}]}")
	shared, err := trial.Prepare(in)
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]sweep.Row, s.Len())
	if err := shared.Evaluate(context.Background(), s, 0, s.Len(), rows); err != nil {
		t.Fatal(err)
	}
	// Of widths of 10, 20 and 30 bps the mean is near 20.
	free, quoted, flat := rows[0].FinalEquity, rows[1].FinalEquity, rows[2].FinalEquity
	if rows[0].TotalTrades < 20 || !(quoted < free) || math.Abs((free-quoted)/(free-flat)-1) > 0.2 {
		t.Errorf("left are %v without a spread, %v with that of the quotes, %v with 20 bps", free, quoted, flat)
	}
	in.Window.Bid, in.Window.Ask = nil, nil
	if shared, err = trial.Prepare(in); err != nil {
		t.Fatal(err)
	}
	if err := shared.Evaluate(context.Background(), s, 0, s.Len(), rows); err == nil || !strings.Contains(err.Error(), "have no bid and ask") {
		t.Errorf("without quotes: %v", err)
	}
}

// Trials that pay a spread go from order to order too: backtests of them would
// allocate nine bytes a bar each.
func TestEvaluateSpreadsFromOrderToOrder(t *testing.T) {
	const bars = 20_000
	in := inputs(t, "sample_momentum", market.Hour1, bars, 5, 0.01, 0.9)
	s := space(t, "axes:\n  decisions.confidence_threshold: {from: 0.4, to: 0.7, step: 0.01}\n  decisions.exits: [null, {stop_loss: 0.01, take_profit: 0.02}]\n  decisions.costs: [{spread: quotes}, {spread: 2 bps}]")
	shared, err := trial.Prepare(in)
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]sweep.Row, s.Len())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := shared.Evaluate(context.Background(), s, 0, s.Len(), rows); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if allocated, most := after.TotalAlloc-before.TotalAlloc, uint64(9*bars*s.Len()/2); allocated > most {
		t.Errorf("%d trials allocated %d bytes, want at most %d", s.Len(), allocated, most)
	}
}

func TestEvaluateNamesTheTrialThatIsNoStrategy(t *testing.T) {
	shared, err := trial.Prepare(inputs(t, "sample_momentum", market.Hour1, 100, 5, 0.01, 0.9))
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
	shared, err := trial.Prepare(inputs(t, "sample_momentum", market.Hour1, 100, 5, 0.01, 0.9))
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
	whole := inputs(t, "sample_momentum", market.Hour1, 100, 5, 0.01, 0.9)
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

// TestRuinIsThatOfTheBacktest shorts with everything a price that trebles for some
// bars, on which nothing is left, and comes back.
func TestRuinIsThatOfTheBacktest(t *testing.T) {
	in := inputs(t, "sample_momentum", market.Hour1, 200, 5, 0.01, 0.9)
	for i := range in.Known {
		in.Known[i] = true
		copy(in.Outputs[3*i:], []float32{0, 0, 3}) // SELL
		for _, column := range [][]float64{in.Window.Open, in.Window.High, in.Window.Low, in.Window.Close} {
			if i >= 60 && i < 70 {
				column[i] *= 3
			}
		}
	}
	copy(in.Outputs[3*190:], []float32{3, 0, 0}) // BUY
	in.Options.Fraction = 1
	shared, err := trial.Prepare(in)
	if err != nil {
		t.Fatal(err)
	}
	s := space(t, "axes:\n  decisions.allow_short_from_flat: [true]\n  decisions.exits: [null, {max_holding_bars: 150}, {max_holding_bars: 140}, {max_holding_bars: 130}]")
	rows := make([]sweep.Row, s.Len())
	if err := shared.Evaluate(context.Background(), s, 0, s.Len(), rows); err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		want, err := shared.Backtest(context.Background(), s.Trial(i))
		if err != nil {
			t.Fatal(err)
		}
		if want.FinalEquity > 0 || want.FinalEquity != row.FinalEquity || want.OrderHash != row.OrderHash {
			t.Errorf("trial %d is %+v, its backtest %+v", i, row, want)
		}
	}
}
