package grammar

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

var placements = []string{strategy.PlaceQuantile, strategy.PlaceCMeans}

var placedShape = document.Keys{Names: []string{"type", "hedge"}, Hints: map[string]string{
	"parameters": "remove it: place says that they come from the training rows",
}}

// placed reads the sets of a fuzzy set with place: a type and a hedge each.
func (d *decoder) placed(set *strategy.FuzzySet, f document.Mapping, place document.Node) bool {
	var ok bool
	if set.Place, ok = place.Choice(placements); !ok {
		return false
	}
	for _, e := range f.Order() {
		if slices.Contains(fuzzySetKeys, e.Name) {
			continue
		}
		one, made := placedSet(e.Value)
		named := e.IsID()
		ok = ok && made && named
		set.Sets = append(set.Sets, fuzzy.Set{Name: e.Name})
		set.Shapes = append(set.Shapes, one)
	}
	if !ok {
		return false
	}
	if err := fuzzy.CheckShapes(set.Shapes); err != nil {
		f.Problem("sets cannot be placed so: %v", err)
		return false
	}
	return true
}

// placedSet reads the type and the hedge of one set.
func placedSet(n document.Node) (fuzzy.Shape, bool) {
	if !n.IsMapping() {
		n.Problem("want a type such as {type: triangular}, because place gives the parameters; have %s", n.Describe())
		return fuzzy.Shape{}, false
	}
	f, ok := n.Mapping(placedShape)
	if !ok {
		return fuzzy.Shape{}, false
	}
	kind, ok := kindOf(f)
	hedge, hedged := hedge(f)
	return fuzzy.Shape{Kind: kind, Hedge: hedge}, ok && hedged
}

// kind reads the type of a set.
func kindOf(f document.Mapping) (fuzzy.Kind, bool) {
	n, ok := f.Need("type", document.Alternatives(kindNames()))
	if !ok {
		return 0, false
	}
	name, ok := n.Text()
	if !ok {
		return 0, false
	}
	kind, err := fuzzy.ParseKind(name)
	if err != nil {
		n.Problem("%q is not a kind of set: want %s%s", document.Clip(name), document.Alternatives(kindNames()), n.Hint(name, kindNames()))
	}
	return kind, err == nil
}

// placeFits refuses to place sets over values that are the same in every market:
// the training rows say nothing about them.
func (d *decoder) placeFits(s *strategy.Strategy, set strategy.FuzzySet, place document.Node) bool {
	if scaleOf(s, set).Unit == indicator.Clock {
		place.Problem("the values of %s follow from the time, and not from the rows: give each set its parameters", set.About())
		return false
	}
	return true
}
