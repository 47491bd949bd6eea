package job_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/sample"
	"github.com/ktrdr/ktrdr/internal/work/job"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// interrupt runs a job until it saves its n-th state, and stops it there.
func (w *world) interrupt(t *testing.T, j worker.Job, order any, n int) {
	t.Helper()
	text, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	w.due, w.onSave = true, func(saves int) {
		if saves == n {
			cancel(worker.ErrDrained)
		}
	}
	if _, err := j.Run(ctx, text, w); !errors.Is(err, worker.ErrDrained) {
		t.Fatalf("error %v, want %v", err, worker.ErrDrained)
	}
	w.due, w.onSave = false, nil
}

// elsewhere is another worker, which sees the artifacts and the given states.
func (w *world) elsewhere(threads int, states ...[]byte) *world {
	return &world{content: w.content, threads: threads, saved: states}
}

func TestTraining_resumed(t *testing.T) {
	calmWorld := newWorld()
	order, _ := trainingOrder(t, calmWorld)
	order.StrategyYAML = strings.Replace(order.StrategyYAML, "epochs: 4", "epochs: 6", 1)
	calm, err := calmWorld.run(t, job.Training(), order)
	if err != nil {
		t.Fatal(err)
	}
	first := newWorld()
	trainingOrder(t, first) // stores the bars
	first.interrupt(t, job.Training(), order, 12)
	newest, before := first.saved[0], first.saved[1]
	damaged := bytes.Clone(newest)
	damaged[len(damaged)/2] ^= 1
	for name, tc := range map[string]struct {
		states   [][]byte
		warnings int
	}{
		"on_another_worker":       {[][]byte{newest, before}, 0},
		"newest_damaged":          {[][]byte{damaged, before}, 1},
		"both_damaged":            {[][]byte{damaged, before[:100]}, 2},
		"state_of_something_else": {[][]byte{[]byte("not a state")}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			second := first.elsewhere(3, tc.states...)
			got, err := second.run(t, job.Training(), order)
			if err != nil {
				t.Fatal(err)
			}
			if withoutTime(t, got) != withoutTime(t, calm) {
				t.Errorf("resumed:\n%s\nuninterrupted:\n%s", got, calm)
			}
			if n := strings.Count(strings.Join(second.warnings, "\n"), "saved state"); n != tc.warnings {
				t.Errorf("warnings %q, want %d of saved states", second.warnings, tc.warnings)
			}
		})
	}
	t.Run("skips_what_was_done", func(t *testing.T) {
		second := first.elsewhere(1, newest)
		if _, err := second.run(t, job.Training(), order); err != nil {
			t.Fatal(err)
		}
		for _, p := range second.progress {
			if p.Phase == "training" {
				if p.StepsCompleted < 2 {
					t.Errorf("the first epoch reported is %d, want one beyond the first", p.StepsCompleted)
				}
				return
			}
		}
		t.Error("no progress of the training")
	})
}

// withoutTime is the summary of a training without the one number that tells how
// long it took.
func withoutTime(t *testing.T, summary json.RawMessage) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(summary, &all); err != nil {
		t.Fatal(err)
	}
	if m, ok := all["training_metrics"].(map[string]any); ok {
		delete(m, "training_time_minutes")
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestBacktest_resumed(t *testing.T) {
	w := newWorld()
	result, trainOrder, _ := trained(t, w)
	bars := sample.Generate(sample.Options{Symbol: "SAMPLE", Timeframe: market.Hour1, Seed: 3, Bars: 60_000})
	order := backtestOrder(t, w, result, trainOrder, bars)
	order.EndDate = market.Stamp(bars.Time[59_999])
	calm, err := w.run(t, job.Backtest(), order)
	if err != nil {
		t.Fatal(err)
	}
	w.interrupt(t, job.Backtest(), order, 2)
	for name, states := range map[string][][]byte{
		"newest":         {w.saved[0], w.saved[1]},
		"newest_damaged": {w.saved[0][:50], w.saved[1]},
	} {
		t.Run(name, func(t *testing.T) {
			second := w.elsewhere(2, states...)
			got, err := second.run(t, job.Backtest(), order)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, calm) {
				t.Errorf("resumed:\n%s\nuninterrupted:\n%s", got, calm)
			}
			for _, p := range second.progress {
				if p.Phase == "simulation" && p.ItemsProcessed <= 16_384 {
					t.Errorf("simulated again up to bar %d", p.ItemsProcessed)
				}
			}
		})
	}
}
