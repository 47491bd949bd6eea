package shelf_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/data/shelf"
)

func open(t *testing.T, maxBytes int64) (*shelf.Shelf, string) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := shelf.New(root, maxBytes)
	t.Cleanup(func() { _ = s.Close() })
	return s, dir
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestShelf(t *testing.T) {
	s, dir := open(t, 300)
	moment := func(n int) time.Time { return time.Date(2024, 1, n, 0, 0, 0, 0, time.UTC) }
	put := func(name string, day int) {
		t.Helper()
		if err := s.Put(name, []byte(strings.Repeat(name, 100)), moment(day)); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{"a", "b", "c"} {
		put(name, i+1)
	}
	if err := s.Use("a", moment(9)); err != nil {
		t.Fatal(err)
	}
	put("d", 10)
	if have := names(t, dir); !slices.Equal(have, []string{"a", "c", "d"}) {
		t.Errorf("left are %v, want all but what was used longest ago", have)
	}
	if content, err := s.Get("a"); err != nil || string(content) != strings.Repeat("a", 100) {
		t.Errorf("a is %.10q…, %v", content, err)
	}
	if err := s.Put("large", make([]byte, 301), moment(11)); err != nil || len(names(t, dir)) != 3 {
		t.Errorf("what there is never room for: %v, %v", names(t, dir), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "torn.part"), make([]byte, 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	put("c", 12) // again
	if have := names(t, dir); slices.Contains(have, "torn.part") || !slices.Contains(have, "c") || !slices.Contains(have, "d") {
		t.Errorf("behind an interrupted write: %v", have)
	}
	if err := s.Remove("c"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get("c"); err == nil {
		t.Error("what was removed is there")
	}
}

// TestShelf_name: a name leads to no other folder.
func TestShelf_name(t *testing.T) {
	s, _ := open(t, 100)
	if err := s.Put("../out", []byte("x"), time.Time{}); err == nil {
		t.Error("it wrote beside its folder")
	}
}
