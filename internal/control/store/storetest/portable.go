package storetest

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
)

// RunPortable runs the suite of the portable form. open returns a new, empty
// store; location returns where a database can be made, and is called once for
// each one.
func RunPortable(t *testing.T, open func(t testing.TB) *store.Store, location func(t testing.TB) string) {
	s := open(t)
	fillAll(t, s)
	records, hashes := dump(t, s)

	t.Run("all_that_is_referred_to", func(t *testing.T) {
		referenced, err := s.Referenced(t.Context())
		must(t, err)
		if len(hashes) != len(referenced) || !slices.IsSorted(hashes) {
			t.Errorf("Dump() names %q, Referenced() %v", hashes, referenced)
		}
		for _, h := range hashes {
			if !referenced[h] {
				t.Errorf("Dump() names %s, which nothing refers to", h)
			}
		}
	})
	t.Run("restored", func(t *testing.T) {
		there := location(t)
		must(t, store.Restore(t.Context(), there, bytes.NewReader(records)))
		restored := reopened(t, there)
		again, _ := dump(t, restored)
		if diff := cmp.Diff(rowsOf(records), rowsOf(again)); diff != "" {
			t.Errorf("restored records differ (-before +after):\n%s", diff)
		}
		for _, id := range []string{"op_waits", "op_failed", "op_training_1"} {
			if diff := cmp.Diff(get(t, s, id), get(t, restored, id)); diff != "" {
				t.Errorf("%s differs (-before +after):\n%s", id, diff)
			}
		}
		before, err := s.Scheduler(t.Context())
		must(t, err)
		if term := acquire(t, restored); term <= before.Term {
			t.Errorf("the first term after the restore is %d, the original had %d", term, before.Term)
		}
		if err := store.Restore(t.Context(), location(t), bytes.NewReader(again)); err != nil {
			t.Errorf("restoring what was restored: %v", err)
		}
		must(t, restored.Close())
		if err := store.Restore(t.Context(), there, bytes.NewReader(records)); !errors.Is(err, store.ErrNotEmpty) {
			t.Errorf("Restore over records = %v, want ErrNotEmpty", err)
		}
	})
	t.Run("damaged", func(t *testing.T) { testDamagedRecords(t, string(records), location) })
}

// testDamagedRecords: records that are not whole restore nothing.
func testDamagedRecords(t *testing.T, text string, location func(t testing.TB) string) {
	for name, bad := range map[string]string{
		"nothing":         "",
		"cut_off":         text[:len(text)*2/3],
		"newer_form":      strings.Replace(text, `"records":1`, `"records":2`, 1),
		"newer_schema":    strings.Replace(text, `"schema":`, `"schema":9`, 1),
		"unknown_column":  strings.Replace(text, `"spec_json"`, `"spec_json FROM x; --"`, 1),
		"table_missing":   strings.Replace(text, `{"table":"specs"`, `{"table":"spics"`, 1),
		"more_behind":     text + "[1]\n",
		"object_as_value": strings.Replace(text, `["op_waits",`, `[{"a":1},`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			if bad == text {
				t.Fatal("nothing was damaged")
			}
			there := location(t)
			if err := store.Restore(t.Context(), there, strings.NewReader(bad)); err == nil {
				t.Fatal("damaged records were restored")
			}
			if name == "newer_schema" { // nothing was made
				return
			}
			page, err := reopened(t, there).List(t.Context(), operation.Filter{})
			if must(t, err); page.Total != 0 {
				t.Errorf("%d operations were left behind", page.Total)
			}
		})
	}
}

func reopened(t testing.TB, location string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), location, store.Options{})
	must(t, err)
	t.Cleanup(func() { _ = s.Close() }) // may be closed already
	return s
}

// fillAll stores something in every table.
func fillAll(t *testing.T, s *store.Store) {
	t.Helper()
	term := acquire(t, s)
	must(t, commit(t, s, term, operation.Created{Operation: New("op_waits", operation.Training, Epoch)}))
	must(t, trained(t, s, term, "op_training_1", operation.ModelRecord{Name: "m", StrategyName: "m", Symbols: []string{"EURUSD"}, Timeframes: []string{"1h"}}, Epoch))
	o, token := New("op_failed", operation.Training, Epoch), operation.Token{OperationID: "op_failed", Attempt: 1, Term: term}
	o.Metadata.Parameters["text"] = "quotes ' \" and umlauts ä <&> \u2028"
	r := operation.Report{Token: token, WorkerID: "w", State: operation.Failed, Error: "bad luck\nin two lines",
		Points:     []operation.Point{{Step: 1, Values: []byte(`{"loss":0.1}`)}},
		Checkpoint: &operation.Checkpoint{SHA256: strings.Repeat("4", 64), Kind: operation.CheckpointFailure}}
	must(t, commit(t, s, term, operation.Created{Operation: o}, operation.Opened{Token: token, WorkerID: "w", At: Epoch}))
	must(t, commit(t, s, term, append(r.Evidence(get(t, s, o.ID), Epoch), r.Finish(o, Epoch))...))
	w := fleet.Worker{ID: "w", Type: fleet.Training, EndpointURL: "http://127.0.0.1:1", RegisteredAt: Epoch, LastHeartbeat: Epoch, Capabilities: fleet.Capabilities{"gpu": true}}
	must(t, commit(t, s, term, fleet.Saved{Worker: w}))
	must(t, commit(t, s, term, fleet.Marked{WorkerID: "w", Cordoned: true, At: Epoch}))
}

func dump(t testing.TB, s *store.Store) (records []byte, hashes []string) {
	t.Helper()
	var b bytes.Buffer
	hashes, err := s.Dump(t.Context(), &b)
	must(t, err)
	return b.Bytes(), hashes
}

// rowsOf are the lines of records but the first, which tells the term, in an
// order that does not depend on the database.
func rowsOf(records []byte) []string {
	lines := strings.Split(strings.TrimSpace(string(records)), "\n")[1:]
	slices.Sort(lines)
	return lines
}
