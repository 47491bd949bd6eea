package indicator

import "github.com/ktrdr/ktrdr/internal/core/market"

func volumeRatioSpec() Spec {
	return Spec{
		Name:    "volumeratio",
		Aliases: []string{"volume_ratio", "volumeratioindicator"},
		Params:  []Param{period("period", 20, 2, 100, "Bars of the average.")},
		Outputs: []string{""},
		Scales:  []Scale{aboveZero},
		Doc:     "Volume ratio: the volume of a bar against the average of the last bars.",
		Volume:  true,
		Gaps:    "where no volume was traded in the window",

		lookback: func(in Indicator) []int { return []int{in.whole("period") - 1} },
		start:    startVolumeRatio,
	}
}

// startVolumeRatio compares volume with its simple average.
//
//	volume / SMA(volume, n)
//
// Range:   [0, n]; NaN where there is no volume in the window.
// Warm-up: bars 0..n-2.
// NaN:     the n values whose window holds a bar without volume.
// Error:   below 1e-8 absolute against the original (testdata/ktrdr.csv).
// Source:  the original KTRDR.
// Differs: the original shows 1 before the window is full and without volume.
func startVolumeRatio(in Indicator) machine {
	window := newTotal(in.whole("period"))
	n := float64(in.whole("period"))
	return steps(func(b market.Bar, out []float64) {
		total := window.total(b.Volume)
		if out[0] = nan; total != 0 {
			out[0] = b.Volume / (total / n)
		}
	})
}

func volumeSMASpec() Spec {
	return Spec{
		Name:    "volumesma",
		Aliases: []string{"volume_sma"},
		Params:  []Param{period("period", 20, 2, 500, "Bars of the average.")},
		Outputs: []string{""},
		Scales:  []Scale{{Unit: Volume, Min: 0, Max: anyVolume.Max}},
		Doc:     "Simple moving average of the volume. (Early KTRDR read volume_sma as the average of the close.)",
		Volume:  true,

		lookback: func(in Indicator) []int { return []int{in.whole("period") - 1} },
		start:    startVolumeSMA,
	}
}

// startVolumeSMA makes the mean volume of the last n bars.
//
//	(volume[t-n+1] + … + volume[t]) / n
//
// Range:   at least 0.
// Warm-up: bars 0..n-2.
// NaN:     the n values whose window holds a bar without volume.
// Error:   n roundings, relative to the result.
// Source:  the definition.
func startVolumeSMA(in Indicator) machine {
	window, n := newTotal(in.whole("period")), float64(in.whole("period"))
	return steps(func(b market.Bar, out []float64) { out[0] = window.total(b.Volume) / n })
}
