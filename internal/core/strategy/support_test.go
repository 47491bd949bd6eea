package strategy_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// minimal is the shortest strategy, which the tests of the grammar have.
var minimal = func() string {
	src, err := os.ReadFile("../grammar/testdata/good/minimal.yaml")
	if err != nil {
		panic(err)
	}
	return string(src)
}()

func parse(t testing.TB, src string) *strategy.Strategy {
	t.Helper()
	s, err := grammar.Parse("test.yaml", []byte(src))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return s
}

func text(v any) string { return fmt.Sprint(v) }
