// Package trend holds what tells the direction of prices and where it turned.
//
// A file holds one indicator: its entry for the catalogue, and the machine or
// function with formula, range, error and source. A zigzag that repaints is for
// charts only; its entry says so. Start reading at [ADX].
package trend

import "github.com/ktrdr/ktrdr/internal/core/indicator"

// Specs returns the entries of this package for the catalogue. The caller owns the
// result.
func Specs() []indicator.Spec {
	return []indicator.Spec{
		adxSpec(),
		aroonSpec(),
		dmiSpec(),
		ichimokuSpec(),
		sarSpec(),
		zigzagSpec(),
		zigzagConfirmedSpec(),
	}
}
