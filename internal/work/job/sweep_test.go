package job_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/performance"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
	"github.com/ktrdr/ktrdr/internal/work/job"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

const spaceYAML = `axes:
  decisions.confidence_threshold: {from: 0.34, to: 0.46, step: 0.02}
  decisions.exits.stop_loss: [null, 0.004, 0.02]
  decisions.exits.max_holding_bars: [null, 12]
`

// trialsFile is a row of trials.parquet as others read it.
type trialsFile struct {
	Trial     int64    `parquet:"trial"`
	Threshold string   `parquet:"decisions.confidence_threshold"`
	StopLoss  string   `parquet:"decisions.exits.stop_loss"`
	Hash      string   `parquet:"order_hash"`
	Trades    int64    `parquet:"total_trades"`
	Sharpe    *float64 `parquet:"sharpe_ratio"`
	Return    *float64 `parquet:"total_return"`
}

// runSweep runs a sweep in chunks of a size, as a backend has it run.
func runSweep(t *testing.T, w *world, base wire.BacktestOrder, metric string, size int) (job.SweepResult, []trialsFile) {
	t.Helper()
	space, err := sweep.ParseSpace("space.yaml", []byte(spaceYAML))
	if err != nil {
		t.Fatal(err)
	}
	chunk, whole := job.Sweeps()
	w.gathered = nil
	for from := 0; from < space.Len(); from += size {
		text, err := w.run(t, chunk, wire.SweepChunkOrder{BacktestOrder: base, SpaceYAML: spaceYAML, From: from, To: min(from+size, space.Len())})
		if err != nil {
			t.Fatal(err)
		}
		w.gathered = append(w.gathered, text)
	}
	text, err := w.run(t, whole, wire.SweepOrder{BacktestOrder: base, SpaceYAML: spaceYAML, Metric: metric, Top: 5})
	if err != nil {
		t.Fatal(err)
	}
	var r job.SweepResult
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	file := w.content[r.Trials.SHA256]
	rows, err := parquet.Read[trialsFile](bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return r, rows
}

func TestSweep(t *testing.T) {
	w := newWorld()
	trained, trainOrder, bars := trained(t, w)
	order := backtestOrder(t, w, trained, trainOrder, bars)
	r, rows := runSweep(t, w, order, "sharpe_ratio", 5)

	t.Run("every_trial_is_there", func(t *testing.T) {
		if len(rows) != 42 || r.Luck.Trials != 42 || len(r.Leaderboard) != 5 {
			t.Fatalf("%d rows, luck %+v, %d leaders; want 42, 42 and 5", len(rows), r.Luck, len(r.Leaderboard))
		}
		for i, row := range rows {
			if row.Trial != int64(i) {
				t.Errorf("row %d is of trial %d", i, row.Trial)
			}
		}
		if rows[2].Threshold != "0.34" || rows[2].StopLoss != "0.004" || rows[41].Threshold != "0.46" {
			t.Errorf("settings %+v and %+v", rows[2], rows[41])
		}
	})
	t.Run("same_bytes_for_any_chunks_and_threads", func(t *testing.T) {
		other := newWorld()
		other.content, other.threads = w.content, 3
		again, _ := runSweep(t, other, order, "sharpe_ratio", 11)
		if again.Trials.SHA256 != r.Trials.SHA256 {
			t.Error("chunks of 11 trials and 3 threads made another file than chunks of 5 and one")
		}
	})
	t.Run("a_trial_alone_trades_alike", func(t *testing.T) {
		space, _ := sweep.ParseSpace("space.yaml", []byte(spaceYAML))
		rng := rand.New(rand.NewPCG(1, 1))
		for _, trial := range append([]int{int(r.Leaderboard[0].Trial)}, rng.Perm(42)[:5]...) {
			alone := order
			source, err := sweep.Apply([]byte(order.StrategyYAML), space.Trial(trial))
			if err != nil {
				t.Fatal(err)
			}
			alone.StrategyYAML = string(source)
			text, err := w.run(t, job.Backtest(), alone)
			if err != nil {
				t.Fatal(err)
			}
			var b job.BacktestResult
			if err := json.Unmarshal(text, &b); err != nil {
				t.Fatal(err)
			}
			row := rows[trial]
			if row.Hash != b.OrderHash || row.Trades != int64(b.TradeCount) || math.Float64bits(*row.Return) != math.Float64bits(b.Metrics.TotalReturn) {
				t.Errorf("trial %d: %+v, alone %s %d %v", trial, row, b.OrderHash, b.TradeCount, b.Metrics.TotalReturn)
			}
		}
	})
	t.Run("leaders_are_the_best", func(t *testing.T) {
		sorted := slices.Clone(rows)
		slices.SortStableFunc(sorted, func(a, b trialsFile) int {
			value := func(r trialsFile) float64 {
				if r.Sharpe == nil {
					return math.Inf(-1)
				}
				return *r.Sharpe
			}
			return cmp.Compare(value(b), value(a))
		})
		alike := map[string]int{}
		for _, row := range rows {
			alike[row.Hash]++
		}
		if len(alike) == len(rows) {
			t.Fatal("no two trials traded alike")
		}
		seen := map[string]bool{}
		sorted = slices.DeleteFunc(sorted, func(r trialsFile) bool {
			again := seen[r.Hash]
			seen[r.Hash] = true
			return again
		})
		for i, l := range r.Leaderboard {
			if l.Alike != alike[l.OrderHash]-1 {
				t.Errorf("%d trials beside trial %d, want %d", l.Alike, l.Trial, alike[l.OrderHash]-1)
			}
			if l.Trial != sorted[i].Trial {
				t.Errorf("place %d has trial %d, want %d", i, l.Trial, sorted[i].Trial)
			}
			if l.DeflatedSharpe == nil || *l.DeflatedSharpe > *l.Sharpe.Probabilistic {
				t.Errorf("trial %d: deflated %v, probabilistic %v: luck made it likelier", l.Trial, l.DeflatedSharpe, *l.Sharpe.Probabilistic)
			}
			if l.Settings["decisions.confidence_threshold"] != sorted[i].Threshold {
				t.Errorf("trial %d: settings %v", l.Trial, l.Settings)
			}
		}
	})
	t.Run("equal_trials_count_once", func(t *testing.T) {
		hashes := map[string]bool{}
		for _, row := range rows {
			hashes[row.Hash] = true
		}
		if r.Luck.Distinct != len(hashes) || r.Luck.ExpectedMaximum == nil || *r.Luck.ExpectedMaximum <= 0 || r.Luck.MinYears != performance.MinBacktestLength(float64(len(hashes)), 1) {
			t.Errorf("luck %+v, want %d distinct", r.Luck, len(hashes))
		}
	})
	t.Run("every_metric_is_known", func(t *testing.T) {
		for _, name := range wire.SweepMetrics() {
			if by, _ := runSweep(t, w, order, name, 42); by.Metric != name || len(by.Leaderboard) != 5 {
				t.Errorf("%s: %s with %d leaders", name, by.Metric, len(by.Leaderboard))
			}
		}
	})
}

func TestSweep_refuses(t *testing.T) {
	w := newWorld()
	trained, trainOrder, bars := trained(t, w)
	order := backtestOrder(t, w, trained, trainOrder, bars)
	chunk, whole := job.Sweeps()
	half, err := w.run(t, chunk, wire.SweepChunkOrder{BacktestOrder: order, SpaceYAML: spaceYAML, From: 0, To: 21})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		gathered []json.RawMessage
		want     string
	}{
		"missing_chunk": {[]json.RawMessage{half}, "21 trials came back of 42"},
		"twice":         {[]json.RawMessage{half, half}, "trial 0 stands where 21 belongs"},
		"not_a_result":  {[]json.RawMessage{json.RawMessage(`[]`)}, "read result of a chunk"},
	} {
		t.Run(name, func(t *testing.T) {
			w.gathered = test.gathered
			_, err := w.run(t, whole, wire.SweepOrder{BacktestOrder: order, SpaceYAML: spaceYAML, Metric: "sharpe_ratio", Top: 1})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
	t.Run("trials_that_no_space_has", func(t *testing.T) {
		_, err := w.run(t, chunk, wire.SweepChunkOrder{BacktestOrder: order, SpaceYAML: spaceYAML, From: 40, To: 43})
		if err == nil || !strings.Contains(err.Error(), "the space has 42") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a_trial_that_is_no_strategy", func(t *testing.T) {
		bad := strings.Replace(spaceYAML, "0.004", "-4", 1)
		_, err := w.run(t, chunk, wire.SweepChunkOrder{BacktestOrder: order, SpaceYAML: bad, From: 0, To: 42})
		if err == nil || !strings.Contains(err.Error(), "stop_loss") {
			t.Errorf("error %v, want one that names stop_loss", err)
		}
	})
	t.Run("cancel_ends_a_chunk", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		w.onReport = func(p operation.Progress) {
			if p.Phase == "trials" {
				cancel(worker.ErrCancelled)
			}
		}
		text, err := json.Marshal(wire.SweepChunkOrder{BacktestOrder: order, SpaceYAML: spaceYAML, From: 0, To: 42})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := chunk.Run(ctx, text, w); !errors.Is(err, worker.ErrCancelled) {
			t.Errorf("error %v, want %v", err, worker.ErrCancelled)
		}
	})
}
