package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// restored starts a backend on what a backup holds, elsewhere.
func restored(t *testing.T, backup string, env ...string) *system {
	t.Helper()
	s := &system{t: t, dir: t.TempDir(), env: env}
	dir := filepath.Join(s.dir, "backend")
	if out := run(t, nil, "admin", "restore", backup, "--data-dir", dir); out.code != 0 {
		t.Fatalf("restore: exit %d\n%s%s", out.code, out.stdout, out.stderr)
	}
	s.backend = start(t, "restored backend", env, "serve", "--listen", "127.0.0.1:0", "--data-dir", dir)
	return s
}

// submitBacktest starts a backtest over HTTP and returns its id; variants differ
// in their commission.
func (s *system) submitBacktest(variant int) string {
	s.t.Helper()
	var answer struct {
		ID string `json:"operation_id"`
	}
	body := map[string]any{"strategy_name": "quick", "symbol": "EURUSD", "timeframe": "1h", "start_date": "2016-06-15", "end_date": "2016-10-31",
		"commission": 0.0001 * float64(variant)}
	if code := s.call(http.MethodPost, "/api/v1/backtests/start", body, &answer); code != http.StatusOK {
		s.t.Fatalf("start backtest: status %d", code)
	}
	return answer.ID
}

// raw is an answer of the backend as it is.
func (s *system) raw(path string) string {
	s.t.Helper()
	var answer json.RawMessage
	if code := s.get(path, &answer); code != http.StatusOK {
		s.t.Fatalf("%s: status %d", path, code)
	}
	return string(answer)
}

// TestBackup: a backup that is made while operations run and are submitted holds
// everything that was acknowledged before it, and another backend goes on with it.
func TestBackup(t *testing.T) {
	s := newSystem(t, quickFleet...)
	trainer := s.worker("training", "trainer", eager...)
	tester := s.worker("backtest", "tester")
	s.importSample("EURUSD")
	strategy := s.strategy("quick", 5)
	s.must(trainArgs(strategy)...)
	tested := decode[finished](t, s.must(backtestArgs(strategy)...)).ID
	long := s.strategy("quick2", 800)
	running := decode[finished](t, s.must(trainArgs(long, "--detach")...)).ID
	s.awaitPosition(running, 60)
	waiting := decode[finished](t, s.must(trainArgs(s.strategy("quick", 5), "--detach")...)).ID
	acknowledged := []string{tested, running, waiting}
	for i := range 10 {
		acknowledged = append(acknowledged, s.submitBacktest(i))
	}

	// Load that goes on while the backup is made.
	file := filepath.Join(s.dir, "backup.tar")
	stop := make(chan struct{})
	var loading sync.WaitGroup
	loading.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				s.submitBacktest(i % 10)
			}
		}
	})
	out := s.must("admin", "backup", file, "--json")
	close(stop)
	loading.Wait()
	if r := decode[struct{ Series, Artifacts int }](t, out); r.Series != 1 || r.Artifacts < 5 {
		t.Errorf("the backup holds %+v", r)
	}
	models, bars, summary := s.raw("/api/v1/models"), s.raw("/api/v1/symbols"), s.result(tested)
	for _, p := range []*process{s.backend, trainer, tester} {
		p.kill()
	}

	again := restored(t, file, quickFleet...)
	if got := again.raw("/api/v1/models"); got != models {
		t.Errorf("models are\n%s\nwere\n%s", got, models)
	}
	if got := again.raw("/api/v1/symbols"); got != bars {
		t.Errorf("bars are\n%s\nwere\n%s", got, bars)
	}
	for _, id := range acknowledged {
		if op := again.operation(id); op.ID != id {
			t.Errorf("the acknowledged operation %s is gone", id)
		}
	}
	if got := again.result(tested); got != summary {
		t.Errorf("the result of %s is\n%s\nwas\n%s", tested, got, summary)
	}
	again.launchWorker("training", "another", eager...)
	again.launchWorker("backtest", "another-tester")
	if epoch := again.awaitEpoch(running, 2); epoch < 60 {
		t.Errorf("the running training began at epoch %d again", epoch)
	}
	for _, id := range acknowledged {
		again.awaitStatus(id, "completed")
	}
	if got := again.result(acknowledged[3+7]); got == "" {
		t.Error("a restored backtest has no result")
	}
	calm := decode[finished](t, again.must(trainArgs(long)...)).ID
	if got, want := again.weights(running), again.weights(calm); got != want {
		t.Errorf("the restored training made model %s, a calm one %s", got, want)
	}
	fresh := decode[finished](t, again.must(backtestArgs(strategy)...)).ID
	if got := again.result(fresh); got != summary {
		t.Errorf("a backtest with the restored model gives\n%s\nthe original gave\n%s", got, summary)
	}
}

func TestBackup_refuses(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.importSample("EURUSD")
	file, dir := filepath.Join(s.dir, "backup.tar"), filepath.Join(s.dir, "restored")
	s.must("admin", "backup", file)
	restore := func(file, dir string) outcome { return run(t, nil, "admin", "restore", file, "--data-dir", dir) }

	if out := s.run("admin", "backup", file); out.code != 2 || !strings.Contains(out.stderr, "exists") {
		t.Errorf("a backup over another one: exit %d\n%s", out.code, out.stderr)
	}
	if out := restore(file, filepath.Join(s.dir, "backend")); out.code != 2 || !strings.Contains(out.stderr, "not empty") {
		t.Errorf("a restore over a data folder: exit %d\n%s", out.code, out.stderr)
	}
	if out := restore(file+".no", dir); out.code != 3 {
		t.Errorf("a restore of a file that is not there: exit %d\n%s", out.code, out.stderr)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{"cut_off": whole[:len(whole)/2], "flipped": append(append([]byte{}, whole[:len(whole)/2]...), append([]byte{^whole[len(whole)/2]}, whole[len(whole)/2+1:]...)...)} {
		t.Run(name, func(t *testing.T) {
			damaged, dir := filepath.Join(s.dir, name+".tar"), filepath.Join(s.dir, name)
			if err := os.WriteFile(damaged, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if out := restore(damaged, dir); out.code != 1 || !strings.Contains(out.stderr, "damaged") {
				t.Errorf("exit %d\n%s", out.code, out.stderr)
			}
			// What is there of it must not be taken for all there was.
			out := run(t, nil, "serve", "--listen", "127.0.0.1:0", "--data-dir", dir)
			if out.code != 1 || !strings.Contains(out.stderr, "restore again") {
				t.Errorf("a backend started on a part of a backup: exit %d\n%s", out.code, out.stderr)
			}
			if out := restore(file, dir); out.code == 0 || !strings.Contains(out.stderr, "remove the folder") {
				t.Errorf("a second restore into the same folder: exit %d\n%s", out.code, out.stderr)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(s.dir, "backup.tar.part")); !os.IsNotExist(err) {
		t.Errorf("something is left of the backup: %v", err)
	}
	// A backend that fails on the way leaves no file that could be taken for one.
	blobs, err := filepath.Glob(filepath.Join(s.dir, "backend", "bars", "*", "1.close"))
	if err != nil || len(blobs) != 1 {
		t.Fatalf("columns are %v, %v", blobs, err)
	}
	s.backend.stop()
	if err := os.WriteFile(blobs[0], make([]byte, 8*sampleBars), 0o600); err != nil {
		t.Fatal(err)
	}
	s.restartBackend()
	second := filepath.Join(s.dir, "second.tar")
	if out := s.run("admin", "backup", second); out.code != 1 {
		t.Errorf("a backup of damaged bars: exit %d\n%s", out.code, out.stderr)
	}
	for _, name := range []string{second, second + ".part"} {
		if _, err := os.Stat(name); !os.IsNotExist(err) {
			t.Errorf("%s was left behind: %v", name, fmt.Sprint(err))
		}
	}
}

// artifacts counts the files that the backend keeps, in use and put aside.
func (s *system) artifacts() (stored, aside int) {
	s.t.Helper()
	for pattern, n := range map[string]*int{"sha256/*/*": &stored, "retired/*": &aside} {
		found, err := filepath.Glob(filepath.Join(s.dir, "backend", "artifacts", pattern))
		if err != nil {
			s.t.Fatal(err)
		}
		*n = len(found)
	}
	return stored, aside
}

type cleanupReport struct {
	Operations []struct {
		ID string `json:"operation_id"`
	}
	Retired, Deleted struct {
		Count     int
		SizeBytes int64 `json:"size_bytes"`
		Artifacts []struct{ SHA256 string }
	}
}

// TestCleanup: what a dry run shows goes, and nothing else; what runs, and what
// made a model, stays and works.
func TestCleanup(t *testing.T) {
	t.Parallel()
	s := newSystem(t, "KTRDR_RETENTION_GRACE=0.01")
	s.worker("training", "trainer")
	s.worker("backtest", "tester")
	s.importSample("EURUSD")
	strategy := s.strategy("quick", 5)
	trained := decode[finished](t, s.must(trainArgs(strategy)...)).ID
	tested := decode[finished](t, s.must(backtestArgs(strategy)...)).ID
	summary := s.result(tested)
	running := decode[finished](t, s.must(trainArgs(s.strategy("quick2", 100_000), "--detach")...)).ID
	s.awaitProgress(running)

	if r := decode[cleanupReport](t, s.must("admin", "cleanup", "--json")); len(r.Operations)+r.Retired.Count+r.Deleted.Count != 0 {
		t.Errorf("by the settings, %+v is old", r)
	}
	stored, _ := s.artifacts()
	plan := decode[cleanupReport](t, s.must("admin", "cleanup", "--older-than", "0", "--dry-run", "--json"))
	if len(plan.Operations) != 1 || plan.Operations[0].ID != tested || plan.Retired.Count == 0 || plan.Retired.SizeBytes == 0 {
		t.Errorf("the dry run shows %+v, want the backtest and its artifacts", plan)
	}
	if now, aside := s.artifacts(); now != stored || aside != 0 || s.operation(tested).ID != tested {
		t.Error("a dry run changed something")
	}
	done := decode[cleanupReport](t, s.must("admin", "cleanup", "--older-than", "0", "--json"))
	if fmt.Sprint(done) != fmt.Sprint(plan) {
		t.Errorf("cleaned up is %+v, the dry run showed %+v", done, plan)
	}
	if now, aside := s.artifacts(); now != stored-plan.Retired.Count || aside != plan.Retired.Count {
		t.Errorf("%d artifacts are stored and %d aside, want %d and %d", now, aside, stored-plan.Retired.Count, plan.Retired.Count)
	}
	if code := s.get("/api/v1/operations/"+tested, nil); code != http.StatusNotFound {
		t.Errorf("the deleted operation: status %d, want 404", code)
	}
	var final cleanupReport
	s.await("for the grace to end", func() bool {
		final = decode[cleanupReport](t, s.must("admin", "cleanup", "--json"))
		return final.Deleted.Count > 0
	})
	if _, aside := s.artifacts(); aside != final.Retired.Count || fmt.Sprint(final.Deleted) != fmt.Sprint(plan.Retired) {
		t.Errorf("%d artifacts are aside after %+v", aside, final)
	}
	if s.operation(trained).ID != trained || s.operation(running).Status != "running" {
		t.Error("a training that made a model, or one that runs, was deleted")
	}
	again := decode[finished](t, s.must(backtestArgs(strategy)...)).ID
	if got := s.result(again); got != summary {
		t.Errorf("the backtest gives\n%s\nbefore the clean-up\n%s", got, summary)
	}
	s.must("operations", "cancel", running)
	s.awaitStatus(running, "cancelled")
	if text := s.must("admin", "cleanup", "--older-than", "0", "--dry-run"); !strings.Contains(text, running) || !strings.Contains(text, "Would be cleaned up") {
		t.Errorf("the dry run does not show the cancelled training:\n%s", text)
	}
	if out := s.run("admin", "cleanup", "--older-than", "-1"); out.code != 2 {
		t.Errorf("--older-than -1: exit %d, want 2", out.code)
	}
}

// A backend cleans up by itself.
func TestCleanup_by_itself(t *testing.T) {
	t.Parallel()
	s := newSystem(t, "KTRDR_RETENTION_GRACE=0.01", "KTRDR_RETENTION_INTERVAL=0.05")
	s.importSample("EURUSD")
	hash := "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" // of hello
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.backend.url+"/api/v1/artifacts/"+hash, strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", resp, err)
	}
	resp.Body.Close()
	s.await("what nothing refers to is deleted", func() bool {
		stored, aside := s.artifacts()
		return stored+aside == 0
	})
}
