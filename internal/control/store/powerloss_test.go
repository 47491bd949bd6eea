package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/control/store/storetest"
)

// files are the two files of a SQLite database as they stand on the disk.
type files struct{ db, wal []byte }

func readFiles(t *testing.T, path string) files {
	t.Helper()
	db, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wal, err := os.ReadFile(path + "-wal")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return files{db, wal}
}

// torn returns what a disk may hold of a file that was written but not synced
// when the power went: of each sector that differs the old or the new content,
// or rubbish, also in its part that was synced before. Past the end of the old
// file, the rest may be missing.
func torn(r *rand.Rand, before, after []byte) []byte {
	sector := []int{512, 4096}[r.IntN(2)]
	out := bytes.Clone(after)
	mode := r.IntN(4) // 0: new sectors lost, 1: also rubbish, 2: cut, 3: the last is rubbish
	last := -1
	for at := 0; at < len(after); at += sector {
		end := min(at+sector, len(after))
		old := make([]byte, end-at)
		if at < len(before) {
			copy(old, before[at:])
		}
		if bytes.Equal(old, after[at:end]) && end <= len(before) {
			continue
		}
		last = at
		switch n := r.IntN(8); {
		case mode <= 1 && n < 3:
			copy(out[at:end], old)
		case mode == 1 && n == 3:
			for i := at; i < end; i++ {
				out[i] = byte(r.Uint32())
			}
		}
	}
	if mode == 2 && len(after) > len(before) {
		out = out[:len(before)+r.IntN(len(after)-len(before)+1)]
	}
	if mode == 3 && last >= 0 {
		out[min(last+r.IntN(sector), len(out)-1)] ^= 0x55
	}
	return out
}

// TestPowerLoss writes operations, and after each acknowledged write loses the
// power in the middle of the next one: while its log is written, before that is
// synced; or while the log is moved into the database, before that is synced.
// What was acknowledged must be there, and what was not must be whole or absent.
func TestPowerLoss(t *testing.T) {
	const writes, tries = 260, 3
	path := filepath.Join(t.TempDir(), "ktrdr.db")
	s := open(t, path)
	term, err := s.AcquireTerm(t.Context(), "power")
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(7, 7))
	before, moved, restarted := readFiles(t, path), 0, 0
	for n := range writes {
		o := storetest.New(fmt.Sprintf("op_%d", n), operation.Training, storetest.Epoch)
		tx := operation.Transaction{operation.Created{Operation: o}, operation.Closed{ID: o.ID, State: operation.Cancelled, At: storetest.Epoch}}
		if err := s.Commit(t.Context(), term, []operation.Transaction{tx})[0]; err != nil {
			t.Fatal(err)
		}
		after := readFiles(t, path)
		checkpointed := !bytes.Equal(before.db, after.db)
		again := len(before.wal) >= 32 && !bytes.Equal(before.wal[:32], after.wal[:32])
		if checkpointed {
			moved++
		}
		if again {
			restarted++
		}
		if n%40 == 0 || checkpointed || again {
			for range tries {
				recovers(t, files{before.db, torn(r, before.wal, after.wal)}, n)
				if checkpointed {
					recovers(t, files{torn(r, before.db, after.db), after.wal}, n+1)
				}
			}
		}
		before = after
	}
	if moved < 2 || restarted < 1 {
		t.Errorf("the log was moved into the database %d times and begun anew %d times: too few to show anything", moved, restarted)
	}
}

// recovers opens a database as it was found after the power came back. Of the
// operations, the first so many were acknowledged.
func recovers(t *testing.T, found files, acknowledged int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ktrdr.db")
	if err := errors.Join(os.WriteFile(path, found.db, 0o600), os.WriteFile(path+"-wal", found.wal, 0o600)); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatalf("Open with %d acknowledged operations: %v", acknowledged, err)
	}
	defer closeStore(t, s)
	page, err := s.List(t.Context(), operation.Filter{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if page.Total < acknowledged || page.Total > acknowledged+1 || page.Active != 0 {
		t.Errorf("%d operations, %d of them by half, after a power loss with %d acknowledged", page.Total, page.Active, acknowledged)
	}
	for _, n := range []int{acknowledged / 2, acknowledged - 1} {
		if n < 0 || n >= acknowledged {
			continue
		}
		if o, err := s.Operation(t.Context(), fmt.Sprintf("op_%d", n)); err != nil || o.Status != operation.Cancelled || len(o.Artifacts) != 1 {
			t.Errorf("acknowledged operation op_%d is %q after a power loss: %v", n, o.Status, err)
		}
	}
}
