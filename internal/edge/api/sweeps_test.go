package api_test

import (
	"encoding/json"
	"fmt"
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

// TestSweepChunks: the chunks of a sweep are its trials in order, cut evenly, each
// of the weight of its trials; neither chunks nor threads change what is asked for.
func TestSweepChunks(t *testing.T) {
	for _, c := range []struct {
		trials int
		more   string
		chunks int
	}{
		{1, "", 1}, {2000, "", 1}, {2001, "", 2}, {4001, "", 3}, {4001, `"chunk_trials":3000,`, 2}, {4001, `"chunk_trials":1,`, 801},
	} {
		t.Run(fmt.Sprintf("trials=%d/%s", c.trials, strings.Trim(c.more, `",`)), func(t *testing.T) {
			sweep, chunks := sweepOf(t, c.trials, c.more)
			if len(chunks) != c.chunks || len(chunks) > operation.MaxChildren {
				t.Fatalf("%d chunks, want %d", len(chunks), c.chunks)
			}
			next, least, most := 0, c.trials, 0
			for _, chunk := range chunks {
				var order wire.SweepChunkOrder
				if err := json.Unmarshal(chunk.Spec, &order); err != nil {
					t.Fatal(err)
				}
				if size := order.To - order.From; order.From != next || size < 1 || chunk.Weight != int64(size) || *chunk.ParentID != sweep.ID {
					t.Fatalf("chunk %s has trials %d to %d and weight %d, want them from %d on", chunk.ID, order.From, order.To-1, chunk.Weight, next)
				}
				next, least, most = order.To, min(least, order.To-order.From), max(most, order.To-order.From)
			}
			if next != c.trials || c.more == "" && most-least > len(chunks) {
				t.Errorf("%d trials in chunks of %d to %d, want %d in even ones", next, least, most, c.trials)
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
