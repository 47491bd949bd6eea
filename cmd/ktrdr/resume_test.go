package main_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// eager makes a worker save its state all the time.
var eager = []string{"--checkpoint-seconds", "0.05"}

// position is how many epochs the newest checkpoint of a training has behind it;
// -1 if there is none.
func (s *system) position(id string) int {
	s.t.Helper()
	var answer struct {
		Data struct{ State struct{ Position int } }
	}
	if code := s.get("/api/v1/checkpoints/"+id, &answer); code != http.StatusOK {
		return -1
	}
	return answer.Data.State.Position
}

// awaitPosition waits for a checkpoint after at least so many epochs.
func (s *system) awaitPosition(id string, epochs int) {
	s.t.Helper()
	s.await(fmt.Sprintf("%s has saved its state after epoch %d", id, epochs), func() bool {
		if op := s.operation(id); op.Status == "completed" {
			s.t.Fatalf("%s completed before it saved a state", id)
		}
		return s.position(id) >= epochs
	})
}

// awaitEpoch waits until the n-th attempt trains and returns the first epoch that
// is seen of it.
func (s *system) awaitEpoch(id string, n int) int {
	s.t.Helper()
	epoch := 0
	s.await(fmt.Sprintf("attempt %d of %s trains", n, id), func() bool {
		op := s.operation(id)
		if op.Status == "completed" {
			s.t.Fatalf("%s completed before an epoch of attempt %d was seen", id, n)
		}
		_, err := fmt.Sscanf(op.Progress.Step, "Epoch %d/", &epoch)
		return op.Attempt == n && err == nil
	})
	return epoch
}

func TestResume(t *testing.T) {
	const epochs, enough = 800, 60
	t.Run("after_cancel", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t)
		s.worker("training", "first", eager...)
		s.importSample("EURUSD")
		strategy := s.strategy("quick", epochs)
		id := decode[finished](t, s.must(trainArgs(strategy, "--detach")...)).ID
		s.awaitPosition(id, enough)
		s.must("operations", "cancel", id)
		s.awaitStatus(id, "cancelled")
		shown := s.must("checkpoints", "show", id)
		if !strings.Contains(shown, "cancellation") {
			t.Errorf("the newest checkpoint was not made by the cancel:\n%s", shown)
		}
		stood := s.position(id)
		s.must("operations", "resume", id, "--detach")
		if epoch := s.awaitEpoch(id, 2); epoch < stood {
			t.Errorf("resumed at epoch %d, although the state after epoch %d was saved", epoch, stood)
		}
		s.awaitStatus(id, "completed")
		calm := decode[finished](t, s.must(trainArgs(strategy)...))
		if got, want := s.weights(id), s.weights(calm.ID); got != want {
			t.Errorf("the resumed training made model %s, an uninterrupted one %s", got, want)
		}
		if again := s.run("operations", "resume", id); again.code != 1 || !strings.Contains(again.stdout+again.stderr, "already completed") {
			t.Errorf("resuming what completed: exit %d\n%s%s", again.code, again.stdout, again.stderr)
		}
		if left := s.position(id); left != -1 {
			t.Errorf("a completed operation keeps the checkpoint after epoch %d", left)
		}
	})

	t.Run("after_kill_of_the_worker", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t, quickFleet...)
		first := s.worker("training", "first", eager...)
		s.importSample("EURUSD")
		strategy := s.strategy("quick", epochs)
		id := decode[finished](t, s.must(trainArgs(strategy, "--detach")...)).ID
		s.awaitPosition(id, enough)
		first.kill()
		s.launchWorker("training", "second", eager...) // it may be busy at once
		if epoch := s.awaitEpoch(id, 2); epoch < enough {
			t.Errorf("the second worker began at epoch %d, although the state after epoch %d was saved", epoch, enough)
		}
		s.awaitStatus(id, "completed")
		calm := decode[finished](t, s.must(trainArgs(strategy)...))
		if got, want := s.weights(id), s.weights(calm.ID); got != want {
			t.Errorf("the training made model %s, an uninterrupted one %s", got, want)
		}
	})

	t.Run("after_stop_of_the_worker", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t)
		first := s.worker("training", "first")
		s.importSample("EURUSD")
		id := decode[finished](t, s.must(trainArgs(s.strategy("quick", epochs), "--detach")...)).ID
		s.awaitEpoch(id, 1)
		s.await("some epochs pass", func() bool {
			epoch := 0
			_, _ = fmt.Sscanf(s.operation(id).Progress.Step, "Epoch %d/", &epoch)
			return epoch >= enough
		})
		first.stop()
		s.launchWorker("training", "second") // it is busy at once
		if epoch := s.awaitEpoch(id, 2); epoch < enough {
			t.Errorf("the second worker began at epoch %d, although the first one was stopped in order after epoch %d", epoch, enough)
		}
		s.awaitStatus(id, "completed")
	})

	t.Run("after_failure", func(t *testing.T) {
		t.Parallel()
		// A worker keeps a state in memory every ten seconds; it is missed later than that.
		s := newSystem(t, "KTRDR_WORKER_HEALTH_CHECK_INTERVAL=6", "KTRDR_WORKER_HEALTH_CHECK_TIMEOUT=1")
		worker := s.worker("training", "only", "--checkpoint-epochs", "100000")
		s.importOverflowing("EURUSD")
		id := decode[finished](t, s.must(trainArgs(s.strategy("overflow", epochs), "--detach")...)).ID
		seen := s.awaitEpoch(id, 1)
		worker.signal(syscall.SIGSTOP)
		s.await("the worker is missed", func() bool { return s.workerStatus("only") == "temporarily_unavailable" })
		worker.signal(syscall.SIGCONT)
		first := s.awaitStatus(id, "failed")
		if first.Error == nil || *first.Error == "" {
			t.Error("it failed without a reason")
		}
		stood := s.position(id)
		if shown := s.must("checkpoints", "show", id); !strings.Contains(shown, "failure") || stood < seen-1 || stood >= epochs {
			t.Errorf("epoch %d was seen, and its failure left the state after epoch %d:\n%s", seen, stood, shown)
		}
		// What made it fail is still there.
		s.must("operations", "resume", id, "--detach")
		if epoch := s.awaitEpoch(id, 2); epoch < stood {
			t.Errorf("resumed at epoch %d, although the state after epoch %d was saved", epoch, stood)
		}
		again := s.awaitStatus(id, "failed")
		if again.Attempt != 2 || again.Error == nil || *again.Error != *first.Error {
			t.Errorf("resumed it is %+v, want to fail again for the same reason, %s", again, *first.Error)
		}
	})

	t.Run("after_deadline", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t, quickFleet...)
		worker := s.worker("training", "only")
		s.importSample("EURUSD")
		text, err := os.ReadFile(s.strategy("quick", 100_000))
		if err != nil {
			t.Fatal(err)
		}
		var started finished
		if code := s.call(http.MethodPost, trainingPath, map[string]any{"strategy_yaml": string(text), "symbol": "EURUSD", "timeframe": "1h",
			"start_date": "2015-01-05", "end_date": "2016-05-31", "deadline": time.Now().Add(3 * time.Second)}, &started); code != http.StatusOK {
			t.Fatalf("start: %d", code)
		}
		s.awaitEpoch(started.ID, 1)
		if shown := s.must("operations", "status", started.ID); !strings.Contains(shown, "deadline") || !strings.Contains(shown, "1; it fails when 3 are lost") {
			t.Errorf("the deadline and the attempts are not shown:\n%s", shown)
		}
		op := s.awaitStatus(started.ID, "failed")
		if op.Error == nil || !strings.Contains(*op.Error, "The deadline passed") || op.Worker != "only" {
			t.Errorf("it is %+v, want failed by its deadline", op)
		}
		if shown := s.must("checkpoints", "show", started.ID); !strings.Contains(shown, "cancellation") {
			t.Errorf("the stopped attempt left no state:\n%s", shown)
		}
		stood := s.position(started.ID)
		s.must("operations", "resume", started.ID, "--detach") // there is no deadline any more
		if epoch := s.awaitEpoch(started.ID, 2); epoch < stood {
			t.Errorf("resumed at epoch %d, although the state after epoch %d was saved", epoch, stood)
		}
		if shown := s.raw("/api/v1/operations/" + started.ID); strings.Contains(shown, `"deadline"`) {
			t.Errorf("the resumed training has a deadline:\n%s", shown)
		}
		worker.kill() // what is resumed can be lost and cancelled as anything else
		s.await("the attempt is lost", func() bool { return s.operation(started.ID).Status == "resuming" })
		s.must("operations", "cancel", started.ID)
		s.awaitStatus(started.ID, "cancelled")
	})

	t.Run("of_what_has_no_state", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t)
		if out := s.run("operations", "resume", "op_none"); out.code != 3 {
			t.Errorf("resuming an unknown operation: exit %d, want 3\n%s", out.code, out.stderr)
		}
	})
}

// importOverflowing imports a market whose prices leap by 36 powers of ten in the
// rows that trainArgs leaves for the test, so that a training on raw rates of
// change has finite losses, and none that can be written down in the end.
func (s *system) importOverflowing(symbol string) {
	s.t.Helper()
	file := s.dir + "/sample.csv"
	if out := run(s.t, nil, "data", "sample", "--symbol", symbol, "--timeframe", "1h", "--seed", "7",
		"--bars", fmt.Sprint(sampleBars), "--start", "2015-01-05", "--output", file); out.code != 0 {
		s.t.Fatalf("data sample: exit %d\n%s", out.code, out.stderr)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for i, line := range lines[1:] {
		cells := strings.Split(line, ",")
		if cells[0] >= "2016-05-20" {
			for c := 1; c <= 4; c++ { // open, high, low and close
				cells[c] += "e36"
			}
			lines[i+1] = strings.Join(cells, ",")
		}
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		s.t.Fatal(err)
	}
	s.must("data", "import", file, "--symbol", symbol, "--timeframe", "1h")
}
