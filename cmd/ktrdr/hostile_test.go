package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
)

// A liar is a worker that takes an operation and then says what the test wants.
type liar struct {
	*system
	id      string
	server  *httptest.Server
	started chan json.RawMessage // tokens of the attempts that it was given

	mu    sync.Mutex // guards token
	token json.RawMessage
}

func (s *system) liar(id string) *liar {
	s.t.Helper()
	l := &liar{system: s, id: id, started: make(chan json.RawMessage, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		health := map[string]any{"healthy": true, "worker_status": "idle", "worker_id": id, "incarnation": "1"}
		if l.token != nil {
			health["worker_status"], health["current"] = "busy", l.token
		}
		_ = json.NewEncoder(w).Encode(health) // who asked may be gone
	})
	mux.HandleFunc("POST /training/start", func(w http.ResponseWriter, r *http.Request) {
		var order struct {
			ID    string          `json:"task_id"`
			Token json.RawMessage `json:"token"`
		}
		_ = json.NewDecoder(r.Body).Decode(&order) // a wrong one is seen by what follows
		l.mu.Lock()
		l.token = order.Token
		l.mu.Unlock()
		l.started <- order.Token
		_ = json.NewEncoder(w).Encode(map[string]any{"success": true, "operation_id": order.ID, "status": "started"})
	})
	l.server = httptest.NewServer(mux)
	s.t.Cleanup(l.server.Close)
	if code, answer := s.post("/api/v1/workers/register", fmt.Sprintf(`{"worker_id":%q,"worker_type":"training","endpoint_url":%q,"incarnation":"1"}`, id, l.server.URL)); code != http.StatusOK {
		s.t.Fatalf("register %s: %d %s", id, code, answer)
	}
	s.await(id+" is available", func() bool { return s.workerStatus(id) == "available" })
	return l
}

// post sends a body as it is.
func (s *system) post(path, body string) (int, string) {
	s.t.Helper()
	resp, err := http.Post(s.backend.url+path, "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// report sends a report of the liar about a token.
func (l *liar) report(token json.RawMessage, rest string) (int, string) {
	l.t.Helper()
	return l.post("/api/v1/workers/"+l.id+"/reports", fmt.Sprintf(`{"token":%s,"worker_id":%q,"incarnation":"1",%s}`, token, l.id, rest))
}

func TestHostileWorkers(t *testing.T) {
	t.Run("unreachable_address", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t, quickFleet...)
		s.importSample("EURUSD")
		if code, answer := s.post("/api/v1/workers/register", `{"worker_id":"nowhere","worker_type":"training","endpoint_url":"http://127.0.0.1:1"}`); code != http.StatusOK {
			t.Fatalf("register: %d %s", code, answer)
		}
		type row struct {
			ID        string  `json:"worker_id"`
			Status    string  `json:"status"`
			Reachable bool    `json:"reachable"`
			LastError *string `json:"last_error"`
		}
		var rows []row
		s.await("the failed check is listed", func() bool {
			s.get("/api/v1/workers", &rows)
			return len(rows) == 1 && rows[0].LastError != nil
		})
		if r := rows[0]; r.Status != "temporarily_unavailable" || r.Reachable || !strings.Contains(*r.LastError, "connection refused") {
			t.Errorf("listed as %+v with %q, want unreachable with the error", r, *r.LastError)
		}
		id := decode[finished](t, s.must(trainArgs(s.strategy("quick", 5), "--detach")...)).ID
		s.worker("training", "here")
		if op := s.awaitStatus(id, "completed"); op.Worker != "here" || op.Attempt != 1 {
			t.Errorf("completed by attempt %d on %s, want the first on here", op.Attempt, op.Worker)
		}
	})

	t.Run("no_worker_at_the_address", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t, quickFleet...)
		s.importSample("EURUSD")
		if code, answer := s.post("/api/v1/workers/register", fmt.Sprintf(`{"worker_id":"mirror","worker_type":"training","endpoint_url":%q}`, s.backend.url)); code != http.StatusOK {
			t.Fatalf("register: %d %s", code, answer)
		}
		var rows []struct {
			LastError *string `json:"last_error"`
		}
		s.await("the failed check is listed", func() bool {
			s.get("/api/v1/workers", &rows)
			return len(rows) == 1 && rows[0].LastError != nil
		})
		if status := s.workerStatus("mirror"); status != "temporarily_unavailable" || !strings.Contains(*rows[0].LastError, "is there a worker at") {
			t.Errorf("a backend is a worker that is %s: %s", status, *rows[0].LastError)
		}
		for _, tc := range []struct {
			path string
			want int
		}{{"nobody", 404}, {"mirror?incarnation=other", 409}, {"mirror", 200}} {
			if code := s.call(http.MethodDelete, "/api/v1/workers/"+tc.path, nil, nil); code != tc.want {
				t.Errorf("DELETE %s: %d, want %d", tc.path, code, tc.want)
			}
		}
	})

	t.Run("two_workers_with_one_id", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t)
		first := s.worker("training", "only")
		second := start(t, "only again", []string{"KTRDR_API_URL=" + s.backend.url, "WORKER_ID=only"}, "worker", "training",
			"--listen", "127.0.0.1:0", "--data-dir", filepath.Join(s.dir, "again"))
		<-first.exited
		if code := first.cmd.ProcessState.ExitCode(); code == 0 || !strings.Contains(first.stderr.String(), "give one of them another WORKER_ID") {
			t.Errorf("the first process: exit %d, want a failure that says what to do:\n%s", code, first.stderr)
		}
		s.await("the newer process is available", func() bool { return s.workerStatus("only") == "available" })
		var rows []struct {
			Endpoint string `json:"endpoint_url"`
		}
		s.get("/api/v1/workers", &rows)
		if len(rows) != 1 || rows[0].Endpoint != second.url {
			t.Errorf("workers: %+v, want the newer process at %s", rows, second.url)
		}
		if n := strings.Count(s.backend.stderr.String(), "registration refused"); n != 1 {
			t.Errorf("the backend tells %d times of the refusal, want once", n)
		}
	})

	t.Run("lies_about_progress", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t)
		l := s.liar("liar")
		s.importSample("EURUSD")
		id := decode[finished](t, s.must(trainArgs(s.strategy("quick", 5), "--detach")...)).ID
		token := <-l.started
		progress := func(percentage string) (int, string) {
			return l.report(token, `"state":"running","progress":{"percentage":`+percentage+`}`)
		}
		if code, answer := progress("40"); code != http.StatusOK {
			t.Fatalf("honest progress: %d %s", code, answer)
		}
		s.awaitStatus(id, "running")
		for percentage, reason := range map[string]string{"200": "want 0 to 100", "-1": "want 0 to 100", "39": "goes back from 40 to 39",
			"1e999": "percentage", "NaN": "invalid character", `"50"`: "percentage"} {
			for range 2 {
				if code, answer := progress(percentage); code != http.StatusUnprocessableEntity || !strings.Contains(answer, reason) {
					t.Errorf("progress of %s %%: %d %s, want 422 and %q", percentage, code, answer, reason)
				}
			}
		}
		if op := s.operation(id); op.Status != "running" || op.Progress.Percentage != 40 {
			t.Errorf("the operation is %s at %v %%, want running at 40", op.Status, op.Progress.Percentage)
		}
		if n := strings.Count(s.backend.stderr.String(), "worker lies about its progress"); n != 1 {
			t.Errorf("the backend tells %d times of the lies, want once", n)
		}
		if code, answer := l.report(token, `"state":"failed","error":"tired"`); code != http.StatusOK {
			t.Fatalf("outcome: %d %s", code, answer)
		}
		s.awaitStatus(id, "failed")
	})

	t.Run("tokens_that_nobody_gave", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t)
		l := s.liar("liar")
		s.importSample("EURUSD")
		id := decode[finished](t, s.must(trainArgs(s.strategy("quick", 5), "--detach")...)).ID
		token := string(<-l.started)
		var given struct{ Attempt, Term int64 }
		if err := json.Unmarshal([]byte(token), &given); err != nil {
			t.Fatal(err)
		}
		of := func(id string, attempt, term int64) json.RawMessage {
			return json.RawMessage(fmt.Sprintf(`{"operation_id":%q,"attempt":%d,"term":%d}`, id, attempt, term))
		}
		before := s.awaitStatus(id, "running")
		for name, tc := range map[string]struct {
			token json.RawMessage
			code  int
		}{
			"unknown_operation": {of("op_none", 1, given.Term), 404},
			"later_attempt":     {of(id, 2, given.Term), 404},
			"later_term":        {of(id, 1, given.Term+1), 404},
			"attempt_zero":      {of(id, 0, given.Term), 422},
			"path_as_id":        {of("../"+id, 1, given.Term), 422},
			"huge_attempt":      {json.RawMessage(`{"operation_id":"` + id + `","attempt":99999999999999999999,"term":1}`), 422},
			"given_twice":       {json.RawMessage(`{"operation_id":"op_none","attempt":1,"attempt":2,"term":1}`), 422},
		} {
			if code, answer := l.report(tc.token, `"state":"completed","result":{}`); code != tc.code || !strings.Contains(answer, `"success":false`) {
				t.Errorf("%s: %d %s, want %d with the reason", name, code, answer, tc.code)
			}
		}
		code, answer := s.post("/api/v1/workers/other/reports", fmt.Sprintf(`{"token":%s,"worker_id":"other","state":"completed","result":{}}`, token))
		if code != 409 || !strings.Contains(answer, "superseded") {
			t.Errorf("the result of another worker: %d %s, want 409", code, answer)
		}
		code, answer = s.post("/api/v1/workers/register", fmt.Sprintf(`{"worker_id":"liar","worker_type":"training","endpoint_url":%q,"incarnation":"1","finished":[
			{"token":%s,"worker_id":"liar","incarnation":"1","state":"completed","result":{},"model":{"model_name":"m","strategy_name":"quick","sha256":%q}}]}`, l.server.URL, token, strings.Repeat("ab", 32)))
		if code != http.StatusOK || !strings.Contains(answer, id) {
			t.Errorf("a heartbeat with a model that is not stored: %d %s, want that the worker runs on", code, answer)
		}
		if after := s.operation(id); !reflect.DeepEqual(after, before) {
			t.Errorf("something changed:\nbefore %+v\nafter  %+v", before, after)
		}
	})

	t.Run("bodies", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t)
		deep := strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000)
		long := strings.Repeat("x", 17<<20)
		register, report, start := "/api/v1/workers/register", "/api/v1/workers/w/reports", "/api/v1/trainings/start"
		for name, tc := range map[string]struct {
			path, body string
			code       int
			reason     string
		}{
			"register_deep":     {register, `{"worker_id":"w","worker_type":"training","capabilities":` + deep + `}`, 422, "nests deeper"},
			"register_long":     {register, `{"worker_id":"` + long + `"}`, 413, "larger than"},
			"register_twice":    {register, `{"worker_id":"w","worker_id":"v","worker_type":"training","endpoint_url":"http://127.0.0.1:1"}`, 422, `field \"worker_id\" is given twice`},
			"register_file":     {register, `{"worker_id":"w","worker_type":"training","endpoint_url":"file:///etc/passwd"}`, 422, "endpoint_url"},
			"register_contract": {register, `{"worker_id":"w","worker_type":"training","endpoint_url":"http://127.0.0.1:1","contract":"9.0"}`, 409, "speaks contract 9.0"},
			"register_current":  {register, `{"worker_id":"w","worker_type":"training","endpoint_url":"http://127.0.0.1:1","current_operation_id":"../` + long[:1<<20] + `"}`, 422, "current operation"},
			"register_password": {register, `{"worker_id":"w","worker_type":"training","endpoint_url":"http://u:p@127.0.0.1:1"}`, 422, "endpoint_url"},
			"register_large":    {register, `{"worker_id":"w","worker_type":"training","endpoint_url":"http://127.0.0.1:1","capabilities":{"gpu":"` + long[:1<<20] + `"}}`, 422, "capabilities"},
			"report_error":      {report, `{"token":{"operation_id":"op","attempt":1,"term":1},"worker_id":"w","state":"failed","error":"` + long[:1<<20] + `"}`, 422, "error has"},
			"body_of_none":      {"/api/v1/checkpoints/cleanup", `{"dry_run":true}`, 400, "takes no body"},
			"no_utf8":           {start, "{\"strategy_name\":\"\xff\"}", 400, "not UTF-8"},
			"task_id":           {start, `{"strategy_name":"a","task_id":"../op"}`, 422, "task_id"},
			"report_deep":       {report, `{"token":{"operation_id":"op","attempt":1,"term":1},"worker_id":"w","state":"completed","result":` + deep + `}`, 422, "nests deeper"},
			"report_long":       {report, `{"result":"` + long + `"}`, 413, "larger than"},
			"report_number":     {report, `{"token":{"operation_id":"op","attempt":1e400,"term":1},"worker_id":"w","state":"completed"}`, 422, "attempt"},
			"start_deep":        {start, deep, 400, "nests deeper"},
			"start_long":        {start, `{"strategy_yaml":"` + long + `"}`, 413, "larger than"},
			"start_twice":       {start, `{"strategy_name":"a","strategy_name":"b"}`, 400, `given twice`},
			"no_json":           {start, "\x00{", 400, "invalid"},
		} {
			if code, answer := s.post(tc.path, tc.body); code != tc.code || !strings.Contains(answer, tc.reason) {
				t.Errorf("%s: %d %.300s, want %d and %q", name, code, answer, tc.code, tc.reason)
			}
		}
		var rows []workerRow
		if s.get("/api/v1/workers", &rows); len(rows) != 0 {
			t.Errorf("workers: %v, want none", rows)
		}
		var list struct {
			Total *int `json:"total_count"`
		}
		if s.get("/api/v1/operations", &list); list.Total == nil || *list.Total != 0 {
			t.Errorf("operations: %v, want none", list.Total)
		}
	})
}
