package job_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/sample"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

// A tryst holds whoever fetches one of its contents until all have been fetched.
type tryst struct {
	*world
	contents map[string]*sync.Once
	all      sync.WaitGroup
}

func (w *tryst) Fetch(ctx context.Context, hash string) ([]byte, error) {
	if first := w.contents[hash]; first != nil {
		first.Do(w.all.Done)
		w.all.Wait()
	}
	return w.world.Fetch(ctx, hash)
}

// TestBacktestPortfolio_side_by_side: with two threads both symbols are prepared at the
// same time; one after the other, the first would wait for ever. The result and the
// warnings are those of one thread.
func TestBacktestPortfolio_side_by_side(t *testing.T) {
	w := newWorld()
	result, trainOrder, bars := trained(t, w)
	order := backtestOrder(t, w, result, trainOrder, bars)
	second := sample.Generate(sample.Options{Symbol: "OTHER", Timeframe: market.Hour1, Seed: 4, Bars: 10_000})
	order.StartDate = market.Stamp(bars.Time[0]) // where there is something to warn of
	order.Symbols = []market.Symbol{"SAMPLE", "OTHER"}
	order.Data = append(order.Data, w.snapshot(t, second))
	text, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	w.warnings = nil
	want, err := w.run(t, job.Backtest(), order)
	if err != nil || len(w.warnings) != 2 {
		t.Fatalf("warnings %q, error %v; want one of each symbol", w.warnings, err)
	}
	synctest.Test(t, func(t *testing.T) {
		other := &tryst{world: newWorld(), contents: map[string]*sync.Once{}}
		other.content, other.threads = w.content, 2
		for _, ref := range order.Data {
			other.contents[ref.SHA256] = &sync.Once{}
			other.all.Add(1)
		}
		got, err := job.Backtest().Run(t.Context(), text, other)
		if err != nil || !bytes.Equal(got, want) || !slices.Equal(other.warnings, w.warnings) {
			t.Errorf("two threads give\n%s\nwarnings %q, error %v; one gives\n%s\nwarnings %q", got, other.warnings, err, want, w.warnings)
		}
	})
}
