package sweep_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
)

// TestExampleSpaces: every example space parses, and its first and last trials are
// strategies.
func TestExampleSpaces(t *testing.T) {
	names, err := filepath.Glob("../../../strategies/spaces/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("examples: %v, %v", names, err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			space, err := sweep.ParseSpace(name, text)
			if err != nil {
				t.Fatal(err)
			}
			source, err := os.ReadFile(filepath.Join("../../../strategies", filepath.Base(name)))
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range []int{0, space.Len() - 1} {
				varied, err := sweep.Apply(source, space.Trial(i))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := grammar.Parse("trial.yaml", varied); err != nil {
					t.Errorf("trial %d: %v", i, err)
				}
			}
		})
	}
}
