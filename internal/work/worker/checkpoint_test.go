package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// epochs is a job of one epoch per second, which saves its state when it is due
// and when it is stopped, and goes on from where an earlier attempt stood.
func epochs(n int) worker.JobFunc {
	return func(ctx context.Context, _ json.RawMessage, env worker.Env) (json.RawMessage, error) {
		epoch := 0
		for saved := range env.Saved(ctx) {
			if _, err := fmt.Sscanf(string(saved), "after %d", &epoch); err == nil {
				break
			}
			env.Warn("unreadable state")
		}
		for ; epoch < n; epoch++ {
			save := ctx.Err() != nil || env.CheckpointDue(worker.Epochs, int64(epoch))
			if save {
				env.Checkpoint(ctx, worker.Epochs, int64(epoch), fmt.Appendf(nil, "after %d", epoch))
			}
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			env.Report(operation.Progress{Phase: "training", Percentage: float64(epoch) / float64(n)})
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		}
		return json.RawMessage(fmt.Sprint(epoch)), nil
	}
}

// failing is a job of one epoch every two seconds that fails after n.
func failing(n int, fail func() error) worker.JobFunc {
	return func(ctx context.Context, _ json.RawMessage, env worker.Env) (json.RawMessage, error) {
		for epoch := range n {
			if env.CheckpointDue(worker.Epochs, int64(epoch)) {
				env.Checkpoint(ctx, worker.Epochs, int64(epoch), fmt.Appendf(nil, "after %d", epoch))
			}
			<-time.After(2 * time.Second)
		}
		return nil, fail()
	}
}

// saved lists the checkpoints that the backend was told of.
func (b *fakeBackend) saved() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for _, r := range b.reports {
		if c := r.Checkpoint; c != nil {
			all = append(all, fmt.Sprintf("%s %s: %s, %s", r.State, c.Kind, b.artifacts[c.SHA256], r.Token))
		}
	}
	return all
}

func TestCheckpoint(t *testing.T) {
	t.Run("every_ten_epochs", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := &fakeBackend{}
			r := start(t, b, epochs(35))
			r.dispatch("op_1", 2)
			pass(time.Minute)
			want := "running periodic: after 10, op_1#2@1\nrunning periodic: after 20, op_1#2@1\nrunning periodic: after 30, op_1#2@1"
			if got := strings.Join(b.saved(), "\n"); got != want {
				t.Errorf("checkpoints are\n%s\nwant\n%s", got, want)
			}
			r.end()
		})
	})
	t.Run("every_five_minutes", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := &fakeBackend{}
			r := start(t, b, func(ctx context.Context, _ json.RawMessage, env worker.Env) (json.RawMessage, error) {
				for range 700 {
					if env.CheckpointDue(worker.Bars, 1) {
						env.Checkpoint(ctx, worker.Bars, 1, []byte("a slow bar"))
					}
					<-time.After(time.Second)
				}
				return json.RawMessage(`{}`), nil
			})
			r.dispatch("op_1", 1)
			pass(time.Hour)
			if n := len(b.saved()); n != 2 {
				t.Errorf("%d checkpoints in 700 s, want 2", n)
			}
			r.end()
		})
	})
	t.Run("on_cancel_before_the_outcome", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := &fakeBackend{}
			r := start(t, b, epochs(1000))
			r.dispatch("op_1", 1)
			pass(5500 * time.Millisecond)
			r.do("DELETE", "/api/v1/operations/op_1/cancel", "")
			pass(time.Second)
			b.wantLast(t, operation.Cancelled, "cancellation: after 6, op_1#1@1")
			r.end()
		})
	})
	t.Run("on_shutdown_hands_back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := &fakeBackend{}
			r := start(t, b, epochs(1000))
			r.dispatch("op_1", 1)
			pass(5500 * time.Millisecond)
			if err := r.end(); err != nil {
				t.Error(err)
			}
			b.wantLast(t, operation.Resuming, "shutdown: after 6, op_1#1@1")
			if len(b.left) != 1 {
				t.Error("the worker left without a word")
			}
		})
	})
	for name, fail := range map[string]func() error{
		"on_failure": func() error { return errors.New("bad luck") },
		"on_panic":   func() error { panic("worse luck") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &fakeBackend{}
				r := start(t, b, failing(18, fail))
				r.dispatch("op_1", 1)
				pass(time.Minute)
				want := "running periodic: after 10, op_1#1@1\nfailed failure: after 15, op_1#1@1"
				if got := strings.Join(b.saved(), "\n"); got != want && got != strings.Replace(want, "failed failure", "running failure", 1) {
					t.Errorf("checkpoints are\n%s\nwant\n%s", got, want)
				}
				r.end()
			})
		})
	}
	t.Run("on_failure_before_any_state", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := &fakeBackend{}
			r := start(t, b, failing(2, func() error { return errors.New("bad luck") }))
			r.dispatch("op_1", 1)
			pass(time.Minute)
			if o := b.outcomes(); len(b.saved()) != 0 || len(o) != 1 || o[0].State != operation.Failed {
				t.Errorf("checkpoints are %q, outcomes %+v", b.saved(), o)
			}
			r.end()
		})
	})
	t.Run("of_a_superseded_attempt_is_nobodys", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := &fakeBackend{onReport: func(int, operation.Report) error { return wire.Errorf(wire.CodeSuperseded, "attempt 2 runs") }}
			r := start(t, b, epochs(1000))
			r.dispatch("op_1", 1)
			pass(time.Minute)
			if r.busy() || len(b.outcomes()) != 0 || len(b.artifacts) != 0 {
				t.Errorf("busy %v, outcomes %v, %d artifacts: want nothing", r.busy(), b.outcomes(), len(b.artifacts))
			}
			r.end()
		})
	})
	t.Run("reference_outlives_a_deaf_backend", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			back := time.Now().Add(14 * time.Second)
			b := &fakeBackend{onReport: func(int, operation.Report) error {
				if time.Now().Before(back) {
					return &wire.UnreachableError{URL: "http://backend", Err: errors.New("refused")}
				}
				return nil
			}}
			r := start(t, b, epochs(19))
			r.dispatch("op_1", 1)
			pass(time.Minute)
			all := b.saved()
			if n := len(all); n < 2 || n > 30 {
				t.Errorf("the reference was sent %d times, want until it was heard and no longer: %s", n, all)
			}
			if o := b.outcomes(); len(o) != 1 || o[0].Checkpoint != nil {
				t.Errorf("outcomes are %+v, want one without a checkpoint, which the backend knows", o)
			}
			r.end()
		})
	})
}

func TestResume(t *testing.T) {
	resume := func(id string, states ...string) string {
		var all []operation.Checkpoint
		for _, s := range states {
			all = append(all, operation.Checkpoint{Kind: operation.CheckpointPeriodic, SHA256: hashOf([]byte(s))})
		}
		text, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Replace(order(id, 2), `"strategy_name"`, `"checkpoints":`+string(text)+`,"strategy_name"`, 1)
	}
	for name, tc := range map[string]struct {
		stored, named []string
		took          time.Duration
		warnings      int
	}{
		"newest":                        {[]string{"after 7", "after 4"}, []string{"after 7", "after 4"}, 3 * time.Second, 0},
		"newest_is_gone":                {[]string{"after 4"}, []string{"after 7", "after 4"}, 6 * time.Second, 1},
		"newest_is_of_another_version":  {[]string{"v2!", "after 4"}, []string{"v2!", "after 4"}, 6 * time.Second, 1},
		"both_are_gone":                 {nil, []string{"after 7", "after 4"}, 10 * time.Second, 2},
		"first_attempt_has_no_state":    {nil, nil, 10 * time.Second, 0},
		"states_of_others_are_not_ours": {[]string{"after 9"}, nil, 10 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &fakeBackend{artifacts: map[string][]byte{}}
				for _, s := range tc.stored {
					b.artifacts[hashOf([]byte(s))] = []byte(s)
				}
				r := start(t, b, epochs(10))
				if code, body := r.do("POST", "/training/start", resume("op_1", tc.named...)); code != 200 {
					t.Fatalf("%d %s", code, body)
				}
				pass(tc.took - time.Millisecond)
				if !r.busy() {
					t.Error("the job skipped work that was never done")
				}
				pass(time.Second)
				o := b.outcomes()
				if len(o) != 1 || o[0].State != operation.Completed || string(o[0].Result) != "10" || len(o[0].Warnings) != tc.warnings {
					t.Errorf("outcomes are %+v, want completed after %s with %d warnings", o, tc.took, tc.warnings)
				}
				r.end()
			})
		})
	}
	t.Run("damaged_on_its_way", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := &fakeBackend{artifacts: map[string][]byte{hashOf([]byte("after 7")): []byte("after 9")}}
			r := start(t, b, epochs(10))
			r.do("POST", "/training/start", resume("op_1", "after 7"))
			pass(time.Minute)
			if o := b.outcomes(); len(o) != 1 || len(o[0].Warnings) != 1 || !strings.Contains(o[0].Warnings[0], "other content") {
				t.Errorf("outcomes are %+v, want one with a warning", o)
			}
			r.end()
		})
	})
}

// wantLast holds the only checkpoint that was reported to want. Its reference goes
// ahead of the outcome where there is time for it, with it, or both.
func (b *fakeBackend) wantLast(t *testing.T, outcome operation.Status, want string) {
	t.Helper()
	all := b.saved()
	if len(all) < 1 || len(all) > 2 {
		t.Errorf("checkpoints are %q, want %q once or twice", all, want)
	}
	for _, got := range all {
		if got != string(operation.Running)+" "+want && got != string(outcome)+" "+want {
			t.Errorf("checkpoints are %q, want %q", all, want)
		}
	}
}
