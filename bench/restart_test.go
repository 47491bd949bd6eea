package bench_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/control/store/storetest"
)

// build builds the program for one benchmark.
func build(b *testing.B) (binary string) {
	b.Helper()
	binary = filepath.Join(b.TempDir(), "ktrdr")
	cmd := exec.Command("go", "build", "-o", binary, "../cmd/ktrdr")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// A role is a started process of the program.
type role struct {
	cmd *exec.Cmd
	url string
}

// launch starts a role and waits until it says where it listens.
func launch(b *testing.B, binary string, args ...string) *role {
	b.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		b.Fatalf("%s said %q: %v", args[0], line, err)
	}
	r := &role{cmd: cmd, url: url}
	b.Cleanup(r.kill)
	return r
}

// kill ends the process as a power cut would; one that is profiled as a user would, so
// that it can write its profile.
func (r *role) kill() {
	how := os.Kill
	if os.Getenv("PROFILED") != "" {
		how = os.Interrupt
	}
	_ = r.cmd.Process.Signal(how) // it may have ended
	_ = r.cmd.Wait()              // killed
}

// resident is the memory that the process has now, in bytes.
func (r *role) resident(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
	if err != nil {
		b.Skipf("no process accounting here: %v", err)
	}
	for line := range strings.Lines(string(status)) {
		if kib, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseFloat(strings.Fields(kib)[0], 64)
			if err != nil {
				b.Fatal(err)
			}
			return n * 1024
		}
	}
	b.Fatal("no VmRSS in " + string(status))
	return 0
}

// fetch reads a path of the backend, which must answer.
func (r *role) fetch(b *testing.B, path string) []byte {
	b.Helper()
	resp, err := http.Get(r.url + path)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatalf("GET %s: %s %s %v", path, resp.Status, answer, err)
	}
	return answer
}

// fill writes operations with an order of two kilobytes into the records of a
// backend, and ends them if asked to.
func fill(b *testing.B, dir string, n int, ended bool) {
	b.Helper()
	s, err := store.Open(b.Context(), filepath.Join(dir, "ktrdr.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	term, err := s.AcquireTerm(b.Context(), "bench")
	if err != nil {
		b.Fatal(err)
	}
	order, err := json.Marshal(map[string]string{"strategy_yaml": strings.Repeat("fuzzy_sets: all of them\n", 85)})
	if err != nil {
		b.Fatal(err)
	}
	const group = 1000
	var batch []operation.Transaction
	for i := range n {
		at := storetest.Epoch.Add(time.Duration(i) * time.Second)
		op := storetest.New(fmt.Sprintf("op_training_%06d", i), operation.Training, at)
		op.Spec, op.Deadline = order, nil
		tx := operation.Transaction{operation.Created{Operation: op}}
		if ended {
			tx = append(tx, operation.Closed{ID: op.ID, State: operation.Cancelled, Error: "not needed", At: at})
		}
		if batch = append(batch, tx); len(batch) == group || i == n-1 {
			for _, err := range s.Commit(b.Context(), term, batch) {
				if err != nil {
					b.Fatal(err)
				}
			}
			batch = batch[:0]
		}
	}
}

// BenchmarkRestart is how long a backend that was killed needs until it answers
// again, with many operations stored. More than a second means that the start
// reads what has ended.
func BenchmarkRestart(b *testing.B) {
	binary := build(b)
	for _, stored := range []int{0, 100_000} {
		b.Run(fmt.Sprintf("stored=%d", stored), func(b *testing.B) {
			dir := b.TempDir()
			fill(b, dir, stored, true)
			serve := func() *role {
				r := launch(b, binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", dir, "--log-level", "error")
				var list struct {
					Total int `json:"total_count"`
				}
				if err := json.Unmarshal(r.fetch(b, "/api/v1/operations?limit=1"), &list); err != nil || list.Total != stored {
					b.Fatalf("the backend knows %d operations, want %d: %v", list.Total, stored, err)
				}
				return r
			}
			r := serve()
			for b.Loop() {
				b.StopTimer()
				r.kill()
				b.StartTimer()
				r = serve()
			}
			b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N), "ready-ms")
			b.ReportMetric(r.resident(b)/1e6, "resident-MB")
			r.kill()
		})
	}
}

// A placement is that a worker was given an operation.
type placement struct {
	at        time.Time
	operation string
}

// A stub is a worker that takes operations and never ends them.
type stub struct {
	*httptest.Server
	started chan placement // the first operation after each reset

	mu      sync.Mutex // guards current
	current *operation.Token
}

func newStub(b *testing.B) *stub {
	w := &stub{started: make(chan placement, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(rw http.ResponseWriter, _ *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		status := "idle"
		if w.current != nil {
			status = "busy"
		}
		_ = json.NewEncoder(rw).Encode(map[string]any{"healthy": true, "worker_status": status, "worker_id": "stub", "incarnation": "1", "current": w.current}) // who asked may be gone
	})
	mux.HandleFunc("POST /training/start", func(rw http.ResponseWriter, r *http.Request) {
		at := time.Now()
		var order struct {
			Token operation.Token `json:"token"`
		}
		_ = json.NewDecoder(r.Body).Decode(&order) // a wrong one is seen by what follows
		w.mu.Lock()
		w.current = &order.Token
		w.mu.Unlock()
		select {
		case w.started <- placement{at, order.Token.OperationID}:
		default:
		}
		_ = json.NewEncoder(rw).Encode(map[string]any{"success": true, "operation_id": order.Token.OperationID, "status": "started"})
	})
	w.Server = httptest.NewServer(mux)
	b.Cleanup(w.Close)
	return w
}

func (w *stub) register(b *testing.B, address string) {
	post(b, http.DefaultClient, address+"/api/v1/workers/register", map[string]any{
		"worker_id": "stub", "worker_type": "training", "endpoint_url": w.URL, "incarnation": "1"})
}

// reset lets the worker forget what it runs.
func (w *stub) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.current = nil
}

// BenchmarkFirstDispatch is how long it takes from the start of a backend that
// was killed with 10,000 operations waiting until a worker has the first of
// them, and the memory that they take. More than two seconds means that
// something waits for a timer.
func BenchmarkFirstDispatch(b *testing.B) {
	const queued = 10_000
	binary := build(b)
	address, template := freeAddress(b), b.TempDir()
	serve := func(dir string) *role {
		return launch(b, binary, "serve", "--listen", address, "--data-dir", dir, "--log-level", "error")
	}
	empty := serve(template)
	worker := newStub(b)
	worker.register(b, empty.url)
	before := empty.resident(b)
	empty.kill()
	fill(b, template, queued, false)
	var total time.Duration
	var memory float64
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		if err := os.CopyFS(dir, os.DirFS(template)); err != nil {
			b.Fatal(err)
		}
		worker.reset()
		b.StartTimer()
		began := time.Now()
		r := serve(dir)
		select {
		case first := <-worker.started:
			if want := "op_training_000000"; first.operation != want {
				b.Fatalf("operation %s was dispatched first, want %s, which has waited longest", first.operation, want)
			}
			total += first.at.Sub(began)
		case <-time.After(time.Minute):
			b.Fatal("nothing was dispatched within a minute")
		}
		b.StopTimer()
		memory += r.resident(b) - before
		r.kill()
		b.StartTimer()
	}
	b.ReportMetric(total.Seconds()*1000/float64(b.N), "dispatch-ms")
	b.ReportMetric(memory/float64(b.N)/1e6, "MB-for-10000")
}

// freeAddress is one that nobody listens on, so that a worker finds the backend
// again after its restart.
func freeAddress(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// BenchmarkWorkerReady is how long a worker needs from its start until it
// listens, and until the backend may give it work.
func BenchmarkWorkerReady(b *testing.B) {
	binary := build(b)
	backend := launch(b, binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", b.TempDir(), "--log-level", "error")
	defer backend.kill()
	var listening, available time.Duration
	memory := 0.0
	for b.Loop() {
		began := time.Now()
		w := launch(b, binary, "worker", "backtest", "--listen", "127.0.0.1:0", "--data-dir", b.TempDir(), "--url", backend.url, "--id", "w", "--log-level", "error")
		listening += time.Since(began)
		for !strings.Contains(string(backend.fetch(b, "/api/v1/workers")), `"status":"available"`) {
			if time.Since(began) > time.Minute {
				b.Fatal("the worker is not available within a minute")
			}
		}
		available += time.Since(began)
		b.StopTimer()
		memory = w.resident(b)
		_ = w.cmd.Process.Signal(os.Interrupt) // it says good-bye
		_ = w.cmd.Wait()
		b.StartTimer()
	}
	b.ReportMetric(listening.Seconds()*1000/float64(b.N), "listening-ms")
	b.ReportMetric(available.Seconds()*1000/float64(b.N), "available-ms")
	b.ReportMetric(memory/1e6, "worker-MB")
}
