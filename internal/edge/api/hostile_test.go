package api_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/api"
)

// TestHostileBodies: what a worker or anybody else may send to hurt is refused
// with the reason, and nothing is changed.
func TestHostileBodies(t *testing.T) {
	bomb := strings.Repeat(`{"a":`, 200_000)
	nested := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	for name, tc := range map[string]struct {
		path, body string
		code       int
	}{
		"register_bomb":       {"/api/v1/workers/register", bomb, 422},
		"register_oversized":  {"/api/v1/workers/register", `{"worker_id":"` + strings.Repeat("x", wire.MaxReportBytes) + `"}`, 413},
		"register_path_as_id": {"/api/v1/workers/register", `{"worker_id":"../../etc","worker_type":"training","endpoint_url":"http://h:1"}`, 422},
		"report_bomb":         {"/api/v1/workers/w2/reports", `{"result":` + nested + `}`, 422},
		"report_oversized":    {"/api/v1/workers/w2/reports", `{"result":"` + strings.Repeat("x", wire.MaxReportBytes) + `"}`, 413},
		"report_no_token":     {"/api/v1/workers/w2/reports", `{"worker_id":"w2","state":"completed"}`, 422},
		"report_bad_hash":     {"/api/v1/workers/w2/reports", `{"token":{"operation_id":"op_running","attempt":1,"term":1},"worker_id":"w2","state":"running","checkpoint":{"sha256":"../x","checkpoint_type":"periodic"}}`, 422},
		"start_bomb":          {train, bomb, 400},
		"start_task_id":       {train, strings.Replace(goodTraining, "{", `{"task_id":"../op",`, 1), 422},
		"start_no_utf8":       {train, strings.Replace(goodTraining, "{", "{\"model_name\":\"\xff\",", 1), 400},
		"start_twice":         {train, strings.Replace(goodTraining, "{", `{"Seed":1,"seed":2,`, 1), 400},
		"start_twice_alike":   {train, strings.Replace(goodTraining, "{", `{"seed":1,"seed":2,`, 1), 400},
		"register_array":      {"/api/v1/workers/register", `[]`, 422},
		"register_no_utf8":    {"/api/v1/workers/register", "{\"worker_id\":\"w\",\"worker_type\":\"training\",\"endpoint_url\":\"http://h:1\",\"version\":\"\xff\"}", 422},
		"register_twice":      {"/api/v1/workers/register", `{"worker_id":"w","WORKER_ID":"v","worker_type":"training","endpoint_url":"http://h:1"}`, 422},
	} {
		t.Run(name, func(t *testing.T) {
			b := populated(t)
			workers, operations, reports := len(b.controller.workers), len(b.controller.operations), len(b.controller.reports)
			rec := b.do("POST", tc.path, tc.body, "Content-Type", "application/json")
			if rec.Code != tc.code || !strings.Contains(rec.Body.String(), `"success":false`) {
				t.Errorf("%d %.300s, want %d with the reason", rec.Code, rec.Body, tc.code)
			}
			if strings.Contains(rec.Body.String(), "Go value") {
				t.Errorf("the reason is for programmers: %s", rec.Body)
			}
			if len(b.controller.workers) != workers || len(b.controller.operations) != operations || rec.Code >= 500 {
				t.Errorf("something changed: %d reports before, %d after", reports, len(b.controller.reports))
			}
		})
	}
}

// TestBodiesThatNobodyReads: who says something where nothing is read is told so,
// instead of getting what the defaults do.
func TestBodiesThatNobodyReads(t *testing.T) {
	b := populated(t)
	for _, endpoint := range []string{"POST /api/v1/checkpoints/cleanup", "DELETE /api/v1/checkpoints/op_failed", "POST /api/v1/operations/op_failed/retry",
		"POST /api/v1/operations/op_failed/resume", "POST /api/v1/workers/w1/drain", "POST /api/v1/workers/w1/undrain", "POST /api/v1/workers/w1/remove", "DELETE /api/v1/workers/w1"} {
		method, path, _ := strings.Cut(endpoint, " ")
		for _, body := range []string{`{"dry_run":true}`, "null", "[]", "\x1f\x8b", strings.Repeat(" ", 200) + "{}", strings.Repeat("x", 1<<20)} {
			before := len(b.controller.operations)
			rec := b.do(method, path, body)
			if rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), "takes no body") || len(b.controller.operations) != before {
				t.Errorf("%s with %.20q: %d %.200s, want 400 and that it takes no body", endpoint, body, rec.Code, rec.Body)
			}
		}
		for _, body := range []string{"", "{}", " {}\n"} {
			if rec := b.do(method, path, body); strings.Contains(rec.Body.String(), "takes no body") {
				t.Errorf("%s with %q: %d %s", endpoint, body, rec.Code, rec.Body)
			}
		}
	}
}

// TestRefusalsAreLogged: whoever operates a backend reads what was refused and
// why; of a worker, which repeats itself, once.
func TestRefusalsAreLogged(t *testing.T) {
	b := populated(t)
	var log bytes.Buffer
	o := b.options(nil)
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	var err error
	if b.handler, err = api.New(o); err != nil {
		t.Fatal(err)
	}
	deep := strings.Repeat("[", 100)
	for _, tc := range []struct{ path, body, told string }{
		{"PUT /api/v1/artifacts/" + helloHash, "no hello", "request of a worker refused"},
		{"/api/v1/workers/register", deep, "nests deeper"},
		{"/api/v1/workers/register", `{"worker_id":"w","worker_type":"miner"}`, `unknown worker type \"miner\"`},
		{"/api/v1/workers/w/reports", deep, "nests deeper"},
		{"/api/v1/workers/w/reports", `{"worker_id":"v","token":{"operation_id":"op","attempt":1,"term":1},"state":"failed"}`, `report of worker \"v\"`},
	} {
		log.Reset()
		method, path, ok := strings.Cut(tc.path, " ")
		if !ok {
			method, path = "POST", tc.path
		}
		for range 3 {
			b.do(method, path, tc.body)
		}
		if n := strings.Count(log.String(), tc.told); n != 1 || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("%s: %d lines tell %q, want one:\n%s", tc.path, n, tc.told, &log)
		}
	}
	log.Reset()
	b.do("POST", train, deep)
	b.do("DELETE", "/api/v1/operations/op_none", "")
	if !strings.Contains(log.String(), "nests deeper") || !strings.Contains(log.String(), "Operation not found: op_none") || strings.Count(log.String(), "\n") != 2 {
		t.Errorf("want a line with the reason for each:\n%s", &log)
	}
}

// TestCancelledForTheFirstReason: a second cancel changes nothing and says so.
func TestCancelledForTheFirstReason(t *testing.T) {
	b := populated(t)
	for i := range b.controller.operations {
		if op := &b.controller.operations[i]; op.Status == operation.Running {
			op.CancelRequested, op.CancelReason = true, "too slow"
			rec := b.do("DELETE", "/api/v1/operations/"+op.ID, `{"reason":"too late"}`)
			if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), `"cancellation_reason":"too slow"`) {
				t.Errorf("%d %s, want the reason that is recorded", rec.Code, rec.Body)
			}
			return
		}
	}
	t.Fatal("nothing runs")
}

// TestAddressesThatCannotBe: what is in an address is read as it is meant, or
// refused with the reason.
func TestAddressesThatCannotBe(t *testing.T) {
	b := populated(t)
	for _, tc := range []struct{ path, reason string }{
		{"/api/v1/operations/%00", "no text"}, {"/api/v1/operations/a%0Ab/events", "no text"}, {"/api/v1/models/%ff", "no text"},
		{"/api/v1/models?strategy=%00", "no text"}, {"/api/v1/models?symbol=%ff", "no text"}, {"/api/v1/operations?status=%zz", "cannot be read"},
		{"/api/v1/operations?limit=5&limit=6", "given twice"}, {"/api/v1/events?after=1&after=2", "given twice"},
		{"/api/v1/events?afther=1", "did you mean after?"}, {"/api/v1/operations/op_failed/events?form=1", "unknown query parameter"},
		{"/api/v1/admin/backup?to=x", "unknown query parameter"}, {"/api/v1/models/model_1/download?as=onnx", "unknown query parameter"},
		{"/api/v1/artifacts/" + helloHash + "?range=1", "unknown query parameter"},
	} {
		rec := b.do("GET", tc.path, "")
		if rec.Code != 400 && rec.Code != 422 || !strings.Contains(rec.Body.String(), tc.reason) {
			t.Errorf("%s: %d %.200s, want a refusal with %q", tc.path, rec.Code, rec.Body, tc.reason)
		}
	}
	rec := b.do("POST", train, goodTraining, "X-Ktrdr-Submitter", "\xff")
	if rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), "X-Ktrdr-Submitter") {
		t.Errorf("a submitter that is no text: %d %s", rec.Code, rec.Body)
	}
}
