package strategy

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// The prices that a fuzzy set can divide by the values of its indicator.
var referencePrices = []string{"open", "high", "low", "close"}

var transformShape = document.Keys{Names: []string{"type", "reference"}}

// transform reads what becomes of the values of a fuzzy set before they are
// members: nothing, or the reference price of their bar divided by them.
func (d *decoder) transform(s *Strategy, set *FuzzySet, n document.Node) bool {
	f, ok := n.Mapping(transformShape)
	if !ok {
		return false
	}
	kind, named := f.Need("type", "price_ratio")
	if named {
		_, named = kind.Choice([]string{"price_ratio"})
	}
	reference, there := f.Need("reference", "the price that is divided: "+document.Alternatives(referencePrices))
	if there {
		set.Reference, there = reference.Choice(referencePrices)
	}
	if unit := set.scale(s).Unit; unit != indicator.Price {
		n.Problem("%s is no price (its unit is %s), so a price divided by it says nothing: remove it", set.reference(), unit)
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

func fuzzySetSchema() document.Schema {
	var hedges []string
	for _, h := range fuzzy.Hedges() {
		hedges = append(hedges, h.String())
	}
	kind := document.Schema{"type": "string", "examples": kindNames()}
	transform := transformShape.Schema(map[string]document.Schema{"type": document.WordOf("price_ratio"), "reference": document.WordOf(referencePrices...)})
	set := membershipShape.Schema(map[string]document.Schema{"type": kind, "parameters": document.ListOf(numberSchema), "hedge": document.WordOf(hedges...)})
	written := document.Schema{"type": "object", "required": []string{"indicator"},
		"properties":           map[string]document.Schema{"indicator": textSchema, "transform": transform},
		"additionalProperties": document.Either(document.ListOf(numberSchema), set)}
	placed := document.Schema{"type": "object", "required": []string{"indicator", "place"},
		"properties":           map[string]document.Schema{"indicator": textSchema, "transform": transform, "place": document.WordOf(placements...)},
		"additionalProperties": placedShape.Schema(map[string]document.Schema{"type": kind, "hedge": document.WordOf(hedges...)})}
	return document.Either(written, placed)
}
