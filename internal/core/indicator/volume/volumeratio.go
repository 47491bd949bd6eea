package volume

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func volumeRatioSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "volumeratio",
		Aliases: []string{"volume_ratio", "volumeratioindicator"},
		Params:  []indicator.Param{indicator.Period("period", 20, 2, 100, "Bars of the average.")},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.AboveZero()},
		Doc:     "Volume ratio: the volume of a bar against the average of the last bars.",
		Volume:  true,
		Gaps:    "where no volume was traded in the window",

		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("period") - 1} },
		Start:    startVolumeRatio,
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
func startVolumeRatio(in indicator.Indicator) indicator.Machine {
	window := rolling.NewTotal(in.Whole("period"))
	n := float64(in.Whole("period"))
	return indicator.Steps(func(b market.Bar, out []float64) {
		total := window.Total(b.Volume)
		if out[0] = math.NaN(); total != 0 {
			out[0] = b.Volume / (total / n)
		}
	})
}

func volumeSMASpec() indicator.Spec {
	return indicator.Spec{
		Name:    "volumesma",
		Aliases: []string{"volume_sma"},
		Params:  []indicator.Param{indicator.Period("period", 20, 2, 500, "Bars of the average.")},
		Outputs: []string{""},
		Scales:  []indicator.Scale{{Unit: indicator.Volume, Min: 0, Max: indicator.AnyVolume().Max}},
		Doc:     "Simple moving average of the volume. (Early KTRDR read volume_sma as the average of the close.)",
		Volume:  true,

		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("period") - 1} },
		Start:    startVolumeSMA,
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
func startVolumeSMA(in indicator.Indicator) indicator.Machine {
	window, n := rolling.NewTotal(in.Whole("period")), float64(in.Whole("period"))
	return indicator.Steps(func(b market.Bar, out []float64) { out[0] = window.Total(b.Volume) / n })
}
