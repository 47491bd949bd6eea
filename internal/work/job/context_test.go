package job_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/sample"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

// TestContext trains a strategy that reads the days of another symbol and
// backtests it: other days make other orders, with a cache of both, too, and no days none
// at all.
func TestContext(t *testing.T) {
	w := newWorld()
	order, bars := trainingOrder(t, w)
	order.StrategyYAML = strings.NewReplacer("\nindicators:\n", `
context_data:
  - {provider: bars, symbol: OTHER, timeframe: 1d}
indicators:
  other: {type: roc, period: 2, data_source: OTHER}
`, "nn_inputs:\n", `nn_inputs:
  - {raw_indicator: other, timeframes: all, normalization: zscore}
`).Replace(order.StrategyYAML)
	days := sample.Generate(sample.Options{Symbol: "OTHER", Timeframe: market.Day1, Seed: 3, Bars: 600})
	order.Data = append(order.Data, w.snapshot(t, days))
	text, err := w.run(t, job.Training(), order)
	if err != nil {
		t.Fatal(err)
	}
	var result job.TrainingResult
	if err := json.Unmarshal(text, &result); err != nil {
		t.Fatal(err)
	}
	if len(result.Data) != 2 || result.Data[1].Symbol != "OTHER" {
		t.Errorf("the result names the data %v, want that of the context too", result.Data)
	}
	kept := openKept(t, t.TempDir(), 1<<30)
	orders := func(days market.Series) string {
		b := backtestOrder(t, w, result, order, bars)
		b.Data = append(b.Data, w.snapshot(t, days))
		text, err := w.run(t, job.Backtest(), b)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := w.run(t, job.Keeping(kept, job.Backtest()), b); err != nil || !bytes.Equal(again, text) {
			t.Errorf("with a cache: %v\n%s\nwithout\n%s", err, again, text)
		}
		var got job.BacktestResult
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		return got.OrderHash
	}
	others := days
	others.Close, others.High = slices.Clone(days.Close), slices.Clone(days.High)
	for i := range others.Close {
		others.Close[i] *= 1 + 0.1*float64(i%3)
		others.High[i] = max(others.High[i], others.Close[i])
	}
	if orders(days) == orders(others) {
		t.Error("the orders are the same on other days of the context")
	}
	_, err = w.run(t, job.Backtest(), backtestOrder(t, w, result, order, bars))
	if want := "there are no bars of the data source OTHER"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a backtest without the context: %v, want %q", err, want)
	}
}
