package store_test

import (
	"bytes"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/control/store/storetest"
)

func newFile(t testing.TB) string { return filepath.Join(t.TempDir(), "ktrdr.db") }

func TestPortable(t *testing.T) {
	storetest.RunPortable(t, func(t testing.TB) *store.Store { return open(t, newFile(t)) }, newFile)

	// A table that is added to the schema and not to the portable form would be
	// missing from every backup.
	t.Run("every_table", func(t *testing.T) {
		path := newFile(t)
		s := open(t, path)
		var records bytes.Buffer
		if _, err := s.Dump(t.Context(), &records); err != nil {
			t.Fatal(err)
		}
		raw, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		rows, err := raw.QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		elsewhere := map[string]string{"goose_db_version": "the version is in the head", "scheduler": "belongs to one place; its term is in the head",
			"series": "bars travel as bars", "series_chunks": "bars travel as bars"}
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				t.Fatal(err)
			}
			if elsewhere[name] == "" && !strings.Contains(records.String(), `{"table":"`+name+`"`) {
				t.Errorf("table %s is not part of the portable form: add it to portableTables", name)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	})
}
