package ensemble_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/ktrdr/ktrdr/internal/core/ensemble"
)

// TestSchema: the schema accepts what Parse accepts, and refuses unknown keys.
func TestSchema(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(ensemble.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	check := func(name string) string {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := yaml.Unmarshal(src, &value); err != nil {
			t.Fatal(err)
		}
		return against(schema, value)
	}
	good, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(good) == 0 {
		t.Fatal(err)
	}
	for _, name := range append(good, "../../../strategies/ensembles/sample_regimes.yaml") {
		if wrong := check(name); wrong != "" {
			t.Errorf("%s: %s", name, wrong)
		}
	}
	for _, name := range []string{"unknown_key", "type", "rule_missing", "output_type", "decisions_of_one_model"} {
		if check("testdata/bad/"+name+".yaml") == "" {
			t.Errorf("%s is accepted", name)
		}
	}
}

// against returns what is wrong with a value by the parts of JSON Schema that
// Schema uses, or "".
func against(schema map[string]any, value any) string {
	if options, ok := schema["anyOf"].([]any); ok {
		wrong := ""
		for _, one := range options {
			if wrong = against(one.(map[string]any), value); wrong == "" {
				return ""
			}
		}
		return wrong
	}
	if words, ok := schema["enum"].([]any); ok && !slices.Contains(words, value) {
		return fmt.Sprintf("%v is none of %v", value, words)
	}
	object, isObject := value.(map[string]any)
	if (schema["type"] == "object") != isObject && schema["type"] != nil {
		return fmt.Sprintf("%v: want %v", value, schema["type"])
	}
	required, _ := schema["required"].([]any)
	for _, key := range required {
		if _, ok := object[key.(string)]; !ok {
			return fmt.Sprintf("%v is missing", key)
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	for key, v := range object {
		kind, known := properties[key].(map[string]any)
		if !known {
			if schema["additionalProperties"] == false {
				return key + ": unknown key"
			}
			kind, _ = schema["additionalProperties"].(map[string]any)
		}
		if wrong := against(kind, v); wrong != "" {
			return key + ": " + wrong
		}
	}
	return ""
}
