package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
)

// testFollowsApply commits random changes, legal or not, to random operations
// and expects of the database exactly what Apply says.
func testFollowsApply(t *testing.T, s *store.Store) {
	term := acquire(t, s)
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		run++
		o := New(fmt.Sprintf("op_%d", run), operation.Training, Epoch)
		model := operation.Operation{}
		for i := range rapid.IntRange(1, 25).Draw(r, "changes") {
			var c operation.Change = operation.Created{Operation: o}
			if i > 0 {
				c = anyChange(r, o.ID, term, Epoch.Add(time.Duration(i)*time.Second))
			}
			next, want := model.Apply(c)
			got := commit(t, s, term, c)
			if (got == nil) != (want == nil) || got != nil && !errors.Is(got, operation.ErrConflict) {
				r.Fatalf("%T %+v on %+v\nstore: %v\napply: %v", c, c, model, got, want)
			}
			model = next
		}
		if diff := cmp.Diff(model, get(t, s, o.ID)); diff != "" {
			r.Fatalf("stored operation differs from Apply (-want +got):\n%s", diff)
		}
	})
}

// anyChange draws a change of an operation that may or may not be legal.
func anyChange(r *rapid.T, id string, term int64, at time.Time) operation.Change {
	token := operation.Token{OperationID: id, Attempt: rapid.IntRange(1, 3).Draw(r, "attempt"), Term: term}
	progress := operation.Progress{Percentage: rapid.Float64Range(0, 100).Draw(r, "percentage"), Context: map[string]any{}}
	switch rapid.IntRange(0, 14).Draw(r, "kind") {
	case 0, 1, 2:
		return operation.Opened{Token: token, WorkerID: "w", Incarnation: "i", At: at}
	case 3, 4:
		return operation.Started{Token: token, At: at}
	case 5:
		return operation.Progressed{Token: token, Progress: progress}
	case 6:
		outcome := rapid.SampledFrom([]operation.Outcome{operation.Lost, operation.Refused, operation.HandedBack, "other"}).Draw(r, "outcome")
		return operation.Ended{Token: token, Outcome: outcome, Reason: "because", At: at}
	case 7:
		return operation.Reopened{Token: token, At: at}
	case 8:
		return operation.CancelRequested{ID: id, Reason: "enough", Expired: rapid.Bool().Draw(r, "expired"), At: at}
	case 9:
		state := rapid.SampledFrom([]operation.Status{operation.Completed, operation.Failed, operation.Failed, operation.Running}).Draw(r, "state")
		return operation.Finished{Token: token, State: state, Progress: progress, Result: json.RawMessage(`{}`), Error: "e", Warnings: []string{"w"}, At: at}
	case 10, 11:
		return operation.Checkpointed{Token: token, Checkpoint: operation.Checkpoint{SHA256: strings.Repeat("0a", 32), Bytes: 7, Position: int64(at.Second()),
			Unit: "epoch", Kind: operation.CheckpointPeriodic, State: json.RawMessage(`{"epoch":1}`), Attempt: token.Attempt, CreatedAt: at}}
	case 12:
		number := rapid.Int64Range(0, 3).Draw(r, "number")
		return operation.Measured{Token: token, Points: []operation.Point{{Number: number, Attempt: token.Attempt, Step: number + 1, At: at, Values: json.RawMessage(`{"loss":1}`)}}}
	case 13:
		return operation.Resumed{ID: id, At: at}
	default:
		if rapid.Bool().Draw(r, "keep") {
			return operation.Kept{Report: operation.Report{Token: token, WorkerID: "w", State: operation.Completed}, At: at}
		}
		return operation.Closed{ID: id, State: operation.Cancelled, Error: "why", Errors: []string{"a", "b"}, At: at}
	}
}

// trained commits a completed training with a model.
func trained(t *testing.T, s *store.Store, term int64, id string, m operation.ModelRecord, at time.Time) error {
	t.Helper()
	token := operation.Token{OperationID: id, Attempt: 1, Term: term}
	m.SHA256, m.Metrics = strings.Repeat("ef", 32), json.RawMessage(`{"accuracy":0.5}`)
	finish := operation.Report{Token: token, WorkerID: "w", State: operation.Completed, Result: json.RawMessage(`{}`), Model: &m}
	return commit(t, s, term,
		operation.Created{Operation: New(id, operation.Training, at)},
		operation.Opened{Token: token, WorkerID: "w", At: at},
		finish.Finish(operation.Operation{}, at))
}

func testModels(t *testing.T, s *store.Store) {
	term := acquire(t, s)
	both := operation.ModelRecord{Name: "carry", StrategyName: "carry", Symbols: []string{"EURUSD", "GBPUSD"}, Timeframes: []string{"1h"},
		TrainStart: Epoch.AddDate(-5, 0, 0), TrainEnd: Epoch.AddDate(-1, 0, 0), FeatureHash: "f", Bytes: 77}
	must(t, trained(t, s, term, "op_training_1", both, Epoch))
	must(t, trained(t, s, term, "op_training_2", both, Epoch.Add(time.Second)))
	one := both
	one.Name, one.StrategyName, one.Symbols = "trend", "trend", []string{"EURUSD"}
	must(t, trained(t, s, term, "op_training_3", one, Epoch.Add(2*time.Second)))

	m, err := s.Model(t.Context(), "model_2")
	must(t, err)
	want := both
	want.ID, want.Version, want.OperationID, want.CreatedAt = "model_2", 2, "op_training_2", Epoch.Add(time.Second)
	want.SHA256, want.Metrics = strings.Repeat("ef", 32), json.RawMessage(`{"accuracy":0.5}`)
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("Model(model_2) differs (-want +got):\n%s", diff)
	}
	for _, test := range []struct {
		filter store.ModelFilter
		want   string
	}{
		{store.ModelFilter{}, "model_3 model_2 model_1"},
		{store.ModelFilter{Limit: 1, Offset: 1}, "model_2"},
		{store.ModelFilter{StrategyName: "carry", Symbol: "GBPUSD", Timeframe: "1h"}, "model_2 model_1"},
		{store.ModelFilter{Symbol: "EURUSD"}, "model_3 model_2 model_1"},
		{store.ModelFilter{Symbol: "EURUSD", Timeframe: "1d"}, ""},
		{store.ModelFilter{OperationID: "op_training_1"}, "model_1"},
		{store.ModelFilter{Name: "trend"}, "model_3"},
	} {
		all, err := s.Models(t.Context(), test.filter)
		must(t, err)
		var ids []string
		for _, m := range all {
			ids = append(ids, m.ID)
		}
		if got := strings.Join(ids, " "); got != test.want {
			t.Errorf("Models(%+v) = %q, want %q", test.filter, got, test.want)
		}
	}
	named, err := s.DescribeModel(t.Context(), "model_3", "carry", "the good one")
	if must(t, err); named.Name != "carry" || named.Version != 3 || named.Description != "the good one" {
		t.Errorf("DescribeModel() = %+v", named)
	}
	if _, err := s.DescribeModel(t.Context(), "model_9", "x", ""); !errors.Is(err, operation.ErrNotFound) {
		t.Errorf("DescribeModel(unknown) = %v, want ErrNotFound", err)
	}
	// A completion that is refused leaves no model.
	if err := trained(t, s, term, "op_training_1", both, Epoch); err == nil {
		t.Error("a second operation with the same id was stored")
	}
	if all, _ := s.Models(t.Context(), store.ModelFilter{}); len(all) != 3 {
		t.Errorf("%d models after a refused completion, want 3", len(all))
	}
}

func testWorkers(t *testing.T, s *store.Store, reopen func(testing.TB, *store.Store) *store.Store) {
	term := acquire(t, s)
	w := fleet.Worker{ID: "w2", Type: fleet.Training, EndpointURL: "http://h:1", Incarnation: "i", Version: "1", Draining: true,
		Capabilities: fleet.Capabilities{"gpu": true}, RegisteredAt: Epoch, LastHeartbeat: Epoch.Add(time.Second)}
	other := fleet.Worker{ID: "w1", Type: fleet.Backtesting, EndpointURL: "http://h:2", Capabilities: fleet.Capabilities{}, RegisteredAt: Epoch, LastHeartbeat: Epoch}
	gone := other
	gone.ID = "w0"
	must(t, commit(t, s, term, fleet.Saved{Worker: other}, fleet.Saved{Worker: gone}, fleet.Saved{Worker: other}, fleet.Saved{Worker: w}))
	must(t, commit(t, s, term, fleet.Forgotten{WorkerID: "w0"}))
	must(t, commit(t, s, term, fleet.Marked{WorkerID: "w1", Cordoned: true, At: Epoch}, fleet.Marked{WorkerID: "w9", Cordoned: true, At: Epoch},
		fleet.Marked{WorkerID: "w1", Cordoned: true, At: Epoch}, fleet.Marked{WorkerID: "w1", At: Epoch}, fleet.Marked{WorkerID: "w0", At: Epoch}))
	s = reopen(t, s)
	if cordons, err := s.Cordons(t.Context()); err != nil || len(cordons) != 1 || cordons[0] != "w9" {
		t.Errorf("Cordons() = %q, %v, want w9", cordons, err)
	}
	got, err := s.Workers(t.Context())
	must(t, err)
	for i := range got { // what follows from the rest is not stored
		got[i].Status = ""
	}
	if len(got) != 2 || got[0].ID != "w1" || got[1].ID != "w2" || !got[1].Draining || !got[1].Capabilities.GPU() ||
		got[1].Incarnation != "i" || !got[1].LastHeartbeat.Equal(w.LastHeartbeat) || got[1].Type != fleet.Training || got[1].EndpointURL != "http://h:1" {
		t.Errorf("Workers() = %+v", got)
	}
}
