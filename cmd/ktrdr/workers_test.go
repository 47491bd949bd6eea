package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func (s *system) reason(id string) string {
	s.t.Helper()
	if e := s.operation(id).Error; e != nil {
		return *e
	}
	return ""
}

func TestWorkers_drain(t *testing.T) {
	t.Parallel()
	s := newSystem(t, quickFleet...)
	worker := s.worker("training", "only")
	s.importSample("EURUSD")
	running := decode[finished](t, s.must(trainArgs(s.strategy("quick", 2000), "--detach")...)).ID
	s.awaitProgress(running)
	waiting := decode[finished](t, s.must(trainArgs(s.strategy("quick2", 5), "--detach")...)).ID

	if out := s.must("workers", "drain", "only"); !strings.Contains(out, "finishes "+running) {
		t.Errorf("drain does not say what the worker finishes:\n%s", out)
	}
	if out := s.must("workers", "list"); !strings.Contains(out, "draining") {
		t.Errorf("the list does not say that the worker is out of service:\n%s", out)
	}
	if out := s.must("workers", "drain", "only", "--wait"); !strings.Contains(out, "idle") {
		t.Errorf("drain --wait returned before the worker was idle:\n%s", out)
	}
	s.awaitStatus(running, "completed") // it was not cut off

	// Out of service belongs to the id: over a restart of the worker, and of the
	// backend.
	worker.stop()
	s.launchWorker("training", "only")
	s.await("the worker is back", func() bool { return s.workerStatus("only") != "absent" })
	s.backend.kill()
	s.restartBackend()
	s.await("the worker is back", func() bool { return s.workerStatus("only") == "available" })
	if op := s.operation(waiting); op.Status != "pending" || op.Attempt != 0 {
		t.Errorf("the waiting operation is %s in attempt %d, although its only worker is out of service", op.Status, op.Attempt)
	}
	s.must("workers", "undrain", "only")
	s.awaitStatus(waiting, "completed")
	for _, command := range []string{"drain", "undrain", "remove"} {
		if out := s.run("workers", command, "nobody"); out.code != 3 || !strings.Contains(out.stderr, "nobody") {
			t.Errorf("workers %s nobody: exit %d, want 3\n%s", command, out.code, out.stderr)
		}
	}
}

func TestWorkers_remove(t *testing.T) {
	t.Parallel()
	s := newSystem(t) // an ordinary one, which does not forget a lost worker for long
	s.worker("training", "living")
	dead := s.worker("backtest", "dead")
	s.importSample("EURUSD")
	id := decode[finished](t, s.must(trainArgs(s.strategy("quick", 100_000), "--detach")...)).ID
	s.awaitProgress(id)
	if out := s.run("workers", "remove", "living"); out.code != 1 || !strings.Contains(out.stderr, id) {
		t.Errorf("removing a busy worker: exit %d, want 1 and what it runs\n%s", out.code, out.stderr)
	}
	dead.kill()
	s.must("workers", "remove", "dead")
	if got := s.workerStatus("dead"); got != "absent" {
		t.Errorf("the removed worker is %s", got)
	}
	s.must("operations", "cancel", id)
	s.awaitStatus(id, "cancelled")
	s.await("the worker is idle", func() bool { return s.workerStatus("living") == "available" })
	s.must("workers", "remove", "living")
	s.await("the living worker is back with its next heartbeat", func() bool { return s.workerStatus("living") == "available" })
}

// A worker that is told to stop saves the state of its job, hands the operation
// back and leaves the list, within its grace.
func TestWorkers_stop(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	worker := s.worker("training", "only", "--shutdown-grace", "20")
	s.importSample("EURUSD")
	id := decode[finished](t, s.must(trainArgs(s.strategy("quick", 100_000), "--detach")...)).ID
	s.awaitEpoch(id, 1)
	worker.stop()
	if code := worker.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("the worker ended with exit code %d, want 0", code)
	}
	if got := s.workerStatus("only"); got != "absent" {
		t.Errorf("the worker that left is %s", got)
	}
	if op := s.operation(id); op.Status != "resuming" {
		t.Errorf("its operation is %s, want resuming", op.Status)
	}
	if shown := s.must("checkpoints", "show", id); !strings.Contains(shown, "shutdown") {
		t.Errorf("the newest checkpoint was not made by the stop:\n%s", shown)
	}
	s.must("operations", "cancel", id)
	s.awaitStatus(id, "cancelled")
	s.worker("training", "another")
	s.must("operations", "resume", id, "--detach") // what a stop has saved
	if epoch := s.awaitEpoch(id, 2); epoch < 1 {
		t.Errorf("resumed at epoch %d", epoch)
	}
}

func TestRetry(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.worker("training", "only")
	s.importSample("EURUSD")
	long := decode[finished](t, s.must(trainArgs(s.strategy("quick", 100_000), "--detach")...)).ID
	s.awaitProgress(long)
	waiting := decode[finished](t, s.must(trainArgs(s.strategy("quick2", 5), "--detach")...)).ID
	if out := s.run("operations", "retry", long); out.code != 1 || !strings.Contains(out.stdout+out.stderr, "running") {
		t.Errorf("retrying what runs: exit %d, want 1 and its state\n%s%s", out.code, out.stdout, out.stderr)
	}
	s.must("operations", "cancel", waiting)
	if out := s.run("operations", "resume", waiting); out.code == 0 || !strings.Contains(out.stderr, "No checkpoint") {
		t.Errorf("resuming what never ran: exit %d\n%s", out.code, out.stderr)
	}
	again := decode[finished](t, s.must("operations", "retry", waiting, "--detach", "--json"))
	if shown := s.raw("/api/v1/operations/" + again.ID); again.ID == waiting || !strings.Contains(shown, `"retry_of":"`+waiting+`"`) {
		t.Errorf("the retry is %s, want a new operation that names %s", shown, waiting)
	}
	s.must("operations", "cancel", long)
	s.awaitStatus(again.ID, "completed")
	if op := s.operation(waiting); op.Status != "cancelled" {
		t.Errorf("the operation that was retried is %s now", op.Status)
	}
	calm := decode[finished](t, s.must(trainArgs(filepath.Join(s.dir, "quick2.yaml"))...)).ID
	if got, want := s.weights(again.ID), s.weights(calm); got != want {
		t.Errorf("the retry made model %s, a first try %s", got, want)
	}
	for range 2 { // a request that is repeated because its answer was lost
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.backend.url+"/api/v1/operations/"+waiting+"/retry", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Idempotency-Key", "once")
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("retry with a key: %v, %v", resp, err)
		}
		resp.Body.Close()
	}
	var list struct {
		Total int `json:"total_count"`
	}
	if s.get("/api/v1/operations", &list); list.Total != 5 {
		t.Errorf("%d operations are recorded, want the three that were started and one for each of two retries", list.Total)
	}
	if out := s.run("operations", "retry", "op_none"); out.code != 3 {
		t.Errorf("retrying an unknown operation: exit %d, want 3", out.code)
	}
}

// A peer is a worker that is played by the test: it speaks another version of the
// contract, and says things that this version does not know.
type peer struct {
	*httptest.Server
	id, contract string
	orders       chan map[string]any
	mu           sync.Mutex // guards stopped
	stopped      func()     // called when the backend says that it stops
}

func newPeer(t *testing.T, id, contract string) *peer {
	t.Helper()
	p := &peer{id: id, contract: contract, orders: make(chan map[string]any, 1)}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v map[string]any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v) // the backend may be gone
	}
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"healthy": true, "worker_status": "idle", "worker_id": id, "incarnation": "i1", "mood": "good"})
	})
	mux.HandleFunc("POST /training/start", func(w http.ResponseWriter, r *http.Request) {
		var order map[string]any
		if err := json.NewDecoder(r.Body).Decode(&order); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		answer(w, map[string]any{"success": true, "operation_id": order["task_id"], "status": "started", "mood": "better"})
		p.orders <- order
	})
	mux.HandleFunc("POST /backend-shutdown", func(w http.ResponseWriter, _ *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.stopped != nil {
			p.stopped()
		}
		answer(w, map[string]any{"acknowledged": true})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

// send posts JSON to the backend and returns the answer.
func (s *system) send(path string, body map[string]any) (code int, header http.Header, text string) {
	s.t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.Post(s.backend.url+path, "application/json", bytes.NewReader(encoded))
	if err != nil {
		return 0, nil, err.Error()
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Error(err)
	}
	return resp.StatusCode, resp.Header, string(answer)
}

func (s *system) register(p *peer) (code int, header http.Header, text string) {
	s.t.Helper()
	return s.send("/api/v1/workers/register", map[string]any{"worker_id": p.id, "worker_type": "training", "endpoint_url": p.URL,
		"incarnation": "i1", "contract": p.contract, "capabilities": map[string]any{"gpu": true}, "mood": "good"})
}

// One minor version of the contract to either side works; anything else is
// refused with the reason.
func TestWorkers_versions(t *testing.T) {
	t.Parallel()
	s := newSystem(t, quickFleet...)
	s.importSample("EURUSD")
	for _, contract := range []string{"1.0", "1.2"} {
		p := newPeer(t, "peer-"+strings.ReplaceAll(contract, ".", "-"), contract)
		if code, _, text := s.register(p); code != http.StatusOK {
			t.Fatalf("a worker that speaks %s: %d %s", contract, code, text)
		}
		s.await(p.id+" is available", func() bool { return s.workerStatus(p.id) == "available" })
		id := decode[finished](t, s.must(trainArgs(s.strategy("quick", 5), "--detach")...)).ID
		order := <-p.orders
		if order["task_id"] != id {
			t.Fatalf("the order is %v, want one for %s", order, id)
		}
		report := map[string]any{"token": order["token"], "worker_id": p.id, "incarnation": "i1", "state": "failed", "error": "bad luck with " + contract, "mood": "bad"}
		if code, _, text := s.send("/api/v1/workers/"+p.id+"/reports", report); code != http.StatusOK {
			t.Fatalf("its report: %d %s", code, text)
		}
		s.awaitStatus(id, "failed")
		if got := s.reason(id); !strings.Contains(got, "bad luck with "+contract) {
			t.Errorf("the operation failed with %q", got)
		}
		s.must("workers", "remove", p.id)
	}
	for _, contract := range []string{"1.3", "2.0", "0.9", "one"} {
		code, _, text := s.register(newPeer(t, "peer", contract))
		if code < 400 || code >= 500 || !strings.Contains(text, contract) || !strings.Contains(text, "1.1") {
			t.Errorf("a worker that speaks %s: %d %s, want a refusal that names both versions", contract, code, text)
		}
	}
	if got := s.workerStatus("peer"); got != "absent" {
		t.Errorf("a refused worker is on the list as %s", got)
	}
}

// A result counts only if what it refers to is stored.
func TestWorkers_missing_output(t *testing.T) {
	t.Parallel()
	s := newSystem(t, quickFleet...)
	s.importSample("EURUSD")
	p := newPeer(t, "played", "1.1")
	if code, _, text := s.register(p); code != http.StatusOK {
		t.Fatalf("register: %d %s", code, text)
	}
	s.await("the worker is available", func() bool { return s.workerStatus("played") == "available" })
	id := decode[finished](t, s.must(trainArgs(s.strategy("quick", 5), "--detach")...)).ID
	report := map[string]any{"token": (<-p.orders)["token"], "worker_id": p.id, "incarnation": "i1", "state": "completed", "result": map[string]any{},
		"artifacts": []map[string]any{{"sha256": strings.Repeat("0a", 32), "role": "model", "size_bytes": 5}}}
	if code, _, text := s.send("/api/v1/workers/played/reports", report); code != http.StatusUnprocessableEntity || !strings.Contains(text, "not in the artifact store") {
		t.Errorf("a result without its artifact: %d %s, want 422 and the reason", code, text)
	}
	if op := s.operation(id); op.Status == "completed" {
		t.Error("the operation completed with a result that refers to nothing")
	}
}

// A backend that stops says so to its workers, and tells who registers meanwhile
// when to come back. After its restart the workers are there at once.
func TestWorkers_backend_stops(t *testing.T) {
	t.Parallel()
	s := newSystem(t, quickFleet...)
	worker := s.worker("backtest", "real")
	p := newPeer(t, "played", "1.1")
	if code, _, text := s.register(p); code != http.StatusOK {
		t.Fatalf("register: %d %s", code, text)
	}
	var heard, retryAfter, text string
	p.mu.Lock()
	p.stopped = func() {
		code, header, answer := s.register(p)
		heard, retryAfter, text = fmt.Sprint(code), header.Get("Retry-After"), answer
	}
	p.mu.Unlock()
	s.backend.stop()
	p.mu.Lock()
	if heard != "503" || retryAfter == "" || !strings.Contains(text, "shutting down") {
		t.Errorf("a registration while the backend stops: status %s, Retry-After %q, %s", heard, retryAfter, text)
	}
	p.mu.Unlock()
	if code := s.backend.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("the backend ended with exit code %d, want 0", code)
	}
	if !strings.Contains(worker.stderr.String(), "backend stops") {
		t.Error("the worker was not told that the backend stops")
	}
	s.restartBackend()
	s.await("the worker is there again", func() bool { return s.workerStatus("real") == "available" })
}
