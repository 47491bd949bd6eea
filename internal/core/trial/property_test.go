package trial_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
	"github.com/ktrdr/ktrdr/internal/core/trial"
)

// pools are what the axes of a drawn space are drawn from, one pool per axis. All
// values of a pool are a strategy with all of the others.
var pools = []struct {
	path   string
	values []string
}{
	{"decisions.confidence_threshold", []string{"0", "0.34", "0.4", "0.55", "0.7", "0.9", "1"}},
	{"decisions.filters.min_signal_separation", []string{"0", "1", "4", "60", "2h", "3d", "null"}},
	{"decisions.allow_short_from_flat", []string{"true", "false"}},
	{"decisions.exits", []string{"null", "{stop_loss: 0.01}", "{take_profit: 0.004}", "{stop_loss: 0.02, take_profit: 0.03}",
		"{trailing_stop: 0.01}", "{trailing_stop: 0.03, stop_loss: 0.005, take_profit: 0.05}", "{trailing_stop: 0.012, stop_loss: 0.01}", "{max_holding_bars: 1}",
		"{max_holding_bars: 7, stop_loss: 0.004}", `{session_end: "20:00"}`, `{session_end: "24:00", max_holding_bars: 30, take_profit: 0.01}`}},
	{"decisions.sizing", []string{"null", "{method: units, units: 30}", "{method: units, units: 0.5}", "{method: confidence}",
		"{method: volatility_target, bar_volatility: 0.002}"}},
	{"decisions.account", []string{"null", "{leverage: 4, maintenance_margin: 0.2}", "{leverage: 4, maintenance_margin: 0.2, margin_call: reduce}", "{lot: 7, max_quantity: 300}"}},
	{"decisions.costs", []string{"null", "{commission_per_unit: 0.01}", "{commission_minimum: 3}", "{financing_long: 0.05}",
		"{spread: quotes}", "{spread: 20 bps, slippage: 0.001}", "{spread: 0.00001}", "{spread: {usual: 5 bps, sessions: [{from: \"20:00\", to: \"04:00\", spread: 300 bps}]}, commission: 0.001}", "{commission: 0.01, slippage: 0}", "{commission_per_unit: 2, commission_minimum: 1000}", "{slippage: 0.1}"}},
}

func drawPools(t *rapid.T) sweep.Space {
	var s sweep.Space
	for _, p := range pools {
		if rapid.IntRange(0, 3).Draw(t, p.path) > 0 {
			values := rapid.SliceOfNDistinct(rapid.SampledFrom(p.values), 1, 3, rapid.ID).Draw(t, "values")
			s.Axes = append(s.Axes, sweep.Axis{Path: p.path, Values: values})
		}
	}
	if len(s.Axes) == 0 {
		s.Axes = []sweep.Axis{{Path: pools[0].path, Values: pools[0].values}}
	}
	s.Sample = min(16, s.Len())
	return s
}

// drawInputs draws bars that move so much that shorts are ruined, or hardly at all,
// and outputs that change every bar or seldom.
func drawInputs(t *rapid.T) trial.Inputs {
	tf := rapid.SampledFrom([]market.Timeframe{market.Minute1, market.Hour1, market.Hour4}).Draw(t, "timeframe")
	name := rapid.SampledFrom([]string{"sample_momentum", "sample_momentum", "forward_return"}).Draw(t, "strategy")
	in := inputs(t, name, tf, rapid.IntRange(1, 700).Draw(t, "bars"), rapid.Uint64().Draw(t, "seed"),
		rapid.SampledFrom([]float64{0.0005, 0.02, 0.9}).Draw(t, "step"), rapid.SampledFrom([]float64{0, 0.8, 0.98}).Draw(t, "memory"))
	in.Options.Commission = rapid.SampledFrom([]float64{0, 0.001}).Draw(t, "commission")
	in.Options.Slippage = rapid.SampledFrom([]float64{0, 0.0005}).Draw(t, "slippage")
	in.Options.Fraction = rapid.SampledFrom([]float64{0, 1, 0.0003}).Draw(t, "fraction")
	in.Options.FractionalUnits = rapid.Bool().Draw(t, "fractional")
	return in
}

func drawSpaceFor(t *rapid.T, in trial.Inputs) sweep.Space {
	s := drawPools(t)
	if in.Strategy.Decisions.OutputFormat != strategy.Regression {
		return s
	}
	// Its thresholds are costs, and it always goes both ways.
	kept := []sweep.Axis{{Path: "decisions.cost_model.round_trip_cost", Values: []string{"0.2", "0.9"}}}
	for _, a := range s.Axes {
		if a.Path != pools[0].path && a.Path != pools[2].path {
			kept = append(kept, a)
		}
	}
	s.Axes, s.Sample = kept, 0
	s.Sample = min(16, s.Len())
	return s
}

// rowsOf returns the rows of all trials of s, each of which is that of its backtest.
func rowsOf(t rapid.TB, shared *trial.Shared, s sweep.Space) []sweep.Row {
	t.Helper()
	rows := make([]sweep.Row, s.Len())
	if err := shared.Evaluate(context.Background(), s, 0, s.Len(), rows); err != nil {
		t.Fatal(err)
	}
	for i, got := range rows {
		want, err := shared.Backtest(context.Background(), s.Trial(i))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(sameBits)); diff != "" {
			t.Fatalf("trial %v differs from its backtest (-backtest +trial):\n%s", s.Trial(i), diff)
		}
	}
	return rows
}

func TestRowsAreThoseOfBacktests(t *testing.T) {
	var seen struct{ trades, losses, undefined int }
	rapid.Check(t, func(t *rapid.T) {
		in := drawInputs(t)
		if len(in.Window.Low) > 0 && slices.Min(in.Window.Low) < 0.0002 {
			t.Skip("the spread of the pools is more than a tenth of such a price, which is refused")
		}
		s := drawSpaceFor(t, in)
		shared, err := trial.Prepare(in)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "one by one") {
			shared = shared.WithoutRounds()
		}
		for _, got := range rowsOf(t, shared, s) {
			seen.trades += got.TotalTrades
			if got.ProfitFactor > 0 {
				seen.losses++
			}
			if math.IsNaN(got.SharpeRatio) {
				seen.undefined++
			}
		}
	})
	if seen.trades == 0 || seen.losses == 0 || seen.undefined == 0 {
		t.Errorf("seen: %+v, want some of each", seen)
	}
}

func sameBits(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}

// TestVariantsAreTheStrategiesOfTheFiles holds the short way to a strategy of a
// trial to the long one.
func TestVariantsAreTheStrategiesOfTheFiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := example(t, "sample_momentum")
		s := drawPools(t)
		variants, err := sweep.VariantsOf(base)
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.Len() {
			got, err := variants.Strategy(s.Trial(i))
			if err != nil {
				t.Fatal(err)
			}
			source, err := sweep.Apply(base.Source, s.Trial(i))
			if err != nil {
				t.Fatal(err)
			}
			want, err := grammar.Parse("trial.yaml", source)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Decisions, got.Decisions); diff != "" || want.Hash() != got.Hash() {
				t.Fatalf("%v (-file +variant):\n%s", s.Trial(i), diff)
			}
		}
	})
}

// TestVariantsRefuseWhatTheFilesDo tries settings that are no strategy together.
func TestVariantsRefuseWhatTheFilesDo(t *testing.T) {
	for _, settings := range [][]sweep.Setting{
		{{Path: "decisions.confidence_threshold", Value: "1.5"}},
		{{Path: "decisions.cost_model", Value: "{round_trip_cost: 0.1, min_edge_multiplier: 1}"}},
		{{Path: "decisions.exits.stop_loss", Value: "0.2"}, {Path: "decisions.exits.trailing_stop", Value: "0.1"}},
		{{Path: "decisions.sizing", Value: "{method: kelly}"}},
		{{Path: "decisions.unheard_of", Value: "1"}},
		{{Path: "decisions.exits", Value: "from_label"}, {Path: "decisions.exits.stop_loss", Value: "0.1"}},
	} {
		base, at := example(t, "sample_momentum"), sweep.Trial{Settings: settings}
		variants, err := sweep.VariantsOf(base)
		if err != nil {
			t.Fatal(err)
		}
		_, short := variants.Strategy(at)
		source, long := sweep.Apply(base.Source, at)
		if long == nil {
			_, long = grammar.Parse("trial.yaml", source)
		}
		if short == nil || long == nil {
			t.Errorf("%v: the file gives %v, the variant %v: want both refused", settings, long, short)
		}
	}
}

// TestRangesDoNotMatter compares trials of several rooms full of lanes with the same in
// rooms of their own.
func TestRangesDoNotMatter(t *testing.T) {
	in := inputs(t, "sample_momentum", market.Hour1, 1500, 5, 0.01, 0.9)
	shared, err := trial.Prepare(in)
	if err != nil {
		t.Fatal(err)
	}
	s := space(t, "axes:\n  decisions.confidence_threshold: {from: 0.4, to: 0.9, step: 0.02}\n  decisions.exits.stop_loss: [null, 0.01]\n  decisions.allow_short_from_flat: [true, false]")
	whole, parts := make([]sweep.Row, s.Len()), make([]sweep.Row, s.Len())
	if err := shared.Evaluate(context.Background(), s, 0, s.Len(), whole); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < s.Len(); i += 3 {
		to := min(i+3, s.Len())
		if err := shared.Evaluate(context.Background(), s, i, to, parts[i:to]); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(whole, parts, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("in parts it differs (-whole +parts):\n%s", diff)
	}
}

// TestConfidenceAtTheThreshold: a signal that is exactly as sure as it has to be is acted
// on, at costs, too, at which no other signal is left, and at those where none is.
func TestConfidenceAtTheThreshold(t *testing.T) {
	sure := inputs(t, "sample_momentum", market.Hour1, 600, 7, 0.01, 0.5)
	for i := range sure.Known {
		if i%4 == 0 { // 1, and the number below
			copy(sure.Outputs[3*i:], [][]float32{{1000, 0, 0}, {0, 0, 1000}, {16.6, -1000, 0}, {0, -1000, 16.6}}[i/4%4])
		}
	}
	for name, c := range map[string]struct {
		in   trial.Inputs
		axes string
		none int // the trials without a trade
	}{
		"classes": {sure, "decisions.confidence_threshold: [0.5, 0.9, 1]", 0},
		"costs":   {inputs(t, "forward_return", market.Hour1, 600, 7, 0.01, 0.5), "decisions.cost_model.round_trip_cost: [0.2, 0.5, 0.99]\n  decisions.cost_model.min_edge_multiplier: [1, 40]", 3},
	} {
		t.Run(name, func(t *testing.T) {
			s, none := space(t, "axes:\n  "+c.axes), 0
			shared, err := trial.Prepare(c.in)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rowsOf(t, shared, s) {
				if row.TotalTrades == 0 {
					none++
				}
			}
			if none != c.none {
				t.Errorf("%d trials have no trade, want %d", none, c.none)
			}
		})
	}
}

// TestEveryPolicyOnFewBars tries combinations of exits, sizes and costs where positions
// are opened and left on every other bar up to the last.
func TestEveryPolicyOnFewBars(t *testing.T) {
	for seed := range uint64(8) {
		var s sweep.Space
		for _, p := range pools[3:] {
			if p.path != "decisions.account" {
				s.Axes = append(s.Axes, sweep.Axis{Path: p.path, Values: p.values})
			}
		}
		s.Sample, s.Seed = 24, seed
		in := inputs(t, "sample_momentum", market.Hour1, 36+int(seed), seed, 0.01, 0)
		in.Options.Fraction, in.Options.Commission, in.Options.Slippage = []float64{1, 0.6, 0.2}[seed%3], 0.001, []float64{0, 0.002}[seed%2]
		shared, err := trial.Prepare(in)
		if err != nil {
			t.Fatal(err)
		}
		rowsOf(t, shared, s)
	}
}

// TestOddPricesAreLeftToBacktests: bars whose opens or closes are beyond their lows and
// highs, and prices with which sums need not be finite, have no order to go by.
func TestOddPricesAreLeftToBacktests(t *testing.T) {
	s := space(t, "axes:\n  decisions.confidence_threshold: [0.4, 0.6]\n  decisions.exits: [null, {stop_loss: 0.02}, {take_profit: 0.02}]")
	for name, change := range map[string]func(w *market.Series, bar int){
		"open_below":  func(w *market.Series, bar int) { w.Open[bar] *= 0.9 },
		"open_above":  func(w *market.Series, bar int) { w.Open[bar] *= 1.1 },
		"close_below": func(w *market.Series, bar int) { w.Close[bar] *= 0.9 },
		"close_above": func(w *market.Series, bar int) { w.Close[bar] *= 1.1 },
		"huge":        func(w *market.Series, bar int) { w.High[bar], w.Close[bar] = 1e13, 1e13 },
		"nothing":     func(w *market.Series, bar int) { w.Low[bar] = 0 },
		"unknown":     func(w *market.Series, bar int) { w.High[bar] = math.NaN() },
	} {
		t.Run(name, func(t *testing.T) {
			in := inputs(t, "sample_momentum", market.Hour1, 400, 7, 0.01, 0.8)
			for bar := 30; bar < 400; bar += 9 {
				change(&in.Window, bar)
			}
			in.Held = in.Window
			shared, err := trial.Prepare(in)
			if err != nil {
				return // the backtest refuses them, too
			}
			rowsOf(t, shared, s)
		})
	}
}

// TestSpreadsAtLevels: on prices, spreads and exits of few bits, and on highs and
// lows that are levels with half a spread, a price often meets a level to the last
// bit, or misses it by that.
func TestSpreadsAtLevels(t *testing.T) {
	s := space(t, `axes:
  decisions.exits: [{stop_loss: 0.015625}, {take_profit: 0.03125}, {stop_loss: 0.03125, take_profit: 0.015625}, {trailing_stop: 0.015625},
    {trailing_stop: 0.03125, stop_loss: 0.015625, take_profit: 0.0625}, {stop_loss: 0.9375, take_profit: 0.03125}]
  decisions.costs: [{spread: quotes}, {spread: 0.25}, {spread: {usual: 0.125, sessions: [{from: "03:00", to: "05:00", spread: 2}]}}]`)
	trades := 0
	for seed := range uint64(12) {
		in := inputs(t, "sample_momentum", market.Hour1, 1200, seed, 0.01, 0.9)
		in.Options.Commission = 0
		if seed%2 == 0 {
			ofFewBits(&in.Window, seed)
		} else {
			atLevels(&in.Window, seed)
		}
		in.Held = in.Window
		shared, err := trial.Prepare(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range rowsOf(t, shared, s) {
			trades += got.TotalTrades
		}
	}
	if trades < 300 {
		t.Errorf("%d trades, want more", trades)
	}
}

// ofFewBits makes the prices of s multiples of 1/8 near 64, some highs and lows a
// hair short of them, and its spreads 1/16 to 1/2.
func ofFewBits(s *market.Series, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 9))
	price := 64.0
	for i := range s.Len() {
		s.Open[i] = price
		price = max(32, price+float64(rng.IntN(9)-4)/8)
		s.Close[i] = price
		s.High[i], s.Low[i] = max(s.Open[i], price), min(s.Open[i], price)
		const hair = 0x1p-26 // by which a level may be missed
		for _, up := range []float64{0, hair / 2, hair}[:rng.IntN(4)] {
			s.High[i] += 0.125 - up
			s.Low[i] -= 0.125 - up
		}
		half := float64(int(1)<<rng.IntN(4)) / 32
		s.Bid[i], s.Ask[i] = price-half, price+half
	}
}

// atLevels makes the prices of s wander about 64, where those below have a bit more,
// and moves highs and lows to where the exits of a position that was entered a few
// bars before are met, with half of a wide spread, rounded.
func atLevels(s *market.Series, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 9))
	middle := []float64{64.3, 62.7}[seed/2%2] // for stops below, or targets above
	price, half := middle, 0.5
	for i := range s.Len() {
		s.Open[i] = price
		price += 0.15*rng.NormFloat64() - 0.05*(price-middle)
		s.Close[i] = price
		s.High[i], s.Low[i] = max(s.Open[i], price), min(s.Open[i], price)
		entry := s.Open[max(0, i-rng.IntN(6))]
		fraction := []float64{0.015625, 0.03125}[rng.IntN(2)]
		switch rng.IntN(4) {
		case 0:
			s.Low[i] = min(s.Low[i], entry*(1-fraction)+half)
		case 1:
			s.High[i] = max(s.High[i], entry*(1+fraction)+half)
		}
		half = 0.5 + rng.Float64()
		s.Bid[i], s.Ask[i] = price-half, price+half
		half = (s.Ask[i] - s.Bid[i]) / 2
	}
}
