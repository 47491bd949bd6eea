package job

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
	"github.com/ktrdr/ktrdr/internal/core/trial"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// A ChunkResult is the summary of a chunk of a sweep: which trials it evaluated,
// and the file of their rows.
type ChunkResult struct {
	From int                `json:"from"`
	To   int                `json:"to"`
	Rows operation.Artifact `json:"rows"`
}

// Sweeps returns the jobs that run a wire.SweepChunkOrder and a wire.SweepOrder.
// Together they keep what the trials of one sweep share, so that a worker asks the
// model once for all of its chunks.
func Sweeps() (chunk, whole worker.Job) {
	k := &keeper{}
	return worker.JobFunc(k.runChunk), worker.JobFunc(k.runSweep)
}

// A keeper keeps what the trials of the newest sweep share.
type keeper struct {
	mu   sync.Mutex // guards all below
	of   [sha256.Size]byte
	kept *setting
}

// A setting is what the trials of a sweep share: the scene, and what the model said
// at every bar of its window where it could be asked.
type setting struct {
	scene
	outputs []float32
	known   []bool
	trials  *trial.Shared

	mu   sync.Mutex         // guards idle
	idle []*trial.Evaluator // that nobody uses
}

// evaluate writes the rows of trials from to to-1 of space.
func (s *setting) evaluate(ctx context.Context, space sweep.Space, from, to int, rows []sweep.Row) error {
	e, err := s.evaluator()
	if err != nil {
		return err
	}
	if err := e.Evaluate(ctx, space, from, to, rows); err != nil {
		return err // and with it goes an evaluator that stopped half-way
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, e)
	return nil
}

// evaluator returns one that nobody uses.
func (s *setting) evaluator() (*trial.Evaluator, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.idle); n > 0 {
		e := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return e, nil
	}
	return s.trials.Evaluator()
}

// settingOf returns what the trials of an order share.
func (k *keeper) settingOf(ctx context.Context, order wire.BacktestOrder, env worker.Env) (*setting, error) {
	text, err := json.Marshal(order)
	if err != nil {
		return nil, err
	}
	of := sha256.Sum256(text)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept != nil && k.of == of {
		return k.kept, nil
	}
	k.kept = nil // before the next is made: one of them is in memory at a time
	var s setting
	if s.scene, err = readMarket(ctx, env, order); err != nil {
		return nil, err
	}
	if s.outputs, s.known, err = s.asked(ctx, env); err != nil {
		return nil, err
	}
	if s.trials, err = trial.Prepare(trial.Inputs{
		Strategy: s.strategy, Held: s.held, Window: s.window, Outputs: s.outputs, Known: s.known,
		Classes: s.model.Manifest.Classes, Options: requestOptions(order),
	}); err != nil {
		return nil, err
	}
	k.kept, k.of = &s, of
	return &s, nil
}

const (
	// chunkParts is into how many parts, at most, a chunk is cut, between which it reports.
	chunkParts = 64
	// mostTrials is how many trials are in one, unless that makes too many: so many that
	// those with about as many trades go through the bars together.
	mostTrials = 8 * trial.Together
)

// partTrials is how many trials are in a part, where every thread has as many parts.
func partTrials(trials, threads int) int {
	each := func(n int) int { return (trials + n - 1) / n }
	turns := each(threads * mostTrials)
	return max(each(chunkParts), each(threads*turns))
}

// runChunk evaluates some of the trials of a sweep.
func (k *keeper) runChunk(ctx context.Context, text json.RawMessage, env worker.Env) (json.RawMessage, error) {
	var order wire.SweepChunkOrder
	if err := readOrder(text, &order); err != nil {
		return nil, err
	}
	space, err := sweep.ParseSpace("space.yaml", []byte(order.SpaceYAML))
	if err != nil {
		return nil, err
	}
	if order.From < 0 || order.To <= order.From || order.To > space.Len() {
		return nil, fmt.Errorf("chunk of trials %d to %d: the space has %d", order.From, order.To, space.Len())
	}
	shared, err := k.settingOf(ctx, order.BacktestOrder, env)
	if err != nil {
		return nil, err
	}
	rows := make([]sweep.Row, order.To-order.From)
	var done atomic.Int64
	threads := threadsOf(order.BacktestOrder, env)
	err = inLanes(ctx, len(rows), partTrials(len(rows), threads), threads, func(from, to int) error {
		err := shared.evaluate(ctx, space, order.From+from, order.From+to, rows[from:to])
		n, total := done.Add(int64(to-from)), int64(len(rows))
		env.Report(operation.Progress{Phase: "trials", CurrentStep: fmt.Sprintf("Trials %d to %d", order.From, order.To-1),
			Percentage: 15 + 84*float64(n)/float64(total), ItemsProcessed: n, ItemsTotal: &total})
		return err
	})
	if err != nil {
		return nil, err
	}
	file, err := uploadTrials(ctx, env, space, rows)
	if err != nil {
		return nil, err
	}
	return json.Marshal(ChunkResult{From: order.From, To: order.To, Rows: file})
}

// gatherRows fetches the rows of all chunks, which must be those of all trials.
func gatherRows(ctx context.Context, space sweep.Space, env worker.Env) ([]sweep.Row, error) {
	rows := make([]sweep.Row, 0, space.Len())
	for _, text := range env.Gathered() {
		var chunk ChunkResult
		if err := json.Unmarshal(text, &chunk); err != nil {
			return nil, fmt.Errorf("read result of a chunk: %w", err)
		}
		content, err := env.Fetch(ctx, chunk.Rows.SHA256)
		if err != nil {
			return nil, fmt.Errorf("fetch trials %d to %d: %w", chunk.From, chunk.To-1, err)
		}
		some, err := readTrials(content)
		if err != nil {
			return nil, fmt.Errorf("read trials %d to %d: %w", chunk.From, chunk.To-1, err)
		}
		for _, r := range some {
			if r.Trial != len(rows) {
				return nil, fmt.Errorf("read trials %d to %d: trial %d stands where %d belongs", chunk.From, chunk.To-1, r.Trial, len(rows))
			}
			rows = append(rows, r)
		}
	}
	if len(rows) != space.Len() {
		return nil, fmt.Errorf("%d trials came back of %d", len(rows), space.Len())
	}
	return rows, nil
}
