package volume

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

// Bars of the momentum and of the signal of the money flow.
const (
	cmfMomentum = 5
	cmfSignal   = 9
)

func cmfSpec() indicator.Spec {
	flag := indicator.Scale{Unit: indicator.Plain, Min: 0, Max: 1}
	return indicator.Spec{
		Name:    "cmf",
		Aliases: []string{"chaikinmoneyflow", "cmfindicator"},
		Params:  []indicator.Param{indicator.Period("period", 21, 2, 500, "Bars of the flow.")},
		Outputs: []string{"cmf", "mf_multiplier", "mf_volume", "momentum", "signal", "histogram", "above_zero", "below_zero"},
		Scales:  []indicator.Scale{indicator.Symmetric(), indicator.Symmetric(), indicator.AnyVolume(), indicator.Ratio(), indicator.Symmetric(), indicator.Ratio(), flag, flag},
		Doc:     "Chaikin money flow: volume weighted by where in its range a bar closes, as a share of all volume.",
		Volume:  true,

		Lookback: func(in indicator.Indicator) []int {
			first := in.Whole("period") - 1
			signal := first + cmfSignal - 1
			return []int{first, 0, 0, first + cmfMomentum, signal, signal, first, first}
		},
		Memory: func(indicator.Indicator) int { return indicator.Forget(1 - rolling.AlphaOf(cmfSignal)) },
		Start:  startCMF,
	}
}

// startCMF makes the money flow and what is derived from it.
//
//	mf_multiplier = ((close-low) - (high-close)) / (high-low); 0 where high = low
//	mf_volume = mf_multiplier·volume
//	cmf       = Σ mf_volume / Σ volume over the last n bars; 0 without volume
//	momentum  = cmf - cmf[t-5]
//	signal    = EMAFromFirst(cmf, 9)    histogram = cmf - signal
//	above_zero, below_zero = 1 where cmf is, else 0
//
// Range:   [-1, 1]; above_zero and below_zero 0 or 1.
// Warm-up: n-1 bars for cmf, 5 more for momentum, 8 more for the signal.
// NaN:     the values whose window holds a bar without volume, the signal for
// ever after; never mf_multiplier.
// Error:   below 1e-8 absolute against the original (testdata/ktrdr.csv).
// Source:  M. Chaikin; momentum and signal are the original KTRDR's.
func startCMF(in indicator.Indicator) indicator.Machine {
	n := in.Whole("period")
	flow, volume := rolling.NewTotal(n), rolling.NewTotal(n)
	past, signal := rolling.NewLag(cmfMomentum), rolling.NewEMAFromFirst(cmfSignal)
	return indicator.Steps(func(b market.Bar, out []float64) {
		multiplier := closeLocation(b)
		moved := float64(multiplier * b.Volume)
		sum, all := flow.Total(moved), volume.Total(b.Volume)
		share := sum / all
		if all == 0 {
			share = 0
		}
		average := signal.Add(share)
		out[0], out[1], out[2] = share, multiplier, moved
		out[3], out[4], out[5] = share-past.Add(share), average, share-average
		out[6], out[7] = isAbove(share, 0), isAbove(0, share)
	})
}

// closeLocation returns where a bar closes in its range: -1 at the low, 1 at the
// high, 0 where it has none.
func closeLocation(b market.Bar) float64 {
	if b.High == b.Low {
		return 0
	}
	return ((b.Close - b.Low) - (b.High - b.Close)) / (b.High - b.Low)
}

// isAbove returns 1 if x > y, else 0; NaN if either is.
func isAbove(x, y float64) float64 {
	switch {
	case x > y:
		return 1
	case x <= y:
		return 0
	default:
		return math.NaN()
	}
}
