package grammar_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/golden"
)

// otherReaders are messages about files that are not strategies, and where they are
// tested.
var otherReaders = map[string]string{
	"output_format %q: the model was trained for %s":          "core/sweep: an axis of a space",
	"there are no labels to take exits from: write them out,": "core/ensemble: an ensemble file",
}

// TestBad_every_message: each message of the grammar and of what it reads with stands
// in one of the files with mistakes.
func TestBad_every_message(t *testing.T) {
	var said strings.Builder
	for _, folder := range []string{"bad", "warn"} {
		names, err := filepath.Glob(filepath.Join("testdata", folder, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			file, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			_, want, _ := strings.Cut(string(file), golden.Mark)
			said.WriteString(want)
		}
	}
	formats := messagesOf(t, ".")
	for _, folder := range []string{"../document", "../trading"} {
		maps.Copy(formats, messagesOf(t, folder))
	}
	if len(formats) < 100 {
		t.Fatalf("%d messages were found in the sources, want at least 100: the test reads too few", len(formats))
	}
	verb := regexp.MustCompile(`%[-+.0-9]*[a-z%]`)
	for place, format := range formats {
		var parts []string
		for _, part := range verb.Split(format, -1) {
			parts = append(parts, regexp.QuoteMeta(part))
		}
		if !regexp.MustCompile(strings.Join(parts, ".*")).MatchString(said.String()) && !isOfOthers(format) {
			t.Errorf("%s: no file of testdata/bad is told %q", place, format)
		}
	}
}

func isOfOthers(format string) bool {
	for begin := range otherReaders {
		if strings.HasPrefix(format, begin) {
			return true
		}
	}
	return false
}

// messagesOf returns the formats that the sources of folder hand to Problem and Warn,
// by their place.
func messagesOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	formats, files := map[string]string{}, token.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			called, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || called.Sel.Name != "Problem" && called.Sel.Name != "Warn" {
				return true
			}
			if text, ok := literal(call.Args[0]); ok {
				formats[files.Position(call.Pos()).String()] = text
			}
			return true
		})
	}
	return formats
}

// literal returns the text of a constant that is written out, in parts or at once.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		a, ok := literal(e.X)
		b, also := literal(e.Y)
		return a + b, ok && also
	}
	return "", false
}
