package main_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// trialFile is a row of the file of all trials.
type trialFile struct {
	Trial     int64    `parquet:"trial"`
	Threshold string   `parquet:"decisions.confidence_threshold"`
	Hash      string   `parquet:"order_hash"`
	Trades    int64    `parquet:"total_trades"`
	Return    *float64 `parquet:"total_return"`
}

// sweepInfo is what the --json form of a sweep prints of its result.
type sweepInfo struct {
	Leaderboard []struct {
		Trial     int64    `json:"trial"`
		Hash      string   `json:"order_hash"`
		Deflated  *float64 `json:"deflated_sharpe"`
		Settings  map[string]string
		TotalPct  float64 `json:"total_return_pct"`
		SharpeRat float64 `json:"sharpe_ratio"`
	} `json:"leaderboard"`
	Luck struct {
		Trials, Distinct int
		Expected         *float64 `json:"expected_maximum_sharpe"`
	} `json:"luck"`
	Trials struct {
		SHA256 string `json:"sha256"`
	} `json:"trials"`
}

// sweepSystem has a backend, backtest workers, bars and a trained model, and a file
// of a space of 24 trials.
func sweepSystem(t *testing.T, workers ...string) (s *system, strategy, space string, running map[string]*process) {
	t.Helper()
	// A worker that stands still keeps its chunk for longer than the rest takes.
	s = newSystem(t, append(slices.Clone(quickFleet), "KTRDR_WORKER_LEASE=10")...)
	training := s.worker("training", "trains")
	running = map[string]*process{}
	for _, id := range workers {
		running[id] = s.worker("backtest", id)
	}
	s.importSample("EURUSD")
	strategy = s.strategy("quick", 5)
	s.must(trainArgs(strategy)...)
	training.stop()
	space = filepath.Join(s.dir, "space.yaml")
	text := "axes:\n  decisions.confidence_threshold: [0.34, 0.36, 0.38, 0.40, 0.42, 0.44]\n  decisions.exits.stop_loss: [null, 0.002, 0.004, 0.01]\n"
	if err := os.WriteFile(space, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return s, strategy, space, running
}

func sweepArgs(space, strategy string, more ...string) []string {
	return append([]string{"sweep", space, "--strategy", strategy, "--symbol", "EURUSD", "--timeframe", "1h",
		"--start-date", "2016-06-15", "--end-date", "2016-10-31", "--chunk-trials", "5", "--json"}, more...)
}

// childInfo is a row of the children of an operation.
type childInfo struct {
	ID       string  `json:"operation_id"`
	Parent   *string `json:"parent_operation_id"`
	Status   string  `json:"status"`
	Duration float64 `json:"duration_seconds"`
	Worker   string  `json:"worker_id"`
}

func (s *system) children(id string) []childInfo {
	s.t.Helper()
	var list struct{ Data []childInfo }
	s.get("/api/v1/operations/"+id+"/children?limit=1000", &list)
	return list.Data
}

// sums counts the children of each status.
func sums(children []childInfo) map[string]int {
	n := map[string]int{}
	for _, c := range children {
		n[c.Status]++
	}
	return n
}

func TestSweep(t *testing.T) {
	t.Parallel()
	s, strategy, space, _ := sweepSystem(t, "b1", "b2")
	type answer struct {
		ID     string    `json:"operation_id"`
		Result sweepInfo `json:"result"`
	}
	dir := filepath.Join(s.dir, "found")
	r := decode[answer](t, s.must(sweepArgs(space, strategy, "--output", dir)...))
	rows, err := parquet.ReadFile[trialFile](filepath.Join(dir, "trials.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 24 || r.Result.Luck.Trials != 24 || len(r.Result.Leaderboard) != min(20, r.Result.Luck.Distinct) || r.Result.Luck.Expected == nil {
		t.Fatalf("%d rows, result %+v", len(rows), r.Result)
	}

	t.Run("a_trial_alone_trades_alike", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 3))
		traded := 0
		for _, trial := range append([]int{int(r.Result.Leaderboard[0].Trial)}, rng.Perm(24)[:10]...) {
			file := filepath.Join(s.dir, fmt.Sprintf("trial-%d.yaml", trial))
			s.must("sweep", "trial", r.ID, fmt.Sprint(trial), "-o", file)
			alone := decode[struct {
				Result struct {
					Hash   string `json:"order_hash"`
					Trades int64  `json:"trade_count"`
				} `json:"result"`
			}](t, s.must(backtestArgs(file)...)).Result
			if alone.Hash != rows[trial].Hash || alone.Trades != rows[trial].Trades {
				t.Errorf("trial %d has orders %s, alone %s", trial, rows[trial].Hash, alone.Hash)
			}
			traded += int(alone.Trades)
		}
		if traded == 0 {
			t.Error("no trial traded: this proves nothing")
		}
	})
	t.Run("children", func(t *testing.T) {
		children := s.children(r.ID)
		if len(children) != 5 || sums(children)["completed"] != 5 || children[0].Parent == nil || *children[0].Parent != r.ID {
			t.Errorf("children %+v", children)
		}
		if list := s.must("operations", "list", "--json"); strings.Contains(list, children[0].ID) || !strings.Contains(list, r.ID) {
			t.Errorf("the list shows chunks, or not the sweep:\n%s", list)
		}
		if list := s.must("operations", "list", "--children"); !strings.Contains(list, children[4].ID) {
			t.Errorf("the list with children has no %s:\n%s", children[4].ID, list)
		}
		if shown := s.must("operations", "status", r.ID); !strings.Contains(shown, children[4].ID) || !strings.Contains(shown, "SHARPE") {
			t.Errorf("the status shows no child or no leaderboard:\n%s", shown)
		}
	})
	t.Run("shown_and_downloaded", func(t *testing.T) {
		if shown := s.must("sweep", "show", r.ID); !strings.Contains(shown, "24, of which") || !strings.Contains(shown, "without skill") {
			t.Errorf("shown:\n%s", shown)
		}
		file := filepath.Join(s.dir, "again.parquet")
		s.must("sweep", "download", r.ID, "-o", file)
		again, err := parquet.ReadFile[trialFile](file)
		if err != nil || len(again) != 24 || again[7].Hash != rows[7].Hash {
			t.Errorf("downloaded %d rows, %v", len(again), err)
		}
	})
	t.Run("refusals", func(t *testing.T) {
		for _, c := range []struct {
			args []string
			code int
			want string
		}{
			{[]string{"sweep", "trial", r.ID, "24"}, 1, "trials 0 to 23"},
			{[]string{"sweep", "show", s.children(r.ID)[0].ID}, 2, "not a sweep"},
			{[]string{"sweep", space}, 2, "--model or --strategy"},
			{[]string{"sweep", space, "--strategy", strategy}, 2, "--start-date"},
			{[]string{"sweep", strategy, "--strategy", strategy, "--start-date", "2016-06-15", "--end-date", "2016-10-31"}, 2, "axes"},
			{sweepArgs(space, strategy, "--metric", "sharp_ratio"), 1, "did you mean sharpe_ratio"},
			{[]string{"operations", "retry", s.children(r.ID)[0].ID}, 1, "part of another"},
		} {
			if out := s.run(c.args...); out.code != c.code || !strings.Contains(out.stdout+out.stderr, c.want) {
				t.Errorf("%v: exit %d, want %d and %q:\n%s%s", c.args, out.code, c.code, c.want, out.stdout, out.stderr)
			}
		}
	})
}

// TestSweep_faults holds one chunk on a worker that stands still, while another
// worker does the rest, so that what is lost is known.
func TestSweep_faults(t *testing.T) {
	// begin starts a sweep of which all chunks but one are done.
	begin := func(t *testing.T) (s *system, id string, still *process, done []childInfo, again func() string) {
		s, strategy, space, workers := sweepSystem(t, "still", "runs")
		still = workers["still"]
		if err := still.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		id = decode[finished](t, s.must(sweepArgs(space, strategy, "--detach")...)).ID
		s.await("all chunks but one are done", func() bool {
			done = s.children(id)
			return sums(done)["completed"] == 4 && slices.ContainsFunc(done, func(c childInfo) bool { return c.Worker == "still" && c.Status != "completed" })
		})
		if op := s.operation(id); op.Status != "running" || op.Progress.Percentage < 60 || op.Progress.Percentage > 95 {
			t.Errorf("with 4 of 5 chunks done the sweep is %s at %v %%", op.Status, op.Progress.Percentage)
		}
		return s, id, still, done, func() string { return decode[finished](t, s.must(sweepArgs(space, strategy)...)).ID }
	}
	check := func(t *testing.T, s *system, id string, done []childInfo, calm string) {
		t.Helper()
		for i, c := range s.children(id) {
			if done[i].Status == "completed" && c != done[i] && (c.Duration != done[i].Duration || c.Worker != done[i].Worker) {
				t.Errorf("chunk %s was evaluated again: %+v, was %+v", c.ID, c, done[i])
			}
		}
		if got, want := s.trials(id), s.trials(calm); got != want {
			t.Errorf("the sweep found trials %s, a calm one %s", got, want)
		}
	}
	t.Run("worker_killed", func(t *testing.T) {
		t.Parallel()
		s, id, still, done, again := begin(t)
		still.kill()
		s.awaitStatus(id, "completed")
		lost := slices.IndexFunc(done, func(c childInfo) bool { return c.Status != "completed" })
		if op := s.operation(done[lost].ID); op.Attempt < 2 || op.Worker != "runs" {
			t.Errorf("the lost chunk was completed by attempt %d on %s", op.Attempt, op.Worker)
		}
		check(t, s, id, done, again())
	})
	t.Run("backend_killed", func(t *testing.T) {
		t.Parallel()
		s, id, still, done, again := begin(t)
		s.backend.kill()
		s.restartBackend()
		if err := still.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		s.awaitStatus(id, "completed")
		check(t, s, id, done, again())
	})
	t.Run("cancel", func(t *testing.T) {
		t.Parallel()
		s, id, still, done, _ := begin(t)
		var answer struct {
			Data struct {
				Status   string
				Children []string `json:"children_cancelled"`
			}
		}
		s.call("DELETE", "/api/v1/operations/"+id, map[string]string{"reason": "enough"}, &answer)
		lost := slices.IndexFunc(done, func(c childInfo) bool { return c.Status != "completed" })
		if answer.Data.Status != "running" || !slices.Equal(answer.Data.Children, []string{done[lost].ID}) {
			t.Errorf("answer to the cancel: %+v, want running and %s", answer.Data, done[lost].ID)
		}
		if err := still.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		s.awaitStatus(id, "cancelled")
		if n := sums(s.children(id)); n["completed"] != 4 || n["cancelled"] != 1 {
			t.Errorf("children at the end: %v", n)
		}
	})
	t.Run("retry", func(t *testing.T) {
		t.Parallel()
		s, id, still, done, again := begin(t)
		s.must("operations", "cancel", id)
		if err := still.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		s.awaitStatus(id, "cancelled")
		if shown := s.percentage(id); shown < 60 || shown > 95 {
			t.Errorf("with 4 of 5 chunks done the cancelled sweep is listed at %v %%", shown)
		}
		damaged := slices.IndexFunc(done, func(c childInfo) bool { return c.Status == "completed" })
		s.damage(done[damaged].ID)
		retry := decode[finished](t, s.must("operations", "retry", id, "--json")).ID
		for i, c := range s.children(retry) {
			fresh := i == damaged || done[i].Status != "completed"
			if c.Status != "completed" || fresh != (c.Worker != "") {
				t.Errorf("chunk %d of the retry is %+v; it was %s, damaged is %d", i, c, done[i].Status, damaged)
			}
		}
		if shown := s.percentage(retry); shown != 100 {
			t.Errorf("the completed retry is listed at %v %%", shown)
		}
		if got, want := s.found(retry), s.found(again()); got != want {
			t.Errorf("the retry found\n%s\na calm sweep\n%s", got, want)
		}
	})
}

// percentage is the progress of an operation as the list has it.
func (s *system) percentage(id string) float64 {
	s.t.Helper()
	var list struct {
		Data []struct {
			ID       string  `json:"operation_id"`
			Progress float64 `json:"progress_percentage"`
		}
	}
	s.get("/api/v1/operations?limit=1000", &list)
	for _, op := range list.Data {
		if op.ID == id {
			return op.Progress
		}
	}
	s.t.Fatalf("%s is not in the list", id)
	return 0
}

// damage changes a byte in what a chunk has stored.
func (s *system) damage(chunk string) {
	s.t.Helper()
	var answer struct {
		Results struct {
			Rows struct {
				SHA256 string `json:"sha256"`
			} `json:"rows"`
		}
	}
	s.get("/api/v1/operations/"+chunk+"/results", &answer)
	found := 0
	err := filepath.WalkDir(filepath.Join(s.dir, "backend"), func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.Name() != answer.Results.Rows.SHA256 {
			return err
		}
		found++
		content, err := os.ReadFile(name)
		if err == nil {
			content[len(content)/2] ^= 1
			err = os.WriteFile(name, content, 0o644)
		}
		return err
	})
	if err != nil || found != 1 {
		s.t.Fatalf("%d files were damaged: %v", found, err)
	}
}

// found is all that a sweep has found, as its backend says it.
func (s *system) found(id string) string {
	s.t.Helper()
	var answer struct{ Results json.RawMessage }
	s.get("/api/v1/operations/"+id+"/results", &answer)
	return string(answer.Results)
}

// trials is the content hash of the file of all trials of a sweep.
func (s *system) trials(id string) string {
	s.t.Helper()
	var answer struct{ Results sweepInfo }
	s.get("/api/v1/operations/"+id+"/results", &answer)
	return answer.Results.Trials.SHA256
}
