package store_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/control/store/storetest"
)

// open opens a database that is closed when the test ends.
func open(t testing.TB, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStore(t, s) })
	return s
}

func closeStore(t testing.TB, s *store.Store) {
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestSQLite(t *testing.T) {
	paths := map[*store.Store]string{}
	storetest.Run(t,
		func(t testing.TB) *store.Store {
			path := filepath.Join(t.TempDir(), "a ?%#.db")
			s := open(t, path)
			paths[s] = path
			return s
		},
		func(t testing.TB, s *store.Store) *store.Store {
			closeStore(t, s)
			return open(t, paths[s])
		})
}

func TestOpen(t *testing.T) {
	t.Run("second_backend", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "new", "ktrdr.db")
		open(t, path)
		_, err := store.Open(t.Context(), path, store.Options{})
		if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "--data-dir") {
			t.Errorf("second Open = %v, want ErrLocked with the path and what to do", err)
		}
	})
	t.Run("not_a_database", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "ktrdr.db")
		if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Open(t.Context(), path, store.Options{}); !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Errorf("Open(garbage) = %v, want ErrDamaged with the path", err)
		}
	})
	t.Run("damaged_page", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "ktrdr.db")
		s, err := store.Open(t.Context(), path, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		closeStore(t, s)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 5 * 4096; i < 8*4096; i++ {
			b[i] ^= 0xff
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Open(t.Context(), path, store.Options{}); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("Open(damaged) = %v, want ErrDamaged", err)
		}
	})
	t.Run("without_a_migration_of_a_lower_number", func(t *testing.T) {
		path := newFile(t)
		s, err := store.Open(t.Context(), path, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		closeStore(t, s)
		raw, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{`ALTER TABLE operations DROP COLUMN weight`, `DELETE FROM goose_db_version WHERE version_id = 7`} {
			if _, err := raw.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		if err := raw.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := open(t, path).Unfinished(t.Context()); err != nil {
			t.Errorf("a database that was made before the migration was added: %v", err)
		}
	})
	t.Run("unknown_scheme", func(t *testing.T) {
		if _, err := store.Open(t.Context(), "mysql://host/db", store.Options{}); err == nil || !strings.Contains(err.Error(), "mysql") {
			t.Errorf("Open(mysql) = %v, want an error that names the scheme", err)
		}
	})
}

func TestClose(t *testing.T) {
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "ktrdr.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	if err := s.Commit(t.Context(), 1, []operation.Transaction{{}})[0]; err == nil {
		t.Error("Commit after Close succeeded")
	}
}
