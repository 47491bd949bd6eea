package job_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
	"github.com/ktrdr/ktrdr/internal/data/sample"
	"github.com/ktrdr/ktrdr/internal/work/job"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// A world is an artifact store and a worker's view of it, in memory.
type world struct {
	mu       sync.Mutex
	content  map[string][]byte
	progress []operation.Progress
	model    *operation.ModelRecord
	produced []operation.Artifact
	threads  int
	onReport func(operation.Progress)

	saved    [][]byte // states to go on from, newest first
	due      bool     // every state is to be saved
	onSave   func(n int)
	saves    int
	warnings []string
	points   []int64 // steps
	gathered []json.RawMessage
}

func newWorld() *world { return &world{content: map[string][]byte{}, threads: 1} }

func (w *world) Report(p operation.Progress) {
	w.mu.Lock()
	w.progress = append(w.progress, p)
	w.mu.Unlock()
	if w.onReport != nil {
		w.onReport(p)
	}
}

func (w *world) Fetch(_ context.Context, hash string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if content, ok := w.content[hash]; ok {
		return content, nil
	}
	return nil, fmt.Errorf("no content %s", hash)
}

func (w *world) Upload(_ context.Context, content []byte) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := sha256.Sum256(content)
	hash := hex.EncodeToString(sum[:])
	w.content[hash] = bytes.Clone(content)
	return hash, nil
}

func (w *world) Produce(a operation.Artifact)         { w.produced = append(w.produced, a) }
func (w *world) ProduceModel(m operation.ModelRecord) { w.model = &m }
func (w *world) Warn(text string)                     { w.warnings = append(w.warnings, text) }
func (w *world) Threads() int                         { return w.threads }
func (w *world) Gathered() []json.RawMessage          { return w.gathered }
func (w *world) run(t testing.TB, j worker.Job, order any) (json.RawMessage, error) {
	t.Helper()
	text, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	return j.Run(t.Context(), text, w)
}

func (w *world) Point(step int64, _ json.RawMessage) { w.points = append(w.points, step) }

func (w *world) Saved(context.Context) iter.Seq[[]byte] { return slices.Values(w.saved) }

func (w *world) CheckpointDue(worker.Unit, int64) bool { return w.due }

func (w *world) Checkpoint(_ context.Context, _ worker.Unit, _ int64, state []byte) {
	w.saved = append([][]byte{state}, w.saved...)
	w.saves++
	if w.onSave != nil {
		w.onSave(w.saves)
	}
}

// snapshot stores the bars as a backend does and returns the reference to them.
func (w *world) snapshot(t testing.TB, s market.Series) wire.DataRef {
	t.Helper()
	hash, err := w.Upload(t.Context(), barstore.Encode(nil, s))
	if err != nil {
		t.Fatal(err)
	}
	return wire.DataRef{Symbol: s.Symbol, Timeframe: s.Timeframe, SHA256: hash, Bars: s.Len(), First: s.Time[0], Last: s.Time[s.Len()-1]}
}

// exampleStrategy returns the text of strategies/sample_momentum.yaml, to be
// trained for a few epochs only.
func exampleStrategy(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "strategies", "sample_momentum.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(string(text), "epochs: 40", "epochs: 4", 1)
}

// trainingOrder asks for a training on the first 7,000 of 10,000 sample hours.
func trainingOrder(t testing.TB, w *world) (wire.TrainingOrder, market.Series) {
	t.Helper()
	bars := sample.Generate(sample.Options{Symbol: "SAMPLE", Timeframe: market.Hour1, Seed: 3, Bars: 10_000})
	return wire.TrainingOrder{
		StrategyName: "sample_momentum", StrategyYAML: exampleStrategy(t), EngineVersion: "test",
		StartDate: market.Stamp(bars.Time[0]), EndDate: market.Stamp(bars.Time[6_999]),
		Data: []wire.DataRef{w.snapshot(t, bars.Slice(0, 7_000))},
	}, bars
}

func trained(t *testing.T, w *world) (job.TrainingResult, wire.TrainingOrder, market.Series) {
	t.Helper()
	order, bars := trainingOrder(t, w)
	text, err := w.run(t, job.Training(), order)
	if err != nil {
		t.Fatal(err)
	}
	var result job.TrainingResult
	if err := json.Unmarshal(text, &result); err != nil {
		t.Fatal(err)
	}
	return result, order, bars
}

// backtestOrder asks for a backtest of the bars from 7,200 on.
func backtestOrder(t *testing.T, w *world, r job.TrainingResult, o wire.TrainingOrder, bars market.Series) wire.BacktestOrder {
	t.Helper()
	return wire.BacktestOrder{
		StrategyName: o.StrategyName, StrategyYAML: o.StrategyYAML, ModelSHA256: r.Model.SHA256, ModelName: r.Model.Name,
		Symbol: "SAMPLE", Timeframe: market.Hour1, StartDate: market.Stamp(bars.Time[7_200]), EndDate: market.Stamp(bars.Time[9_999]),
		InitialCapital: 100_000, Commission: 0.0001, Slippage: 0.0001, SizingFraction: 0.5, EngineVersion: "test",
		Data: []wire.DataRef{w.snapshot(t, bars)},
	}
}

func TestTraining(t *testing.T) {
	t.Run("same_bytes_for_any_threads", func(t *testing.T) {
		t.Parallel()
		hashes := map[string]bool{}
		for _, threads := range []int{1, 2, 5} {
			w := newWorld()
			w.threads = threads
			result, _, _ := trained(t, w)
			hashes[result.Model.SHA256] = true
			if w.model == nil || w.model.SHA256 != result.Model.SHA256 || len(w.produced) != 1 {
				t.Errorf("threads %d: the worker reports model %+v and outputs %v, want the one of the result", threads, w.model, w.produced)
			}
			if fmt.Sprint(w.points) != "[1 2 3 4]" {
				t.Errorf("threads %d: numbers of epochs %v, want of each of 4", threads, w.points)
			}
			if last := w.progress[len(w.progress)-1]; last.Percentage <= 50 {
				t.Errorf("threads %d: the last progress is %v %%", threads, last.Percentage)
			}
		}
		if len(hashes) != 1 {
			t.Errorf("the number of threads made different models: %v", hashes)
		}
	})
	t.Run("another_seed_makes_another_model", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		first, order, _ := trained(t, w)
		seed := uint64(99)
		order.Seed = &seed
		text, err := w.run(t, job.Training(), order)
		if err != nil {
			t.Fatal(err)
		}
		var second job.TrainingResult
		if err := json.Unmarshal(text, &second); err != nil {
			t.Fatal(err)
		}
		if first.Model.SHA256 == second.Model.SHA256 {
			t.Error("the seed of the order changes nothing")
		}
	})
	t.Run("cancel_ends_it_without_outputs", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		order, _ := trainingOrder(t, w)
		before := len(w.content)
		ctx, cancel := context.WithCancelCause(t.Context())
		w.onReport = func(p operation.Progress) {
			if p.Phase == "training" {
				cancel(worker.ErrCancelled)
			}
		}
		text, err := json.Marshal(order)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := job.Training().Run(ctx, text, w); !errors.Is(err, worker.ErrCancelled) {
			t.Errorf("error %v, want %v", err, worker.ErrCancelled)
		}
		if len(w.content) != before || w.model != nil {
			t.Error("a cancelled training left something behind")
		}
	})
	t.Run("refuses_bars_of_another_symbol", func(t *testing.T) {
		t.Parallel()
		w := newWorld()
		order, bars := trainingOrder(t, w)
		bars.Symbol = "OTHER"
		order.Data[0].SHA256 = w.snapshot(t, bars.Slice(0, 7_000)).SHA256
		if _, err := w.run(t, job.Training(), order); err == nil || !strings.Contains(err.Error(), "OTHER") {
			t.Errorf("error %v, want one that names OTHER", err)
		}
	})
}

func TestBacktest(t *testing.T) {
	w := newWorld()
	result, trainOrder, bars := trained(t, w)
	order := backtestOrder(t, w, result, trainOrder, bars)

	t.Run("same_bytes_for_any_threads", func(t *testing.T) {
		var first json.RawMessage
		for _, threads := range []int{1, 2, 5} {
			order.Threads = threads
			text, err := w.run(t, job.Backtest(), order)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = text
			} else if !bytes.Equal(first, text) {
				t.Errorf("%d threads gave\n%s\none gave\n%s", threads, text, first)
			}
		}
	})
	t.Run("trades_sum_to_the_change_of_equity", func(t *testing.T) {
		text, err := w.run(t, job.Backtest(), order)
		if err != nil {
			t.Fatal(err)
		}
		var got job.BacktestResult
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		type tradeRow struct {
			Net float64 `parquet:"net_pnl"`
		}
		file := w.content[got.Trades.SHA256]
		rows, err := parquet.Read[tradeRow](bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != got.TradeCount || len(rows) == 0 {
			t.Fatalf("%d trades in the file, %d in the summary; want the same and some", len(rows), got.TradeCount)
		}
		sum := 0.0
		for _, r := range rows {
			sum += r.Net
		}
		if change := got.FinalEquity - got.Config.Capital; math.Abs(sum-change) > 1e-6 {
			t.Errorf("the trades sum to %v and equity changed by %v", sum, change)
		}
		if got.EquityCurveLength != 2_800 {
			t.Errorf("the equity curve has %d points, want 2800", got.EquityCurveLength)
		}
	})
	t.Run("finds_the_planted_edge", func(t *testing.T) {
		free := order
		free.Commission, free.Slippage = 0, 0
		text, err := w.run(t, job.Backtest(), free)
		if err != nil {
			t.Fatal(err)
		}
		var got job.BacktestResult
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if got.Metrics.TotalReturn <= 0 {
			t.Errorf("on the sample market, without costs, the model made %v: want a gain", got.Metrics.TotalReturn)
		}
	})
	t.Run("refuses_a_model_of_other_features", func(t *testing.T) {
		other := order
		other.StrategyYAML = strings.Replace(order.StrategyYAML, "[50, 12]", "[50, 13]", 1)
		if _, err := w.run(t, job.Backtest(), other); err == nil || !strings.Contains(err.Error(), "features") {
			t.Errorf("error %v, want one about features", err)
		}
	})
	t.Run("refuses_an_empty_window", func(t *testing.T) {
		other := order
		other.StartDate, other.EndDate = "2040-01-01", "2040-02-01"
		if _, err := w.run(t, job.Backtest(), other); err == nil || !strings.Contains(err.Error(), "no bars") {
			t.Errorf("error %v, want one about no bars", err)
		}
	})
	t.Run("refuses_an_order_it_cannot_read", func(t *testing.T) {
		if _, err := job.Backtest().Run(t.Context(), json.RawMessage(`{"symbol":`), w); err == nil {
			t.Error("no error")
		}
	})
}
