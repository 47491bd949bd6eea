package job_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/work/job"
)

// TestRecurrent trains an LSTM and backtests it.
func TestRecurrent(t *testing.T) {
	w := newWorld()
	order, bars := trainingOrder(t, w)
	at := strings.Index(order.StrategyYAML, "model:")
	end := at + strings.Index(order.StrategyYAML[at:], "\ntraining:")
	order.StrategyYAML = order.StrategyYAML[:at] +
		"model: {type: lstm, architecture: {hidden_size: 8, num_layers: 2, sequence_length: 12}}" + order.StrategyYAML[end:]
	text, err := w.run(t, job.Training(), order)
	if err != nil {
		t.Fatal(err)
	}
	var result job.TrainingResult
	if err := json.Unmarshal(text, &result); err != nil {
		t.Fatal(err)
	}
	if got := result.ModelInfo.Architecture; !strings.HasPrefix(got, "lstm ") || !strings.HasSuffix(got, "-8-8-3 window 12") {
		t.Errorf("architecture %q", got)
	}
	if text, err = w.run(t, job.Backtest(), backtestOrder(t, w, result, order, bars)); err != nil {
		t.Fatal(err)
	}
	var got job.BacktestResult
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.TradeCount == 0 {
		t.Error("there are no trades")
	}
}
