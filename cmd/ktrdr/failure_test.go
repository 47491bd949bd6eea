package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// quickFleet makes a backend notice a lost worker within a second or two.
var quickFleet = []string{"KTRDR_WORKER_HEALTH_CHECK_INTERVAL=0.3", "KTRDR_WORKER_HEALTH_CHECK_TIMEOUT=1", "KTRDR_WORKER_LEASE=2"}

// weights is the content hash of the model that a training made.
func (s *system) weights(id string) string {
	s.t.Helper()
	var answer struct {
		Results struct {
			Model struct {
				SHA256 string `json:"sha256"`
			} `json:"model"`
		}
	}
	if code := s.get("/api/v1/operations/"+id+"/results", &answer); code != http.StatusOK {
		s.t.Fatalf("results of %s: status %d", id, code)
	}
	if answer.Results.Model.SHA256 == "" {
		s.t.Fatalf("the results of %s name no model", id)
	}
	return answer.Results.Model.SHA256
}

func (s *system) awaitProgress(id string) {
	s.t.Helper()
	s.await(id+" makes progress", func() bool {
		op := s.operation(id)
		if op.Status == "completed" {
			s.t.Fatalf("%s completed before its progress was seen: give it more to do", id)
		}
		return op.Status == "running" && op.Progress.Percentage > 0
	})
}

func TestKill(t *testing.T) {
	t.Run("worker_mid_operation", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t, quickFleet...)
		first := s.worker("training", "first")
		s.importSample("EURUSD")
		strategy := s.strategy("quick", 1500)
		lost := decode[finished](t, s.must(trainArgs(strategy, "--detach")...))
		s.awaitProgress(lost.ID)
		s.worker("training", "second")
		first.kill()
		op := s.awaitStatus(lost.ID, "completed")
		if op.Attempt != 2 || op.Worker != "second" {
			t.Errorf("completed by attempt %d on %s, want attempt 2 on second", op.Attempt, op.Worker)
		}
		calm := decode[finished](t, s.must(trainArgs(strategy)...))
		if got, want := s.weights(lost.ID), s.weights(calm.ID); got != want {
			t.Errorf("the killed training made model %s, a calm one %s", got, want)
		}
	})

	t.Run("worker_restarted_under_its_id", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t)
		worker := s.worker("training", "only")
		s.importSample("EURUSD")
		id := decode[finished](t, s.must(trainArgs(s.strategy("quick", 1500), "--detach")...)).ID
		s.awaitProgress(id)
		worker.kill()
		s.launchWorker("training", "only")
		if op := s.awaitStatus(id, "completed"); op.Attempt != 2 {
			t.Errorf("completed by attempt %d, want 2", op.Attempt)
		}
	})

	t.Run("backend_mid_operation", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t, quickFleet...)
		s.worker("training", "only")
		s.importSample("EURUSD")
		strategy := s.strategy("quick", 2500)
		running := decode[finished](t, s.must(trainArgs(strategy, "--detach")...)).ID
		s.awaitProgress(running)
		waiting := decode[finished](t, s.must(trainArgs(s.strategy("quick2", 5), "--detach")...)).ID
		s.backend.kill()
		s.restartBackend()
		if op := s.operation(waiting); op.ID != waiting {
			t.Fatalf("the acknowledged operation %s is gone", waiting)
		}
		if op := s.awaitStatus(running, "completed"); op.Attempt != 1 {
			t.Errorf("the running operation was dispatched %d times, want once", op.Attempt)
		}
		s.awaitStatus(waiting, "completed")
	})
}

func TestCancel(t *testing.T) {
	t.Run("running_training_stops_computing", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t)
		worker := s.worker("training", "only")
		s.importSample("EURUSD")
		id := decode[finished](t, s.must(trainArgs(s.strategy("quick", 100_000), "--detach")...)).ID
		s.awaitProgress(id)
		if got := s.workerStatus("only"); got != "busy" {
			t.Errorf("the worker is %s while it trains, want busy", got)
		}
		asked := time.Now()
		s.must("operations", "cancel", id, "--reason", "changed my mind")
		s.await("the worker is available again", func() bool { return s.workerStatus("only") == "available" })
		t.Logf("available again %s after the cancel", time.Since(asked))
		before := cpuTicks(t, worker.cmd.Process.Pid)
		s.awaitStatus(id, "cancelled")
		s.must(trainArgs(s.strategy("quick", 5))...) // the next operation runs
		if spent := cpuTicks(t, worker.cmd.Process.Pid) - before; spent > 1500 {
			t.Errorf("the worker spent %d ticks of CPU on a moment's work: the cancelled training goes on", spent)
		}
		again := s.run("operations", "cancel", id)
		if again.code != 1 || !strings.Contains(again.stdout+again.stderr, "cancelled") {
			t.Errorf("cancelling twice: exit %d, want 1 and its state:\n%s%s", again.code, again.stdout, again.stderr)
		}
	})

	t.Run("waiting_operation_ends_at_once", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t)
		s.worker("training", "only")
		s.importSample("EURUSD")
		running := decode[finished](t, s.must(trainArgs(s.strategy("quick", 100_000), "--detach")...)).ID
		s.awaitStatus(running, "running")
		waiting := decode[finished](t, s.must(trainArgs(s.strategy("quick2", 5), "--detach")...)).ID
		s.must("operations", "cancel", waiting)
		if op := s.operation(waiting); op.Status != "cancelled" {
			t.Errorf("the waiting operation is %s, want cancelled", op.Status)
		}
		s.must("operations", "cancel", running)
		s.awaitStatus(running, "cancelled")
	})
}

// cpuTicks returns the CPU time that the process has used, in clock ticks.
func cpuTicks(t *testing.T, pid int) int {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Skipf("no process accounting here: %v", err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+2:]))
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		t.Fatalf("cannot read %s", stat)
	}
	return user + system
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.worker("training", "trainer")
	s.worker("backtest", "tester")
	s.importSample("EURUSD")
	strategy := s.strategy("quick", 5)
	s.must(trainArgs(strategy)...)
	other := s.dir + "/other.yaml"
	text, err := os.ReadFile(strategy)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, []byte(strings.Replace(string(text), "[30, 50, 70]", "[35, 50, 70]", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	huge := s.dir + "/huge.yaml"
	if err := os.WriteFile(huge, []byte("name: huge\ndescription: |\n"+strings.Repeat("  all work and no play\n", 500_000)), 0o644); err != nil {
		t.Fatal(err)
	}
	nan := s.dir + "/nan.csv"
	if err := os.WriteFile(nan, []byte("timestamp,open,high,low,close,volume\n2024-01-01T00:00:00Z,1,2,0.5,1.5,10\n2024-01-01T01:00:00Z,1,NaN,0.5,1.5,10\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	window := func(args ...string) []string {
		return append([]string{"backtest", "run", strategy, "EURUSD", "1h"}, args...)
	}
	before := s.state()
	for _, tc := range []struct {
		name string
		args []string
		want []string // each is part of what the user reads
	}{
		{"negative_commission", backtestArgs(strategy, "--commission", "-0.001"), []string{"commission"}},
		{"absurd_slippage", backtestArgs(strategy, "--slippage", "0.5"), []string{"slippage"}},
		{"end_before_start", window("--start-date", "2016-10-31", "--end-date", "2016-06-15"), []string{"before"}},
		{"not_a_date", window("--start-date", "yesterday", "--end-date", "2016-06-15"), []string{"yesterday", "2006-01-02"}},
		{"unknown_symbol", []string{"backtest", "run", strategy, "NOSUCH", "1h", "--start-date", "2016-06-15", "--end-date", "2016-10-31"}, []string{"NOSUCH", "EURUSD"}},
		{"unknown_timeframe", []string{"backtest", "run", strategy, "EURUSD", "7h", "--start-date", "2016-06-15", "--end-date", "2016-10-31"}, []string{"7h"}},
		{"empty_range", window("--start-date", "2035-01-01", "--end-date", "2035-02-01"), []string{"2035"}},
		{"in_sample_window", window("--start-date", "2016-01-01", "--end-date", "2016-10-31"), []string{"train", "--allow-in-sample"}},
		{"model_of_another_schema", []string{"backtest", "run", other, "EURUSD", "1h", "--start-date", "2016-06-15", "--end-date", "2016-10-31"}, []string{"feature"}},
		{"huge_strategy", []string{"models", "train", "--strategy", huge, "--start-date", "2015-01-05", "--end-date", "2016-05-31"}, []string{"huge.yaml"}},
		{"nan_price", []string{"data", "import", nan, "--symbol", "EURUSD", "--timeframe", "1h"}, []string{"nan.csv:3", "high"}},
		{"symbol_that_is_a_path", []string{"data", "import", nan, "--symbol", "../../etc", "--timeframe", "1h"}, []string{"symbol"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out := s.run(tc.args...)
			if out.code == 0 {
				t.Errorf("exit 0, want a failure")
			}
			for _, want := range tc.want {
				if !strings.Contains(out.stdout+out.stderr, want) {
					t.Errorf("the answer does not mention %q:\n%s%s", want, out.stdout, out.stderr)
				}
			}
			if after := s.state(); after != before {
				t.Errorf("the refusal changed something:\nbefore %s\nafter  %s", before, after)
			}
		})
	}
}

// state is everything that a refused request must leave as it was.
func (s *system) state() string {
	s.t.Helper()
	var all []json.RawMessage
	for _, path := range []string{"/api/v1/operations?limit=1000", "/api/v1/models", "/api/v1/symbols"} {
		var answer json.RawMessage
		if code := s.get(path, &answer); code != http.StatusOK {
			s.t.Fatalf("%s: status %d", path, code)
		}
		all = append(all, answer)
	}
	text, err := json.Marshal(all)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text) + s.must("data", "get-range", "EURUSD", "1h")
}
