package volume

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

func obvSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "obv",
		Aliases: []string{"onbalancevolume", "obvindicator"},
		Params:  []indicator.Param{indicator.Definition("textbook begins with the volume of the first bar; ktrdr with 0.")},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.AnyVolume()},
		Doc:     "On-balance volume: the running total of volume, added on a rise of the close and taken off on a fall.",
		Volume:  true,

		Lookback: func(indicator.Indicator) []int { return []int{0} },
		Anchored: indicator.Always,
		Start:    startOBV,
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
func startOBV(in indicator.Indicator) indicator.Machine {
	return &obv{before: math.NaN(), beginsAt0: in.IsKTRDR()}
}

type obv struct {
	total, before float64
	beginsAt0     bool
}

func (o *obv) Run(s market.Series, out [][]float64) {
	total, before, volume, column := o.total, o.before, s.Volume, out[0]
	for t, price := range s.Close {
		if before != before { // the first bar
			before = price
			if !o.beginsAt0 {
				before = 0
			}
		}
		// A comparison becomes 0 or 1 without a branch, which nobody could
		// predict here.
		total += float64(float64(asInt8(price > before)-asInt8(price < before)) * volume[t])
		before = price
		column[t] = total
	}
	o.total, o.before = total, before
}

// asInt8 returns 1 for true.
func asInt8(b bool) int8 {
	if b {
		return 1
	}
	return 0
}
