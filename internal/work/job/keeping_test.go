package job_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/featurecache"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

func openKept(t *testing.T, dir string, memory int64) *featurecache.Cache {
	t.Helper()
	kept, err := featurecache.Open(dir, featurecache.Options{MemoryBytes: memory, DiskBytes: 1 << 30, Engine: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kept.Close() })
	return kept
}

// TestKeepingChangesNothing runs every kind of job without a cache, with an empty
// one, with a full one in memory and on disk, and with one whose files are damaged.
func TestKeepingChangesNothing(t *testing.T) {
	w := newWorld()
	result, trainOrder, bars := trained(t, w)
	order := backtestOrder(t, w, result, trainOrder, bars)
	sweeps, _ := job.Sweeps()
	chunk := wire.SweepChunkOrder{BacktestOrder: order, SpaceYAML: spaceYAML, From: 3, To: 9}
	dir := t.TempDir()
	bare := map[string]json.RawMessage{}
	try := func(name string, kept *featurecache.Cache) {
		t.Helper()
		fresh, _ := job.Sweeps() // a keeper of its own
		for _, c := range []struct {
			name  string
			run   func() (json.RawMessage, error)
			alone func() (json.RawMessage, error)
		}{
			{"training", func() (json.RawMessage, error) { return w.run(t, job.Keeping(kept, job.Training()), trainOrder) },
				func() (json.RawMessage, error) { return w.run(t, job.Training(), trainOrder) }},
			{"backtest", func() (json.RawMessage, error) { return w.run(t, job.Keeping(kept, job.Backtest()), order) },
				func() (json.RawMessage, error) { return w.run(t, job.Backtest(), order) }},
			{"sweep", func() (json.RawMessage, error) { return w.run(t, job.Keeping(kept, fresh), chunk) },
				func() (json.RawMessage, error) { return w.run(t, sweeps, chunk) }},
		} {
			if bare[c.name] == nil {
				text, err := c.alone()
				if err != nil {
					t.Fatal(err)
				}
				bare[c.name] = text
			}
			got, err := c.run()
			if err != nil {
				t.Fatalf("%s with %s: %v", c.name, name, err)
			}
			if !bytes.Equal(got, bare[c.name]) {
				t.Errorf("%s with %s gives\n%s\nwithout\n%s", c.name, name, got, bare[c.name])
			}
		}
	}
	kept := openKept(t, dir, 1<<30)
	try("an empty cache", kept)
	try("a full cache", kept)
	try("files", openKept(t, dir, 0))
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files, %v: want columns, signals and outputs", len(files), err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		content[len(content)/2] ^= 1
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	try("damaged files", openKept(t, dir, 0))
}

// TestKeepingAsksOnce counts what a second backtest of other decisions computes:
// nothing before the simulation.
func TestKeepingAsksOnce(t *testing.T) {
	w := newWorld()
	result, trainOrder, bars := trained(t, w)
	order := backtestOrder(t, w, result, trainOrder, bars)
	backtests := job.Keeping(openKept(t, t.TempDir(), 1<<30), job.Backtest())
	phases := func() []string {
		t.Helper()
		w.progress = nil
		if _, err := w.run(t, backtests, order); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range w.progress {
			names = append(names, p.Phase)
		}
		return names
	}
	if first := phases(); !slices.Contains(first, "features") || !slices.Contains(first, "inference") {
		t.Fatalf("phases %v, want features and inference", first)
	}
	order.Commission = 0.0007
	order.Decisions = json.RawMessage(`{"confidence_threshold": 0.4}`)
	if second := phases(); slices.Contains(second, "features") || slices.Contains(second, "inference") {
		t.Errorf("phases %v, want no features and no inference", second)
	}
	order.StartDate = market.Stamp(bars.Time[7_300])
	if third := phases(); !slices.Contains(third, "inference") {
		t.Errorf("phases %v of another window, want inference", third)
	}
}

// TestKeptFormsGiveBackEveryBit packs and unpacks signals and outputs.
func TestKeptFormsGiveBackEveryBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raws := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) decision.Raw {
			if rapid.IntRange(0, 3).Draw(t, "known") == 0 {
				return decision.Raw{}
			}
			return decision.Raw{Known: true, Confidence: rapid.Float32Range(0, 1).Draw(t, "confidence"), Signal: decision.Signal(rapid.IntRange(-1, 1).Draw(t, "signal"))}
		}), 1, 40).Draw(t, "raws")
		if got := job.UnpackSignals(job.PackSignals(raws)); !slices.Equal(got, raws) {
			t.Fatalf("%v came back as %v", raws, got)
		}
		width := rapid.IntRange(1, 3).Draw(t, "width")
		known := rapid.SliceOfN(rapid.Bool(), 1, 20).Draw(t, "known rows")
		outputs := make([]float32, width*len(known))
		for i := range outputs {
			if known[i/width] {
				outputs[i] = rapid.Float32().Draw(t, "output")
			}
		}
		column, ok := job.PackOutputs(outputs, known)
		if !ok {
			t.Fatalf("%v was not packed", outputs)
		}
		back, rows := job.UnpackOutputs(column, width)
		if !slices.Equal(back, outputs) || !slices.Equal(rows, known) {
			t.Fatalf("%v, %v came back as %v, %v", outputs, known, back, rows)
		}
	})
	if _, ok := job.PackOutputs([]float32{1, float32(math.NaN())}, []bool{true, true}); ok {
		t.Error("outputs that are no numbers were packed")
	}
}
