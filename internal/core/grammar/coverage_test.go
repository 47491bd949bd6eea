package grammar_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/grammar"
)

// choices are the names that a place of the grammar can be called by; one of them
// says the same as the other.
var choices = map[string]string{
	"training_data.symbols.symbols":       "training_data.symbols.list",
	"training_data.timeframes.timeframes": "training_data.timeframes.list",
}

// TestExamples_cover_the_grammar: every key of the schema stands in an example, but
// for the parameters of indicators, which have a page of their own.
func TestExamples_cover_the_grammar(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(grammar.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	want, have := map[string]bool{}, map[string]bool{}
	keysOfSchema(schema, "", want)
	names, err := filepath.Glob("../../../strategies/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		v, err := values(src)
		if err != nil {
			t.Fatal(err)
		}
		keysOfValue(v, want, "", have)
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if !have[key] && !have[choices[key]] && !strings.HasPrefix(key, "indicators.*.") {
			t.Errorf("no example strategy has the key %s", key)
		}
	}
	if len(want) < 80 {
		t.Errorf("the schema has %d keys, want at least 80: the test reads too few", len(want))
	}
}

// keysOfSchema collects the paths of all keys below a schema; * is any name.
func keysOfSchema(schema any, path string, into map[string]bool) {
	s := object(schema)
	if s == nil {
		return
	}
	for key, value := range object(s["properties"]) {
		into[join(path, key)] = true
		keysOfSchema(value, join(path, key), into)
	}
	keysOfSchema(s["additionalProperties"], join(path, "*"), into)
	keysOfSchema(s["items"], path, into)
	for _, one := range list(s["anyOf"]) {
		keysOfSchema(one, path, into)
	}
}

// keysOfValue collects the paths of all keys of a file; what the schema does not
// know is a name.
func keysOfValue(v any, known map[string]bool, path string, into map[string]bool) {
	for _, item := range list(v) {
		keysOfValue(item, known, path, into)
	}
	for key, value := range object(v) {
		if !known[join(path, key)] {
			key = "*"
		}
		into[join(path, key)] = true
		keysOfValue(value, known, join(path, key), into)
	}
}

func object(v any) map[string]any { m, _ := v.(map[string]any); return m }

func list(v any) []any { l, _ := v.([]any); return l }

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
