package grammar_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/golden"
)

// exampleFiles returns the strategies that users start from.
func exampleFiles(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("../../../strategies/*.yaml")
	if err != nil || len(names) < 4 {
		t.Fatalf("there are %d example strategies, want at least 4 (%v)", len(names), err)
	}
	files := make(map[string][]byte)
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = src
	}
	return files
}

func TestExamples(t *testing.T) {
	for file, src := range exampleFiles(t) {
		t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
			s, err := grammar.Parse(file, src)
			if err != nil {
				t.Fatal(err)
			}
			if s.Name+".yaml" != file {
				t.Errorf("name = %s, want that of the file", s.Name)
			}
			if s.Warnings != nil {
				t.Errorf("warnings:\n%v", s.Warnings)
			}
		})
	}
}

// checkFiles parses each file of folder and compares what say makes of the
// outcome with the comment at the end of the file.
func checkFiles(t *testing.T, folder string, say func(s *strategy.Strategy, err error) string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", folder, "*.yaml"))
	if err != nil || len(names) == 0 {
		t.Fatalf("testdata/%s holds no files (%v)", folder, err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			golden.CheckComment(t, name, func(source string) string { return say(grammar.Parse(filepath.Base(name), []byte(source))) })
		})
	}
}

// TestBad holds one file per mistake, with all that is said about it.
func TestBad(t *testing.T) {
	checkFiles(t, "bad", func(s *strategy.Strategy, err error) string {
		if err == nil {
			t.Errorf("%s is accepted", s.Name)
			return "accepted"
		}
		return err.Error()
	})
}

// TestWarn holds one file per kind of warning.
func TestWarn(t *testing.T) {
	checkFiles(t, "warn", func(s *strategy.Strategy, err error) string {
		if err != nil {
			t.Errorf("refused: %v", err)
			return "refused"
		}
		return s.Warnings.Error()
	})
}
