// Package momentum holds oscillators: how fast prices move, and how one-sidedly.
//
// A file holds one indicator: its entry for the catalogue, and the machine or
// function with formula, range, error and source. Start reading at momentum.go,
// then [RSI].
package momentum

import "github.com/ktrdr/ktrdr/internal/core/indicator"

// Specs returns the entries of this package for the catalogue. The caller owns the
// result.
func Specs() []indicator.Spec {
	return []indicator.Spec{
		cciSpec(),
		cmoSpec(),
		fisherSpec(),
		momentumSpec(),
		rocSpec(),
		rsiSpec(),
		rviSpec(),
		stochasticSpec(),
		stochRSISpec(),
		ultimateSpec(),
		williamsSpec(),
	}
}
