// Package volatility holds how far prices move, and bands and channels as wide as
// that.
//
// A file holds one indicator: its entry for the catalogue, and the machine or
// function with formula, range, error and source. Start reading at [ATR], then
// [Bollinger].
package volatility

import "github.com/ktrdr/ktrdr/internal/core/indicator"

// Specs returns the entries of this package for the catalogue. The caller owns the
// result.
func Specs() []indicator.Spec {
	return []indicator.Spec{
		atrSpec(),
		bandwidthSpec(),
		bollingerSpec(),
		donchianSpec(),
		keltnerSpec(),
		natrSpec(),
		squeezeSpec(),
		stddevSpec(),
		supertrendSpec(),
		volatilitySpec(),
	}
}
