// Package average holds moving averages of prices, and what is made of such averages
// alone: their differences, slopes and distances.
//
// A file holds one indicator, or one family of them: its entry for the catalogue,
// and the machine or function with formula, range, error and source. [SMA] and
// [EMA] are the plainest; start reading there.
package average

import "github.com/ktrdr/ktrdr/internal/core/indicator"

// Specs returns the entries of this package for the catalogue. The caller owns the
// result.
func Specs() []indicator.Spec {
	return []indicator.Spec{
		demaSpec(),
		temaSpec(),
		distanceSpec(),
		emaSpec(),
		htTrendlineSpec(),
		kamaSpec(),
		macdSpec(),
		apoSpec(),
		ppoSpec(),
		regressionSpec(),
		smaSpec(),
		t3Spec(),
		trixSpec(),
		wmaSpec(),
	}
}
