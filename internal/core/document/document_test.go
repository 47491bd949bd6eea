package document_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/document"
)

// TestProblems_many: the hundred and first problem is only counted, however often
// they are asked for.
func TestProblems_many(t *testing.T) {
	var b strings.Builder
	for i := range 130 {
		fmt.Fprintf(&b, "key%d: 1\n", i)
	}
	f, top, ok := document.Open("many.yaml", document.Kind{Name: "file", Keys: "none"}, []byte(b.String()))
	if !ok {
		t.Fatal(f.Problems())
	}
	top.Mapping(document.Keys{Names: []string{"only"}})
	for range 2 {
		if all := f.Problems(); len(all) != 101 || all[100].Message != "and 30 more problems" {
			t.Errorf("%d problems, the last: %v", len(all), all[len(all)-1])
		}
	}
}

// TestSchema: the schema has the keys that are read, and no others.
func TestSchema(t *testing.T) {
	have, err := json.Marshal(horse.Schema(map[string]document.Schema{"name": document.TextSchema()}, "name"))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"additionalProperties":false,"properties":{"legs":{},"name":{"type":"string"}},"required":["name"],"type":"object"}`
	if string(have) != want {
		t.Errorf("the schema is %s, want %s", have, want)
	}
	defer func() {
		if recover() == nil {
			t.Error("a kind of a key that is not there is accepted")
		}
	}()
	horse.Schema(map[string]document.Schema{"wings": {}})
}

// TestOf_limits: what a program made is held to the limits of a file.
func TestOf_limits(t *testing.T) {
	f, top, _ := document.Open("x.yaml", document.Kind{Name: "file", Keys: "a"}, []byte("a: [1]\n"))
	m, _ := top.Entries()
	list, _ := m.Get("a")
	list.YAML().Content[0] = list.YAML() // a list that holds itself
	if _, _, ok := document.Of("x.yaml", "", top.YAML()); ok || f.Problems() != nil {
		t.Error("a tree without end is accepted")
	}
}
