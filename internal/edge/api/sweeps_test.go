package api_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// sweepOf starts a sweep of n trials on a populated backend and returns its
// operation and those of its chunks.
func sweepOf(t *testing.T, n int, more string) (operation.Operation, []operation.Operation) {
	t.Helper()
	b := populated(t)
	before := len(b.controller.operations)
	space := fmt.Sprintf("axes:\n  decisions.confidence_threshold: {from: 0.3, to: 0.7, step: 0.0001}\nsample: %d\n", n)
	text, err := json.Marshal(space)
	if err != nil {
		t.Fatal(err)
	}
	rec := b.do("POST", "/api/v1/sweeps/start", `{"strategy_name":"momentum","symbol":"EURUSD","timeframe":"1h","start_date":"2020-01-20","end_date":"2020-01-31",`+more+`"space_yaml":`+string(text)+`}`)
	if rec.Code != 200 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	all := b.controller.operations[before:]
	return all[0], all[1:]
}

// TestSweepChunks: the chunks of a sweep are its trials in order, cut evenly but for the
// last, which are smaller where nobody asks for a number, each of the weight of its
// trials; neither chunks nor threads change what is asked for.
func TestSweepChunks(t *testing.T) {
	for _, c := range []struct {
		trials int
		more   string
		chunks int
	}{
		{1, "", 1}, {2000, "", 1}, {2001, "", 8}, {4001, "", 9}, {4001, `"chunk_trials":3000,`, 2}, {4001, `"chunk_trials":1,`, 801},
	} {
		t.Run(fmt.Sprintf("trials=%d/%s", c.trials, strings.Trim(c.more, `",`)), func(t *testing.T) {
			sweep, chunks := sweepOf(t, c.trials, c.more)
			if len(chunks) != c.chunks || len(chunks) > operation.MaxChildren {
				t.Fatalf("%d chunks, want %d", len(chunks), c.chunks)
			}
			next, sizes := 0, []int{}
			for _, chunk := range chunks {
				var order wire.SweepChunkOrder
				if err := json.Unmarshal(chunk.Spec, &order); err != nil {
					t.Fatal(err)
				}
				if size := order.To - order.From; order.From != next || size < 1 || chunk.Weight != int64(size) || *chunk.ParentID != sweep.ID {
					t.Fatalf("chunk %s has trials %d to %d and weight %d, want them from %d on", chunk.ID, order.From, order.To-1, chunk.Weight, next)
				}
				next, sizes = order.To, append(sizes, order.To-order.From)
			}
			if next != c.trials || !slices.IsSortedFunc(sizes, func(a, b int) int { return b - a }) {
				t.Errorf("%d trials in chunks of %d, want %d, none larger than the one before", next, sizes, c.trials)
			}
			if n := len(sizes); c.more == "" && n > 1 && (sizes[n-8] > 2000/4+1 || n > 8 && sizes[0] > 4*sizes[n-8]) {
				t.Errorf("chunks of %d, want the last eight of a quarter", sizes)
			}
		})
	}
	plain, _ := sweepOf(t, 100, "")
	cut, _ := sweepOf(t, 100, `"chunk_trials":7,"threads":3,`)
	other, _ := sweepOf(t, 101, "")
	if plain.SpecHash != cut.SpecHash || plain.SpecHash == other.SpecHash {
		t.Errorf("specifications %s, %s cut otherwise, %s with another trial", plain.SpecHash, cut.SpecHash, other.SpecHash)
	}
}
