package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}

func TestViews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{}
		b.onReport = func(_ int, r operation.Report) error {
			if r.State.Terminal() {
				return &wire.UnreachableError{URL: "u", Err: errors.New("refused")}
			}
			return nil
		}
		first := true
		r := start(t, b, func(ctx context.Context, _ json.RawMessage, env worker.Env) (json.RawMessage, error) {
			if first {
				first = false
				return json.RawMessage(`{"metrics":{"a":1}}`), nil
			}
			env.Report(operation.Progress{Phase: "training", Percentage: 12, CurrentStep: "Epoch 1/8"})
			<-ctx.Done()
			return nil, ctx.Err()
		})
		r.dispatch("op_1", 1)
		r.dispatch("op_2", 1)
		for path, want := range map[string][]string{
			"/":                                       {`"service":"Training Worker Service"`, `"status":"running"`, `"worker_id":"w1"`},
			"/health":                                 {`"healthy":true`, `"service":"training-worker"`, `"worker_status":"busy"`, `"current_operation":"op_2"`, `"finished":[{"operation_id":"op_1"`},
			"/api/v1/health":                          {`"worker_status":"busy"`},
			"/api/v1/operations":                      {`"total_count":2`, `"active_count":1`, `"operation_id":"op_1"`, `"current_step":"Epoch 1/8"`},
			"/api/v1/operations?active_only=true":     {`"total_count":1`},
			"/api/v1/operations?status=COMPLETED":     {`"total_count":1`},
			"/api/v1/operations/op_2":                 {`"status":"running"`, `"percentage":12`},
			"/api/v1/operations/op_1":                 {`"status":"completed"`},
			"/api/v1/operations/op_1/metrics":         {`"metrics":{"a":1}`},
			"/api/v1/operations/op_2?force_refresh=1": {`"operation_id":"op_2"`},
		} {
			code, body := r.do("GET", path, "")
			for _, w := range want {
				if code != 200 || !strings.Contains(body, w) {
					t.Errorf("GET %s: %d %s\nwant %s", path, code, body, w)
				}
			}
		}
		if code, body := r.do("GET", "/api/v1/operations/op_9", ""); code != 404 || !strings.Contains(body, `"detail":"Operation not found: op_9"`) {
			t.Errorf("unknown operation: %d %s", code, body)
		}
		if code, body := r.do("GET", "/api/v1/operations?status=bogus", ""); code != 422 || !strings.Contains(body, "unknown operation status") {
			t.Errorf("unknown status: %d %s", code, body)
		}
		if code, _ := r.do("POST", "/training/start", strings.Repeat("x", wire.MaxReportBytes+1)); code != 413 {
			t.Errorf("oversized order: %d, want 413", code)
		}
		r.end()
	})
}

// TestOverHTTP runs a worker on a real port with the real client of a backend.
func TestOverHTTP(t *testing.T) {
	ready := make(chan string, 1)
	reported := make(chan operation.Report, 10)
	b := &fakeBackend{onReport: func(_ int, r operation.Report) error { reported <- r; return nil }}
	w, err := worker.New(worker.Options{ID: "w1", Type: fleet.Training, Backend: b, Listen: "127.0.0.1:0", DataDir: t.TempDir(),
		Ready: func(url string) { ready <- url },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte("up 1\n"))
		}),
		Jobs: map[operation.Type]worker.Job{operation.Training: worker.JobFunc(untilCancelled(0))}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := contextOf(t)
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	here := fleet.Worker{ID: "w1", EndpointURL: <-ready}
	transport := &http.Transport{DisableKeepAlives: true}
	c := wire.NewWorkerClient(wire.ClientOptions{HTTP: &http.Client{Transport: transport}})
	op := operation.Operation{ID: "op_1", Type: operation.Training, Spec: json.RawMessage(`{}`)}
	token := operation.Token{OperationID: "op_1", Attempt: 1, Term: 1}
	if err := c.Start(t.Context(), here, op, token); err != nil {
		t.Fatal(err)
	}
	other := operation.Operation{ID: "op_2", Type: operation.Training, Spec: json.RawMessage(`{}`)}
	if err := c.Start(t.Context(), here, other, operation.Token{OperationID: "op_2", Attempt: 1}); !errors.Is(err, fleet.ErrBusy) {
		t.Errorf("second start: %v, want fleet.ErrBusy", err)
	}
	h, err := c.Health(t.Context(), here, token.Term)
	if err != nil || !h.Busy || h.CurrentOperationID != "op_1" || *h.Current != token || h.WorkerID != "w1" {
		t.Errorf("Health = %+v, %v", h, err)
	}
	if err := c.Cancel(t.Context(), here, token, "enough"); err != nil {
		t.Error(err)
	}
	if r := <-reported; r.State != operation.Cancelled || r.Error != "enough" {
		t.Errorf("report is %+v, want cancelled", r)
	}
	if err := c.Start(t.Context(), fleet.Worker{ID: "w2", EndpointURL: here.EndpointURL}, op, token); !errors.Is(err, fleet.ErrUnreachable) {
		t.Errorf("start on another worker's address: %v, want fleet.ErrUnreachable", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
