package job_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

// TestBacktestExits trains once and backtests with the exits of the strategy:
// exits are no part of a model.
func TestBacktestExits(t *testing.T) {
	w := newWorld()
	result, trainOrder, bars := trained(t, w)
	for _, c := range []struct {
		name, labels, exits string
		want                decision.Exits
		cause               string
	}{
		{"written_out", "", "{stop_loss: 0.01, take_profit: 0.02, max_holding_bars: 24}",
			decision.Exits{StopLoss: 0.01, TakeProfit: 0.02, MaxHoldingBars: 24}, "max_holding"},
		{"from_label", "{source: triple_barrier, pt_multiplier: 3, sl_multiplier: 2}", "from_label",
			decision.Exits{UpperBarrier: 3, LowerBarrier: 2, MaxHoldingBars: 50}, "stop_loss"},
	} {
		t.Run(c.name, func(t *testing.T) {
			order := backtestOrder(t, w, result, trainOrder, bars)
			order.StrategyYAML = strings.Replace(order.StrategyYAML, "decisions:", "decisions:\n  exits: "+c.exits, 1)
			if c.labels != "" {
				before, after, _ := strings.Cut(order.StrategyYAML, "  labels:")
				_, after, _ = strings.Cut(after, "  epochs:")
				order.StrategyYAML = before + "  labels: " + c.labels + "\n  epochs:" + after
			}
			text, err := w.run(t, job.Backtest(), order)
			if err != nil {
				t.Fatal(err)
			}
			var r job.BacktestResult
			if err := json.Unmarshal(text, &r); err != nil {
				t.Fatal(err)
			}
			if r.Config.Exits != c.want {
				t.Errorf("the result says %+v, want %+v", r.Config.Exits, c.want)
			}
			if trades := string(w.content[r.Trades.SHA256]); !strings.Contains(trades, c.cause) {
				t.Errorf("no trade of %d ended by %s", r.TradeCount, c.cause)
			}
		})
	}
}

// TestBacktestSizing: the same trades with half the volatility asked for are half
// as large.
func TestBacktestSizing(t *testing.T) {
	w := newWorld()
	result, trainOrder, bars := trained(t, w)
	run := func(target string) job.BacktestResult {
		order := backtestOrder(t, w, result, trainOrder, bars)
		order.StrategyYAML = strings.Replace(order.StrategyYAML, "decisions:", "decisions:\n  sizing: {method: volatility_target, bar_volatility: "+target+"}", 1)
		text, err := w.run(t, job.Backtest(), order)
		if err != nil {
			t.Fatal(err)
		}
		var r job.BacktestResult
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		return r
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
	w := newWorld()
	result, trainOrder, bars := trained(t, w)
	order := backtestOrder(t, w, result, trainOrder, bars)
	order.Decisions = json.RawMessage(`{"costs": {"spread": "2 bps"}, "exits": {"max_holding_bars": 12}, "sizing": {"method": "confidence"}}`)
	text, err := w.run(t, job.Backtest(), order)
	if err != nil {
		t.Fatal(err)
	}
	var r job.BacktestResult
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
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
	if _, err := w.run(t, job.Backtest(), order); err == nil || !strings.Contains(err.Error(), "names no pair of currencies") {
		t.Errorf("pips of SAMPLE: %v", err)
	}
}

// TestBacktestSeparation: a separation in time reaches the simulation.
func TestBacktestSeparation(t *testing.T) {
	w := newWorld()
	result, trainOrder, bars := trained(t, w)
	order := backtestOrder(t, w, result, trainOrder, bars)
	before, _, ok := strings.Cut(order.StrategyYAML, "min_signal_separation: ")
	if !ok {
		before = strings.Replace(order.StrategyYAML, "decisions:", "decisions:\n  filters: {min_signal_separation: 30d}", 1)
	} else {
		_, rest, _ := strings.Cut(order.StrategyYAML[len(before):], "\n")
		before += "min_signal_separation: 30d\n" + rest
	}
	order.StrategyYAML = before
	text, err := w.run(t, job.Backtest(), order)
	if err != nil {
		t.Fatal(err)
	}
	var r job.BacktestResult
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if r.Config.SeparationSeconds != 30*86_400 || r.Decisions[decision.Separation] == 0 || r.TradeCount > 7 {
		t.Errorf("%d trades in half a year, %d entries held back, config %+v", r.TradeCount, r.Decisions[decision.Separation], r.Config)
	}
}

// TestBacktestCosts: what a strategy says trading costs is paid.
func TestBacktestCosts(t *testing.T) {
	w := newWorld()
	result, trainOrder, bars := trained(t, w)
	order := backtestOrder(t, w, result, trainOrder, bars)
	order.StrategyYAML = strings.Replace(order.StrategyYAML, "decisions:", "decisions:\n  costs: {commission_minimum: 50, financing_long: 0.1, financing_short: 0.1}", 1)
	text, err := w.run(t, job.Backtest(), order)
	if err != nil {
		t.Fatal(err)
	}
	var r job.BacktestResult
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	costs := r.Metrics.Costs
	if r.TradeCount == 0 || costs.Financing <= 0 || costs.Commission < float64(100*r.TradeCount) || r.Config.Costs.Long != 0.1 {
		t.Errorf("%d trades cost %+v, config %+v", r.TradeCount, costs, r.Config.Costs)
	}
}
