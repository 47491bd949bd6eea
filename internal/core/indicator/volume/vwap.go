package volume

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func vwapSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "vwap",
		Aliases: []string{"vwapindicator"},
		Params: []indicator.Param{
			indicator.Period("period", 20, 0, 200, "Bars of the average; 0 for all bars of the series so far."),
			{
				Name: "use_typical_price", Kind: indicator.KindFlag, Default: indicator.Flag(true),
				Doc: "Average (high+low+close)/3 instead of the close.",
			},
		},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.AnyPrice()},
		Doc:     "Volume-weighted average price.",
		Volume:  true,
		Gaps:    "where no volume was traded in the window",

		Lookback: func(in indicator.Indicator) []int { return []int{max(in.Whole("period")-1, 0)} },
		Anchored: func(in indicator.Indicator) bool { return in.Whole("period") == 0 },
		Start:    startVWAP,
	}
}

// startVWAP makes the volume-weighted average price.
//
//	Σ price·volume / Σ volume    over the last n bars, or all with n = 0
//
// Sums are taken about the first price of the series, so that they are exact
// while it does not change.
//
// Range:   within the prices of the window, to rounding; NaN without volume.
// Warm-up: bars 0..n-2; none with n = 0.
// NaN:     the values whose window holds a bar without volume, or no volume at all.
// Error:   below 1e-9 absolute against the formula.
// Source:  the definition.
// Differs: the original KTRDR gives values before the window is full.
func startVWAP(in indicator.Indicator) indicator.Machine {
	n := in.Whole("period")
	turnover, volume := running(n), running(n)
	isTypical, anchor := in.Value("use_typical_price").Flag(), math.NaN()
	return indicator.Steps(func(b market.Bar, out []float64) {
		price := b.Close
		if isTypical {
			price = rolling.Typical(b.High, b.Low, b.Close)
		}
		if anchor != anchor {
			anchor = price
		}
		moved, traded := turnover(float64((price-anchor)*b.Volume)), volume(b.Volume)
		if out[0] = math.NaN(); traded != 0 {
			out[0] = anchor + moved/traded
		}
	})
}

// running returns the sum over the last n values, or over all for 0.
func running(n int) func(x float64) float64 {
	if n > 0 {
		return rolling.NewTotal(n).Total
	}
	sum := 0.0
	return func(x float64) float64 {
		sum += x
		return sum
	}
}
