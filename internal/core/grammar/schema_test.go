package grammar_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v4"

	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/golden"
)

// schemaOf reads the schema with a validator of another author.
func schemaOf(t *testing.T) *openapi3.Schema {
	t.Helper()
	var s openapi3.Schema
	if err := json.Unmarshal(grammar.Schema(), &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

// values reads YAML as JSON has it.
func values(src []byte) (v any, err error) {
	if err = yaml.Unmarshal(src, &v); err != nil {
		return nil, err
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return v, json.Unmarshal(b, &v)
}

func TestSchema_accepts(t *testing.T) {
	s := schemaOf(t)
	files := exampleFiles(t)
	names, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if files[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	for name, src := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			v, err := values(src)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.VisitJSON(v); err != nil {
				t.Errorf("the schema refuses it: %.400v", err)
			}
		})
	}
}

// structural are problems that a file has whatever else stands in it.
var structural = regexp.MustCompile(`: unknown key|want a mapping of keys|want a list such as|want true or false, have`)

// TestSchema_refuses: of the files with mistakes, those whose structure is wrong.
func TestSchema_refuses(t *testing.T) {
	s := schemaOf(t)
	names, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, name := range names {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		src, said, _ := strings.Cut(string(file), golden.Mark)
		v, err := values([]byte(src))
		if err != nil || !structural.MatchString(said) {
			continue
		}
		refused++
		if s.VisitJSON(v) == nil {
			t.Errorf("the schema accepts %s, of which Parse says\n%s", filepath.Base(name), said)
		}
	}
	if refused < 20 {
		t.Errorf("%d files have a wrong structure, want at least 20", refused)
	}
}
