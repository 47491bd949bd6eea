package job_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/sample"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

// A trainee is a model that is backtested in many ways: what a strategy decides is
// no part of a model.
type trainee struct {
	*world
	order wire.BacktestOrder
}

// newTrainee trains a model by the example strategy with changes in its text.
func newTrainee(t *testing.T, changes ...string) *trainee {
	t.Helper()
	w := newWorld()
	order, bars := trainingOrder(t, w)
	order.StrategyYAML = replaced(t, order.StrategyYAML, changes...)
	text, err := w.run(t, job.Training(), order)
	if err != nil {
		t.Fatal(err)
	}
	return &trainee{w, backtestOrder(t, w, read[job.TrainingResult](t, text), order, bars)}
}

// replaced is text with each first of two changes in place of the second, which has
// to be there.
func replaced(t *testing.T, text string, changes ...string) string {
	t.Helper()
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			t.Fatalf("%q is not there to be replaced", changes[i])
		}
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	return text
}

func read[T any](t *testing.T, text json.RawMessage) (r T) {
	t.Helper()
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// saying returns the order of a backtest by a strategy that says more under its
// decisions.
func (x *trainee) saying(t *testing.T, decisions string, changes ...string) wire.BacktestOrder {
	t.Helper()
	order := x.order
	order.StrategyYAML = replaced(t, order.StrategyYAML, append(changes, "decisions:", "decisions:\n  "+decisions)...)
	return order
}

func (x *trainee) backtest(t *testing.T, order any) job.BacktestResult {
	t.Helper()
	text, err := x.run(t, job.Backtest(), order)
	if err != nil {
		t.Fatal(err)
	}
	return read[job.BacktestResult](t, text)
}

// labelsOf is what the strategy of an order has under labels, to its end.
func labelsOf(yaml string) string {
	_, labels, _ := strings.Cut(yaml, "  labels:")
	labels, _, _ = strings.Cut(labels, "  epochs:")
	return "  labels:" + labels
}

// barriers are labels with barriers and a time limit.
const barriers = "  labels: {source: triple_barrier, pt_multiplier: 3, sl_multiplier: 2}\n"

func TestBacktestExits(t *testing.T) {
	x := newTrainee(t)
	for _, c := range []struct {
		name, exits string
		changes     []string
		want        decision.Exits
		cause       string
	}{
		{"written_out", "{stop_loss: 0.01, take_profit: 0.02, max_holding_bars: 24}", nil,
			decision.Exits{StopLoss: 0.01, TakeProfit: 0.02, MaxHoldingBars: 24}, "max_holding"},
		{"from_label", "from_label", []string{labelsOf(x.order.StrategyYAML), barriers},
			decision.Exits{UpperBarrier: 3, LowerBarrier: 2, MaxHoldingBars: 50}, "stop_loss"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := x.backtest(t, x.saying(t, "exits: "+c.exits, c.changes...))
			if r.Config.Exits != c.want {
				t.Errorf("the result says %+v, want %+v", r.Config.Exits, c.want)
			}
			if trades := string(x.content[r.Trades.SHA256]); !strings.Contains(trades, c.cause) {
				t.Errorf("no trade of %d ended by %s", r.TradeCount, c.cause)
			}
		})
	}
}

// TestBacktestSizing: the same trades with half the volatility asked for are half
// as large.
func TestBacktestSizing(t *testing.T) {
	x := newTrainee(t)
	run := func(target string) job.BacktestResult {
		return x.backtest(t, x.saying(t, "sizing: {method: volatility_target, bar_volatility: "+target+"}"))
	}
	whole, half := run("0.0002"), run("0.0001")
	if half.TradeCount == 0 || half.TradeCount != whole.TradeCount || half.Config.Sizing.BarVolatility != 0.0001 {
		t.Fatalf("%d and %d trades, sizing %+v", whole.TradeCount, half.TradeCount, half.Config.Sizing)
	}
	if ratio := *half.Metrics.Turnover / *whole.Metrics.Turnover; ratio < 0.45 || ratio > 0.55 {
		t.Errorf("half the volatility turns over %v times as much, want about 0.5", ratio)
	}
}

// TestBacktestVaried: an order decides differently from the file of its strategy,
// and the result says what was applied.
func TestBacktestVaried(t *testing.T) {
	x := newTrainee(t)
	order := x.order
	order.Decisions = json.RawMessage(`{"costs": {"spread": "2 bps"}, "exits": {"max_holding_bars": 12}, "sizing": {"method": "confidence"}}`)
	r := x.backtest(t, order)
	policy := strings.Join(r.Policy, "\n")
	for _, want := range []string{"Spread: 2 bps", "the close of bar 12", "times its confidence", "Slippage: 0.01 %"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy does not say %q:\n%s", want, policy)
		}
	}
	if r.Metrics.Costs.Spread <= 0 || r.Config.Exits.MaxHoldingBars != 12 {
		t.Errorf("costs %+v, config %+v", r.Metrics.Costs, r.Config)
	}
	order.Decisions = json.RawMessage(`{"costs": {"spread": "2 pips"}}`)
	if _, err := x.run(t, job.Backtest(), order); err == nil || !strings.Contains(err.Error(), "names no pair of currencies") {
		t.Errorf("pips of SAMPLE: %v", err)
	}
}

// TestBacktestSeparation: a separation in time reaches the simulation.
func TestBacktestSeparation(t *testing.T) {
	x := newTrainee(t)
	order := x.order
	order.Decisions = json.RawMessage(`{"filters": {"min_signal_separation": "30d"}}`)
	r := x.backtest(t, order)
	if r.Config.SeparationSeconds != 30*86_400 || r.Decisions[decision.Separation] == 0 || r.TradeCount > 7 {
		t.Errorf("%d trades in half a year, %d entries held back, config %+v", r.TradeCount, r.Decisions[decision.Separation], r.Config)
	}
}

// TestBacktestCosts: what a strategy says trading costs is paid.
func TestBacktestCosts(t *testing.T) {
	x := newTrainee(t)
	r := x.backtest(t, x.saying(t, "costs: {commission_minimum: 50, financing_long: 0.1, financing_short: 0.1}"))
	costs := r.Metrics.Costs
	if r.TradeCount == 0 || costs.Financing <= 0 || costs.Commission < float64(100*r.TradeCount) || r.Config.Costs.Long != 0.1 {
		t.Errorf("%d trades cost %+v, config %+v", r.TradeCount, costs, r.Config.Costs)
	}
}

// beside returns the order for a second market beside the one there is.
func (x *trainee) beside(t *testing.T, order wire.BacktestOrder) wire.BacktestOrder {
	t.Helper()
	other := sample.Generate(sample.Options{Symbol: "OTHER", Timeframe: market.Hour1, Seed: 11, Bars: 10_000})
	order.Symbols = []market.Symbol{"SAMPLE", "OTHER"}
	order.Data = append(order.Data[:1:1], x.snapshot(t, other))
	return order
}

// asEnsemble returns the order as one of an ensemble of its model alone, with an
// ensemble file that says what decisions of the strategy says beside the exits.
func asEnsemble(order wire.BacktestOrder, member, decisions string) wire.EnsembleOrder {
	several := wire.EnsembleOrder{BacktestOrder: order, Members: []wire.MemberOrder{{Member: "trend", ModelSHA256: order.ModelSHA256}}}
	several.StrategyName, several.StrategyYAML, several.ModelSHA256 = "alone", "", ""
	several.EnsembleYAML = "name: alone\nmodels:\n  trend: {model: m, output_type: classification" + member + "}\n" +
		"composition: {type: single, model: trend, allow_short_from_flat: true}\ndecisions: {filters: {min_signal_separation: 12}" + decisions + "}\n"
	return several
}

// sameBooks fails where two backtests did not trade the same to the last bit.
func sameBooks(t *testing.T, alone, several job.BacktestResult) {
	t.Helper()
	if alone.TradeCount == 0 || alone.OrderHash != several.OrderHash || alone.Equity != several.Equity || alone.Trades != several.Trades ||
		alone.Decisions != several.Decisions || alone.Orders != several.Orders {
		t.Errorf("alone %d trades %v, as an ensemble %d trades %v", alone.TradeCount, alone.Decisions, several.TradeCount, several.Decisions)
	}
}

// TestEnsembleOfOne: an ensemble of one model trades as the model does alone, by its
// own exits or by the same ones, on one market and on two with one account.
func TestEnsembleOfOne(t *testing.T) {
	for name, exits := range map[string]string{
		"signals":    "",
		"distances":  "exits: {stop_loss: 0.01, take_profit: 0.02}",
		"trail":      "exits: {trailing_stop: 0.01, max_holding_bars: 24}",
		"from_label": "exits: from_label",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes := []string{"decisions:", "decisions:\n  " + exits}
			if name == "from_label" {
				order, _ := trainingOrder(t, newWorld())
				changes = append(changes, labelsOf(order.StrategyYAML), barriers)
			}
			x := newTrainee(t, changes...)
			sameBooks(t, x.backtest(t, x.order), x.backtest(t, asEnsemble(x.order, ", exits: own", "")))
			if name != "from_label" {
				said := ""
				if exits != "" {
					said = ", " + exits
				}
				sameBooks(t, x.backtest(t, x.order), x.backtest(t, asEnsemble(x.order, "", said)))
			}
			both := x.beside(t, x.order)
			sameBooks(t, x.backtest(t, both), x.backtest(t, asEnsemble(both, ", exits: own", "")))
		})
	}
}

// TestEnsembleVaried: decisions of an order are those of a file that says them.
func TestEnsembleVaried(t *testing.T) {
	x := newTrainee(t)
	varied := asEnsemble(x.order, "", "")
	varied.Decisions = json.RawMessage(`{"exits": {"stop_loss": 0.01}, "costs": {"spread": "2 bps"}}`)
	written := x.backtest(t, asEnsemble(x.order, "", ", exits: {stop_loss: 0.01}, costs: {spread: 2 bps}"))
	sameBooks(t, written, x.backtest(t, varied))
	if plain := x.backtest(t, asEnsemble(x.order, "", "")); plain.OrderHash == written.OrderHash {
		t.Error("the decisions change nothing")
	}
	varied.Decisions = json.RawMessage(`{"allow_short_from_flat": false}`)
	long := asEnsemble(x.order, "", "")
	long.EnsembleYAML = replaced(t, long.EnsembleYAML, "allow_short_from_flat: true", "allow_short_from_flat: false")
	sameBooks(t, x.backtest(t, long), x.backtest(t, varied))
	if r := x.backtest(t, varied); r.Decisions[decision.ShortNotAllowed] == 0 || !strings.Contains(strings.Join(r.Policy, "\n"), "Shorts: ") {
		t.Errorf("decisions %v, policy %v", r.Decisions, r.Policy)
	}
	varied.Decisions = json.RawMessage(`{"confidence_threshold": 0.5}`)
	if _, err := x.run(t, job.Backtest(), varied); err == nil || !strings.Contains(err.Error(), "every model has its own") {
		t.Errorf("a threshold of the request: %v", err)
	}
}

// TestEnsembleOfTwoMarkets: the whole report is that of both, whose own ones stand
// with them.
func TestEnsembleOfTwoMarkets(t *testing.T) {
	x := newTrainee(t)
	r := x.backtest(t, asEnsemble(x.beside(t, x.order), ", exits: own", ""))
	if len(r.Symbols) != 2 || r.Symbols[1].Symbol != "OTHER" || r.Symbols[0].Ensemble == nil || r.StrategyName != "alone" {
		t.Fatalf("symbols %+v", r.Symbols)
	}
	trades, bars := 0, 0
	for _, s := range r.Symbols {
		trades, bars = trades+s.Ensemble.Members[0].Trades, bars+s.Ensemble.Members[0].Bars
		if s.TradeCount == 0 || s.Ensemble.Members[0].Trades != s.TradeCount {
			t.Errorf("%s: %d trades, %d of its member", s.Symbol, s.TradeCount, s.Ensemble.Members[0].Trades)
		}
	}
	if m := r.Ensemble.Members[0]; m.Trades != trades || m.Bars != bars || trades != r.TradeCount {
		t.Errorf("%d trades of %d by %+v, want %d on %d bars", m.Trades, r.TradeCount, m, trades, bars)
	}
	if policy := strings.Join(r.Policy, "\n"); !strings.Contains(policy, "SAMPLE, OTHER share the money") || !strings.Contains(policy, "of entries by trend") {
		t.Errorf("policy\n%s", policy)
	}
}
