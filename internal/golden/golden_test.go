package golden_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/golden"
)

// recorded writes a record and returns its file.
func recorded(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "record.txt")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func holds(t *testing.T, file, want string) {
	t.Helper()
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v, want %q", file, got, err, want)
	}
}

func TestSame(t *testing.T) {
	golden.Check(t, recorded(t, "a\nb\n"), "a\nb\n")
	golden.CheckComment(t, recorded(t, "x: 1\n# want:\n# first\n# second\n"), func(source string) string {
		if source != "x: 1\n" {
			t.Errorf("source = %q, want it without the comment", source)
		}
		return "first\nsecond"
	})
}

func TestUpdate(t *testing.T) {
	if golden.Update() {
		t.Skip("the records are rewritten for other tests")
	}
	if err := flag.Set("update", "true"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("update", "false") }) // it was set the same way
	file := recorded(t, "old\n")
	golden.Check(t, file, "new\n")
	holds(t, file, "new\n")
	file = recorded(t, "x: 1\n")
	golden.CheckComment(t, file, strings.TrimSpace)
	holds(t, file, "x: 1\n# want:\n# x: 1\n")
}

func TestDifference(t *testing.T) {
	for name, tc := range map[string]struct {
		a, b     string
		line     int
		inA, inB string
	}{
		"same":    {"a\nb\n", "a\nb\n", 0, "", ""},
		"changed": {"a\nb\n", "a\nc\n", 2, "b", "c"},
		"longer":  {"a\n", "a\nb\n", 2, "", "b"},
		"no_end":  {"a", "a\n", 1, "a", "a"},
		"shorter": {"a\nb", "a", 1, "a", "a"},
	} {
		t.Run(name, func(t *testing.T) {
			if line, inA, inB := golden.Difference(tc.a, tc.b); line != tc.line || inA != tc.inA || inB != tc.inB {
				t.Errorf("difference(%q, %q) = %d, %q, %q, want %d, %q, %q", tc.a, tc.b, line, inA, inB, tc.line, tc.inA, tc.inB)
			}
		})
	}
}
