package migration_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/migration"
	"github.com/ktrdr/ktrdr/internal/golden"
)

// oldFiles returns the strategies of older formats in testdata.
func oldFiles(t testing.TB) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(names) < 5 {
		t.Fatalf("testdata holds %d files, want at least 5 (%v)", len(names), err)
	}
	return names
}

func migrate(t testing.TB, name string) migration.Result {
	t.Helper()
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := migration.Migrate(filepath.Base(name), src)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestMigrate holds the new file and everything that is said about it, one file
// each.
func TestMigrate(t *testing.T) {
	for _, name := range oldFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			r := migrate(t, name)
			var b strings.Builder
			fmt.Fprintf(&b, "from version %d\n\n", r.From)
			for _, c := range r.Changes {
				fmt.Fprintf(&b, "change  %d: %s: %s\n", c.Line, c.Path, c.What)
			}
			for _, c := range r.Refusals {
				fmt.Fprintf(&b, "refusal %d: %s: %s\n", c.Line, c.Path, c.Reason)
			}
			golden.Check(t, strings.TrimSuffix(name, ".yaml")+".want", b.String()+"\n"+r.YAML)
		})
	}
}

// TestMigrate_is_read: what has no refusal is a strategy.
func TestMigrate_is_read(t *testing.T) {
	whole := 0
	for _, name := range oldFiles(t) {
		r := migrate(t, name)
		_, err := grammar.Parse(name, []byte(r.YAML))
		if (err == nil) != (len(r.Refusals) == 0) {
			t.Errorf("%s: %d refusals, and Parse says %v", name, len(r.Refusals), err)
		}
		if err == nil {
			whole++
		}
	}
	if whole < 3 {
		t.Errorf("%d files are migrated whole, want at least 3", whole)
	}
}

// TestMigrate_again: what is migrated needs no migration.
func TestMigrate_again(t *testing.T) {
	for _, name := range oldFiles(t) {
		r := migrate(t, name)
		if len(r.Refusals) > 0 {
			continue
		}
		again, err := migration.Migrate(name, []byte(r.YAML))
		if err != nil {
			t.Fatal(err)
		}
		if again.YAML != r.YAML || len(again.Changes) > 0 {
			t.Errorf("%s is migrated again: %+v\n%s", name, again.Changes, again.YAML)
		}
	}
}

func TestMigrate_keeps_comments(t *testing.T) {
	r := migrate(t, "testdata/v2_momentum.yaml")
	for _, comment := range []string{"# A momentum strategy of the old kind.", "# words only", "# What it looks at.", "# relative strength", "# fast", "# levels of the RSI"} {
		if !strings.Contains(r.YAML, comment) {
			t.Errorf("%q is lost", comment)
		}
	}
}

func TestMigrate_refuses(t *testing.T) {
	for name, src := range map[string]string{
		"not_yaml":  "a: [",
		"no_keys":   "- 1",
		"empty":     "",
		"alias":     "a: &x 1\nb: *x\n",
		"two":       "a: 1\n---\nb: 1\n",
		"bad_utf_8": "a: \xff",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := migration.Migrate("x.yaml", []byte(src))
			if _, ok := errors.AsType[document.Problems](err); !ok {
				t.Errorf("Migrate = %v, want problems", err)
			}
		})
	}
}

// FuzzMigrate: no file makes Migrate panic, and one without refusals is read.
func FuzzMigrate(f *testing.F) {
	for _, name := range oldFiles(f) {
		src, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		r, err := migration.Migrate("x.yaml", src)
		if err != nil || len(r.Refusals) > 0 {
			return
		}
		if _, err := grammar.Parse("x.yaml", []byte(r.YAML)); err != nil {
			t.Fatalf("%v\n%s", err, r.YAML)
		}
	})
}
