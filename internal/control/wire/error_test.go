package wire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

func TestErrorCrossesTheWire(t *testing.T) {
	for _, tc := range []struct {
		code   wire.Code
		kind   wire.Kind
		status int
	}{
		{wire.CodeInternal, wire.Internal, 500},
		{wire.CodeProcessing, wire.Internal, 500},
		{wire.CodeValidation, wire.Invalid, 422},
		{wire.CodeBadRequest, wire.Invalid, 400},
		{wire.CodeTooLarge, wire.Invalid, 413},
		{wire.CodeMediaType, wire.Invalid, 415},
		{wire.CodeMethod, wire.Invalid, 405},
		{wire.CodeNoRoute, wire.NotFound, 404},
		{wire.CodeDataNotFound, wire.NotFound, 404},
		{wire.CodeOperationNotFound, wire.NotFound, 404},
		{wire.CodeOperationTerminal, wire.Conflict, 400},
		{wire.CodeOperationUnfinished, wire.Conflict, 400},
		{wire.CodeOperationDuplicate, wire.Conflict, 409},
		{wire.CodeNotResumable, wire.Conflict, 409},
		{wire.CodeNotRetriable, wire.Conflict, 400},
		{wire.CodeStatusUnsettable, wire.Conflict, 409},
		{wire.CodeCheckpointNotFound, wire.NotFound, 404},
		{wire.CodeCheckpointInUse, wire.Conflict, 409},
		{wire.CodeKeyTaken, wire.Conflict, 409},
		{wire.CodeStrategyNotFound, wire.NotFound, 404},
		{wire.CodeStrategyInvalid, wire.Invalid, 400},
		{wire.CodeModelNotFound, wire.NotFound, 404},
		{wire.CodeModelMismatch, wire.Invalid, 400},
		{wire.CodeInSample, wire.Conflict, 409},
		{wire.CodeArtifactNotFound, wire.NotFound, 404},
		{wire.CodeArtifactMismatch, wire.Invalid, 400},
		{wire.CodeWorkerNotFound, wire.NotFound, 404},
		{wire.CodeWorkerUnavailable, wire.Unavailable, 503},
		{wire.CodeWorkerBusy, wire.Conflict, 409},
		{wire.CodeWorkerIncompatible, wire.Conflict, 409},
		{wire.CodeSubmitterLimit, wire.Unavailable, 429},
		{wire.CodeDiskFull, wire.Unavailable, 507},
		{wire.CodeSuperseded, wire.Conflict, 409},
		{wire.CodeUnavailable, wire.Unavailable, 503},
		{wire.CodeCancelled, wire.Cancelled, 499},
	} {
		t.Run(string(tc.code), func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				wire.WriteError(w, fmt.Errorf("outer: %w", wire.Errorf(tc.code, "what happened")))
			}))
			defer server.Close()
			_, err := client(t, server.URL, 1).Health(t.Context())
			e, ok := errors.AsType[*wire.Error](err)
			if !ok {
				t.Fatalf("Health error is %T, want *wire.Error", err)
			}
			if e.Code != tc.code || e.Status() != tc.status || wire.KindOf(err) != tc.kind || e.Error() != "what happened" {
				t.Errorf("received %s %d %s %q, want %s %d %s", e.Code, e.Status(), wire.KindOf(err), e, tc.code, tc.status, tc.kind)
			}
		})
	}
}

func TestErrorBody(t *testing.T) {
	plain, err := json.Marshal(wire.Errorf(wire.CodeDataNotFound, "Data not found for X (1h)").Body())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"success":false,"error":{"code":"DATA_NOT_FOUND","message":"Data not found for X (1h)"},"detail":"Data not found for X (1h)"}`
	if string(plain) != want {
		t.Errorf("body is\n%s\nwant\n%s", plain, want)
	}
	d := wire.NoWorker{Error: "No training workers available", WorkerType: "training", UptimeSeconds: 1.5, Hint: "h"}
	rich, err := json.Marshal((&wire.Error{Code: wire.CodeWorkerUnavailable, Message: "m", Detail: d}).Body())
	if err != nil {
		t.Fatal(err)
	}
	want = `{"success":false,"error":{"code":"WORKER_UNAVAILABLE","message":"m"},"detail":{"error":"No training workers available","worker_type":"training","registered_workers":0,"backend_uptime_seconds":1.5,"hint":"h"}}`
	if string(rich) != want {
		t.Errorf("body is\n%s\nwant\n%s", rich, want)
	}
}

func TestErrorOfOthers(t *testing.T) {
	for name, tc := range map[string]struct {
		status  int
		body    string
		message string
		kind    wire.Kind
	}{
		"detail_only":     {404, `{"detail":"Worker not found: w"}`, "Worker not found: w", wire.NotFound},
		"error_as_text":   {503, `{"error":"Worker busy","message":"m"}`, "Worker busy", wire.Unavailable},
		"unknown_code":    {409, `{"error":{"code":"NEW","message":"m"}}`, "m", wire.Conflict},
		"html_of_a_proxy": {502, `<html>bad gateway</html>`, "GET %s/api/v1/health answered 502 Bad Gateway", wire.Unavailable},
		"nothing":         {418, ``, "GET %s/api/v1/health answered 418 I'm a teapot", wire.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.body)
			}))
			defer server.Close()
			_, err := client(t, server.URL, 1).Health(t.Context())
			want := tc.message
			if name == "html_of_a_proxy" || name == "nothing" {
				want = fmt.Sprintf(tc.message, server.URL)
			}
			if err == nil || err.Error() != want || wire.KindOf(err) != tc.kind {
				t.Errorf("error %q of kind %s, want %q of kind %s", err, wire.KindOf(err), want, tc.kind)
			}
		})
	}
}

func TestWriteErrorKeepsInternalsInside(t *testing.T) {
	rec := httptest.NewRecorder()
	wire.WriteError(rec, errors.New("password=hunter2"))
	want := `{"success":false,"error":{"code":"INTERNAL_SERVER_ERROR","message":"An unexpected error occurred"},"detail":"An unexpected error occurred"}` + "\n"
	if diff := cmp.Diff(want, rec.Body.String()); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

func TestRetryAfterIsRoundedUp(t *testing.T) {
	rec := httptest.NewRecorder()
	wire.WriteError(rec, &wire.Error{Code: wire.CodeUnavailable, RetryAfter: 4100 * time.Millisecond})
	if got := rec.Header().Get("Retry-After"); got != "5" {
		t.Errorf("Retry-After is %q, want 5", got)
	}
}

func client(t *testing.T, url string, tries int) *wire.Client {
	t.Helper()
	c, err := wire.NewClient(url, wire.ClientOptions{Tries: tries, RetryDelay: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
