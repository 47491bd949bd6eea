package worker_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A fakeBackend remembers what it is told. Its hooks may refuse.
type fakeBackend struct {
	mu            sync.Mutex
	registrations []fleet.Registration
	beats         []time.Time
	reports       []operation.Report
	artifacts     map[string][]byte
	left          []string

	onRegister func(n int) error
	onReport   func(n int, r operation.Report) error
	onArtifact func(n int) error
	fetches    int
}

func (b *fakeBackend) Register(_ context.Context, r fleet.Registration) (fleet.Worker, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.registrations, b.beats = append(b.registrations, r), append(b.beats, time.Now())
	if b.onRegister != nil {
		return fleet.Worker{}, b.onRegister(len(b.registrations))
	}
	return fleet.Worker{}, nil
}

func (b *fakeBackend) Deregister(_ context.Context, id, incarnation string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = append(b.left, id+" "+incarnation)
	return nil
}

func (b *fakeBackend) Report(_ context.Context, r operation.Report) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reports = append(b.reports, r)
	if b.onReport != nil {
		return b.onReport(len(b.reports), r)
	}
	return nil
}

func (b *fakeBackend) Artifact(_ context.Context, hash string, w io.Writer) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fetches++
	if b.onArtifact != nil {
		if err := b.onArtifact(b.fetches); err != nil {
			return 0, err
		}
	}
	content, ok := b.artifacts[hash]
	if !ok {
		return 0, wire.Errorf(wire.CodeArtifactNotFound, "no")
	}
	n, err := w.Write(content)
	return int64(n), err
}

func (b *fakeBackend) PutArtifact(_ context.Context, body []byte) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.artifacts == nil {
		b.artifacts = map[string][]byte{}
	}
	hash := hashOf(body)
	b.artifacts[hash] = body
	return hash, nil
}

func (b *fakeBackend) outcomes() []operation.Report {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []operation.Report
	for _, r := range b.reports {
		if r.State != operation.Running {
			all = append(all, r)
		}
	}
	return all
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// A quietListener accepts nobody: requests reach the handler directly.
type quietListener struct {
	once   sync.Once
	closed chan struct{}
}

func newListener() *quietListener { return &quietListener{closed: make(chan struct{})} }

func (l *quietListener) Accept() (net.Conn, error) { <-l.closed; return nil, net.ErrClosed }
func (l *quietListener) Close() error              { l.once.Do(func() { close(l.closed) }); return nil }
func (l *quietListener) Addr() net.Addr            { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5004} }

// pass lets fake time pass and everything settle.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// A rig is a worker in a bubble of fake time.
type rig struct {
	t       *testing.T
	backend *fakeBackend
	worker  *worker.Worker
	handler http.Handler
	stop    context.CancelFunc
	ended   chan error
}

// start runs a training worker with the job until the test ends or stops it.
func start(t *testing.T, b *fakeBackend, job worker.JobFunc) *rig {
	t.Helper()
	w, err := worker.New(worker.Options{ID: "w1", Type: fleet.Training, Version: "v1", Backend: b, Listener: newListener(),
		DataDir: t.TempDir(), Jobs: map[operation.Type]worker.Job{operation.Training: job}, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	r := &rig{t: t, backend: b, worker: w, handler: w.Handler(ctx), stop: stop, ended: make(chan error, 1)}
	go func() { r.ended <- w.Run(ctx) }()
	synctest.Wait()
	return r
}

// end stops the worker and returns what Run returned.
func (r *rig) end() error {
	r.t.Helper()
	r.stop()
	return <-r.ended
}

func (r *rig) do(method, path, body string, header ...string) (int, string) {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	r.handler.ServeHTTP(rec, req)
	synctest.Wait()
	return rec.Code, strings.TrimSpace(rec.Body.String())
}

func order(id string, attempt int) string {
	return fmt.Sprintf(`{"task_id":%q,"token":{"operation_id":%q,"attempt":%d,"term":1},"strategy_name":"s"}`, id, id, attempt)
}

func (r *rig) dispatch(id string, attempt int) {
	r.t.Helper()
	if code, body := r.do("POST", "/training/start", order(id, attempt)); code != 200 {
		r.t.Fatalf("dispatch of %s: %d %s", id, code, body)
	}
}

// busy says whether the worker says that it is.
func (r *rig) busy() bool {
	r.t.Helper()
	_, body := r.do("GET", "/health", "")
	var h wire.WorkerHealth
	if err := json.Unmarshal([]byte(body), &h); err != nil {
		r.t.Fatal(err)
	}
	return h.WorkerStatus == wire.WorkerBusy
}

// untilCancelled is a job that computes until it is told to stop, and a while
// longer.
func untilCancelled(linger time.Duration) worker.JobFunc {
	return func(ctx context.Context, _ json.RawMessage, _ worker.Env) (json.RawMessage, error) {
		<-ctx.Done()
		<-time.After(linger)
		return nil, context.Cause(ctx)
	}
}

func TestJobRunsAndReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got json.RawMessage
		b := &fakeBackend{}
		r := start(t, b, func(ctx context.Context, order json.RawMessage, env worker.Env) (json.RawMessage, error) {
			got = order
			env.Report(operation.Progress{Phase: "training", Percentage: 40})
			hash, err := env.Upload(ctx, []byte("model"))
			if err != nil {
				return nil, err
			}
			env.Produce(operation.Artifact{SHA256: hash, Role: "model", Bytes: 5})
			env.ProduceModel(operation.ModelRecord{Name: "m", SHA256: hash})
			env.Warn("few rows")
			return json.RawMessage(fmt.Sprintf(`{"threads":%d,"gathered":%d}`, env.Threads(), len(env.Gathered()))), nil
		})
		if code, body := r.do("POST", "/training/start", strings.Replace(order("op_1", 1), `"strategy_name"`, `"gathered":[{"rows":1},{"rows":2}],"strategy_name"`, 1)); code != 200 {
			t.Fatalf("dispatch: %d %s", code, body)
		}
		if string(got) != `{"strategy_name":"s"}` {
			t.Errorf("the job got the order %s", got)
		}
		all := b.outcomes()
		if len(all) != 1 {
			t.Fatalf("%d outcomes, want 1", len(all))
		}
		o := all[0]
		if o.State != operation.Completed || string(o.Result) != `{"threads":2,"gathered":2}` || o.WorkerID != "w1" || o.Token.OperationID != "op_1" ||
			o.Progress.Percentage != 40 || len(o.Artifacts) != 1 || o.Model == nil || o.Model.Name != "m" || len(o.Warnings) != 1 {
			t.Errorf("outcome is %+v", o)
		}
		if err := o.Validate(); err == nil { // the fake model has no strategy name: only that may be wrong
			t.Error("the fake report is valid")
		}
		if r.busy() {
			t.Error("worker is busy after its job has returned")
		}
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
}

func TestOneOperationAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, &fakeBackend{}, untilCancelled(0))
		codes := make(chan int, 50)
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				rec := httptest.NewRecorder()
				r.handler.ServeHTTP(rec, httptest.NewRequest("POST", "/training/start", strings.NewReader(order(fmt.Sprintf("op_%d", i), 1))))
				codes <- rec.Code
			})
		}
		wg.Wait()
		close(codes)
		count := map[int]int{}
		for c := range codes {
			count[c]++
		}
		if count[200] != 1 || count[409] != 49 {
			t.Errorf("of 50 orders at once: %v, want one 200 and 49 409", count)
		}
		r.end()
	})
}

func TestBusyAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, &fakeBackend{}, untilCancelled(0))
		r.dispatch("op_1", 1)
		code, body := r.do("POST", "/training/start", order("op_2", 1))
		want := `{"success":false,"error":"Worker busy","message":"worker w1 runs op_1 and takes one operation at a time","current_operation":"op_1","active_operations_count":1,"detail":"Worker busy: worker w1 runs op_1 and takes one operation at a time"}`
		if code != 409 || body != want {
			t.Errorf("%d %s\nwant 409 %s", code, body, want)
		}
		if code, _ := r.do("POST", "/training/start", order("op_1", 1)); code != 200 {
			t.Errorf("the same order again: %d, want 200: the first answer may have been lost", code)
		}
		if code, _ := r.do("POST", "/training/start", order("op_1", 2)); code != 409 {
			t.Errorf("another attempt of what runs: %d, want 409", code)
		}
		r.end()
	})
}

func TestOrderForAnotherWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, &fakeBackend{}, untilCancelled(0))
		if code, body := r.do("POST", "/training/start", order("op_1", 1), wire.HeaderWorker, "w2"); code != 404 {
			t.Errorf("%d %s, want 404", code, body)
		}
		if code, body := r.do("POST", "/training/start", order("op_1", 1), wire.HeaderWorker, "w1", wire.HeaderIncarnation, "20200101T000000.000000000Z-00000000"); code != 404 || !strings.Contains(body, "earlier process") {
			t.Errorf("for another process of the same worker: %d %s, want 404", code, body)
		}
		if code, _ := r.do("POST", "/backtests/start", order("op_1", 1)); code != 404 {
			t.Errorf("order of a type without a job: %d, want 404", code)
		}
		if r.busy() {
			t.Error("worker took the order")
		}
		r.end()
	})
}

// TestCancelIsAcknowledgedByTheOutcome: the worker stays busy until the job has
// returned, and only then says cancelled.
func TestCancelIsAcknowledgedByTheOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{}
		r := start(t, b, untilCancelled(3*time.Second))
		r.dispatch("op_1", 1)
		if code, body := r.do("DELETE", "/api/v1/operations/op_1/cancel?reason=too+slow&attempt=1", ""); code != 200 || !strings.Contains(body, "cancelling") {
			t.Fatalf("cancel: %d %s", code, body)
		}
		pass(2 * time.Second)
		if !r.busy() || len(b.outcomes()) != 0 {
			t.Fatal("worker is idle or has reported although its job still computes")
		}
		pass(2 * time.Second)
		synctest.Wait()
		if all := b.outcomes(); r.busy() || len(all) != 1 || all[0].State != operation.Cancelled || all[0].Error != "too slow" {
			t.Errorf("busy %v, outcomes %+v, want idle and cancelled for: too slow", r.busy(), all)
		}
		r.end()
	})
}

func TestCancelOfWhatDoesNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, &fakeBackend{}, untilCancelled(0))
		r.dispatch("op_1", 2)
		for _, path := range []string{"/api/v1/operations/op_9/cancel", "/api/v1/operations/op_1/cancel?attempt=1"} {
			if code, body := r.do("DELETE", path, ""); code != 404 {
				t.Errorf("%s: %d %s, want 404", path, code, body)
			}
		}
		if code, _ := r.do("DELETE", "/api/v1/operations/op_1/cancel?attempt=x", ""); code != 400 {
			t.Errorf("attempt=x: %d, want 400", code)
		}
		if !r.busy() {
			t.Error("the running job was stopped")
		}
		r.end()
	})
}

func TestResultBeatsALateCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{}
		r := start(t, b, func(ctx context.Context, _ json.RawMessage, _ worker.Env) (json.RawMessage, error) {
			<-ctx.Done()
			return json.RawMessage(`{}`), nil
		})
		r.dispatch("op_1", 1)
		r.do("DELETE", "/api/v1/operations/op_1/cancel", "")
		if all := b.outcomes(); len(all) != 1 || all[0].State != operation.Completed {
			t.Errorf("outcomes are %+v, want completed: the job had its result", all)
		}
		r.end()
	})
}

func TestJobsThatFail(t *testing.T) {
	for name, tc := range map[string]struct {
		job  worker.JobFunc
		want string
	}{
		"error": {func(context.Context, json.RawMessage, worker.Env) (json.RawMessage, error) {
			return nil, errors.New("no rows")
		}, "no rows"},
		"panic": {func(context.Context, json.RawMessage, worker.Env) (json.RawMessage, error) {
			panic("index out of range")
		}, "job panicked: index out of range (the stack is in the log of the worker)"},
		"chatty": {func(_ context.Context, _ json.RawMessage, env worker.Env) (json.RawMessage, error) {
			for range 3000 {
				env.Warn(strings.Repeat("é", 3000))
			}
			return nil, errors.New(strings.Repeat("é", 50_000))
		}, strings.Repeat("é", (operation.MaxErrorText-len(" … (cut)"))/2) + " … (cut)"},
		"no_json": {func(context.Context, json.RawMessage, worker.Env) (json.RawMessage, error) {
			return json.RawMessage(`{`), nil
		}, "result summary is not JSON"},
		"too_large": {func(context.Context, json.RawMessage, worker.Env) (json.RawMessage, error) {
			return json.RawMessage(`"` + strings.Repeat("x", 20<<20) + `"`), nil
		}, "result summary has 20971522 bytes: want at most 15728640"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &fakeBackend{}
				r := start(t, b, tc.job)
				r.dispatch("op_1", 1)
				if all := b.outcomes(); len(all) != 1 || all[0].State != operation.Failed || all[0].Error != tc.want {
					t.Errorf("outcomes are %+v, want failed: %s", all, tc.want)
				} else if err := all[0].Validate(); err != nil {
					t.Errorf("a backend refuses the outcome: %v", err)
				}
				r.dispatch("op_2", 1) // the worker is alive
				if len(b.outcomes()) != 2 {
					t.Error("the worker does not work after a failure")
				}
				r.end()
			})
		})
	}
}
