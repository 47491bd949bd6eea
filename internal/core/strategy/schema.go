package strategy

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/indicator/catalog"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A jsonSchema is one node of a JSON Schema.
type jsonSchema map[string]any

// Schema returns the structure of a strategy file as a JSON Schema (2020-12), for
// editors: which keys there are, what kind of value each has, and which words it
// can be. It is made from the tables that Parse reads by. References, ranges and
// what depends on other keys are left to Parse, so a file that the schema accepts
// can still have problems; one that it refuses is refused by Parse.
func Schema() []byte {
	top := mappingOf(topShape, map[string]jsonSchema{
		"name":          {"type": "string", "pattern": strategyName.String()},
		"version":       {"type": "string", "enum": []string{version3}},
		"training_data": trainingDataSchema(),
		"context_data":  contextSchema(),
		"indicators":    {"type": "object", "additionalProperties": indicatorSchema()},
		"fuzzy_sets":    {"type": "object", "additionalProperties": fuzzySetSchema()},
		"nn_inputs":     listOf(inputSchema()),
		"model":         modelSchema(),
		"training":      trainingSchema(),
		"decisions":     decisionsSchema(),
		"deployment":    deploymentSchema(),
	})
	top["required"] = []string{"name", "training_data", "indicators", "fuzzy_sets", "nn_inputs", "model", "training", "decisions"}
	top["$schema"], top["title"] = "https://json-schema.org/draft/2020-12/schema", "KTRDR strategy, version 3"
	b, err := json.MarshalIndent(top, "", "  ")
	if err != nil {
		panic("strategy: the schema does not encode: " + err.Error())
	}
	return append(b, '\n')
}

// The kinds of single values.
var (
	textSchema   = jsonSchema{"type": "string"}
	wholeSchema  = jsonSchema{"type": "integer"}
	numberSchema = jsonSchema{"type": "number"}
	flagSchema   = jsonSchema{"type": "boolean"}
)

func wordOf(words ...string) jsonSchema { return jsonSchema{"type": "string", "enum": words} }

func listOf(item jsonSchema) jsonSchema { return jsonSchema{"type": "array", "items": item} }

func either(a ...jsonSchema) jsonSchema { return jsonSchema{"anyOf": a} }

// mappingOf returns the schema of a mapping with the keys of s; keys that kinds
// does not list hold anything.
func mappingOf(s shape, kinds map[string]jsonSchema) jsonSchema {
	properties := map[string]jsonSchema{}
	for _, key := range s.keys {
		properties[key] = jsonSchema{}
		if kind, ok := kinds[key]; ok {
			properties[key] = kind
		}
	}
	for key := range kinds {
		if !slices.Contains(s.keys, key) {
			panic("strategy: the schema knows a key that the grammar does not: " + key)
		}
	}
	return jsonSchema{"type": "object", "additionalProperties": false, "properties": properties}
}

func timeframeSchema() jsonSchema { return wordOf(names(market.Timeframes())...) }

func trainingDataSchema() jsonSchema {
	return mappingOf(trainingDataShape, map[string]jsonSchema{
		"symbols": mappingOf(symbolsShape, map[string]jsonSchema{"mode": wordOf("single", "multi_symbol"),
			"symbol": textSchema, "list": listOf(textSchema), "symbols": listOf(textSchema)}),
		"timeframes": mappingOf(timeframesShape, map[string]jsonSchema{"mode": wordOf("single", "multi_timeframe"), "timeframe": textSchema,
			"list": listOf(textSchema), "timeframes": listOf(textSchema), "base_timeframe": textSchema}),
		"date_range": mappingOf(dateRangeShape, map[string]jsonSchema{"start": textSchema, "end": textSchema}),
	})
}

// indicatorSchema takes the parameters of every indicator; Parse knows which
// belong to which.
func indicatorSchema() jsonSchema {
	s := shape{keys: slices.Clone(indicatorKeys)}
	kinds := map[string]jsonSchema{"type": {"type": "string", "examples": indicatorNames()}, "data_source": textSchema}
	for _, spec := range catalog.All() {
		for _, p := range spec.Params {
			if slices.Contains(s.keys, p.Name) {
				continue
			}
			s.keys = append(s.keys, p.Name)
			kinds[p.Name] = map[indicator.ParamKind]jsonSchema{indicator.KindInt: numberSchema, indicator.KindNumber: numberSchema,
				indicator.KindText: textSchema, indicator.KindFlag: flagSchema}[p.Kind]
		}
	}
	x := mappingOf(s, kinds)
	x["required"] = []string{"type"}
	return x
}

func inputSchema() jsonSchema {
	x := mappingOf(inputShape, map[string]jsonSchema{"fuzzy_set": textSchema, "raw_indicator": textSchema,
		"timeframes": either(wordOf("all"), listOf(timeframeSchema())), "lags": wholeSchema,
		"normalization": wordOf(NormalizeMinMax, NormalizeZScore, NormalizeNone)})
	x["required"] = []string{"timeframes"}
	return x
}

func modelSchema() jsonSchema {
	mlp := mappingOf(architectureShape, map[string]jsonSchema{"hidden_layers": listOf(wholeSchema), "activation": textSchema,
		"output_activation": textSchema, "dropout": numberSchema, "layer_norm": flagSchema})
	recurrent := mappingOf(recurrentShape, map[string]jsonSchema{"hidden_size": wholeSchema, "num_layers": wholeSchema,
		"sequence_length": wholeSchema, "dropout": numberSchema, "output_activation": textSchema})
	return mappingOf(modelShape, map[string]jsonSchema{"type": textSchema, "architecture": either(mlp, recurrent)})
}

func trainingSchema() jsonSchema {
	var labels []jsonSchema
	for _, source := range label.Sources() {
		one := mappingOf(labelShape(source, true), map[string]jsonSchema{"source": wordOf(string(source)), "compute_weights": flagSchema})
		one["required"] = []string{"source"}
		labels = append(labels, one)
	}
	meta := mappingOf(metaShape, map[string]jsonSchema{"source": wordOf(string(metaSource)), "primary": textSchema, "compute_weights": flagSchema})
	meta["required"] = []string{"source", "primary"}
	labels = append(labels, meta)
	var schedules []jsonSchema
	for _, kind := range []string{ScheduleStep, ScheduleExponential, ScheduleCosine, SchedulePlateau, ScheduleOneCycle} {
		schedules = append(schedules, mappingOf(scheduleShapes[kind], map[string]jsonSchema{"type": wordOf(kind)}))
	}
	x := mappingOf(trainingShape, map[string]jsonSchema{
		"method": wordOf("supervised"), "labels": either(labels...), "epochs": wholeSchema, "batch_size": wholeSchema, "seed": wholeSchema,
		"embargo_bars": wholeSchema, "learning_rate": numberSchema, "weight_decay": numberSchema, "gradient_clip": numberSchema,
		"ensemble":  mappingOf(ensembleShape, map[string]jsonSchema{"seeds": wholeSchema, "folds": wholeSchema}),
		"optimizer": textSchema, "loss": textSchema, "class_weights": textSchema,
		"data_split":     mappingOf(splitShape, map[string]jsonSchema{"train": numberSchema, "validation": numberSchema, "test": numberSchema}),
		"early_stopping": either(flagSchema, mappingOf(earlyStoppingShape, map[string]jsonSchema{"patience": wholeSchema, "min_delta": numberSchema})),
		"lr_scheduler":   either(append(schedules, flagSchema)...),
	})
	x["required"] = []string{"labels"}
	return x
}

func decisionsSchema() jsonSchema {
	x := mappingOf(decisionsShape, map[string]jsonSchema{
		"output_format": wordOf(outputFormats...), "confidence_threshold": numberSchema, "position_awareness": flagSchema, "allow_short_from_flat": flagSchema,
		"filters":    mappingOf(filtersShape, map[string]jsonSchema{"min_signal_separation": either(wholeSchema, textSchema)}),
		"cost_model": mappingOf(costModelShape, map[string]jsonSchema{"round_trip_cost": numberSchema, "min_edge_multiplier": numberSchema}),
		"costs":      costsSchema(),
		"account":    accountSchema(),
		"fills":      fillsSchema(),
		"exits":      either(textSchema, mappingOf(exitsShape, nil)),
		"sizing":     sizingSchema(),
	})
	x["required"] = []string{"output_format"}
	return x
}

func sizingSchema() jsonSchema {
	var methods []jsonSchema
	for _, method := range slices.Sorted(maps.Keys(sizingParameters)) {
		kinds := map[string]jsonSchema{"method": wordOf(method)}
		for _, key := range sizingParameters[method] {
			kinds[key] = numberSchema
		}
		if _, ok := kinds["vol_method"]; ok {
			kinds["vol_method"] = textSchema
		}
		one := mappingOf(sizingShape(method), kinds)
		one["required"] = []string{"method"}
		methods = append(methods, one)
	}
	return either(methods...)
}

func costsSchema() jsonSchema {
	distance := either(numberSchema, textSchema)
	session := mappingOf(spreadSessionShape, map[string]jsonSchema{"from": textSchema, "to": textSchema, "spread": distance})
	return mappingOf(costsShape, map[string]jsonSchema{
		"commission": either(numberSchema, wordOf(commissionSchedules...)), "slippage": numberSchema,
		"spread": either(distance, mappingOf(spreadShape, map[string]jsonSchema{"usual": distance, "time_zone": textSchema, "sessions": listOf(session)})),
	})
}
