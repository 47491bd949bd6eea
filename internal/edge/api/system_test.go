package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/dispatch"
	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/api"
	"github.com/ktrdr/ktrdr/internal/edge/intake"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// A system is a whole backend on a port: interface, scheduler and database. Its
// workers are real too; only what they compute is not.
type system struct {
	t       *testing.T
	dir     string
	address string
	client  *wire.Client
	files   *backend // bars, artifacts and strategies

	stop context.CancelFunc
	done sync.WaitGroup
}

func newSystem(t *testing.T) *system {
	t.Helper()
	s := &system{t: t, dir: t.TempDir(), address: "127.0.0.1:0", files: newBackend(t)}
	s.start()
	t.Cleanup(func() { s.end() })
	return s
}

// start runs the backend on the data of the one before, at the same address.
func (s *system) start() {
	s.t.Helper()
	records, err := store.Open(s.t.Context(), filepath.Join(s.dir, "ktrdr.db"), store.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	c := dispatch.New(dispatch.Options{Store: records, Transport: wire.NewWorkerClient(wire.ClientOptions{}), Holder: "test",
		Timing: fleet.Timing{HealthInterval: 200 * time.Millisecond, HealthTimeout: time.Second, Lease: 2 * time.Second, Grace: time.Second}})
	o := s.files.options(nil)
	o.Controller, o.Operations, o.Models, o.Now = c, records, modelIndex{records}, nil
	o.Errors.Unknown, o.Errors.Superseded, o.Errors.Ended, o.Errors.Stopping = dispatch.ErrUnknown, dispatch.ErrSuperseded, dispatch.ErrTerminal, dispatch.ErrStopping
	o.Errors.NoWorker = func(err error) (intake.NoWorker, bool) {
		if none, ok := errors.AsType[*dispatch.NoWorkersError](err); ok {
			return intake.NoWorker{Type: none.Type, Registered: none.Registered, Uptime: none.Uptime}, true
		}
		busy, ok := errors.AsType[*dispatch.BusyError](err)
		if !ok {
			return intake.NoWorker{}, false
		}
		return intake.NoWorker{Type: busy.Type, Registered: busy.Registered, Busy: true, Uptime: busy.Uptime}, true
	}
	h, err := api.New(o)
	if err != nil {
		s.t.Fatal(err)
	}
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.address = l.Addr().String()
	if s.client, err = wire.NewClient(s.address, wire.ClientOptions{HTTP: &http.Client{Transport: &http.Transport{}}, RetryDelay: 20 * time.Millisecond, Tries: 20}); err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	server := &http.Server{Handler: h}
	s.done.Go(func() { server.Serve(l) })
	s.done.Go(func() {
		if err := c.Run(ctx); err != nil {
			s.t.Errorf("scheduler: %v", err)
		}
	})
	s.stop = func() {
		server.Close()
		stop()
		s.done.Wait()
		if err := records.Close(); err != nil {
			s.t.Error(err)
		}
	}
	<-c.Ready()
}

func (s *system) end() {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
}

type modelIndex struct{ *store.Store }

func (m modelIndex) Models(ctx context.Context, q intake.ModelQuery) ([]operation.ModelRecord, error) {
	return m.Store.Models(ctx, store.ModelFilter{Name: q.Name, StrategyName: q.StrategyName, Symbol: q.Symbol, Timeframe: q.Timeframe,
		OperationID: q.OperationID, Limit: q.Limit, Offset: q.Offset})
}

// A hand is a running worker.
type hand struct {
	id   string
	stop context.CancelFunc
	done chan error
}

// worker starts a training worker and waits until it is available.
func (s *system) worker(id string, gpu bool, job worker.JobFunc) *hand {
	s.t.Helper()
	client, err := wire.NewClient(s.address, wire.ClientOptions{Tries: 1, HTTP: &http.Client{Transport: &http.Transport{}}})
	if err != nil {
		s.t.Fatal(err)
	}
	w, err := worker.New(worker.Options{ID: id, Type: fleet.Training, Capabilities: fleet.Capabilities{"gpu": gpu}, Backend: client, BackendURL: client.URL(),
		Listen: "127.0.0.1:0", DataDir: s.t.TempDir(), Heartbeat: 200 * time.Millisecond, Jobs: map[operation.Type]worker.Job{operation.Training: job}})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	h := &hand{id: id, stop: stop, done: make(chan error, 1)}
	go func() { h.done <- w.Run(ctx) }()
	s.t.Cleanup(h.end)
	s.until("worker "+id+" is available", func() bool {
		w, err := s.client.Worker(s.t.Context(), id)
		return err == nil && w.Status == fleet.Available
	})
	return h
}

func (h *hand) end() {
	h.stop()
	if h.done != nil {
		<-h.done
		h.done = nil
	}
}

// until waits for something to become true.
func (s *system) until(what string, holds func() bool) {
	s.t.Helper()
	limit, tick := time.After(20*time.Second), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-limit:
			s.t.Fatalf("waited 20 s for: %s", what)
		}
	}
}

func (s *system) train() string {
	s.t.Helper()
	started, err := s.client.StartTraining(s.t.Context(), wire.StartTraining{StrategyName: "momentum", StartDate: "2020-01-01", EndDate: "2020-01-15"}, "")
	if err != nil {
		s.t.Fatal(err)
	}
	return started.OperationID
}

// ended waits for the end of an operation and returns it.
func (s *system) ended(id string) wire.Operation {
	s.t.Helper()
	var op wire.Operation
	s.until(id+" has ended", func() bool {
		var err error
		if op, err = s.client.Operation(s.t.Context(), id); err != nil {
			s.t.Fatal(err)
		}
		return op.Status.Terminal()
	})
	return op
}

// counting is a job that reads its bars and says how many bytes they have.
func counting(ctx context.Context, order json.RawMessage, env worker.Env) (json.RawMessage, error) {
	var o wire.TrainingOrder
	if err := json.Unmarshal(order, &o); err != nil {
		return nil, err
	}
	env.Report(operation.Progress{Phase: "reading", Percentage: 10})
	bars, err := env.Fetch(ctx, o.Data[0].SHA256)
	if err != nil {
		return nil, err
	}
	hash, err := env.Upload(ctx, []byte("a model"))
	if err != nil {
		return nil, err
	}
	env.Produce(operation.Artifact{SHA256: hash, Role: "model", Bytes: 7})
	env.ProduceModel(operation.ModelRecord{Name: "m", StrategyName: o.StrategyName, Symbols: []string{"EURUSD"}, Timeframes: []string{"1h"}, SHA256: hash, Bytes: 7})
	return json.Marshal(map[string]any{"bytes": len(bars), "training_metrics": map[string]any{}})
}

func TestSystemRunsATraining(t *testing.T) {
	s := newSystem(t)
	if _, err := s.client.StartTraining(t.Context(), wire.StartTraining{StrategyName: "momentum"}, ""); wire.KindOf(err) != wire.Unavailable ||
		!strings.HasPrefix(err.Error(), "No training workers available. Start GPU or CPU training workers.") {
		t.Errorf("without workers: %v", err)
	}
	s.worker("cpu", false, counting)
	id := s.train()
	op := s.ended(id)
	if op.Status != operation.Completed || op.WorkerID != "cpu" || op.Progress.Percentage != 100 || op.Attempt != 1 {
		t.Errorf("operation is %+v", op)
	}
	r, err := s.client.Results(t.Context(), id)
	if err != nil || !strings.Contains(string(r.Results), `"bytes":`) {
		t.Errorf("results are %s, %v", r.Results, err)
	}
	models, err := s.client.Models(t.Context())
	if err != nil || len(models) != 1 || models[0].OperationID != id || models[0].Name != "m" {
		t.Errorf("models are %+v, %v", models, err)
	}
	list, err := s.client.Operations(t.Context(), wire.OperationFilter{Status: operation.Completed, Limit: 5})
	if err != nil || list.TotalCount != 1 || list.ActiveCount != 0 || list.Data[0].OperationID != id {
		t.Errorf("list is %+v, %v", list, err)
	}
}

func TestSystemPrefersAGPU(t *testing.T) {
	s := newSystem(t)
	s.worker("cpu", false, counting)
	s.worker("gpu", true, counting)
	for range 3 {
		if op := s.ended(s.train()); op.WorkerID != "gpu" {
			t.Errorf("%s ran on %s, want gpu", op.ID, op.WorkerID)
		}
		s.until("the GPU worker is available", func() bool {
			w, err := s.client.Worker(t.Context(), "gpu")
			return err == nil && w.Status == fleet.Available
		})
	}
}

func TestSystemQueuesAndCancels(t *testing.T) {
	s := newSystem(t)
	stopped := make(chan struct{})
	s.worker("w", false, func(ctx context.Context, _ json.RawMessage, env worker.Env) (json.RawMessage, error) {
		env.Report(operation.Progress{Phase: "training", Percentage: 1})
		<-ctx.Done()
		<-stopped
		return nil, context.Cause(ctx)
	})
	first := s.train()
	s.until("the first runs", func() bool {
		op, err := s.client.Operation(t.Context(), first)
		return err == nil && op.Status == operation.Running && op.Progress.Phase == "training"
	})
	no := false
	if _, err := s.client.StartTraining(t.Context(), wire.StartTraining{StrategyName: "momentum", Submission: wire.Submission{Queue: &no}}, ""); wire.KindOf(err) != wire.Unavailable {
		t.Errorf("queue: false with a busy worker: %v, want unavailable", err)
	}
	second := s.train()
	op, err := s.client.Operation(t.Context(), second)
	if err != nil || op.Status != operation.Pending || op.QueuePosition != 1 {
		t.Errorf("second is %s at place %d, %v, want pending at 1", op.Status, op.QueuePosition, err)
	}
	c, err := s.client.Cancel(t.Context(), first, "too slow")
	if err != nil || c.Status != operation.Running || !c.CancelRequested || c.TaskCancelled {
		t.Errorf("cancel answers %+v, %v, want requested: the worker computes", c, err)
	}
	if op, err := s.client.Operation(t.Context(), first); err != nil || op.Status != operation.Running {
		t.Errorf("operation is %s, %v, want running until its job has stopped", op.Status, err)
	}
	close(stopped)
	if op := s.ended(first); op.Status != operation.Cancelled || op.ErrorMessage == nil || *op.ErrorMessage != "too slow" {
		t.Errorf("first ended as %s, want cancelled for: too slow", op.Status)
	}
	s.until("the second runs", func() bool {
		op, err := s.client.Operation(t.Context(), second)
		return err == nil && op.Status == operation.Running
	})
	if _, err := s.client.Cancel(t.Context(), second, ""); err != nil {
		t.Error(err)
	}
	s.ended(second)
	if _, err := s.client.Cancel(t.Context(), second, ""); wire.KindOf(err) != wire.Conflict {
		t.Errorf("cancel of what has ended: %v, want a conflict", err)
	}
}

// TestSystemOutlivesAWorker: a worker that is stopped hands its operation back,
// and another one finishes it.
func TestSystemOutlivesAWorker(t *testing.T) {
	s := newSystem(t)
	first := s.worker("first", true, func(ctx context.Context, _ json.RawMessage, _ worker.Env) (json.RawMessage, error) {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	})
	s.worker("second", false, counting)
	id := s.train()
	s.until("the first worker runs it", func() bool {
		w, err := s.client.Worker(t.Context(), "first")
		return err == nil && w.CurrentOperationID != nil
	})
	first.end()
	if op := s.ended(id); op.Status != operation.Completed || op.WorkerID != "second" || op.Attempt != 2 {
		t.Errorf("operation is %s on %s in attempt %d, want completed on second in 2", op.Status, op.WorkerID, op.Attempt)
	}
}

// TestSystemOutlivesTheBackend: what runs goes on while the backend is away, and
// its outcome arrives after the restart.
func TestSystemOutlivesTheBackend(t *testing.T) {
	s := newSystem(t)
	finish := make(chan struct{})
	s.worker("w", false, func(ctx context.Context, order json.RawMessage, env worker.Env) (json.RawMessage, error) {
		select {
		case <-finish:
			return counting(ctx, order, env)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	})
	id := s.train()
	s.until("it runs", func() bool {
		op, err := s.client.Operation(t.Context(), id)
		return err == nil && op.Status == operation.Running
	})
	s.end()
	close(finish) // the job goes on while there is no backend
	s.start()
	if op := s.ended(id); op.Status != operation.Completed || op.Attempt != 1 {
		t.Errorf("operation is %s after attempt %d (%v), want completed in the first", op.Status, op.Attempt, op.Errors)
	}
}
