package api_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

const ensembles = "/api/v1/ensembles/backtest"

// twoModels is a backend with a model that trades and one that tells the regime on
// four-hour bars.
func twoModels(t *testing.T) *backend {
	t.Helper()
	text, err := os.ReadFile("testdata/strategies/momentum.yaml")
	if err != nil {
		t.Fatal(err)
	}
	regime := strings.NewReplacer("name: momentum", "name: regime", "timeframe: 1h", "timeframe: 4h", "source: triple_barrier, max_holding_period: 24", "source: regime",
		"output_format: classification\n  confidence_threshold: 0.5", "output_format: regime_classification").Replace(string(text))
	trend, gate := momentumModel(t, "model_1", helloHash), momentumModel(t, "model_2", helloHash)
	gate.Name, gate.StrategyName, gate.OperationID = "regime_4h", "regime", "op_training_2"
	b := newBackend(t, trend, gate)
	for id, yaml := range map[string]string{"op_training_1": string(text), "op_training_2": regime} {
		order, err := json.Marshal(wire.TrainingOrder{StrategyName: "s", StrategyYAML: yaml})
		if err != nil {
			t.Fatal(err)
		}
		b.controller.operations = append(b.controller.operations, operation.Operation{ID: id, Type: operation.Training, Status: operation.Completed, Spec: order})
	}
	b.worker("w1", fleet.Backtesting)
	return b
}

func ensembleBody(t *testing.T, changes ...string) string {
	t.Helper()
	yaml := `name: two
models:
  regime: {model: regime_4h, output_type: regime_classification}
  trend: {model: momentum_eurusd, output_type: classification}
composition:
  type: regime_route
  gate_model: regime
  rules:
    trending_up: {model: trend}
    trending_down: {action: HOLD}
    ranging: {model: trend}
    volatile: {action: FLAT}
`
	encoded, err := json.Marshal(map[string]any{"ensemble_yaml": strings.NewReplacer(changes...).Replace(yaml),
		"start_date": "2020-01-20", "end_date": "2020-01-31", "threads": 3})
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func TestStartEnsemble(t *testing.T) {
	b := twoModels(t)
	rec := b.do("POST", ensembles, ensembleBody(t))
	var started wire.EnsembleStarted
	if err := json.Unmarshal(rec.Body.Bytes(), &started); err != nil || rec.Code != 200 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	op := b.controller.operations[len(b.controller.operations)-1]
	var order wire.EnsembleOrder
	if err := json.Unmarshal(op.Spec, &order); err != nil {
		t.Fatal(err)
	}
	if order.StrategyName != "two" || order.Symbol != "EURUSD" || order.Timeframe != market.Hour1 || order.Threads != 3 || order.InSample {
		t.Errorf("order %+v", order.BacktestOrder)
	}
	if len(order.Members) != 2 || order.Members[0].ModelID != "model_2" || order.Members[1].Member != "trend" || len(started.Members) != 2 {
		t.Errorf("members %+v", order.Members)
	}
	if len(order.Data) != 2 || order.Data[0].Timeframe != market.Hour1 || order.Data[1].Timeframe != market.Hour4 || len(op.Artifacts) != 4 {
		t.Errorf("data %+v, artifacts %+v; want both timeframes and both models", order.Data, op.Artifacts)
	}
	hash := op.SpecHash
	b.do("POST", ensembles, strings.Replace(ensembleBody(t), `"threads":3`, `"threads":4`, 1))
	if again := b.controller.operations[len(b.controller.operations)-1]; again.SpecHash != hash {
		t.Error("the number of threads is part of the specification")
	}
}

// TestStartEnsembleVaried: the decisions of the request go into the order.
func TestStartEnsembleVaried(t *testing.T) {
	b := twoModels(t)
	start := func(changes string) (order wire.EnsembleOrder) {
		rec := b.do("POST", ensembles, merge(t, ensembleBody(t), changes))
		op := b.controller.operations[len(b.controller.operations)-1]
		if err := json.Unmarshal(op.Spec, &order); err != nil || rec.Code != 200 {
			t.Fatalf("%d %s, %v", rec.Code, rec.Body, err)
		}
		if order.Decisions != nil && !strings.Contains(string(op.Metadata.Parameters["decisions"].(json.RawMessage)), "stop_loss") {
			t.Errorf("people are told %v", op.Metadata.Parameters)
		}
		return order
	}
	varied := start(`{"symbols": ["EURUSD"], "decisions": {"exits": {"stop_loss": 0.02}, "costs": {"commission": 0.0002}}}`)
	if string(varied.Decisions) != `{"costs":{"commission":0.0002},"exits":{"stop_loss":0.02}}` || varied.Commission != 0.0002 || len(varied.Data) != 2 || varied.Symbols != nil {
		t.Errorf("order %+v", varied.BacktestOrder)
	}
	if plain := start(`{}`); plain.Decisions != nil || len(plain.Data) != 2 {
		t.Errorf("without decisions: %+v", plain.BacktestOrder)
	}
}

// TestStartEnsembleRefuses: nothing is stored for an ensemble that cannot run.
func TestStartEnsembleRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		body, changes string
		status        int
		want          string
	}{
		"invalid":       {ensembleBody(t, "gate_model", "gate"), `{}`, 400, "composition.gate: not a key here: the key is called gate_model"},
		"unknown_model": {ensembleBody(t, "momentum_eurusd", "momentum_eurusb"), `{}`, 404, "Model not found: momentum_eurusb (did you mean momentum_eurusd?)"},
		"another_kind":  {ensembleBody(t, "momentum_eurusd", "regime_4h"), `{}`, 400, "member trend: its model regime_4h was trained by strategy regime for regime_classification"},
		"in_sample":     {ensembleBody(t), `{"start_date":"2020-01-10"}`, 409, "overlaps the training window of member regime, model model_2"},
		"not_held":      {ensembleBody(t), `{"symbol":"GBPUSD"}`, 404, "Data not found for GBPUSD"},
		"commission":    {ensembleBody(t), `{"commission":0.5}`, 400, "commission"},
		"not_a_key":     {ensembleBody(t), `{"decisions":{"confidence_threshold":0.5}}`, 400, "decisions.confidence_threshold: not a key here: every model has its own"},
		"said_twice":    {ensembleBody(t), `{"commission":0.001,"decisions":{"costs":{"commission":0.002}}}`, 400, "commission: the file says it itself"},
		"currency":      {ensembleBody(t), `{"decisions":{"account":{"currency":"CHF"}}}`, 404, "to count what EURUSD earns in it takes bars of"},
		"finer_bars":    {ensembleBody(t), `{"decisions":{"fills":{"intrabar":"30m"}}}`, 404, "Data not found for EURUSD (30m)"},
		"no_time":       {ensembleBody(t), `{"decisions":{"exits":{"session_end":"24:30"}}}`, 400, "is not a time of day"},
		"one_not_held":  {ensembleBody(t), `{"symbols":["EURUSD","GBPUSD"]}`, 404, "Data not found for GBPUSD"},
		"both_symbols":  {ensembleBody(t), `{"symbol":"EURUSD","symbols":["EURUSD","GBPUSD"]}`, 400, "give one of the two"},
		"no_dates":      {ensembleBody(t), `{"start_date":null}`, 422, "start_date"},
		"unknown_field": {ensembleBody(t), `{"strategy_name":"momentum"}`, 422, "strategy_name: unknown field"},
	} {
		t.Run(name, func(t *testing.T) {
			b := twoModels(t)
			rec := b.do("POST", ensembles, merge(t, tc.body, tc.changes))
			if rec.Code != tc.status || !strings.Contains(message(t, rec), tc.want) {
				t.Errorf("%d %.700s\nwant %d with %q", rec.Code, rec.Body, tc.status, tc.want)
			}
			if b.stored() != 0 || len(b.controller.operations) != 2 {
				t.Errorf("a refused request stored %d artifacts and %d operations", b.stored(), len(b.controller.operations)-2)
			}
		})
	}
}

// TestBacktestOfRegimes: what makes no trades is refused when it is submitted.
func TestBacktestOfRegimes(t *testing.T) {
	b := twoModels(t)
	var order wire.TrainingOrder
	if err := json.Unmarshal(b.controller.operations[0].Spec, &order); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(order.StrategyYAML, "source: regime") {
		if err := json.Unmarshal(b.controller.operations[1].Spec, &order); err != nil {
			t.Fatal(err)
		}
	}
	changes, err := json.Marshal(map[string]any{"strategy_yaml": order.StrategyYAML, "strategy_name": nil, "timeframe": "4h"})
	if err != nil {
		t.Fatal(err)
	}
	rec := b.do("POST", backtest, merge(t, goodBacktest, string(changes)))
	if rec.Code != 400 || !strings.Contains(message(t, rec), "name its model in an ensemble") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}
