package document

import "slices"

// A Schema is one node of a JSON Schema (2020-12).
type Schema map[string]any

// The schemas of single values.

// TextSchema is any text.
func TextSchema() Schema { return Schema{"type": "string"} }

// WholeSchema is a whole number.
func WholeSchema() Schema { return Schema{"type": "integer"} }

// NumberSchema is a number.
func NumberSchema() Schema { return Schema{"type": "number"} }

// FlagSchema is true or false.
func FlagSchema() Schema { return Schema{"type": "boolean"} }

// WordOf is one of words.
func WordOf(words ...string) Schema { return Schema{"type": "string", "enum": words} }

// ListOf is a list of such items.
func ListOf(item Schema) Schema { return Schema{"type": "array", "items": item} }

// Either is one of several schemas.
func Either(a ...Schema) Schema { return Schema{"anyOf": a} }

// Schema returns the schema of a mapping with these keys, of which those required
// must be there; keys that kinds does not list hold anything. It panics where kinds
// lists a key that is none.
func (k Keys) Schema(kinds map[string]Schema, required ...string) Schema {
	properties := map[string]Schema{}
	for _, key := range k.Names {
		properties[key] = Schema{}
		if kind, ok := kinds[key]; ok {
			properties[key] = kind
		}
	}
	for key := range kinds {
		if !slices.Contains(k.Names, key) {
			panic("document: the schema knows a key that the grammar does not: " + key)
		}
	}
	s := Schema{"type": "object", "additionalProperties": false, "properties": properties}
	if required != nil {
		s["required"] = required
	}
	return s
}
