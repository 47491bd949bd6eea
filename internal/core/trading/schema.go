package trading

import (
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

var wholeSchema, numberSchema, textSchema, flagSchema = document.WholeSchema(), document.NumberSchema(), document.TextSchema(), document.FlagSchema()

// Schema is the JSON Schema of what Read reads.
func Schema() document.Schema {
	kinds := sharedKinds()
	kinds["output_format"] = document.WordOf(outputFormats...)
	kinds["confidence_threshold"], kinds["position_awareness"], kinds["allow_short_from_flat"] = numberSchema, flagSchema, flagSchema
	kinds["cost_model"] = costModelShape.Schema(map[string]document.Schema{"round_trip_cost": numberSchema, "min_edge_multiplier": numberSchema})
	return decisionsShape.Schema(kinds, "output_format")
}

// SharedSchema is the JSON Schema of what ReadShared reads.
func SharedSchema() document.Schema { return sharedShape.Schema(sharedKinds()) }

func sharedKinds() map[string]document.Schema {
	return map[string]document.Schema{
		"filters": filtersShape.Schema(map[string]document.Schema{"min_signal_separation": document.Either(wholeSchema, textSchema)}),
		"costs":   costsSchema(),
		"account": accountSchema(),
		"fills":   fillsSchema(),
		"exits":   document.Either(textSchema, exitsShape.Schema(nil)),
		"sizing":  sizingSchema(),
	}
}

func sizingSchema() document.Schema {
	var methods []document.Schema
	for _, method := range strategy.SizingMethods() {
		kinds := map[string]document.Schema{"method": document.WordOf(method)}
		for _, key := range strategy.SizingKeys(method) {
			kinds[key] = numberSchema
		}
		if _, ok := kinds["vol_method"]; ok {
			kinds["vol_method"] = textSchema
		}
		methods = append(methods, sizingShape(method).Schema(kinds, "method"))
	}
	return document.Either(methods...)
}

func costsSchema() document.Schema {
	distance := document.Either(numberSchema, textSchema)
	session := spreadSessionShape.Schema(map[string]document.Schema{"from": textSchema, "to": textSchema, "spread": distance})
	return costsShape.Schema(map[string]document.Schema{
		"commission": document.Either(numberSchema, document.WordOf(commissionSchedules...)), "slippage": numberSchema,
		"spread": document.Either(distance, spreadShape.Schema(map[string]document.Schema{"usual": distance, "time_zone": textSchema, "sessions": document.ListOf(session)})),
	})
}

func accountSchema() document.Schema {
	return accountShape.Schema(map[string]document.Schema{"currency": textSchema, "leverage": numberSchema, "maintenance_margin": numberSchema,
		"margin_call": document.WordOf(marginCalls...), "lot": numberSchema,
		"min_quantity": numberSchema, "max_quantity": numberSchema})
}

func fillsSchema() document.Schema {
	return fillsShape.Schema(map[string]document.Schema{"volume_limit": numberSchema, "intrabar": document.WordOf(append(market.TimeframeNames(market.Timeframes()), strategy.FillsPessimistic)...)})
}
