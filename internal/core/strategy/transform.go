package strategy

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

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
