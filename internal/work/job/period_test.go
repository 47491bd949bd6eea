package job_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

// TestTrainingPeriod: the range of dates in the file is trained on as if the order
// named it, warmed up by the bars before it, and an order cannot leave it.
func TestTrainingPeriod(t *testing.T) {
	w := newWorld()
	asked, bars := trainingOrder(t, w)
	asked.StartDate, asked.EndDate = market.Stamp(bars.Time[2_000]), market.Stamp(bars.Time[5_999])
	written := asked
	written.StrategyYAML = strings.Replace(asked.StrategyYAML, "training_data:\n", "training_data:\n  date_range: {start: "+asked.StartDate+", end: "+asked.EndDate+"}\n", 1)
	written.StartDate, written.EndDate = "", ""
	manifest := func(o wire.TrainingOrder) model.Manifest {
		text, err := w.run(t, job.Training(), o)
		if err != nil {
			t.Fatal(err)
		}
		var r job.TrainingResult
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		if r.DataSummary.Bars != 4_000 || r.DataSummary.Incomplete != 0 {
			t.Errorf("%d bars in the range, %d of them without a feature: want 4,000 and none, for bars before it warm up", r.DataSummary.Bars, r.DataSummary.Incomplete)
		}
		m, err := model.Decode(w.content[r.Model.SHA256])
		if err != nil {
			t.Fatal(err)
		}
		return m.Manifest
	}
	a, b := manifest(asked), manifest(written)
	if a.WeightsSHA256 != b.WeightsSHA256 || a.Training != b.Training || a.KnownUntil != b.KnownUntil {
		t.Errorf("the range of the order made %s of %+v, that of the file %s of %+v", a.WeightsSHA256, a.Training, b.WeightsSHA256, b.Training)
	}
	if a.Training.From < bars.Time[2_000] || a.KnownUntil > bars.Time[5_999]+3600 {
		t.Errorf("trained on %s to %s, which is outside of the range", market.Stamp(a.Training.From), market.Stamp(a.KnownUntil))
	}
	if a.StrategyHash == b.StrategyHash {
		t.Error("the range is not part of what the strategy means")
	}
	written.StartDate = market.Stamp(bars.Time[1_999])
	if _, err := w.run(t, job.Training(), written); err == nil || !strings.Contains(err.Error(), "is outside of what strategy sample_momentum is written for") {
		t.Errorf("an order from a bar before the range: %v", err)
	}
}

// TestBacktestPeriod: the same of a backtest.
func TestBacktestPeriod(t *testing.T) {
	w := newWorld()
	result, training, bars := trained(t, w)
	asked := backtestOrder(t, w, result, training, bars)
	written := asked
	written.StrategyYAML += "backtest:\n  date_range: {start: " + asked.StartDate + ", end: " + asked.EndDate + "}\n"
	written.StartDate, written.EndDate = "", ""
	metrics := func(o wire.BacktestOrder) string {
		text, err := w.run(t, job.Backtest(), o)
		if err != nil {
			t.Fatal(err)
		}
		var r struct {
			Period, Metrics json.RawMessage
			Equity          struct{ SHA256 string }
		}
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		return string(r.Metrics) + r.Equity.SHA256
	}
	if a, b := metrics(asked), metrics(written); a != b || len(a) < 100 {
		t.Errorf("the range of the order made %s, that of the file %s", a, b)
	}
	written.EndDate = market.Stamp(bars.Time[9_999] + 3600)
	if _, err := w.run(t, job.Backtest(), written); err == nil || !strings.Contains(err.Error(), "a backtest from the first bar to") {
		t.Errorf("an order to a bar after the range: %v", err)
	}
}
