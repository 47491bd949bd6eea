package upkeep_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/control/upkeep"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
	"github.com/ktrdr/ktrdr/internal/data/backup"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
)

// backedUp is the backup of a house with an operation and some bars of a minute
// and a month, whose names differ by case alone.
func backedUp(t *testing.T) (h *house, content []byte) {
	t.Helper()
	h = newHouse(t)
	h.create("op_1", h.have("bars of op_1"))
	h.have("what nothing refers to")
	own, ok := h.Bars.(*barstore.Store)
	if !ok {
		t.Fatalf("bars are %T", h.Bars)
	}
	for i, tf := range []market.Timeframe{market.Minute1, market.Month1} {
		s := market.NewSeries("EURUSD", tf, 1)
		s.Append(market.Bar{Time: int64(i) * 86_400, Open: 1, High: 1, Low: 1, Close: 1, Volume: 1})
		_, err := own.Merge(t.Context(), s)
		h.check(err)
	}
	var b bytes.Buffer
	h.check(h.Backup(t.Context(), &b))
	return h, b.Bytes()
}

func TestRestore(t *testing.T) {
	h, content := backedUp(t)
	p := upkeep.Place{Dir: filepath.Join(t.TempDir(), "new", "folder"), Shared: t.TempDir()}
	summary, err := upkeep.Restore(t.Context(), bytes.NewReader(content), p)
	h.check(err)
	if summary.Series != 2 || summary.Artifacts != 1 || summary.Head.Version != "test" {
		t.Errorf("restored %+v, want 2 series and 1 artifact", summary)
	}
	h.check(upkeep.CheckRestored(p.Dir))
	left, err := os.ReadDir(p.Dir)
	h.check(err)
	for _, entry := range left {
		if name := entry.Name(); name != "bars" && name != "ktrdr.db" && name != "ktrdr.db.lock" && name != "ktrdr.db-wal" && name != "ktrdr.db-shm" {
			t.Errorf("%s was left behind", name)
		}
	}
	bars, err := barstore.Open(filepath.Join(p.Dir, "bars"))
	h.check(err)
	defer bars.Close()
	if all, err := bars.List(t.Context()); err != nil || len(all) != 2 || all[0].Timeframe != market.Minute1 || all[1].First != 86_400 {
		t.Errorf("restored bars are %+v, %v", all, err)
	}
	files, err := artifact.Open(filepath.Join(p.Shared, "artifacts"))
	h.check(err)
	defer files.Close()
	if got, err := files.ReadAll(t.Context(), artifact.HashBytes([]byte("bars of op_1"))); err != nil || string(got) != "bars of op_1" {
		t.Errorf("the restored artifact is %q, %v", got, err)
	}
	if _, err := upkeep.Restore(t.Context(), bytes.NewReader(content), p); !errors.Is(err, upkeep.ErrNotEmpty) {
		t.Errorf("Restore over it = %v, want ErrNotEmpty", err)
	}
}

// rewritten is a backup without the entries that keep refuses.
func rewritten(t *testing.T, content []byte, keep func(e backup.Entry) bool) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := backup.NewWriter(&b, backup.Head{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Read(bytes.NewReader(content), func(e backup.Entry) error {
		if !keep(e) {
			return nil
		}
		return w.Add(e.Kind, e.Name, e.SizeBytes, e.Content)
	}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A restore that does not come to its end leaves a folder that no backend takes.
func TestRestore_unfinished(t *testing.T) {
	_, content := backedUp(t)
	full := t.TempDir()
	records, err := store.Open(t.Context(), filepath.Join(full, "ktrdr.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer records.Close()
	for name, tc := range map[string]struct {
		content []byte
		want    error
	}{
		"cut_off":          {content[:len(content)*3/4], backup.ErrDamaged},
		"artifact_missing": {rewritten(t, content, func(e backup.Entry) bool { return e.Kind != backup.Artifact }), backup.ErrDamaged},
		"nothing":          {nil, backup.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			p := upkeep.Place{Dir: t.TempDir()}
			if _, err := upkeep.Restore(t.Context(), bytes.NewReader(tc.content), p); !errors.Is(err, tc.want) {
				t.Errorf("Restore = %v, want %v", err, tc.want)
			}
			if err := upkeep.CheckRestored(p.Dir); err == nil {
				t.Error("CheckRestored takes the folder")
			}
			if _, err := upkeep.Restore(t.Context(), bytes.NewReader(content), p); err == nil || errors.Is(err, upkeep.ErrNotEmpty) {
				t.Errorf("a second Restore = %v, want that the first one did not come to its end", err)
			}
		})
	}
	if _, err := upkeep.Restore(t.Context(), bytes.NewReader(content), upkeep.Place{Dir: full}); !errors.Is(err, upkeep.ErrNotEmpty) {
		t.Errorf("Restore into the folder of a backend = %v, want ErrNotEmpty", err)
	}
}
