package api_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
	"github.com/ktrdr/ktrdr/internal/data/tabular"
	"github.com/ktrdr/ktrdr/internal/edge/api"
	"github.com/ktrdr/ktrdr/internal/edge/intake"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

var (
	errUnknown    = errors.New("unknown")
	errSuperseded = errors.New("superseded")
	errEnded      = errors.New("ended")
	errStopping   = errors.New("stopping")
	errWorkerBusy = errors.New("busy")
	errNotFailed  = errors.New("")
	errFull       = errors.New("no room")
	errStandby    = fmt.Errorf("standing by: %w", errStopping)
	errShort      = errors.New("no memory")
	errAway       = errors.New("no answer")
	errLimited    = errors.New("too much waits")
	errLate       = errors.New("the deadline has passed")
)

// A noWorkerError is what a fakeController answers when nobody can work.
type noWorkerError struct{ intake.NoWorker }

func (*noWorkerError) Error() string { return "no worker" }

// A fakeController keeps operations and workers in memory.
type fakeController struct {
	mu         sync.Mutex
	operations []operation.Operation
	workers    []fleet.Worker
	reports    []operation.Report
	left       []string
	fail       error // of every call that can fail
}

func (c *fakeController) Submit(_ context.Context, op operation.Operation) (operation.Operation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return op, c.fail
	}
	if op.ID == "" {
		op.ID = operation.NewID(op.Type, now, [4]byte{0, 0, 0, byte(len(c.operations) + 1)})
	}
	if slices.ContainsFunc(c.operations, func(o operation.Operation) bool { return o.ID == op.ID }) {
		return op, fmt.Errorf("submit %s: %w", op.ID, operation.ErrDuplicate)
	}
	op.Status, op.CreatedAt, op.MaxAttempts = operation.Pending, now, 3
	c.operations = append(c.operations, op)
	return op, nil
}

func (c *fakeController) SubmitFamily(ctx context.Context, op operation.Operation, children []operation.Operation) (operation.Operation, error) {
	op, err := c.Submit(ctx, op)
	for i, child := range children {
		if err == nil {
			child.ID, child.ParentID = operation.ChildID(op.ID, i), &op.ID
			_, err = c.Submit(ctx, child)
		}
	}
	return op, err
}

func (c *fakeController) find(id string) (*operation.Operation, error) {
	for i := range c.operations {
		if c.operations[i].ID == id {
			return &c.operations[i], nil
		}
	}
	return nil, fmt.Errorf("operation %s: %w", id, errUnknown)
}

func (c *fakeController) Cancel(_ context.Context, id, reason string) (operation.Operation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	op, err := c.find(id)
	if err != nil {
		return operation.Operation{}, err
	}
	if op.Status.Terminal() {
		return *op, errEnded
	}
	if !op.CancelRequested {
		op.CancelRequested, op.CancelReason = true, reason
	}
	if op.Status == operation.Pending {
		at := now
		op.Status, op.CompletedAt = operation.Cancelled, &at
	}
	return *op, nil
}

func (c *fakeController) Operation(_ context.Context, id string) (operation.Operation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	op, err := c.find(id)
	if err != nil {
		return operation.Operation{}, err
	}
	return *op, nil
}

func (c *fakeController) Resume(_ context.Context, id string) (operation.Operation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	op, err := c.find(id)
	if err == nil {
		err = cmp.Or(c.fail, op.Resumable())
	}
	if err != nil {
		return operation.Operation{}, err
	}
	op.Status = operation.Resuming
	return *op, nil
}

func (c *fakeController) Retry(ctx context.Context, id, key string) (operation.Operation, error) {
	op, err := c.Operation(ctx, id)
	if err == nil && op.Status != operation.Failed {
		err = fmt.Errorf("Operation %s cannot be retried (status: %s)%w", id, op.Status, errNotFailed)
	}
	if err != nil {
		return operation.Operation{}, err
	}
	return c.Submit(ctx, operation.Operation{ID: "op_retry_" + id, Type: op.Type, Spec: op.Spec, RetryOf: &id, IdempotencyKey: key})
}

func (c *fakeController) Repeated(_ context.Context, op operation.Operation) (operation.Operation, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.operations {
		if o.IdempotencyKey == op.IdempotencyKey && o.Submitter == op.Submitter {
			if o.Fingerprint != op.Fingerprint {
				return operation.Operation{}, false, fmt.Errorf("key %q: %w", op.IdempotencyKey, operation.ErrKeyTaken)
			}
			return o, true, nil
		}
	}
	return operation.Operation{}, false, nil
}

func (c *fakeController) Checkpoints(_ context.Context, q api.CheckpointQuery) ([]api.CheckpointRecord, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []api.CheckpointRecord
	for _, o := range c.operations {
		for _, p := range o.Checkpoints {
			if (q.OperationID == "" || q.OperationID == o.ID) && (q.Before.IsZero() || p.CreatedAt.Before(q.Before)) {
				all = append(all, api.CheckpointRecord{OperationID: o.ID, Type: o.Type, Status: o.Status, Checkpoint: p})
			}
		}
	}
	return all, nil
}

func (c *fakeController) DeleteCheckpoints(_ context.Context, id string) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	op, err := c.find(id)
	switch {
	case err != nil || len(op.Checkpoints) == 0:
		return 0, operation.ErrNotFound
	case !op.Status.Terminal():
		return 0, operation.ErrConflict
	}
	n := len(op.Checkpoints)
	op.Checkpoints = nil
	return n, nil
}

func (c *fakeController) cordon(id string, out bool) (fleet.Worker, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.workers {
		if c.workers[i].ID == id {
			c.workers[i].Cordoned = out
			return c.workers[i], nil
		}
	}
	return fleet.Worker{}, fmt.Errorf("worker %s: %w", id, errUnknown)
}

func (c *fakeController) Drain(_ context.Context, id string) (fleet.Worker, error) {
	return c.cordon(id, true)
}

func (c *fakeController) Undrain(_ context.Context, id string) (fleet.Worker, error) {
	return c.cordon(id, false)
}

func (c *fakeController) Remove(_ context.Context, id string) error {
	w, err := c.cordon(id, false)
	if err == nil && w.CurrentOperationID != nil {
		return fmt.Errorf("Worker %s runs %s: %w", id, *w.CurrentOperationID, errWorkerBusy)
	}
	return err
}

func (c *fakeController) Overlay(ops []operation.Operation) []operation.Operation { return ops }

func (c *fakeController) QueuePosition(id string) int {
	if op, err := c.find(id); err == nil && op.Status == operation.Pending {
		return 1
	}
	return 0
}

func (c *fakeController) Register(_ context.Context, r fleet.Registration) (fleet.Worker, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return fleet.Worker{}, c.fail
	}
	if err := r.Validate(); err != nil {
		return fleet.Worker{}, err
	}
	w := fleet.Worker{ID: r.WorkerID, Type: r.Type, EndpointURL: r.EndpointURL, Status: fleet.TemporarilyUnavailable, Capabilities: r.Capabilities,
		Incarnation: r.Incarnation, Version: r.Version, RegisteredAt: now, LastHeartbeat: now}
	c.workers = append(c.workers, w)
	return w, nil
}

func (c *fakeController) Deregister(_ context.Context, id, incarnation string) error {
	c.left = append(c.left, id+" "+incarnation)
	return nil
}

func (c *fakeController) Report(_ context.Context, r operation.Report) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return c.fail
	}
	c.reports = append(c.reports, r)
	return r.Validate()
}

func (c *fakeController) Workers() []fleet.Worker { return append([]fleet.Worker{}, c.workers...) }

func (c *fakeController) List(_ context.Context, f operation.Filter) (operation.Page, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var page operation.Page
	for _, op := range slices.Backward(c.operations) {
		if !op.Status.Terminal() {
			page.Active++
		}
		if (f.Status == "" || f.Status == op.Status) && (f.Type == "" || f.Type == op.Type) && !(f.Active && op.Status.Terminal()) &&
			!(f.Roots && op.ParentID != nil) && (f.Parent == "" || op.ParentID != nil && *op.ParentID == f.Parent) {
			page.Total++
			page.Operations = append(page.Operations, op)
		}
	}
	if f.Parent != "" {
		slices.Reverse(page.Operations)
	}
	page.Operations = page.Operations[min(f.Offset, page.Total):min(f.Offset+f.Limit, page.Total)]
	return page, nil
}

// fakeModels are models, newest first.
type fakeModels []operation.ModelRecord

func (m fakeModels) Model(_ context.Context, id string) (operation.ModelRecord, error) {
	for _, r := range m {
		if r.ID == id {
			return r, nil
		}
	}
	return operation.ModelRecord{}, operation.ErrNotFound
}

func (m fakeModels) Models(_ context.Context, q intake.ModelQuery) ([]operation.ModelRecord, error) {
	var found []operation.ModelRecord
	for _, r := range m {
		if (q.Name == "" || q.Name == r.Name) && (q.StrategyName == "" || q.StrategyName == r.StrategyName) &&
			(q.Symbol == "" || slices.Contains(r.Symbols, q.Symbol)) && (q.Timeframe == "" || slices.Contains(r.Timeframes, q.Timeframe)) {
			found = append(found, r)
		}
	}
	return found, nil
}

// barFiles and files are the real stores behind the interfaces.
type barFiles struct{ *barstore.Store }

func (b barFiles) Holdings(ctx context.Context) ([]wire.Holding, error) {
	all, err := b.List(ctx)
	var held []wire.Holding
	for _, c := range all {
		held = append(held, wire.Holding{Symbol: c.Symbol, Timeframe: c.Timeframe, Bars: c.Bars, First: time.Unix(c.First, 0).UTC(), Last: time.Unix(c.Last, 0).UTC()})
	}
	return held, err
}

func (b barFiles) Holding(ctx context.Context, symbol market.Symbol, tf market.Timeframe) (wire.Holding, error) {
	c, err := b.Coverage(ctx, symbol, tf)
	return wire.Holding{Symbol: c.Symbol, Timeframe: c.Timeframe, Bars: c.Bars, First: time.Unix(c.First, 0).UTC(), Last: time.Unix(c.Last, 0).UTC()}, err
}

func (b barFiles) Snapshot(s market.Series) []byte { return barstore.Encode(nil, s) }

func (b barFiles) Import(ctx context.Context, f api.ImportFile) (wire.ImportReport, error) {
	o := tabular.Options{Symbol: f.Symbol, Timeframe: f.Timeframe, SkipBad: f.SkipBad}
	series, report, err := tabular.ReadCSV(f.Content, f.Name, tabular.CSVOptions{Options: o})
	if err != nil {
		return wire.ImportReport{}, wire.Errorf(wire.CodeBadRequest, "%w", err)
	}
	change, err := b.Merge(ctx, series)
	if err != nil {
		return wire.ImportReport{}, err
	}
	c, err := b.Coverage(ctx, f.Symbol, f.Timeframe)
	held := wire.Holding{Symbol: c.Symbol, Timeframe: c.Timeframe, Bars: c.Bars, First: time.Unix(c.First, 0).UTC(), Last: time.Unix(c.Last, 0).UTC()}
	return wire.ImportReport{Symbol: f.Symbol, Timeframe: f.Timeframe, File: f.Name, Rows: report.Rows, Added: change.Added, Changed: change.Changed,
		Same: change.Same, Skipped: report.Skipped.Total, Held: held}, err
}

type files struct{ store *artifact.Store }

func (f files) Open(ctx context.Context, hash string) (io.ReadCloser, int64, error) {
	return f.store.Open(ctx, artifact.Hash(hash))
}

func (f files) Stat(ctx context.Context, hash string) (int64, error) {
	info, err := f.store.Stat(ctx, artifact.Hash(hash))
	return info.SizeBytes, err
}

func (f files) Put(ctx context.Context, hash string, r io.Reader) (int64, error) {
	return f.store.PutExpected(ctx, artifact.Hash(hash), r)
}

// A backend is the interface over real files and a fake scheduler.
type backend struct {
	t          testing.TB
	controller *fakeController
	bars       *barstore.Store
	files      *artifact.Store
	history    *fakeHistory
	stopping   chan struct{}
	handler    http.Handler
}

// A fakeHistory keeps events in memory.
type fakeHistory struct {
	mu     sync.Mutex
	events []operation.Event
	bells  []chan struct{}
}

// add makes something happen.
func (h *fakeHistory) add(id string, kind operation.EventKind, status operation.Status) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, operation.Event{Number: int64(len(h.events) + 1), At: now, OperationID: id, Kind: kind, Status: status})
	for _, bell := range h.bells {
		select {
		case bell <- struct{}{}:
		default:
		}
	}
}

func (h *fakeHistory) Events(_ context.Context, f operation.EventFilter) ([]operation.Event, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []operation.Event
	for _, e := range h.events {
		if e.Number > f.After && (f.OperationID == "" || f.OperationID == e.OperationID) && len(all) < f.Limit {
			all = append(all, e)
		}
	}
	return all, nil
}

func (h *fakeHistory) LastEvent(context.Context) (int64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return int64(len(h.events)), nil
}

func (h *fakeHistory) Watch() (<-chan struct{}, func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	bell := make(chan struct{}, 1)
	h.bells = append(h.bells, bell)
	return bell, func() {}
}

func (h *fakeHistory) Points(_ context.Context, _ string, cursor int64, _ int) ([]operation.Point, int64, error) {
	return []operation.Point{{Number: cursor, Attempt: 1, Step: cursor + 1, At: now, Values: []byte(`{"val_loss":0.5}`)}}, cursor + 1, nil
}

// newBackend holds EURUSD 1h and 4h of January 2020 and the given models.
func newBackend(t testing.TB, models ...operation.ModelRecord) *backend {
	t.Helper()
	dir := t.TempDir()
	bars, err := barstore.Open(filepath.Join(dir, "bars"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bars.Close() })
	store, err := artifact.Open(filepath.Join(dir, "artifacts"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	b := &backend{t: t, controller: &fakeController{}, history: &fakeHistory{}, stopping: make(chan struct{}), bars: bars, files: store}
	for tf, n := range map[market.Timeframe]int{market.Hour1: 31 * 24, market.Hour4: 31 * 6} {
		if _, err := bars.Merge(t.Context(), series("EURUSD", tf, n)); err != nil {
			t.Fatal(err)
		}
	}
	b.handler, err = api.New(b.options(models))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *backend) options(models []operation.ModelRecord) api.Options {
	return api.Options{Controller: b.controller, Operations: b.controller, Checkpoints: b.controller, History: b.history, Stopping: b.stopping, Models: fakeModels(models), Bars: barFiles{b.bars}, Artifacts: files{b.files}, Upkeep: fakeUpkeep{},
		Errors: api.Errors{Unknown: errUnknown, Superseded: errSuperseded, Ended: errEnded, Stopping: errStopping, Standby: errStandby, Short: errShort, Away: errAway,
			Full:       func(err error) bool { return errors.Is(err, errFull) },
			Limited:    func(err error) bool { return errors.Is(err, errLimited) },
			Late:       func(err error) bool { return errors.Is(err, errLate) },
			NotFailed:  func(err error) bool { return errors.Is(err, errNotFailed) },
			WorkerBusy: func(err error) bool { return errors.Is(err, errWorkerBusy) },
			NoBars:     barstore.ErrNotFound, NoArtifact: artifact.ErrNotFound, WrongArtifact: artifact.ErrMismatch,
			NoWorker: func(err error) (intake.NoWorker, bool) {
				n, ok := errors.AsType[*noWorkerError](err)
				if !ok {
					return intake.NoWorker{}, false
				}
				return n.NoWorker, true
			}},
		StrategyDirs: []string{"testdata/not_there", "testdata/strategies"}, DataDir: "/data", Version: "v1.2.3", EngineVersion: "engine-1",
		Now: func() time.Time { return now },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "up 1\n")
		})}
}

// series is n bars from the start of 2020 that go up and down a little.
func series(symbol market.Symbol, tf market.Timeframe, n int) market.Series {
	s := market.NewSeries(symbol, tf, n)
	for i := range n {
		open := 1 + float64(i%17)/100
		s.Append(market.Bar{Time: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).Unix() + int64(i)*tf.Seconds(),
			Open: open, High: open + 0.02, Low: open - 0.02, Close: open + 0.01, Volume: float64(i)})
	}
	return s
}

func (b *backend) do(method, path, body string, header ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	b.handler.ServeHTTP(rec, req)
	return rec
}

// worker registers a worker that is available.
func (b *backend) worker(id string, t fleet.WorkerType) {
	b.controller.workers = append(b.controller.workers, fleet.Worker{ID: id, Type: t, EndpointURL: "http://127.0.0.1:5003", Status: fleet.Available,
		Capabilities: fleet.Capabilities{}, LastHealthyAt: &now, RegisteredAt: now, LastHeartbeat: now, Incarnation: "i1", Version: "v1.2.3"})
}

// stored counts what the artifact store holds.
func (b *backend) stored() int {
	b.t.Helper()
	n := 0
	if err := b.files.List(b.t.Context(), func(artifact.Info) error { n++; return nil }); err != nil {
		b.t.Fatal(err)
	}
	return n
}

func (b *backend) put(content string) string {
	b.t.Helper()
	h, _, err := b.files.Put(b.t.Context(), bytes.NewReader([]byte(content)))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(h)
}
