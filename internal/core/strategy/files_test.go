package strategy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/strategy"
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
			s, err := strategy.Parse(file, src)
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
