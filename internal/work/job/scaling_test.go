package job_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

// TestScaledInputs trains a strategy that reads scaled values and placed sets and
// backtests it: the backtest scales by the constants that the model keeps.
func TestScaledInputs(t *testing.T) {
	w := newWorld()
	order, bars := trainingOrder(t, w)
	order.StrategyYAML = strings.NewReplacer("fuzzy_sets:\n", `fuzzy_sets:
  placed: {indicator: rsi_14, place: quantile, low: {type: left_shoulder}, high: {type: right_shoulder}}
`, "nn_inputs:\n", `nn_inputs:
  - {raw_indicator: rsi_14, timeframes: all, normalization: zscore}
  - {fuzzy_set: placed, timeframes: all}
`).Replace(order.StrategyYAML)
	text, err := w.run(t, job.Training(), order)
	if err != nil {
		t.Fatal(err)
	}
	var result job.TrainingResult
	if err := json.Unmarshal(text, &result); err != nil {
		t.Fatal(err)
	}
	orders := func(hash string) string {
		result.Model.SHA256 = hash
		text, err := w.run(t, job.Backtest(), backtestOrder(t, w, result, order, bars))
		if err != nil {
			t.Fatal(err)
		}
		var got job.BacktestResult
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if got.TradeCount == 0 {
			t.Fatal("there are no trades to compare")
		}
		return got.OrderHash
	}
	trained := result.Model.SHA256
	first := orders(trained)

	for name, edit := range map[string]func(x feature.Scaling){
		"scale": func(x feature.Scaling) { x[0].Offset += 25 },
		"place": func(x feature.Scaling) {
			for i := range 2 {
				x[1+i].Parameters[0], x[1+i].Parameters[1] = x[1+i].Parameters[0]+15, x[1+i].Parameters[1]+15
			}
		},
	} {
		m, err := model.Decode(w.content[trained])
		if err != nil {
			t.Fatal(err)
		}
		x := m.Manifest.Scaling
		if len(x) != 3 || x[0].Scale < 1 || x[0].Offset < 20 || x[1].Parameters[0] < 20 || x[2].Parameters[1] > 80 {
			t.Fatalf("scaling %+v: want that of an RSI", x)
		}
		edit(x)
		artifact, err := model.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		moved, err := w.Upload(t.Context(), artifact)
		if err != nil {
			t.Fatal(err)
		}
		if orders(moved) == first {
			t.Errorf("the orders are the same with another %s: the backtest does not use that of the model", name)
		}
	}
}
