package api_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// purposeful is the strategy momentum with a range of dates and a deployment, as
// the changes to a request.
func purposeful(t *testing.T, changes map[string]any) string {
	t.Helper()
	text, err := os.ReadFile("testdata/strategies/momentum.yaml")
	if err != nil {
		t.Fatal(err)
	}
	yaml := strings.Replace(string(text), "\nindicators:", "\n  date_range: {start: 2020-01-02, end: 2020-01-15}\nindicators:", 1) +
		"deployment:\n  target_symbols: {mode: training_only}\n  target_timeframes: {mode: single, timeframe: 1h}\n"
	changes["strategy_yaml"] = yaml
	encoded, err := json.Marshal(changes)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// withTwoSymbols is a backend with a model of EURUSD and bars of AUDUSD too.
func withTwoSymbols(t *testing.T) *backend {
	t.Helper()
	b := newBackend(t, momentumModel(t, "model_1", helloHash))
	if _, err := b.bars.Merge(t.Context(), series("AUDUSD", market.Hour1, 31*24)); err != nil {
		t.Fatal(err)
	}
	b.worker("w1", fleet.Backtesting)
	b.worker("w2", fleet.Training)
	return b
}

// TestTrainingPeriod: the dates of the strategy are those of a training that names
// none, and stand in its order; dates in their range come before them.
func TestTrainingPeriod(t *testing.T) {
	for name, tc := range map[string]struct {
		start, end any
		status     int
		want       string // what is said
		order      string
	}{
		"of_the_strategy": {nil, nil, 200, "Training started for momentum from 2020-01-02 to 2020-01-15, as the strategy says", "2020-01-02 2020-01-15"},
		"asked_for":       {"2020-01-03", "2020-01-10", 200, "from 2020-01-03 to 2020-01-10, as the request says in place of the strategy: 2020-01-02 to 2020-01-15", "2020-01-03 2020-01-10"},
		"one_asked_for":   {"2020-01-03", nil, 200, "from 2020-01-03 to 2020-01-15, as the request says", "2020-01-03 2020-01-15"},
		"outside":         {"2020-01-01", nil, 400, "a training from 2020-01-01 to the last bar is outside of what strategy momentum is written for: training_data.date_range is 2020-01-02 to 2020-01-15", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := withTwoSymbols(t)
			rec := b.do("POST", train, merge(t, goodTraining, purposeful(t, map[string]any{"strategy_name": nil, "start_date": tc.start, "end_date": tc.end})))
			if rec.Code != tc.status || !strings.Contains(rec.Body.String(), tc.want) {
				t.Fatalf("%d %s\nwant %d with %q", rec.Code, rec.Body, tc.status, tc.want)
			}
			if tc.order == "" {
				return
			}
			op := b.controller.operations[0]
			var order wire.TrainingOrder
			if err := json.Unmarshal(op.Spec, &order); err != nil {
				t.Fatal(err)
			}
			if have := order.StartDate + " " + order.EndDate; have != tc.order || *op.Metadata.StartDate+" "+*op.Metadata.EndDate != tc.order {
				t.Errorf("the order is of %s, its operation of %s to %s, want %s", have, *op.Metadata.StartDate, *op.Metadata.EndDate, tc.order)
			}
		})
	}
}

// TestBacktestPeriod: the same of a backtest and of a sweep, by a range of their own.
func TestBacktestPeriod(t *testing.T) {
	text, err := os.ReadFile("testdata/strategies/momentum.yaml")
	if err != nil {
		t.Fatal(err)
	}
	space := merge(t, goodBacktest, `{"space_yaml":"axes:\n  decisions.confidence_threshold: [0.5]\n"}`)
	for name, tc := range map[string]struct {
		path, body, period string
		start, end         any
		status             int
		want, order        string
	}{
		"of_the_strategy": {backtest, goodBacktest, "{start: 2020-01-20, end: 2020-01-25}", nil, nil, 200, "Backtest started for EURUSD 1h from 2020-01-20 to 2020-01-25, as the strategy says", "2020-01-20 2020-01-25"},
		"asked_for":       {backtest, goodBacktest, "{start: 2020-01-20, end: 2020-01-25}", "2020-01-21", "2020-01-22", 200, "from 2020-01-21 to 2020-01-22, as the request says in place of the strategy: 2020-01-20 to 2020-01-25", "2020-01-21 2020-01-22"},
		"one_asked_for":   {backtest, goodBacktest, "{start: 2020-01-20}", nil, "2020-01-25", 200, "as the request says in place of the strategy", "2020-01-20 2020-01-25"},
		"outside":         {backtest, goodBacktest, "{start: 2020-01-20, end: 2020-01-25}", "2020-01-19", nil, 400, "a backtest from 2020-01-19 to the last bar is outside of what strategy momentum is written for: backtest.date_range is 2020-01-20 to 2020-01-25", ""},
		"no_end":          {backtest, goodBacktest, "{start: 2020-01-20}", nil, nil, 422, "a backtest needs end_date", ""},
		"in_sample":       {backtest, goodBacktest, "{start: 2020-01-10, end: 2020-01-25}", nil, nil, 409, "the window 2020-01-10 to 2020-01-25 overlaps the training window", ""},
		"of_a_sweep":      {wire.PathSweepStart, space, "{start: 2020-01-20, end: 2020-01-25}", nil, nil, 200, "Sweep of 1 trials started for EURUSD 1h from 2020-01-20 to 2020-01-25, as the strategy says", "2020-01-20 2020-01-25"},
	} {
		t.Run(name, func(t *testing.T) {
			b := withTwoSymbols(t)
			changes, err := json.Marshal(map[string]any{"strategy_name": nil, "start_date": tc.start, "end_date": tc.end,
				"strategy_yaml": string(text) + "backtest: {date_range: " + tc.period + "}\n"})
			if err != nil {
				t.Fatal(err)
			}
			rec := b.do("POST", tc.path, merge(t, tc.body, string(changes)))
			if rec.Code != tc.status || !strings.Contains(rec.Body.String(), tc.want) {
				t.Fatalf("%d %s\nwant %d with %q", rec.Code, rec.Body, tc.status, tc.want)
			}
			if tc.order == "" {
				return
			}
			op := b.controller.operations[0]
			var order wire.BacktestOrder
			if err := json.Unmarshal(op.Spec, &order); err != nil {
				t.Fatal(err)
			}
			if have := order.StartDate + " " + order.EndDate; have != tc.order || *op.Metadata.StartDate+" "+*op.Metadata.EndDate != tc.order {
				t.Errorf("the order is of %s, its operation of %s to %s, want %s", have, *op.Metadata.StartDate, *op.Metadata.EndDate, tc.order)
			}
		})
	}
}

// TestDeployment: what a strategy is not meant for is refused with the reason, and
// leaves nothing behind.
func TestDeployment(t *testing.T) {
	b := withTwoSymbols(t)
	for name, tc := range map[string]struct {
		path, body string
		changes    map[string]any
		want       string
	}{
		"training_on_another_timeframe": {train, goodTraining, map[string]any{"timeframes": []string{"4h"}, "start_date": nil, "end_date": nil},
			"strategy momentum on 4h: decisions on 4h are not what the strategy is meant for: deployment.target_timeframes names 1h"},
		"backtest_of_another_symbol": {backtest, goodBacktest, map[string]any{"symbol": "AUDUSD"},
			"strategy momentum, model model_1: AUDUSD is not what the strategy is meant for: deployment.target_symbols.mode is training_only, and the model was trained on EURUSD"},
		"backtest_with_another_symbol": {backtest, goodBacktest, map[string]any{"symbol": nil, "symbols": []string{"EURUSD", "AUDUSD"}},
			"AUDUSD is not what the strategy is meant for"},
		"backtest_on_another_timeframe": {backtest, goodBacktest, map[string]any{"timeframe": "4h"},
			"decisions on 4h are not what the strategy is meant for"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.changes["strategy_name"] = nil
			rec := b.do("POST", tc.path, merge(t, tc.body, purposeful(t, tc.changes)))
			if rec.Code != 400 || !strings.Contains(message(t, rec), tc.want) {
				t.Errorf("%d %s\nwant 400 with %q", rec.Code, rec.Body, tc.want)
			}
			if b.stored() != 0 || len(b.controller.operations) != 0 {
				t.Error("a refused request left something behind")
			}
		})
	}
	if rec := b.do("POST", backtest, merge(t, goodBacktest, purposeful(t, map[string]any{"strategy_name": nil}))); rec.Code != 200 {
		t.Errorf("a backtest of what it is meant for: %d %s", rec.Code, rec.Body)
	}
}

// TestDeployment_of_members: the members of an ensemble are held to what their own
// strategies say, and so is the model whose decisions another one learns from.
func TestDeployment_of_members(t *testing.T) {
	b := twoModels(t)
	b.worker("w2", fleet.Training)
	if _, err := b.bars.Merge(t.Context(), series("AUDUSD", market.Hour1, 31*24)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.bars.Merge(t.Context(), series("AUDUSD", market.Hour4, 31*6)); err != nil {
		t.Fatal(err)
	}
	for i := range b.controller.operations {
		var order wire.TrainingOrder
		if err := json.Unmarshal(b.controller.operations[i].Spec, &order); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(order.StrategyYAML, "name: momentum") {
			order.StrategyYAML += "deployment:\n  target_symbols: {mode: training_only}\n"
		}
		spec, err := json.Marshal(order)
		if err != nil {
			t.Fatal(err)
		}
		b.controller.operations[i].Spec = spec
	}
	const want = "strategy momentum, model model_1: AUDUSD is not what the strategy is meant for"
	rec := b.do("POST", "/api/v1/ensembles/backtest", merge(t, ensembleBody(t), `{"symbol":"AUDUSD"}`))
	if rec.Code != 400 || !strings.Contains(message(t, rec), "member trend: "+want) {
		t.Errorf("an ensemble on another symbol: %d %s", rec.Code, rec.Body)
	}
	text, err := os.ReadFile("testdata/strategies/momentum.yaml")
	if err != nil {
		t.Fatal(err)
	}
	yaml := strings.NewReplacer("name: momentum", "name: judge", "source: triple_barrier", "source: meta, primary: momentum_eurusd",
		"output_format: classification\n  confidence_threshold: 0.5", "output_format: meta_classification").Replace(string(text))
	changes, err := json.Marshal(map[string]any{"strategy_yaml": yaml, "strategy_name": nil, "symbols": []string{"AUDUSD"}, "start_date": "2020-01-16", "end_date": "2020-01-31"})
	if err != nil {
		t.Fatal(err)
	}
	rec = b.do("POST", train, merge(t, goodTraining, string(changes)))
	if rec.Code != 400 || !strings.Contains(message(t, rec), "training.labels.primary: "+want) {
		t.Errorf("a meta-model of another symbol: %d %s", rec.Code, rec.Body)
	}
}
