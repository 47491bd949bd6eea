package job_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

// TestTooLittleHistory: the slowest indicator of sample_momentum needs 96 bars. A
// window that ends before has nothing to decide on and is an error, one that begins
// before is warned of; both say how much is missing and where it could come from.
func TestTooLittleHistory(t *testing.T) {
	w := newWorld()
	result, trainOrder, bars := trained(t, w)
	order := backtestOrder(t, w, result, trainOrder, bars)
	order.StartDate = market.Stamp(bars.Time[20])
	const missing = "the indicators lack bars to warm up on: 75 of SAMPLE 1h before 2015-01-05T00:00:00Z. " +
		"Import older ones (ktrdr data import FILE --symbol SAMPLE --timeframe 1h), or begin later"

	order.EndDate = market.Stamp(bars.Time[60])
	if _, err := w.run(t, job.Backtest(), order); err == nil || !strings.Contains(err.Error(), "at none of the 41 bars of SAMPLE 1h all features are known: "+missing) {
		t.Errorf("a window before the first features: %v", err)
	}
	order.EndDate = market.Stamp(bars.Time[600])
	for range 2 { // the second time the answers are known already
		w.warnings = nil
		if _, err := w.run(t, job.Backtest(), order); err != nil || !slices.Contains(w.warnings, "at the first bars nothing is decided: "+missing) {
			t.Errorf("a window from before the first features: %v, warnings %q", err, w.warnings)
		}
	}
	trainOrder.EndDate = market.Stamp(bars.Time[60])
	if _, err := w.run(t, job.Training(), trainOrder); err == nil || !strings.Contains(err.Error(), "The indicators lack bars to warm up on: 95 of SAMPLE 1h before") || strings.Contains(err.Error(), "one class") {
		t.Errorf("a training before the first features: %v", err)
	}
}
