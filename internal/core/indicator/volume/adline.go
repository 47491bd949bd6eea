package volume

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

// Bars of what is derived from the line.
const (
	adROC      = 10
	adMomentum = 21
	adStrength = 50
)

func adlineSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "adline",
		Aliases: []string{"ad_line", "accumulationdistribution", "adlineindicator"},
		Params: []indicator.Param{
			{
				Name: "use_sma_smoothing", Kind: indicator.KindFlag, Default: indicator.Flag(false),
				Doc: "Give the simple average of the line instead of the line itself.",
			},
			indicator.Period("smoothing_period", 21, 2, 200, "Only with use_sma_smoothing: bars of that average."),
		},
		Outputs: []string{"line", "mf_multiplier", "mf_volume", "roc_10", "momentum_21", "relative_strength"},
		Scales:  []indicator.Scale{indicator.AnyVolume(), indicator.Symmetric(), indicator.AnyVolume(), indicator.Ratio(), indicator.AnyVolume(), indicator.Ratio()},
		Doc:     "Accumulation/distribution line: the running total of volume weighted by where in its range a bar closes.",
		Volume:  true,
		Gaps:    "roc_10 and relative_strength where the line, or its average, is 0",

		Check: func(in indicator.Indicator, given map[string]indicator.Value) []error {
			if _, isGiven := given["smoothing_period"]; isGiven && !in.Value("use_sma_smoothing").Flag() {
				return []error{&indicator.ParamError{Param: "smoothing_period", Problem: "has no effect without use_sma_smoothing: remove it, or set use_sma_smoothing to true"}}
			}
			return nil
		},
		Lookback: func(in indicator.Indicator) []int {
			line := 0
			if in.Value("use_sma_smoothing").Flag() {
				line = in.Whole("smoothing_period") - 1
			}
			return []int{line, 0, 0, adROC, adMomentum, adStrength - 1}
		},
		Anchored: indicator.Always,
		Start:    startADLine,
	}
}

// startADLine makes the line and what is derived from it.
//
//	mf_multiplier = ((close-low) - (high-close)) / (high-low); 0 where high = low
//	mf_volume   = mf_multiplier·volume
//	line        = running total of mf_volume; smoothed, its SMA
//	roc_10      = 100 (total - total[t-10]) / total[t-10]
//	momentum_21 = total - total[t-21]
//	relative_strength = 100 (total / SMA(total, 50) - 1)
//
// Range:   mf_multiplier [-1, 1]; else unbounded. The level of the line, and so
// the two shares of it, depend on where the series begins.
// Warm-up: 10, 21 and 49 bars for the last three.
// NaN:     from the first bar on whose volume is not reported; never
// mf_multiplier.
// Error:   below 1e-9 relative against go-talib on random prices.
// Source:  M. Chaikin; TA-Lib, TA_AD. The last three are the original KTRDR's.
// Differs: the original gives relative_strength from 20 bars on, and fails with
// use_sma_smoothing.
func startADLine(in indicator.Indicator) indicator.Machine {
	line := func(total float64) float64 { return total }
	if in.Value("use_sma_smoothing").Flag() {
		line = rolling.NewAverage(in.Whole("smoothing_period")).Mean
	}
	past, further, average := rolling.NewLag(adROC), rolling.NewLag(adMomentum), rolling.NewAverage(adStrength)
	total := 0.0
	return indicator.Steps(func(b market.Bar, out []float64) {
		out[1] = closeLocation(b)
		out[2] = float64(out[1] * b.Volume)
		total += out[2]
		out[0] = line(total)
		out[3] = changeOrNaN(total, past.Add(total))
		out[4] = total - further.Add(total)
		out[5] = changeOrNaN(total, average.Mean(total))
	})
}

// changeOrNaN is change, and NaN where there is nothing to compare with.
func changeOrNaN(x, before float64) float64 {
	if before == 0 {
		return math.NaN()
	}
	return rolling.Change(x, before)
}
