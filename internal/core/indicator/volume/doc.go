// Package volume holds what weighs moves of the price by what was traded.
//
// A file holds one indicator, or two that share their machine: its entry for the
// catalogue, and the machine with formula, range, error and source. All are NaN
// where volumes are not reported, never 0. Start reading at obv.go.
package volume

import "github.com/ktrdr/ktrdr/internal/core/indicator"

// Specs returns the entries of this package for the catalogue. The caller owns the
// result.
func Specs() []indicator.Spec {
	return []indicator.Spec{
		adlineSpec(),
		chaikinSpec(),
		cmfSpec(),
		mfiSpec(),
		obvSpec(),
		volumeRatioSpec(),
		volumeSMASpec(),
		vwapSpec(),
	}
}
