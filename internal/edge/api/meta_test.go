package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// metaTraining asks for a training on the decisions of a model, from a date on.
func metaTraining(t *testing.T, b *backend, primary, from string) (int, string) {
	t.Helper()
	var order wire.TrainingOrder
	if err := json.Unmarshal(b.controller.operations[0].Spec, &order); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(order.StrategyYAML, "name: momentum") {
		if err := json.Unmarshal(b.controller.operations[1].Spec, &order); err != nil {
			t.Fatal(err)
		}
	}
	yaml := strings.NewReplacer("name: momentum", "name: judge", "source: triple_barrier, max_holding_period: 24", "source: meta, primary: "+primary+", max_holding_period: 24",
		"output_format: classification\n  confidence_threshold: 0.5", "output_format: meta_classification").Replace(order.StrategyYAML)
	changes, err := json.Marshal(map[string]any{"strategy_yaml": yaml, "strategy_name": nil, "start_date": from, "end_date": "2020-01-31"})
	if err != nil {
		t.Fatal(err)
	}
	rec := b.do("POST", train, merge(t, goodTraining, string(changes)))
	return rec.Code, rec.Body.String()
}

// TestStartMeta: a training on the decisions of a model begins where the model has
// been trained to, and its order names the model and the bars that it reads.
func TestStartMeta(t *testing.T) {
	b := twoModels(t)
	b.worker("w2", fleet.Training)
	for name, tc := range map[string]struct {
		primary, from string
		status        int
		want          string
	}{
		"unknown":     {"momentum_eurusb", "2020-01-16", 404, "Model not found: momentum_eurusb (did you mean momentum_eurusd?)"},
		"in_sample":   {"momentum_eurusd", "2020-01-10", 409, "its decisions before then say nothing about new bars: train from 2020-01-16T00:00:00Z on"},
		"no_start":    {"momentum_eurusd", "", 409, "say nothing about new bars"},
		"of_a_regime": {"regime_4h", "2020-01-16", 400, "has the output_format regime_classification and makes no decisions to learn from"},
	} {
		if code, body := metaTraining(t, b, tc.primary, tc.from); code != tc.status || !strings.Contains(body, tc.want) {
			t.Errorf("%s: %d %s\nwant %d with %q", name, code, body, tc.status, tc.want)
		}
	}
	if len(b.controller.operations) != 2 {
		t.Errorf("refused trainings made %d operations", len(b.controller.operations)-2)
	}
	if code, body := metaTraining(t, b, "momentum_eurusd", "2020-01-16"); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	op := b.controller.operations[len(b.controller.operations)-1]
	var order wire.TrainingOrder
	if err := json.Unmarshal(op.Spec, &order); err != nil {
		t.Fatal(err)
	}
	if order.Primary == nil || order.Primary.ModelID != "model_1" || order.Primary.ModelSHA256 != helloHash || len(order.Data) != 1 || len(op.Artifacts) != 2 {
		t.Errorf("order %+v with primary %+v, artifacts %+v", order, order.Primary, op.Artifacts)
	}
}
