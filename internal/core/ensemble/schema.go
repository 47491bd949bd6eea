package ensemble

import (
	"encoding/json"

	"github.com/ktrdr/ktrdr/internal/core/trading"
)

// Schema returns the structure of an ensemble file as a JSON Schema (2020-12), for
// editors. It is made from the tables that Parse reads by; references, ranges and
// what depends on other keys are left to Parse.
func Schema() []byte {
	type schema = map[string]any
	text, number, whole, flag := schema{"type": "string"}, schema{"type": "number"}, schema{"type": "integer"}, schema{"type": "boolean"}
	word := func(words []string) schema { return schema{"type": "string", "enum": words} }
	mapping := func(keys []string, kinds schema, required ...string) schema {
		properties := schema{}
		for _, key := range keys {
			properties[key] = kinds[key]
		}
		m := schema{"type": "object", "additionalProperties": false, "properties": properties}
		if required != nil {
			m["required"] = required
		}
		return m
	}
	rule := mapping(ruleKeys.Names, schema{"model": text, "action": word(actions)})
	rules := schema{}
	for _, name := range RegimeNames() {
		rules[name] = rule
	}
	top := mapping(topKeys.Names, schema{
		"name": text, "description": text,
		"models": schema{"type": "object", "additionalProperties": mapping(memberKeys.Names,
			schema{"model": text, "model_path": text, "output_type": word(outputTypes), "exits": word(exitsOf), "of": text, "threshold": number, "use": word(uses)}, "output_type")},
		"composition": mapping(compositionKeys.Names, schema{
			"type": word(types), "model": text, "gate_model": text, "context_gate": text, "regime_threshold": number, "regime_hysteresis": number,
			"stability_bars": whole, "on_regime_transition": word(transitions), "allow_short_from_flat": flag,
			"rules":             mapping(RegimeNames(), rules, RegimeNames()...),
			"context_modifiers": mapping(modifierKeys.Names, schema{"aligned_discount": number, "counter_premium": number, "neutral_effect": number}),
		}, "type"),
		"decisions": trading.SharedSchema(),
	}, "name", "models", "composition")
	top["$schema"], top["title"] = "https://json-schema.org/draft/2020-12/schema", "KTRDR ensemble"
	b, err := json.MarshalIndent(top, "", "  ")
	if err != nil {
		panic("ensemble: the schema does not encode: " + err.Error())
	}
	return append(b, '\n')
}
