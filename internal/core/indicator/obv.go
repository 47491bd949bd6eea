package indicator

import "github.com/ktrdr/ktrdr/internal/core/market"

func obvSpec() Spec {
	return Spec{
		Name:    "obv",
		Aliases: []string{"onbalancevolume", "obvindicator"},
		Params:  []Param{definition("textbook begins with the volume of the first bar; ktrdr with 0.")},
		Outputs: []string{""},
		Scales:  []Scale{anyVolume},
		Doc:     "On-balance volume: the running total of volume, added on a rise of the close and taken off on a fall.",
		Volume:  true,

		lookback: func(Indicator) []int { return []int{0} },
		anchored: always,
		start:    startOBV,
	}
}

// startOBV makes the running total of signed volume.
//
//	OBV[0] = volume[0]; with definition ktrdr 0
//	OBV[t] = OBV[t-1] + volume[t] · sign(close[t] - close[t-1])
//
// Range:   unbounded. Only differences mean something: the level depends on where
// the series begins.
// Warm-up: none.
// NaN:     from the first bar on whose volume is not reported.
// Error:   none for whole volumes below 2^53 in total.
// Source:  J. Granville, 1963; TA-Lib, TA_OBV.
func startOBV(in Indicator) machine {
	total, before := 0.0, nan
	return steps(func(b market.Bar, out []float64) {
		sign := 0.0
		switch {
		case b.Close > before, before != before && !in.isKTRDR():
			sign = 1
		case b.Close < before:
			sign = -1
		}
		before = b.Close
		total += float64(sign * b.Volume)
		out[0] = total
	})
}
