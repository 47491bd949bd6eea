package job_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

// TestScaledInputs trains a strategy that reads scaled values and backtests it:
// the backtest scales by the constants that the model keeps.
func TestScaledInputs(t *testing.T) {
	w := newWorld()
	order, bars := trainingOrder(t, w)
	order.StrategyYAML = strings.Replace(order.StrategyYAML, "nn_inputs:\n", `nn_inputs:
  - {raw_indicator: rsi_14, timeframes: all, normalization: zscore}
`, 1)
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
	first := orders(result.Model.SHA256)

	m, err := model.Decode(w.content[result.Model.SHA256])
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Manifest.Scaling) != 1 || m.Manifest.Scaling[0].Scale < 1 || m.Manifest.Scaling[0].Offset < 20 {
		t.Fatalf("scaling %+v: want that of an RSI", m.Manifest.Scaling)
	}
	m.Manifest.Scaling[0].Offset += 25
	artifact, err := model.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := w.Upload(t.Context(), artifact)
	if err != nil {
		t.Fatal(err)
	}
	if orders(moved) == first {
		t.Error("the orders are the same with other constants: the backtest does not use those of the model")
	}
}
