package wire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

var (
	token    = operation.Token{OperationID: "op_1", Attempt: 2, Term: 3}
	training = operation.Operation{ID: "op_1", Type: operation.Training, Spec: json.RawMessage(`{"strategy_name":"s"}`)}
)

func TestStartSaysWhatItMeansToAScheduler(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   string
		want   error // nil: none of the three certainties
		ok     bool
	}{
		"started":         {200, `{"success":true,"operation_id":"op_1","status":"started"}`, nil, true},
		"busy":            {409, `{"error":"Worker busy","current_operation":"op_2"}`, fleet.ErrBusy, false},
		"stopping":        {503, `{}`, fleet.ErrBusy, false},
		"refused":         {422, `{}`, fleet.ErrRejected, false},
		"bad_order":       {400, `{}`, fleet.ErrRejected, false},
		"another_service": {404, `{}`, fleet.ErrUnreachable, false},
		"broken":          {500, `{}`, nil, false},
		"other_id":        {200, `{"success":true,"operation_id":"op_9"}`, nil, false},
		"no_id":           {200, `{"success":true}`, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			var got *http.Request
			var body []byte
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = r
				body, _ = io.ReadAll(r.Body)
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.body)
			}))
			defer server.Close()
			err := wire.NewWorkerClient(wire.ClientOptions{}).Start(t.Context(), fleet.Worker{ID: "w1", Incarnation: "i7", EndpointURL: server.URL}, training, token)
			if (err == nil) != tc.ok {
				t.Fatalf("Start error is %v, want success %v", err, tc.ok)
			}
			for _, certain := range []error{fleet.ErrBusy, fleet.ErrRejected, fleet.ErrUnreachable} {
				if errors.Is(err, certain) != (certain == tc.want) {
					t.Errorf("errors.Is(%v, %v) = %v", err, certain, errors.Is(err, certain))
				}
			}
			if got.URL.Path != "/training/start" || got.Header.Get(wire.HeaderWorker) != "w1" || got.Header.Get(wire.HeaderIncarnation) != "i7" {
				t.Errorf("called %s for %v, want /training/start for w1, i7", got.URL.Path, got.Header)
			}
			want := `{"strategy_name":"s","task_id":"op_1","token":{"operation_id":"op_1","attempt":2,"term":3}}`
			if string(body) != want {
				t.Errorf("body is\n%s\nwant\n%s", body, want)
			}
		})
	}
}

func TestStartWithoutAnybodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	l.Close()
	c := wire.NewWorkerClient(wire.ClientOptions{})
	w := fleet.Worker{ID: "w1", EndpointURL: url}
	if err := c.Start(t.Context(), w, training, token); !errors.Is(err, fleet.ErrUnreachable) {
		t.Errorf("Start error is %v, want fleet.ErrUnreachable", err)
	}
	if _, err := c.Health(t.Context(), w, 1); !errors.Is(err, fleet.ErrUnreachable) {
		t.Errorf("Health error is %v, want fleet.ErrUnreachable", err)
	}
}

func TestStartThatIsCutOffIsUncertain(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer server.Close()
	err := wire.NewWorkerClient(wire.ClientOptions{}).Start(t.Context(), fleet.Worker{ID: "w1", EndpointURL: server.URL}, training, token)
	if err == nil || errors.Is(err, fleet.ErrUnreachable) || errors.Is(err, fleet.ErrBusy) || errors.Is(err, fleet.ErrRejected) {
		t.Errorf("Start error is %v, want one that claims nothing: the worker may have begun", err)
	}
}

func TestCancelOfWhatDoesNotRun(t *testing.T) {
	var query string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query = r.Method + " " + r.URL.String()
		wire.WriteError(w, wire.Errorf(wire.CodeOperationNotFound, "Operation not found: op_1"))
	}))
	defer server.Close()
	if err := wire.NewWorkerClient(wire.ClientOptions{}).Cancel(t.Context(), fleet.Worker{EndpointURL: server.URL}, token, "too slow"); err != nil {
		t.Errorf("Cancel error is %v, want none", err)
	}
	if want := "DELETE /api/v1/operations/op_1/cancel?attempt=2&reason=too+slow"; query != want {
		t.Errorf("called %s, want %s", query, want)
	}
}

func TestHealthOfWorkers(t *testing.T) {
	for name, tc := range map[string]struct {
		body string
		want fleet.Health
		ok   bool
	}{
		"busy": {`{"healthy":true,"worker_status":"busy","current_operation":"op_1","worker_id":"w1","incarnation":"i","version":"v","current":{"operation_id":"op_1","attempt":2,"term":3}}`,
			fleet.Health{WorkerID: "w1", Incarnation: "i", Version: "v", Busy: true, CurrentOperationID: "op_1", Current: &token}, true},
		"older_idle": {`{"healthy":true,"service":"training-worker","worker_status":"idle","current_operation":null}`, fleet.Health{}, true},
		"finished": {`{"healthy":true,"worker_status":"idle","finished":[{"operation_id":"op_1","attempt":2,"term":3}],"draining":true}`,
			fleet.Health{Draining: true, Finished: []operation.Token{token}}, true},
		"unhealthy": {`{"healthy":false,"error":"disk"}`, fleet.Health{}, false},
		"no_json":   {`busy`, fleet.Health{}, false},
		"too_long":  {`{"healthy":true,"worker_status":"idle","service":"` + strings.Repeat("x", wire.MaxRequestBytes) + `"}`, fleet.Health{}, false},
		"no_worker": {`{"healthy":true,"status":"ok","version":"1"}`, fleet.Health{}, false}, // as a backend answers
		"no_id":     {`{"healthy":true,"worker_status":"busy","current_operation":"../op_1"}`, fleet.Health{}, false},
		"no_token":  {`{"healthy":true,"worker_status":"busy","current":{"operation_id":"op 1","attempt":2,"term":3}}`, fleet.Health{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			term := ""
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				term = r.Header.Get(wire.HeaderTerm)
				fmt.Fprint(w, tc.body)
			}))
			defer server.Close()
			got, err := wire.NewWorkerClient(wire.ClientOptions{}).Health(t.Context(), fleet.Worker{ID: "w1", EndpointURL: server.URL}, 7)
			if term != "7" {
				t.Errorf("asked in the name of term %q, want 7", term)
			}
			if (err == nil) != tc.ok {
				t.Fatalf("Health error is %v, want success %v", err, tc.ok)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Health (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWorkersSendNobodyElsewhere(t *testing.T) {
	calls := 0
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		fmt.Fprint(w, `{"healthy":true,"worker_status":"idle","success":true,"operation_id":"op_1"}`)
	}))
	defer other.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(other.URL, code))
		w := fleet.Worker{ID: "w1", EndpointURL: server.URL}
		client := wire.NewWorkerClient(wire.ClientOptions{})
		if _, err := client.Health(t.Context(), w, 1); err == nil {
			t.Errorf("%d: a redirection passes for health", code)
		}
		if err := client.Start(t.Context(), w, operation.Operation{ID: "op_1", Type: operation.Training, Spec: []byte(`{}`)}, token); err == nil {
			t.Errorf("%d: a redirection passes for a start", code)
		}
		if err := client.Cancel(t.Context(), w, token, ""); err == nil {
			t.Errorf("%d: a redirection passes for a cancel", code)
		}
		server.Close()
	}
	if calls != 0 {
		t.Errorf("another address was called %d times", calls)
	}
}
