package grammar

import (
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

var transformShape = document.Keys{Names: []string{"type", "reference"}}

// transform reads what becomes of the values of a fuzzy set before they are
// members: nothing, or the reference price of their bar divided by them.
func (d *decoder) transform(s *strategy.Strategy, set *strategy.FuzzySet, n document.Node) bool {
	f, ok := n.Mapping(transformShape)
	if !ok {
		return false
	}
	kind, named := f.Need("type", "price_ratio")
	if named {
		_, named = kind.Choice([]string{"price_ratio"})
	}
	reference, there := f.Need("reference", "the price that is divided: "+document.Alternatives(strategy.ReferencePrices()))
	if there {
		set.Reference, there = reference.Choice(strategy.ReferencePrices())
	}
	if unit := scaleOf(s, *set).Unit; unit != indicator.Price {
		n.Problem("%s is no price (its unit is %s), so a price divided by it says nothing: remove it", set.About(), unit)
		return false
	}
	return named && there
}

func fuzzySetSchema() document.Schema {
	var hedges []string
	for _, h := range fuzzy.Hedges() {
		hedges = append(hedges, h.String())
	}
	kind := document.Schema{"type": "string", "examples": kindNames()}
	transform := transformShape.Schema(map[string]document.Schema{"type": document.WordOf("price_ratio"), "reference": document.WordOf(strategy.ReferencePrices()...)})
	set := membershipShape.Schema(map[string]document.Schema{"type": kind, "parameters": document.ListOf(numberSchema), "hedge": document.WordOf(hedges...)})
	written := document.Schema{"type": "object", "required": []string{"indicator"},
		"properties":           map[string]document.Schema{"indicator": textSchema, "transform": transform},
		"additionalProperties": document.Either(document.ListOf(numberSchema), set)}
	placed := document.Schema{"type": "object", "required": []string{"indicator", "place"},
		"properties":           map[string]document.Schema{"indicator": textSchema, "transform": transform, "place": document.WordOf(placements...)},
		"additionalProperties": placedShape.Schema(map[string]document.Schema{"type": kind, "hedge": document.WordOf(hedges...)})}
	return document.Either(written, placed)
}
