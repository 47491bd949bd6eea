package strategy

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"github.com/ktrdr/ktrdr/internal/core/indicator"
)

// How the sets of a fuzzy set get their parameters where the file does not give
// them: from the values of the rows of a training, and of no others, on each
// timeframe and data source by itself.
const (
	PlaceQuantile = "quantile" // each set in the middle of as many values
	PlaceCMeans   = "c-means"  // each set on a cluster of values
)

var placements = []string{PlaceQuantile, PlaceCMeans}

var placedShape = shape{keys: []string{"type", "hedge"}, hints: map[string]string{
	"parameters": "remove it: place says that they come from the training rows",
}}

// placed reads the sets of a fuzzy set with place: a type and a hedge each.
func (d *decoder) placed(set *FuzzySet, f fields, place node) bool {
	var ok bool
	if set.Place, ok = place.choice(placements); !ok {
		return false
	}
	for _, e := range f.order {
		if slices.Contains(fuzzySetKeys, e.name) {
			continue
		}
		one, made := e.value.placedSet()
		named := e.id()
		ok = ok && made && named
		set.Sets = append(set.Sets, fuzzy.Set{Name: e.name})
		set.Shapes = append(set.Shapes, one)
	}
	if !ok {
		return false
	}
	if err := fuzzy.CheckShapes(set.Shapes); err != nil {
		f.problem("sets cannot be placed so: %v", err)
		return false
	}
	return true
}

// placedSet reads the type and the hedge of one set.
func (n node) placedSet() (fuzzy.Shape, bool) {
	if n.yaml.Kind != yaml.MappingNode {
		n.problem("want a type such as {type: triangular}, because place gives the parameters; have %s", n.describe())
		return fuzzy.Shape{}, false
	}
	f, ok := n.fields(placedShape)
	if !ok {
		return fuzzy.Shape{}, false
	}
	kind, ok := f.kind()
	hedge, hedged := f.hedge()
	return fuzzy.Shape{Kind: kind, Hedge: hedge}, ok && hedged
}

// kind reads the type of a set.
func (f fields) kind() (fuzzy.Kind, bool) {
	n, ok := f.need("type", alternatives(kindNames()))
	if !ok {
		return 0, false
	}
	name, ok := n.text()
	if !ok {
		return 0, false
	}
	kind, err := fuzzy.ParseKind(name)
	if err != nil {
		n.problem("%q is not a kind of set: want %s%s", clip(name), alternatives(kindNames()), n.d.hint(name, kindNames()))
	}
	return kind, err == nil
}

// placeFits refuses to place sets over values that are the same in every market:
// the training rows say nothing about them.
func (d *decoder) placeFits(s *Strategy, set FuzzySet, place node) bool {
	if set.scale(s).Unit == indicator.Clock {
		place.problem("the values of %s follow from the time, and not from the rows: give each set its parameters", set.reference())
		return false
	}
	return true
}

// Placed returns what the sets become on the given values of one column of the
// training rows. Values are not changed.
func (set FuzzySet) Placed(values []float64) ([]fuzzy.Function, error) {
	find := fuzzy.Quantiles
	if set.Place == PlaceCMeans {
		find = fuzzy.CMeans
	}
	centres, err := find(values, len(set.Shapes))
	if err != nil {
		return nil, fmt.Errorf("place by %s: %w", set.Place, err)
	}
	return fuzzy.Place(set.Shapes, centres)
}
