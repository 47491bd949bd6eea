package strategy

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
)

// How the sets of a fuzzy set get their parameters where the file does not give
// them: from the values of the rows of a training, and of no others, on each
// timeframe and data source by itself.
const (
	PlaceQuantile = "quantile" // each set in the middle of as many values
	PlaceCMeans   = "c-means"  // each set on a cluster of values
)

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
