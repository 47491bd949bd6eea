package label

import "github.com/ktrdr/ktrdr/internal/core/market"

// Volatility returns what triple_barrier multiplies to place its barriers, one
// value per bar of s, known at the close of the bar; see tripleBarrier. Whoever
// trades by the barriers of a label places them with it.
//
// Range:   above or at 0; barriers need it above 0.
// Warm-up: NaN up to bar vol_span-1 (atr) or vol_span (close), without the bar.
// Panics:  if the source is not triple_barrier.
func (spec Spec) Volatility(s market.Series) []float64 {
	if spec.Source != TripleBarrier {
		panic("label: volatility of " + string(spec.Source))
	}
	if spec.VolMethod == VolClose {
		return returnVolatility(s.Close, spec.VolSpan)
	}
	return rangeVolatility(s.High, s.Low, s.Close, spec.VolSpan)
}
