package strategy

import (
	"fmt"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// About names the output that the sets are about, as the file does.
func (set FuzzySet) About() string {
	if set.Output == "" {
		return set.IndicatorID
	}
	return set.IndicatorID + "." + set.Output
}

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

// ReferencePrices returns the prices that a fuzzy set can divide by the values of its
// indicator.
func ReferencePrices() []string { return []string{"open", "high", "low", "close"} }

// Column returns the prices of the bars that the reference of a feature names.
func (f Feature) Column(s market.Series) []float64 {
	return [...][]float64{s.Open, s.High, s.Low, s.Close}[slices.Index(ReferencePrices(), f.Reference)]
}

// fuzzySetObject is one fuzzy set without the sets themselves.
func (set FuzzySet) fuzzySetObject() object {
	o := object{{"indicator", set.About()}}
	if set.Reference != "" {
		o = append(o, member{"transform", object{{"type", "price_ratio"}, {"reference", set.Reference}}})
	}
	if set.Place != "" {
		o = append(o, member{"place", set.Place})
	}
	return o
}
