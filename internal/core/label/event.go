package label

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Events tells which bars of s are events, as they are for training; nil where the
// spec has no event filter. Whoever asks a model that was trained on events asks
// it at those. Whether a bar is one is known at its close.
func (spec Spec) Events(s market.Series) []bool {
	if !spec.CUSUM {
		return nil
	}
	return newMaker(spec, s).events()
}

// events reports for each bar whether the price has moved by the threshold since
// the last event: the symmetric CUSUM filter.
//
//	r    = ln(close[t]/close[t-1])
//	up   = max(0, up + r - h)      down = min(0, down + r + h)
//	up > h: an event, up = 0       else down < -h: an event, down = 0
//	h    = cusum_threshold, or, where that is 0,
//	       cusum_multiplier * mean of v[0..t], v the volatility of returns
//
// Shape:   one value per bar.
// Range:   true or false.
// Warm-up: without cusum_threshold no bar before vol_span is an event.
// NaN:     prices are never NaN.
// Panics:  never.
// Error:   logarithms to 2^-60 relative.
// Source:  M. López de Prado, Advances in Financial Machine Learning, 2018,
// section 2.5; the original KTRDR.
// Differs: the original takes the mean of v over the whole series, and so knows
// the volatility to come.
func (m *maker) events() []bool {
	isEvent := make([]bool, m.bars.Len())
	var vol []float64
	if m.spec.CUSUMThreshold == 0 {
		vol = returnVolatility(m.bars.Close, m.spec.VolSpan)
	}
	h, sum, known := m.spec.CUSUMThreshold, 0.0, 0
	up, down := 0.0, 0.0
	for t := 1; t < len(isEvent); t++ {
		if vol != nil {
			if math.IsNaN(vol[t]) {
				continue
			}
			sum, known = sum+vol[t], known+1
			h = float64(m.spec.CUSUMMultiplier*sum) / float64(known)
		}
		r := logRatio(m.bars.Close[t], m.bars.Close[t-1])
		up, down = max(0, up+r-h), min(0, down+r+h)
		switch {
		case up > h:
			isEvent[t], up = true, 0
		case down < -h:
			isEvent[t], down = true, 0
		}
	}
	return isEvent
}
