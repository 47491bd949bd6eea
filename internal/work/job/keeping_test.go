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

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
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
		t.Fatalf("%d files, %v: want columns and outputs", len(files), err)
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

// TestKeepingAsksOnce: a model is asked about bars once, and backtests, sweeps and
// ensembles share what it said, whatever they decide by it and in whatever order they
// come, also from files alone.
func TestKeepingAsksOnce(t *testing.T) {
	w := newWorld()
	result, trainOrder, bars := trained(t, w)
	order := backtestOrder(t, w, result, trainOrder, bars)
	other := order
	other.Commission, other.Decisions = 0.0007, json.RawMessage(`{"confidence_threshold": 0.4}`)
	finer := order
	finer.StrategyYAML = replaced(t, order.StrategyYAML, "confidence_threshold: 0.45", "confidence_threshold: 0.45\n  fills: {intrabar: 15m}")
	finer.Data = append(slices.Clone(order.Data), w.snapshot(t, quarters(bars)))
	ensemble := wire.EnsembleOrder{BacktestOrder: order, Members: []wire.MemberOrder{{Member: "m", ModelName: order.ModelName, ModelSHA256: order.ModelSHA256}},
		EnsembleYAML: "name: one\nmodels:\n  m: {model: sample_momentum_1h, output_type: classification}\ncomposition: {type: single, model: m}\n"}
	later := order
	later.StartDate = market.Stamp(bars.Time[7_300])
	bare := map[string]json.RawMessage{}
	asks := func(kept *featurecache.Cache, name string) bool {
		t.Helper()
		j, o := job.Backtest(), any(order)
		switch name {
		case "other decisions":
			o = other
		case "finer bars":
			o = finer
		case "ensemble":
			o = ensemble
		case "later":
			o = later
		case "sweep":
			j, _ = job.Sweeps()
			o = wire.SweepChunkOrder{BacktestOrder: order, SpaceYAML: spaceYAML, From: 3, To: 9}
		}
		if bare[name] == nil {
			w.threads = 3
			bare[name], _ = w.run(t, j, o) // what is wrong shows below
			w.threads = 1
			if name == "sweep" {
				j, _ = job.Sweeps() // it keeps what its trials share
			}
		}
		w.progress = nil
		if text, err := w.run(t, job.Keeping(kept, j), o); err != nil || !bytes.Equal(text, bare[name]) {
			t.Fatalf("%s gives\n%s\nwithout a cache\n%s\n%v", name, text, bare[name], err)
		}
		return slices.ContainsFunc(w.progress, func(p operation.Progress) bool { return p.Phase == "features" || p.Phase == "inference" })
	}
	kinds := []string{"backtest", "other decisions", "finer bars", "ensemble", "sweep"}
	for _, first := range kinds {
		dir := t.TempDir()
		kept := openKept(t, dir, 1<<30)
		if !asks(kept, first) {
			t.Fatalf("%s asks nobody", first)
		}
		for _, from := range []struct {
			name string
			kept *featurecache.Cache
		}{{"memory", kept}, {"files", openKept(t, dir, 0)}} {
			for _, second := range kinds {
				if asks(from.kept, second) {
					t.Errorf("%s, which has its cache in %s, asks again after %s", second, from.name, first)
				}
			}
		}
		if !asks(kept, "later") {
			t.Error("another window is not asked about")
		}
	}
}

// TestKeptAnswersAreOfTheirQuestion: what one model said is not what another one says at the
// same bars, and what it said of one series of bars is not what it says of another at the
// same times.
func TestKeptAnswersAreOfTheirQuestion(t *testing.T) {
	w := newWorld()
	result, trainOrder, bars := trained(t, w)
	first := backtestOrder(t, w, result, trainOrder, bars)
	retrained := trainOrder
	retrained.StrategyYAML = replaced(t, trainOrder.StrategyYAML, "seed: 7", "seed: 8")
	text, err := w.run(t, job.Training(), retrained)
	if err != nil {
		t.Fatal(err)
	}
	var second job.TrainingResult
	if err := json.Unmarshal(text, &second); err != nil {
		t.Fatal(err)
	}
	revised := bars
	revised.Close = slices.Clone(bars.Close)
	for i := 9_000; i < len(revised.Close); i += 3 {
		revised.Close[i] = revised.Open[i]
	}
	kept, seen := openKept(t, t.TempDir(), 1<<30), map[string]bool{}
	for name, order := range map[string]wire.BacktestOrder{"first": first, "retrained": backtestOrder(t, w, second, retrained, bars), "revised": backtestOrder(t, w, result, trainOrder, revised)} {
		alone, err := w.run(t, job.Backtest(), order)
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.run(t, job.Keeping(kept, job.Backtest()), order)
		if err != nil || !bytes.Equal(got, alone) {
			t.Errorf("%s, after others: %v\n%s\nalone\n%s", name, err, got, alone)
		}
		seen[string(alone)] = true
	}
	if len(seen) != 3 {
		t.Errorf("%d results of 3 orders", len(seen))
	}
}

// quarters cuts every hour of bars into four bars that together are it.
func quarters(hours market.Series) market.Series {
	out := market.NewSeries(hours.Symbol, market.Minute15, 4*hours.Len())
	for i := range hours.Len() {
		b := hours.Bar(i)
		for k := range int64(4) {
			out.Append(market.Bar{Time: b.Time + 900*k, Open: b.Open, High: b.High, Low: b.Low, Close: b.Open, Volume: b.Volume})
			if k == 3 {
				out.Close[out.Len()-1] = b.Close
			}
		}
	}
	return out
}

// TestKeptFormsGiveBackEveryBit marks the rows that are not known, and finds them.
func TestKeptFormsGiveBackEveryBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 3).Draw(t, "width")
		known := rapid.SliceOfN(rapid.Bool(), 1, 20).Draw(t, "known rows")
		outputs := make([]float32, width*len(known))
		for i := range outputs {
			outputs[i] = rapid.Float32().Draw(t, "output")
		}
		marked := slices.Clone(outputs)
		if !job.MarkUnknown(marked, known) {
			t.Fatalf("%v was not marked", outputs)
		}
		if rows := job.KnownRows(marked, width); !slices.Equal(rows, known) {
			t.Fatalf("%v came back as %v", known, rows)
		}
		for row, ok := range known {
			if at := row * width; ok && !slices.Equal(marked[at:at+width], outputs[at:at+width]) {
				t.Fatalf("row %d was %v and is %v", row, outputs[at:at+width], marked[at:at+width])
			}
		}
	})
	if job.MarkUnknown([]float32{1, float32(math.NaN())}, []bool{true, true}) {
		t.Error("outputs that are no numbers were marked")
	}
}
