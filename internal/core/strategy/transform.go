package strategy

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// The prices that a fuzzy set can divide by the values of its indicator.
var referencePrices = []string{"open", "high", "low", "close"}

var transformShape = shape{keys: []string{"type", "reference"}}

// transform reads what becomes of the values of a fuzzy set before they are
// members: nothing, or the reference price of their bar divided by them.
func (d *decoder) transform(s *Strategy, set *FuzzySet, n node) bool {
	f, ok := n.fields(transformShape)
	if !ok {
		return false
	}
	kind, named := f.need("type", "price_ratio")
	if named {
		_, named = kind.choice([]string{"price_ratio"})
	}
	reference, there := f.need("reference", "the price that is divided: "+alternatives(referencePrices))
	if there {
		set.Reference, there = reference.choice(referencePrices)
	}
	if unit := set.scale(s).Unit; unit != indicator.Price {
		n.problem("%s is no price (its unit is %s), so a price divided by it says nothing: remove it", set.reference(), unit)
		return false
	}
	return named && there
}

// Column returns the prices of the bars that the reference of a feature names.
func (f Feature) Column(s market.Series) []float64 {
	return [...][]float64{s.Open, s.High, s.Low, s.Close}[slices.Index(referencePrices, f.Reference)]
}

// fuzzySetObject is one fuzzy set without the sets themselves.
func (set FuzzySet) fuzzySetObject() object {
	o := object{{"indicator", set.reference()}}
	if set.Reference != "" {
		o = append(o, member{"transform", object{{"type", "price_ratio"}, {"reference", set.Reference}}})
	}
	if set.Place != "" {
		o = append(o, member{"place", set.Place})
	}
	return o
}

func fuzzySetSchema() jsonSchema {
	var hedges []string
	for _, h := range fuzzy.Hedges() {
		hedges = append(hedges, h.String())
	}
	kind := jsonSchema{"type": "string", "examples": kindNames()}
	transform := mappingOf(transformShape, map[string]jsonSchema{"type": wordOf("price_ratio"), "reference": wordOf(referencePrices...)})
	set := mappingOf(membershipShape, map[string]jsonSchema{"type": kind, "parameters": listOf(numberSchema), "hedge": wordOf(hedges...)})
	written := jsonSchema{"type": "object", "required": []string{"indicator"},
		"properties":           map[string]jsonSchema{"indicator": textSchema, "transform": transform},
		"additionalProperties": either(listOf(numberSchema), set)}
	placed := jsonSchema{"type": "object", "required": []string{"indicator", "place"},
		"properties":           map[string]jsonSchema{"indicator": textSchema, "transform": transform, "place": wordOf(placements...)},
		"additionalProperties": mappingOf(placedShape, map[string]jsonSchema{"type": kind, "hedge": wordOf(hedges...)})}
	return either(written, placed)
}
