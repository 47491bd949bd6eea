package worker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// fetcher runs f as a job of a worker with this data directory and cache size.
func fetcher(t *testing.T, b *fakeBackend, dir string, cacheBytes int64, f func(context.Context, worker.Env)) {
	t.Helper()
	ran := false
	w, err := worker.New(worker.Options{ID: "w1", Type: fleet.Training, Backend: b, Listener: newListener(), DataDir: dir, CacheBytes: cacheBytes,
		Jobs: map[operation.Type]worker.Job{operation.Training: worker.JobFunc(func(ctx context.Context, _ json.RawMessage, env worker.Env) (json.RawMessage, error) {
			ran = true
			f(ctx, env)
			return json.RawMessage(`{}`), nil
		})}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	r := &rig{t: t, backend: b, worker: w, handler: w.Handler(ctx), stop: stop, ended: make(chan error, 1)}
	go func() { r.ended <- w.Run(ctx) }()
	r.dispatch("op_1", 1)
	pass(time.Hour)
	if err := r.end(); err != nil || !ran {
		t.Fatalf("the job ran: %v, Run returned %v", ran, err)
	}
}

func store(t *testing.T, b *fakeBackend, contents ...string) []string {
	t.Helper()
	var hashes []string
	for _, c := range contents {
		h, err := b.PutArtifact(t.Context(), []byte(c))
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, h)
	}
	return hashes
}

func mustFetch(t *testing.T, ctx context.Context, env worker.Env, hash, want string) {
	t.Helper()
	got, err := env.Fetch(ctx, hash)
	if err != nil || string(got) != want {
		t.Errorf("Fetch(%.8s) = %q, %v, want %q", hash, got, err, want)
	}
}

func TestFetchOutOfTheCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, dir := &fakeBackend{}, t.TempDir()
		h := store(t, b, "bars")
		for range 2 { // also over a restart
			fetcher(t, b, dir, 0, func(ctx context.Context, env worker.Env) {
				mustFetch(t, ctx, env, h[0], "bars")
				mustFetch(t, ctx, env, h[0], "bars")
			})
		}
		if b.fetches != 1 {
			t.Errorf("fetched %d times from the backend, want once", b.fetches)
		}
	})
}

func TestDamagedCacheIsFetchedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, dir := &fakeBackend{}, t.TempDir()
		h := store(t, b, "bars")
		if err := os.MkdirAll(filepath.Join(dir, "cache"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "cache", h[0]), []byte("bart"), 0o644); err != nil {
			t.Fatal(err)
		}
		fetcher(t, b, dir, 0, func(ctx context.Context, env worker.Env) {
			mustFetch(t, ctx, env, h[0], "bars")
			mustFetch(t, ctx, env, h[0], "bars")
		})
		if b.fetches != 1 {
			t.Errorf("fetched %d times, want once: the damaged file is replaced", b.fetches)
		}
	})
}

func TestCacheIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, dir := &fakeBackend{}, t.TempDir()
		var contents []string
		for i := range 10 {
			contents = append(contents, string(bytes.Repeat([]byte{byte('a' + i)}, 100)))
		}
		h := store(t, b, contents...)
		fetcher(t, b, dir, 350, func(ctx context.Context, env worker.Env) {
			for i := range h {
				mustFetch(t, ctx, env, h[i], contents[i])
				mustFetch(t, ctx, env, h[0], contents[0]) // used all the time, so it stays
				<-time.After(time.Second)
			}
		})
		entries, err := os.ReadDir(filepath.Join(dir, "cache"))
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) != 3 || b.fetches != 10 {
			t.Errorf("%d files held after %d fetches, want 3 after 10", len(entries), b.fetches)
		}
	})
}

func TestFetchRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{artifacts: map[string][]byte{}}
		large := store(t, b, string(bytes.Repeat([]byte("x"), 5000)))[0]
		lie := hashOf([]byte("truth"))
		b.artifacts[lie] = []byte("lie")
		fetcher(t, b, t.TempDir(), 1000, func(ctx context.Context, env worker.Env) {
			for name, hash := range map[string]string{"not_a_hash": "../worker-id", "not_held": hashOf([]byte("?")), "too_large": large, "other_content": lie} {
				if got, err := env.Fetch(ctx, hash); err == nil {
					t.Errorf("%s: Fetch gave %q", name, got)
				}
			}
		})
	})
}

// TestFetchWaitsForTheBackend: a restart of the backend costs time, not work.
func TestFetchWaitsForTheBackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{onArtifact: func(n int) error {
			if n < 20 {
				return &wire.UnreachableError{URL: "u", Err: errors.New("refused")}
			}
			return nil
		}}
		h := store(t, b, "bars")
		fetcher(t, b, t.TempDir(), 0, func(ctx context.Context, env worker.Env) { mustFetch(t, ctx, env, h[0], "bars") })
		if b.fetches != 20 {
			t.Errorf("%d tries, want 20", b.fetches)
		}
	})
}

// TestFetchEndsWithTheJob: a cancelled job does not wait for the backend.
func TestFetchEndsWithTheJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{onArtifact: func(int) error { return &wire.UnreachableError{URL: "u", Err: errors.New("refused")} }}
		var err error
		r := start(t, b, func(ctx context.Context, _ json.RawMessage, env worker.Env) (json.RawMessage, error) {
			_, err = env.Fetch(ctx, hashOf(nil))
			return nil, err
		})
		r.dispatch("op_1", 1)
		r.do("DELETE", "/api/v1/operations/op_1/cancel", "")
		if !errors.Is(err, worker.ErrCancelled) || r.busy() {
			t.Errorf("Fetch error is %v and busy is %v, want ErrCancelled and idle", err, r.busy())
		}
		r.end()
	})
}

func ExampleJobFunc() {
	// A job reads its order, says how far it is, and returns a summary.
	job := worker.JobFunc(func(ctx context.Context, order json.RawMessage, env worker.Env) (json.RawMessage, error) {
		env.Report(operation.Progress{Phase: "counting", Percentage: 50})
		return json.RawMessage(fmt.Sprintf(`{"bytes_of_order":%d}`, len(order))), nil
	})
	result, err := job.Run(context.Background(), json.RawMessage(`{"strategy_name":"momentum"}`), silent{})
	fmt.Println(string(result), err)
	// Output: {"bytes_of_order":28} <nil>
}

// silent is an Env for an example.
type silent struct{ worker.Env }

func (silent) Report(operation.Progress) {}
