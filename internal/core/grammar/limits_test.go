package grammar_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/grammar"
)

// TestParseLargeFile refuses a file of 10 MB before it reads it.
func TestParseLargeFile(t *testing.T) {
	src := bytes.Repeat([]byte("indicators: {a: [1, 2, 3]}\n"), 10<<20/27)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := grammar.Parse("large.yaml", src)
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "strategy files have at most 262144") {
		t.Errorf("Parse = %v, want that the file is too large", err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("Parse allocated %d bytes to refuse a file", used)
	}
}

// TestParseManyProblems reports the first hundred and counts the rest.
func TestParseManyProblems(t *testing.T) {
	var src strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&src, "key_%d: 1\n", i)
	}
	_, err := grammar.Parse("many.yaml", []byte(src.String()))
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 101 || !strings.HasPrefix(lines[100], "many.yaml: and 29") {
		t.Errorf("%d lines, the last is %q; want 100 problems and a count", len(lines), lines[len(lines)-1])
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("{\"name\":\"x\",\"training\":{\"labels\":{}}}"))
	f.Add([]byte("? {}\n: []\n<<: 1\n"))
	for _, src := range exampleFiles(f) {
		f.Add(src)
	}
	more, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range more {
		src, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		s, err := grammar.Parse("fuzz.yaml", src)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error says nothing")
			}
			return
		}
		if len(s.Features()) == 0 {
			t.Error("a strategy without features was accepted")
		}
		again, err := grammar.Parse("canonical", s.MarshalCanonical())
		if err != nil {
			t.Fatalf("the canonical form is refused: %v\n%s", err, s.MarshalCanonical())
		}
		if again.Hash() != s.Hash() {
			t.Errorf("the canonical form has another hash:\n%s", s.MarshalCanonical())
		}
	})
}
