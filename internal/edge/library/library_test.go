package library_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/edge/library"
)

// two is a library of two folders, each with a strategy "both" of its own.
func two(t *testing.T) *library.Library {
	t.Helper()
	first, second := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{
		filepath.Join(first, "both.yaml"):    "first",
		filepath.Join(first, "a b.yaml"):     "not the name of a strategy",
		filepath.Join(second, "both.yaml"):   "second",
		filepath.Join(second, "second.yaml"): "second",
		filepath.Join(second, "notes.txt"):   "no strategy",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return library.New([]string{first, filepath.Join(first, "missing"), second})
}

func TestNames(t *testing.T) {
	names, others, err := two(t).Names()
	if err != nil || !slices.Equal(names, []string{"both", "second"}) || !slices.Equal(others, []string{"a b.yaml"}) {
		t.Errorf("Names = %q, %q, %v", names, others, err)
	}
}

func TestRead(t *testing.T) {
	l := two(t)
	for name, want := range map[string]string{"both": "first", "second": "second"} {
		if text, err := l.Read(name); err != nil || string(text) != want {
			t.Errorf("Read(%q) = %q, %v, want %q", name, text, err, want)
		}
	}
	for name, want := range map[string]string{"secon": "did you mean second?", "../both": "Invalid strategy name", "both.yaml": "Invalid strategy name", "": "Invalid strategy name"} {
		if _, err := l.Read(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Read(%q) = %v, want %q", name, err, want)
		}
	}
}

func TestParse_refuses(t *testing.T) {
	l := two(t)
	for name, tc := range map[string]struct{ strategy, text, want string }{
		"nothing_named": {"", "", "strategy_name or strategy_yaml is required"},
		"held_badly":    {"both", "", "both.yaml:1:1"},
		"brought_badly": {"", "version: 9", "strategy_yaml:1"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := l.Parse(tc.strategy, tc.text); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Parse(%q, %q) = %v, want %q", tc.strategy, tc.text, err, tc.want)
			}
		})
	}
}
