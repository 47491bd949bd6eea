package upkeep_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/control/store/storetest"
	"github.com/ktrdr/ktrdr/internal/control/upkeep"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
)

// A house is the stores of a backend with a clock that the test moves.
type house struct {
	t    testing.TB
	dir  string
	now  time.Time
	term int64
	*upkeep.Keeper
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), now: storetest.Epoch}
	records, err := store.Open(t.Context(), filepath.Join(h.dir, "ktrdr.db"), store.Options{})
	h.check(err)
	t.Cleanup(func() { h.check(records.Close()) })
	files, err := artifact.Open(filepath.Join(h.dir, "artifacts"))
	h.check(err)
	t.Cleanup(func() { h.check(files.Close()) })
	bars, err := barstore.Open(filepath.Join(h.dir, "bars"))
	h.check(err)
	t.Cleanup(func() { h.check(bars.Close()) })
	h.Keeper = &upkeep.Keeper{Records: records, Files: files, Bars: bars, Dir: h.dir, Version: "test", Now: func() time.Time { return h.now }}
	h.term, err = records.AcquireTerm(t.Context(), "test")
	h.check(err)
	return h
}

func (h *house) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// have stores content as a submission does: only if it is not stored. It is of
// the time of the test.
func (h *house) have(content string) artifact.Hash {
	h.t.Helper()
	hash := artifact.HashBytes([]byte(content))
	_, err := h.Files.Stat(context.Background(), hash)
	if errors.Is(err, artifact.ErrNotFound) {
		_, err = h.Files.PutBytes(context.Background(), []byte(content))
		h.check(err)
		h.check(h.Files.Retire(context.Background(), hash, h.now))
		_, err = h.Files.Stat(context.Background(), hash)
	}
	h.check(err)
	return hash
}

func (h *house) commit(changes ...operation.Change) {
	h.t.Helper()
	h.check(h.Records.Commit(context.Background(), h.term, []operation.Transaction{changes})[0])
}

// create records an operation that refers to content.
func (h *house) create(id string, hash artifact.Hash) {
	h.t.Helper()
	o := storetest.New(id, operation.Training, h.now)
	o.Artifacts = []operation.Artifact{{SHA256: string(hash), Role: "bars"}}
	h.commit(operation.Created{Operation: o})
}

func (h *house) fail(id string) {
	h.t.Helper()
	token := operation.Token{OperationID: id, Attempt: 1, Term: h.term}
	h.commit(operation.Opened{Token: token, WorkerID: "w", At: h.now})
	h.commit(operation.Finished{Token: token, State: operation.Failed, At: h.now})
}

// lies says where content is on disk: "", "stored" or "aside".
func (h *house) lies(hash artifact.Hash) string {
	for where, path := range map[string]string{"stored": filepath.Join("sha256", string(hash[:2]), string(hash)), "aside": filepath.Join("retired", string(hash))} {
		if _, err := os.Stat(filepath.Join(h.dir, "artifacts", path)); err == nil {
			return where
		}
	}
	return ""
}

var policy = upkeep.Policy{Operations: 24 * time.Hour, Checkpoints: 24 * time.Hour, Grace: time.Hour}

func TestClean(t *testing.T) {
	h := newHouse(t)
	old, young, orphan := h.have("old"), h.have("young"), h.have("orphan")
	h.create("op_old", old)
	h.create("op_both", young)
	h.fail("op_old")
	h.fail("op_both")
	h.now = h.now.Add(20 * time.Hour)
	h.create("op_young", young)
	h.fail("op_young")
	h.now = h.now.Add(5 * time.Hour)
	fresh := h.have("fresh") // somebody is about to refer to it

	step := func(what string, operations, retired, deleted int) {
		t.Helper()
		plan, err := h.Plan(t.Context(), policy)
		h.check(err)
		done, err := h.Clean(t.Context(), policy)
		h.check(err)
		if diff := cmp.Diff(plan, done, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: what was planned and what is done differ:\n%s", what, diff)
		}
		if len(done.Operations) != operations || len(done.Retired) != retired || len(done.Deleted) != deleted {
			t.Errorf("%s: %+v, want %d operations, %d put aside, %d deleted", what, done, operations, retired, deleted)
		}
	}
	step("the first time", 2, 2, 0)
	if h.lies(old) != "aside" || h.lies(orphan) != "aside" || h.lies(young) != "stored" || h.lies(fresh) != "stored" {
		t.Errorf("old %q, orphan %q, young %q, fresh %q", h.lies(old), h.lies(orphan), h.lies(young), h.lies(fresh))
	}
	h.now = h.now.Add(30 * time.Minute)
	step("before the grace is over", 0, 0, 0)
	if h.have("old") != old || h.lies(old) != "stored" { // somebody wants it again
		t.Errorf("old is %q, want stored", h.lies(old))
	}
	h.create("op_new", old)
	h.now = h.now.Add(time.Hour)
	step("after it", 0, 1, 1)
	if h.lies(old) != "stored" || h.lies(orphan) != "" || h.lies(fresh) != "aside" {
		t.Errorf("old %q, orphan %q, fresh %q", h.lies(old), h.lies(orphan), h.lies(fresh))
	}
	keep, err := h.Clean(t.Context(), upkeep.Policy{Grace: 1000 * time.Hour})
	if err != nil || len(keep.Operations)+len(keep.Retired)+len(keep.Deleted)+keep.Checkpoints != 0 {
		t.Errorf("a policy that keeps all: %+v, %v", keep, err)
	}
}

// A clean-up must not take content away from a backup that has not come to it.
func TestClean_during_backup(t *testing.T) {
	h := newHouse(t)
	started, finish := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- h.Backup(t.Context(), writerFunc(func(p []byte) (int, error) {
			select {
			case <-started:
			default:
				close(started)
			}
			<-finish
			return len(p), nil
		}))
	}()
	<-started
	if _, err := h.Clean(t.Context(), policy); !errors.Is(err, upkeep.ErrBusy) {
		t.Errorf("Clean during a backup = %v, want ErrBusy", err)
	}
	close(finish)
	h.check(<-done)
	_, err := h.Clean(t.Context(), policy)
	h.check(err)
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A crash is a context that ends after so many questions.
type crash struct {
	context.Context
	left *int
}

func (c crash) Err() error {
	if *c.left--; *c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestClean_never_dangles: whatever is stored, referred to, put aside, wanted
// again and deleted, in whatever order, and wherever a clean-up is cut short, what
// records refer to is there; and in the end nothing else is.
func TestClean_never_dangles(t *testing.T) {
	h, n, check := newHouse(t), 0, 0
	rapid.Check(t, func(r *rapid.T) {
		check++
		content := func(i int) string { return fmt.Sprintf("content %d of check %d", i, check) }
		told := map[artifact.Hash]time.Time{} // who has been told that it is stored, and has not referred to it
		open := []string{}
		r.Repeat(map[string]func(*rapid.T){
			"time passes": func(r *rapid.T) {
				h.now = h.now.Add(time.Duration(rapid.IntRange(1, 180).Draw(r, "minutes")) * time.Minute)
			},
			"store": func(r *rapid.T) {
				told[h.have(content(rapid.IntRange(0, 4).Draw(r, "content")))] = h.now
			},
			"refer": func(r *rapid.T) {
				for hash, at := range told {
					if h.now.Sub(at) < policy.Grace {
						n++
						id := fmt.Sprintf("op_%d", n)
						h.create(id, hash)
						open = append(open, id)
					}
				}
				clear(told)
			},
			"finish": func(r *rapid.T) {
				if len(open) > 0 {
					h.fail(open[0])
					open = slices.Delete(open, 0, 1)
				}
			},
			"clean": func(r *rapid.T) {
				left := rapid.SampledFrom([]int{0, 1, 2, 3, 5, 8, 1000}).Draw(r, "steps until the crash")
				if _, err := h.Clean(crash{context.Background(), &left}, policy); err != nil && !errors.Is(err, context.Canceled) {
					r.Fatal(err)
				}
			},
			"": func(r *rapid.T) {
				needed, err := h.Records.Referenced(context.Background())
				h.check(err)
				for hash := range needed {
					if h.lies(artifact.Hash(hash)) == "" {
						r.Fatalf("a record refers to %.8s, which is gone", hash)
					}
				}
			},
		})
		for _, id := range open {
			h.fail(id)
		}
		for range 3 {
			h.now = h.now.Add(25 * time.Hour)
			_, err := h.Clean(context.Background(), policy)
			h.check(err)
		}
		for i := range 5 {
			if where := h.lies(artifact.HashBytes([]byte(content(i)))); where != "" {
				r.Errorf("content that nothing refers to is still %s", where)
			}
		}
	})
}
