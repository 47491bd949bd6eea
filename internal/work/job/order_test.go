package job_test

import (
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/work/job"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// TestOrderOfANewerVersion: what an order asks for and no job here knows is
// refused, not left out.
func TestOrderOfANewerVersion(t *testing.T) {
	w := newWorld()
	for name, j := range map[string]worker.Job{"training": job.Training(), "backtest": job.Backtest()} {
		t.Run(name, func(t *testing.T) {
			_, err := w.run(t, j, map[string]any{"strategy_name": "momentum", "trade_on_mars": true})
			if err == nil || !strings.Contains(err.Error(), `"trade_on_mars"`) || !strings.Contains(err.Error(), "use workers of that version") {
				t.Errorf("error %v, want one that names the field and what to do", err)
			}
		})
	}
}
