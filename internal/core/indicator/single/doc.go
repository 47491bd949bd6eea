// Package single holds what a bar says alone: when it is, in the week and in a
// session, and how it is shaped.
//
// None looks back, so every value is known from the first bar on. Start reading at
// candle.go.
package single

import "github.com/ktrdr/ktrdr/internal/core/indicator"

// Specs returns the entries of this package for the catalogue. The caller owns the
// result.
func Specs() []indicator.Spec {
	return []indicator.Spec{
		calendarSpec(),
		sessionSpec(),
		candleSpec(),
	}
}
