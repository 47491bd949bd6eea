package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// TestProgressIsBounded: a job that reports a thousand times a second makes two
// reports a second, and one more for a new phase, a tenth of a second late.
func TestProgressIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{}
		r := start(t, b, func(_ context.Context, _ json.RawMessage, env worker.Env) (json.RawMessage, error) {
			for i := range 10_000 {
				env.Report(operation.Progress{Phase: fmt.Sprintf("phase %d", i/5000), Percentage: float64(i) / 100})
				<-time.After(time.Millisecond)
			}
			return json.RawMessage(`{}`), nil
		})
		r.dispatch("op_1", 1)
		pass(11 * time.Second)
		running, last := 0, -1.0
		phases := map[string]time.Duration{}
		for _, p := range b.reports {
			if p.State != operation.Running {
				continue
			}
			running++
			if p.Progress.Percentage < last {
				t.Errorf("progress goes from %v back to %v", last, p.Progress.Percentage)
			}
			last = p.Progress.Percentage
			if _, seen := phases[p.Progress.Phase]; !seen {
				phases[p.Progress.Phase] = 0
				if got := math.Mod(p.Progress.Percentage, 50); got > 1.02 {
					t.Errorf("%s was reported %v %% late", p.Progress.Phase, got)
				}
			}
		}
		if running < 20 || running > 23 || len(phases) != 2 {
			t.Errorf("%d reports of %d phases in 10 s, want about 21 of 2", running, len(phases))
		}
		r.end()
	})
}

// TestQuickJobSaysOneThing: a job that is over in less than a tenth of a second
// sends its outcome alone, with all that it had to say, and that the worker is idle;
// one that is stopping is not.
func TestQuickJobSaysOneThing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{}
		r := start(t, b, func(_ context.Context, _ json.RawMessage, env worker.Env) (json.RawMessage, error) {
			for i, phase := range []string{"load", "train", "save"} {
				env.Report(operation.Progress{Phase: phase, Percentage: float64(30 * i)})
				env.Point(int64(i+1), json.RawMessage(`{"loss":1}`))
				<-time.After(30 * time.Millisecond)
			}
			return json.RawMessage(`{}`), nil
		})
		r.dispatch("op_1", 1)
		pass(2 * time.Second)
		if len(b.reports) != 1 || len(b.reports[0].Points) != 3 || b.reports[0].Progress.Phase != "save" || !b.reports[0].Idle {
			t.Errorf("reports are %+v, want one of an idle worker with everything", b.reports)
		}
		r.dispatch("op_2", 1)
		r.end()
		last := b.reports[len(b.reports)-1]
		if last.Token.OperationID != "op_2" || last.State == operation.Running || last.Idle {
			t.Errorf("the last report is %+v, want the end of op_2 on a worker that takes nothing more", last)
		}
	})
}

func TestProgressThatCannotBeIsCorrected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{}
		r := start(t, b, func(_ context.Context, _ json.RawMessage, env worker.Env) (json.RawMessage, error) {
			for i, p := range []float64{50, math.NaN(), 20, math.Inf(1), -5} {
				env.Report(operation.Progress{Phase: fmt.Sprint(i), Percentage: p})
				<-time.After(time.Second)
			}
			return json.RawMessage(`{}`), nil
		})
		r.dispatch("op_1", 1)
		pass(6 * time.Second)
		var got []float64
		for _, r := range b.reports {
			got = append(got, r.Progress.Percentage)
		}
		if fmt.Sprint(got) != "[50 50 50 100 100 100]" {
			t.Errorf("percentages are %v, want [50 50 50 100 100 100]", got)
		}
		r.end()
	})
}

// TestOutcomeIsRepeatedUntilAcknowledged: the backend is away for an hour.
func TestOutcomeIsRepeatedUntilAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := time.Now().Add(time.Hour)
		b := &fakeBackend{}
		away := func() error {
			if time.Now().Before(back) {
				return &wire.UnreachableError{URL: "http://backend", Err: errors.New("refused")}
			}
			return nil
		}
		b.onReport = func(int, operation.Report) error { return away() }
		b.onRegister = func(int) error { return away() }
		r := start(t, b, func(context.Context, json.RawMessage, worker.Env) (json.RawMessage, error) {
			return json.RawMessage(`{}`), nil
		})
		r.dispatch("op_1", 1)
		if r.busy() {
			t.Error("an outcome that waits keeps the worker busy")
		}
		pass(time.Hour + 15*time.Second)
		tries := len(b.outcomes())
		if tries < 300 || tries > 900 {
			t.Errorf("%d tries in an hour, want one every few seconds", tries)
		}
		pass(time.Minute)
		if again := len(b.outcomes()); again != tries {
			t.Errorf("sent %d times more after it was acknowledged", again-tries)
		}
		found := false
		for _, reg := range b.registrations {
			found = found || len(reg.Finished) == 1 && reg.Finished[0].State == operation.Completed
		}
		if !found {
			t.Error("no registration carries the outcome")
		}
		r.end()
	})
}

func TestOutcomesThatNobodyWants(t *testing.T) {
	for name, tc := range map[string]struct {
		code wire.Code
		want []operation.Status
	}{
		"superseded": {wire.CodeSuperseded, []operation.Status{operation.Completed}},
		"unknown":    {wire.CodeOperationNotFound, []operation.Status{operation.Completed}},
		"refused":    {wire.CodeValidation, []operation.Status{operation.Completed, operation.Failed}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &fakeBackend{onReport: func(int, operation.Report) error { return wire.Errorf(tc.code, "no") }}
				r := start(t, b, func(context.Context, json.RawMessage, worker.Env) (json.RawMessage, error) {
					return json.RawMessage(`{}`), nil
				})
				r.dispatch("op_1", 1)
				pass(time.Minute)
				var got []operation.Status
				for _, o := range b.outcomes() {
					got = append(got, o.State)
				}
				if fmt.Sprint(got) != fmt.Sprint(tc.want) {
					t.Errorf("outcomes are %v, want %v and no more", got, tc.want)
				}
				r.end()
			})
		})
	}
}

// TestSupersededAttemptStops: whose progress is refused must not go on.
func TestSupersededAttemptStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{onReport: func(int, operation.Report) error { return wire.Errorf(wire.CodeSuperseded, "attempt 2 runs") }}
		var cause error
		r := start(t, b, func(ctx context.Context, _ json.RawMessage, env worker.Env) (json.RawMessage, error) {
			env.Report(operation.Progress{Phase: "training"})
			<-ctx.Done()
			cause = context.Cause(ctx)
			return nil, cause
		})
		r.dispatch("op_1", 1)
		pass(time.Second)
		if !errors.Is(cause, worker.ErrSuperseded) || r.busy() {
			t.Errorf("cause is %v and busy is %v, want ErrSuperseded and idle", cause, r.busy())
		}
		if n := len(b.outcomes()); n != 0 {
			t.Errorf("%d outcomes of a superseded attempt, want none", n)
		}
		r.end()
	})
}

// TestStopHandsTheOperationBack: a worker that is asked to stop cancels its job,
// says that the operation may go on elsewhere, and leaves.
func TestStopHandsTheOperationBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{}
		var cause error
		r := start(t, b, func(ctx context.Context, _ json.RawMessage, _ worker.Env) (json.RawMessage, error) {
			<-ctx.Done()
			cause = context.Cause(ctx)
			<-time.After(time.Second)
			return nil, cause
		})
		r.dispatch("op_1", 1)
		r.stop()
		synctest.Wait()
		if code, _ := r.do("POST", "/training/start", order("op_2", 1)); code != 503 {
			t.Errorf("order to a stopping worker: %d, want 503", code)
		}
		begin := time.Now()
		if err := <-r.ended; err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took != time.Second {
			t.Errorf("stopped after %s, want 1s", took)
		}
		if o := b.outcomes(); !errors.Is(cause, worker.ErrDrained) || len(o) != 1 || o[0].State != operation.Resuming {
			t.Errorf("cause %v, outcomes %v, want ErrDrained and one that hands the operation back", cause, o)
		}
		if len(b.left) != 1 || !strings.HasPrefix(b.left[0], "w1 2") {
			t.Errorf("good-byes are %q, want one of w1 with its incarnation", b.left)
		}
	})
}

// TestStopDeliversTheOutcome: what finished before the stop is not lost, if the
// backend can be reached within the grace period.
func TestStopDeliversTheOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{onReport: func(n int, _ operation.Report) error {
			if n < 4 {
				return &wire.UnreachableError{URL: "http://backend", Err: errors.New("refused")}
			}
			return nil
		}}
		r := start(t, b, func(context.Context, json.RawMessage, worker.Env) (json.RawMessage, error) {
			return json.RawMessage(`{}`), nil
		})
		r.dispatch("op_1", 1)
		if err := r.end(); err != nil {
			t.Error(err)
		}
		if n := len(b.outcomes()); n != 4 {
			t.Errorf("%d tries, want 4: the last was acknowledged", n)
		}
	})
}

func TestStopDoesNotWaitForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, &fakeBackend{}, untilCancelled(10*time.Minute))
		r.dispatch("op_1", 1)
		begin := time.Now()
		err := r.end()
		if took := time.Since(begin); took != 25*time.Second || err == nil || !strings.Contains(err.Error(), "op_1 did not stop") {
			t.Errorf("Run returned %v after %s, want an error about op_1 after 25s", err, took)
		}
		if len(r.backend.left) != 1 {
			t.Error("the backend was not told: it would wait for the job")
		}
		pass(10 * time.Minute) // the job ends
	})
}

// TestPointsArrive: the numbers of every step reach the backend in
// order and none is missing, however often it is away.
func TestPointsArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := func(n int) bool { return n%3 == 0 }
		b := &fakeBackend{onReport: func(n int, _ operation.Report) error {
			if away(n) {
				return &wire.UnreachableError{URL: "http://backend", Err: errors.New("refused")}
			}
			return nil
		}}
		r := start(t, b, func(_ context.Context, _ json.RawMessage, env worker.Env) (json.RawMessage, error) {
			for step := range int64(200) {
				env.Point(step+1, json.RawMessage(`{"loss":1}`))
				<-time.After(100 * time.Millisecond)
			}
			return json.RawMessage(`{}`), nil
		})
		r.dispatch("op_1", 1)
		pass(time.Minute)
		next := int64(1)
		for i, report := range b.reports {
			if away(i + 1) {
				continue
			}
			for _, p := range report.Points {
				if p.Step > next {
					t.Fatalf("step %d arrived where %d was due", p.Step, next)
				}
				next = max(next, p.Step+1) // the outcome repeats what is on its way; a backend takes each step once
			}
		}
		if next != 201 {
			t.Errorf("%d steps arrived, want 200", next-1)
		}
		r.end()
	})
}
