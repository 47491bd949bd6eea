package grammar

import (
	"encoding/json"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/indicator/catalog"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/trading"
)

// Schema returns the structure of a strategy file as a JSON Schema (2020-12), for
// editors: which keys there are, what kind of value each has, and which words it
// can be. It is made from the tables that Parse reads by. References, ranges and
// what depends on other keys are left to Parse, so a file that the schema accepts
// can still have problems; one that it refuses is refused by Parse.
func Schema() []byte {
	top := topShape.Schema(map[string]document.Schema{
		"name":          {"type": "string", "pattern": document.NamePattern()},
		"version":       {"type": "string", "enum": []string{version3}},
		"training_data": trainingDataSchema(),
		"backtest":      backtestShape.Schema(map[string]document.Schema{"date_range": dateRangeSchema()}, "date_range"),
		"context_data":  contextSchema(),
		"indicators":    {"type": "object", "additionalProperties": indicatorSchema()},
		"fuzzy_sets":    {"type": "object", "additionalProperties": fuzzySetSchema()},
		"nn_inputs":     document.ListOf(inputSchema()),
		"model":         modelSchema(),
		"training":      trainingSchema(),
		"decisions":     trading.Schema(),
		"deployment":    deploymentSchema(),
	})
	top["required"] = []string{"name", "training_data", "indicators", "fuzzy_sets", "nn_inputs", "model", "training", "decisions"}
	top["$schema"], top["title"] = "https://json-schema.org/draft/2020-12/schema", "KTRDR strategy, version 3"
	b, err := json.MarshalIndent(top, "", "  ")
	if err != nil {
		panic("grammar: the schema does not encode: " + err.Error())
	}
	return append(b, '\n')
}

// The kinds of single values.
var textSchema, wholeSchema, numberSchema, flagSchema = document.TextSchema(), document.WholeSchema(), document.NumberSchema(), document.FlagSchema()

func timeframeSchema() document.Schema {
	return document.WordOf(market.TimeframeNames(market.Timeframes())...)
}

func trainingDataSchema() document.Schema {
	return trainingDataShape.Schema(map[string]document.Schema{
		"symbols": symbolsShape.Schema(map[string]document.Schema{"mode": document.WordOf("single", "multi_symbol"),
			"symbol": textSchema, "list": document.ListOf(textSchema), "symbols": document.ListOf(textSchema)}),
		"timeframes": timeframesShape.Schema(map[string]document.Schema{"mode": document.WordOf("single", "multi_timeframe"), "timeframe": textSchema,
			"list": document.ListOf(textSchema), "timeframes": document.ListOf(textSchema), "base_timeframe": textSchema}),
		"date_range": dateRangeSchema(),
	})
}

func dateRangeSchema() document.Schema {
	return dateRangeShape.Schema(map[string]document.Schema{"start": textSchema, "end": textSchema})
}

// indicatorSchema takes the parameters of every indicator; Parse knows which
// belong to which.
func indicatorSchema() document.Schema {
	s := document.Keys{Names: slices.Clone(indicatorKeys)}
	kinds := map[string]document.Schema{"type": {"type": "string", "examples": indicatorNames()}, "data_source": textSchema}
	for _, spec := range catalog.All() {
		for _, p := range spec.Params {
			if slices.Contains(s.Names, p.Name) {
				continue
			}
			s.Names = append(s.Names, p.Name)
			kinds[p.Name] = map[indicator.ParamKind]document.Schema{indicator.KindInt: numberSchema, indicator.KindNumber: numberSchema,
				indicator.KindText: textSchema, indicator.KindFlag: flagSchema}[p.Kind]
		}
	}
	x := s.Schema(kinds)
	x["required"] = []string{"type"}
	return x
}

func inputSchema() document.Schema {
	x := inputShape.Schema(map[string]document.Schema{"fuzzy_set": textSchema, "raw_indicator": textSchema,
		"timeframes": document.Either(document.WordOf("all"), document.ListOf(timeframeSchema())), "lags": wholeSchema,
		"normalization": document.WordOf(strategy.NormalizeMinMax, strategy.NormalizeZScore, strategy.NormalizeNone)})
	x["required"] = []string{"timeframes"}
	return x
}

func modelSchema() document.Schema {
	mlp := architectureShape.Schema(map[string]document.Schema{"hidden_layers": document.ListOf(wholeSchema), "activation": textSchema,
		"output_activation": textSchema, "dropout": numberSchema, "layer_norm": flagSchema})
	recurrent := recurrentShape.Schema(map[string]document.Schema{"hidden_size": wholeSchema, "num_layers": wholeSchema,
		"sequence_length": wholeSchema, "dropout": numberSchema, "output_activation": textSchema})
	return modelShape.Schema(map[string]document.Schema{"type": textSchema, "architecture": document.Either(mlp, recurrent)})
}

func trainingSchema() document.Schema {
	var labels []document.Schema
	for _, source := range label.Sources() {
		one := labelShape(source, true).Schema(map[string]document.Schema{"source": document.WordOf(string(source)), "compute_weights": flagSchema})
		one["required"] = []string{"source"}
		labels = append(labels, one)
	}
	meta := metaShape.Schema(map[string]document.Schema{"source": document.WordOf(string(strategy.MetaSource)), "primary": textSchema, "compute_weights": flagSchema})
	meta["required"] = []string{"source", "primary"}
	labels = append(labels, meta)
	var schedules []document.Schema
	for _, kind := range []string{strategy.ScheduleStep, strategy.ScheduleExponential, strategy.ScheduleCosine, strategy.SchedulePlateau, strategy.ScheduleOneCycle} {
		schedules = append(schedules, scheduleShapes[kind].Schema(map[string]document.Schema{"type": document.WordOf(kind)}))
	}
	x := trainingShape.Schema(map[string]document.Schema{
		"method": document.WordOf("supervised"), "labels": document.Either(labels...), "epochs": wholeSchema, "batch_size": wholeSchema, "seed": wholeSchema,
		"embargo_bars": wholeSchema, "learning_rate": numberSchema, "weight_decay": numberSchema, "gradient_clip": numberSchema,
		"ensemble":  ensembleShape.Schema(map[string]document.Schema{"seeds": wholeSchema, "folds": wholeSchema}),
		"optimizer": textSchema, "loss": textSchema, "class_weights": textSchema,
		"data_split":     splitShape.Schema(map[string]document.Schema{"train": numberSchema, "validation": numberSchema, "test": numberSchema}),
		"early_stopping": document.Either(flagSchema, earlyStoppingShape.Schema(map[string]document.Schema{"patience": wholeSchema, "min_delta": numberSchema})),
		"lr_scheduler":   document.Either(append(schedules, flagSchema)...),
	})
	x["required"] = []string{"labels"}
	return x
}
