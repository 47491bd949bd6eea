package label

import "github.com/ktrdr/ktrdr/internal/core/market"

// TypicalRange is what the swings of Regime are measured by, at each bar.
func TypicalRange(spec Spec, s market.Series) []float64 { return newMaker(spec, s).typicalRange() }
