package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests in this package start the real binary as real processes, speak
// HTTP to it, kill it, and look at what a user would see. They share nothing
// with it but its command line and its wire contract.

var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "ktrdr-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "ktrdr")
		arguments, cgo := []string{"build", "-o", binary}, "CGO_ENABLED=0"
		if raced {
			arguments, cgo = append(arguments, "-race"), "CGO_ENABLED=1"
		}
		if *clockJumps {
			overlay, err := jumpingClock(dir)
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
			arguments = append(arguments, "-overlay", overlay)
		}
		build := exec.Command("go", append(arguments, ".")...)
		build.Env = append(os.Environ(), cgo)
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build ktrdr: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// patience bounds every wait for something that the system does on its own. It
// is no measure of speed: it only ends a test that would otherwise hang.
const patience = slowness * 60 * time.Second

// A process is one running role of the binary.
type process struct {
	t      testing.TB
	name   string
	cmd    *exec.Cmd
	url    string
	stderr *transcript
	exited chan struct{}
}

// A transcript keeps what a process printed, for failure reports.
type transcript struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}

// start runs the binary with args, waits until it says where it listens, and
// ends it when the test ends.
func start(t testing.TB, name string, env []string, args ...string) *process {
	t.Helper()
	return startBinary(t, binary, name, env, args...)
}

// startBinary is start for another build of the program.
func startBinary(t testing.TB, binary, name string, env []string, args ...string) *process {
	t.Helper()
	p, err := launchBinary(t, binary, patience, name, env, args...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// launch is start for a process that may find no way to listen: it has ended, or
// is ended after limit, where there is an error.
func launch(t testing.TB, limit time.Duration, name string, env []string, args ...string) (*process, error) {
	t.Helper()
	return launchBinary(t, binary, limit, name, env, args...)
}

func launchBinary(t testing.TB, binary string, limit time.Duration, name string, env []string, args ...string) (*process, error) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(cleanEnv(), env...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, name: name, cmd: cmd, stderr: &transcript{}, exited: make(chan struct{})}
	cmd.Stderr = p.stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	ready := make(chan string, 1)
	go func() {
		defer close(p.exited)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
				ready <- url
			}
		}
		_ = cmd.Wait() // the exit state is read from cmd.ProcessState
	}()
	t.Cleanup(func() {
		p.stop()
		if strings.Contains(p.stderr.String(), "WARNING: DATA RACE") {
			t.Errorf("%s raced", name)
		}
		if t.Failed() {
			t.Logf("%s said:\n%s", name, p.stderr)
		}
	})
	select {
	case p.url = <-ready:
	case <-p.exited:
		return nil, fmt.Errorf("%s ended before it listened:\n%s", name, p.stderr)
	case <-time.After(limit):
		p.kill()
		return nil, fmt.Errorf("%s did not listen within %s:\n%s", name, limit, p.stderr)
	}
	return p, nil
}

// cleanEnv is the environment without anything that configures ktrdr.
func cleanEnv() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "KTRDR_") && !strings.HasPrefix(kv, "WORKER_") {
			env = append(env, kv)
		}
	}
	return append(env, "NO_COLOR=1")
}

// kill ends the process at once, as a power cut would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.exited
}

// stop asks the process to end and kills it when it does not.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.t.Errorf("%s ignored SIGTERM for %s", p.name, patience)
		p.kill()
	}
}

// A system is a backend with its workers, each a process of its own.
type system struct {
	t       testing.TB
	dir     string
	env     []string // of the backend
	backend *process
}

func newSystem(t testing.TB, env ...string) *system {
	t.Helper()
	s := &system{t: t, dir: t.TempDir(), env: env}
	s.backend = start(t, "backend", env, "serve", "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(s.dir, "backend"))
	return s
}

// restartBackend starts the backend again at the address it had.
func (s *system) restartBackend() {
	s.t.Helper()
	address := strings.TrimPrefix(s.backend.url, "http://")
	s.backend = start(s.t, "backend again", s.env, "serve", "--listen", address, "--data-dir", filepath.Join(s.dir, "backend"))
}

// worker starts a worker of the type (backtest or training) and waits until the
// backend can use it.
func (s *system) worker(kind, id string, flags ...string) *process {
	s.t.Helper()
	p := s.launchWorker(kind, id, flags...)
	s.await("worker "+id+" is available", func() bool { return s.workerStatus(id) == "available" })
	return p
}

// launchWorker starts a worker and waits only until it listens.
func (s *system) launchWorker(kind, id string, flags ...string) *process {
	s.t.Helper()
	args := append([]string{"worker", kind, "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(s.dir, id)}, flags...)
	return start(s.t, id, []string{"KTRDR_API_URL=" + s.backend.url, "WORKER_ID=" + id}, args...)
}

type workerRow struct {
	ID        string  `json:"worker_id"`
	Status    string  `json:"status"`
	Operation *string `json:"current_operation_id"`
}

func (s *system) workerStatus(id string) string {
	var rows []workerRow
	s.get("/api/v1/workers", &rows)
	for _, r := range rows {
		if r.ID == id {
			return r.Status
		}
	}
	return "absent"
}

// await polls until ok or until patience ends.
func (s *system) await(what string, ok func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.t.Fatalf("waited %s in vain: %s", patience, what)
		}
	}
}

// get decodes the answer of the backend into v and returns the status code.
func (s *system) get(path string, v any) int {
	s.t.Helper()
	return s.call(http.MethodGet, path, nil, v)
}

// call sends body as JSON and decodes the answer into v. A backend that cannot
// be reached answers 0.
func (s *system) call(method, path string, body, v any) int {
	s.t.Helper()
	var reader io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		reader = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.backend.url+path, reader)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0
	}
	if v != nil {
		if err := json.Unmarshal(data, v); err != nil {
			s.t.Fatalf("%s %s: %v in %s", method, path, err, data)
		}
	}
	return resp.StatusCode
}

// An outcome is what a command printed and how it ended.
type outcome struct {
	stdout, stderr string
	code           int
}

// run runs a client command against the system.
func (s *system) run(args ...string) outcome {
	s.t.Helper()
	return run(s.t, nil, append(args, "--url", s.backend.url)...)
}

// must runs a client command that has to succeed and returns its standard output.
func (s *system) must(args ...string) string {
	s.t.Helper()
	out := s.run(args...)
	if out.code != 0 {
		s.t.Fatalf("ktrdr %s: exit %d\n%s%s", strings.Join(args, " "), out.code, out.stdout, out.stderr)
	}
	return out.stdout
}

func run(t testing.TB, env []string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append(cleanEnv(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run ktrdr %s: %v", strings.Join(args, " "), err)
	}
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// decode reads JSON that a command printed.
func decode[T any](t testing.TB, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

type operationInfo struct {
	ID       string  `json:"operation_id"`
	Status   string  `json:"status"`
	Error    *string `json:"error_message"`
	Worker   string  `json:"worker_id"`
	Attempt  int     `json:"attempt"`
	Queue    *int    `json:"queue_position"`
	Progress struct {
		Percentage float64 `json:"percentage"`
		Phase      string  `json:"phase"`
		Step       string  `json:"current_step"`
	} `json:"progress"`
}

func (s *system) operation(id string) operationInfo {
	s.t.Helper()
	var answer struct{ Data operationInfo }
	if code := s.get("/api/v1/operations/"+id, &answer); code != http.StatusOK && code != 0 && code != http.StatusServiceUnavailable {
		s.t.Fatalf("operation %s: status %d", id, code)
	}
	return answer.Data
}

func (s *system) awaitStatus(id, status string) operationInfo {
	s.t.Helper()
	var last operationInfo
	s.await("operation "+id+" is "+status, func() bool {
		last = s.operation(id)
		if last.Status != status && (last.Status == "failed" || last.Status == "cancelled" || last.Status == "completed") {
			reason := ""
			if last.Error != nil {
				reason = *last.Error
			}
			s.t.Fatalf("operation %s ended as %s, want %s: %s", id, last.Status, status, reason)
		}
		return last.Status == status
	})
	return last
}

// projectRoot is the folder of go.mod.
func projectRoot(t testing.TB) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// marketData returns the path of a file of real bars, or skips the test.
func marketData(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(projectRoot(t), "..", "shared", "data", "market", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("real market data is not here (%s): this test needs it", name)
	}
	return path
}
