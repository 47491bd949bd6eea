package main_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sampleBars is how many hours the generated market of these tests has.
const sampleBars = 12_000

// importSample generates a market and imports it as symbol, at 1h.
func (s *system) importSample(symbol string) {
	s.t.Helper()
	file := filepath.Join(s.dir, symbol+".csv")
	if out := run(s.t, nil, "data", "sample", "--symbol", symbol, "--timeframe", "1h", "--seed", "7",
		"--bars", fmt.Sprint(sampleBars), "--start", "2015-01-05", "--output", file); out.code != 0 {
		s.t.Fatalf("data sample: exit %d\n%s", out.code, out.stderr)
	}
	s.must("data", "import", file, "--symbol", symbol, "--timeframe", "1h")
}

// strategy writes testdata/NAME.yaml with its epochs replaced, as a file of its
// own name in the folder of the system, and returns its path.
func (s *system) strategy(name string, epochs int) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
	if err != nil {
		s.t.Fatal(err)
	}
	written := strings.Replace(string(text), "epochs: 5 ", fmt.Sprintf("epochs: %d ", epochs), 1)
	if epochs != 5 && written == string(text) {
		s.t.Fatalf("testdata/%s.yaml does not say epochs: 5", name)
	}
	path := filepath.Join(s.dir, name+".yaml")
	if err := os.WriteFile(path, []byte(written), 0o644); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// trainArgs trains the quick strategy on the years before 2016-06.
func trainArgs(strategy string, more ...string) []string {
	return append([]string{"models", "train", "--strategy", strategy, "--symbol", "EURUSD", "--timeframe", "1h",
		"--start-date", "2015-01-05", "--end-date", "2016-05-31", "--json"}, more...)
}

// backtestArgs runs the quick strategy on the bars after those it was trained on.
func backtestArgs(strategy string, more ...string) []string {
	return append([]string{"backtest", "run", strategy, "EURUSD", "1h",
		"--start-date", "2016-06-15", "--end-date", "2016-10-31", "--json"}, more...)
}

// finished is what the --json form of a followed start prints.
type finished struct {
	ID     string `json:"operation_id"`
	Status string `json:"status"`
}

func TestScenario(t *testing.T) {
	t.Run("backtest_with_workers_succeeds", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t)
		s.worker("training", "trainer")
		s.worker("backtest", "tester")
		s.importSample("EURUSD")
		strategy := s.strategy("quick", 5)
		trained := decode[finished](t, s.must(trainArgs(strategy)...))
		tested := decode[finished](t, s.must(backtestArgs(strategy)...))
		if got := s.operation(trained.ID).Worker; got != "trainer" {
			t.Errorf("the training ran on %q, want trainer", got)
		}
		if got := s.operation(tested.ID).Worker; got != "tester" {
			t.Errorf("the backtest ran on %q, want tester", got)
		}
		var answer struct {
			Results struct {
				Metrics map[string]any `json:"metrics"`
			}
		}
		if code := s.get("/api/v1/operations/"+tested.ID+"/results", &answer); code != http.StatusOK {
			t.Fatalf("results: status %d", code)
		}
		for _, key := range []string{"total_return", "sharpe_ratio", "max_drawdown", "total_trades", "win_rate"} {
			if _, ok := answer.Results.Metrics[key]; !ok {
				t.Errorf("the results have no %s", key)
			}
		}
		if trades, _ := answer.Results.Metrics["total_trades"].(float64); trades < 1 {
			t.Errorf("the backtest made %v trades, want some", trades)
		}
	})

	t.Run("backtest_without_workers_fails_clearly", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t)
		s.worker("training", "trainer")
		s.importSample("EURUSD")
		strategy := s.strategy("quick", 5)
		s.must(trainArgs(strategy)...)
		var answer struct {
			Detail struct{ Error, Hint string }
		}
		code := s.call(http.MethodPost, "/api/v1/backtests/start", map[string]any{"strategy_name": "quick", "symbol": "EURUSD",
			"timeframe": "1h", "start_date": "2016-06-15", "end_date": "2016-10-31"}, &answer)
		if code != http.StatusServiceUnavailable || !strings.HasPrefix(answer.Detail.Error, "No workers available") {
			t.Errorf("start answered %d %+v, want 503 and No workers available", code, answer)
		}
		out := s.run(backtestArgs(strategy)...)
		if out.code != 1 || !strings.Contains(out.stdout+out.stderr, "ktrdr worker backtest") {
			t.Errorf("exit %d, want 1 and the command that starts a worker:\n%s%s", out.code, out.stdout, out.stderr)
		}
	})

	t.Run("training_prefers_the_gpu", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t)
		s.worker("training", "cpu")
		s.worker("training", "gpu", "--capability", "gpu=true")
		s.importSample("EURUSD")
		for range 2 { // the second time the other worker was used less recently
			trained := decode[finished](t, s.must(trainArgs(s.strategy("quick", 5))...))
			if got := s.operation(trained.ID).Worker; got != "gpu" {
				t.Errorf("the training ran on %q, want gpu", got)
			}
		}
	})

	t.Run("training_falls_back_to_a_cpu", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t)
		s.worker("training", "cpu")
		s.importSample("EURUSD")
		trained := decode[finished](t, s.must(trainArgs(s.strategy("quick", 5))...))
		if got := s.operation(trained.ID).Worker; got != "cpu" {
			t.Errorf("the training ran on %q, want cpu", got)
		}
	})

	t.Run("training_without_workers_fails_clearly", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t)
		s.worker("backtest", "tester")
		s.importSample("EURUSD")
		text, err := os.ReadFile(s.strategy("quick", 5))
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Detail struct{ Error, Hint string }
		}
		code := s.call(http.MethodPost, "/api/v1/trainings/start", map[string]any{"strategy_yaml": string(text)}, &answer)
		const want = "No training workers available. Start GPU or CPU training workers."
		if code != http.StatusServiceUnavailable || answer.Detail.Error != want {
			t.Errorf("start answered %d %+v, want 503 and %q", code, answer, want)
		}
		out := s.run(trainArgs(s.strategy("quick", 5))...)
		if out.code != 1 || !strings.Contains(out.stdout+out.stderr, "ktrdr worker training") {
			t.Errorf("exit %d, want 1 and the command that starts a worker:\n%s%s", out.code, out.stdout, out.stderr)
		}
		var list struct{ Data []operationInfo }
		s.get("/api/v1/operations", &list)
		if len(list.Data) != 0 {
			t.Errorf("a refused start left operations behind: %+v", list.Data)
		}
	})
}

func TestQueue(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.worker("training", "only")
	s.importSample("EURUSD")
	slow, quick := s.strategy("quick", 5000), s.strategy("quick2", 5)
	first := decode[finished](t, s.must(trainArgs(slow, "--detach")...))
	s.awaitStatus(first.ID, "running")
	second := decode[finished](t, s.must(trainArgs(quick, "--detach")...))
	third := decode[finished](t, s.must(trainArgs(quick, "--detach", "--seed", "2")...))
	for place, id := range map[int]string{1: second.ID, 2: third.ID} {
		op := s.operation(id)
		if op.Status != "pending" || op.Queue == nil || *op.Queue != place {
			t.Errorf("operation %d: status %s queue %v, want pending at %d", place, op.Status, op.Queue, place)
		}
	}
	if out := s.must("operations", "list"); !strings.Contains(out, second.ID) || !strings.Contains(out, "pending") {
		t.Errorf("the list does not show the waiting operation:\n%s", out)
	}
	s.must("operations", "cancel", first.ID)
	s.awaitStatus(first.ID, "cancelled")
	s.awaitStatus(second.ID, "completed")
	s.awaitStatus(third.ID, "completed")
}
