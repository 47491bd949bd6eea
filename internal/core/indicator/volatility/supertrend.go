package volatility

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func supertrendSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "supertrend",
		Aliases: []string{"supertrendindicator"},
		Params: []indicator.Param{
			indicator.Period("period", 10, 2, 200, "Bars of the average true range."),
			indicator.Multiplier(3, 10, "Distance of the bands from the middle of the bar, in average true ranges."),
			indicator.Definition("textbook uses the Wilder average of the true range; ktrdr its simple average."),
		},
		Outputs: []string{"trend", "direction"},
		Scales:  []indicator.Scale{indicator.AnyPrice(), indicator.Symmetric()},
		Doc:     "SuperTrend: a band below a rising and above a falling market, which only moves with the trend.",

		Lookback: func(in indicator.Indicator) []int {
			first := rangeLookback(in, in.Whole("period"))
			return []int{first, first}
		},
		Anchored: indicator.Always,
		Start: func(in indicator.Indicator) indicator.Machine {
			s := &supertrend{averageRange: averageRange(in, in.Whole("period")), multiplier: in.Number("multiplier")}
			return indicator.Steps(s.step)
		},
	}
}

// supertrend is the band and its side.
//
//	basic upper, lower = (high+low)/2 ± m·ATR
//	upper[t] = basic upper if that is below upper[t-1] or close[t-1] above it,
//	           else upper[t-1]                              (lower mirrored)
//	direction: -1 turns to 1 when close > upper, 1 to -1 when close < lower;
//	           1 at the first bar
//	trend = lower if direction is 1, else upper
//
// Range:   direction is 1 or -1.
// Warm-up: until the average true range is known. The course depends on where
// the series begins until both courses have turned at the same bar.
// NaN:     a price that is not a number ends the output.
// Error:   that of ATR.
// Source:  O. Seban, Tout le monde mérite d'être riche, 2009.
// Differs: the original KTRDR begins the recursion before there is a range and
// carries that NaN for ever: its trend is never known. Here it begins when the
// range is known, in both definitions.
type supertrend struct {
	averageRange             func(b market.Bar) float64
	multiplier               float64
	upper, lower, close, way float64
}

func (s *supertrend) step(b market.Bar, out []float64) {
	atr := s.averageRange(b)
	if math.IsNaN(atr) {
		rolling.Unknown(out)
		return
	}
	center, width := float64((b.High+b.Low)/2), float64(s.multiplier*atr)
	isFirst := s.way == 0
	if upper := center + width; isFirst || upper < s.upper || s.close > s.upper {
		s.upper = upper
	}
	if lower := center - width; isFirst || lower > s.lower || s.close < s.lower {
		s.lower = lower
	}
	switch {
	case isFirst, s.way < 0 && b.Close > s.upper:
		s.way = 1
	case s.way > 0 && b.Close < s.lower:
		s.way = -1
	}
	s.close = b.Close
	out[0], out[1] = s.upper, s.way
	if s.way > 0 {
		out[0] = s.lower
	}
}
