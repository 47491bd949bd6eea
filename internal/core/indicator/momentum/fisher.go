package momentum

import (
	"github.com/ktrdr/ktrdr/internal/core/elementary"
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func fisherSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "fishertransform",
		Aliases: []string{"fisher_transform", "fishertransformindicator"},
		Params: []indicator.Param{
			indicator.Period("period", 10, 2, 100, "Bars of the range."),
			indicator.Period("smoothing", 3, 1, 20, "Only with definition ktrdr: bars of the exponential average of the transform."),
			indicator.Definition("textbook smooths the place in the range and half of the transform before; " +
				"ktrdr does neither and averages the transform."),
		},
		Outputs: []string{"fisher", "signal"},
		Scales:  []indicator.Scale{indicator.Ratio(), indicator.Ratio()},
		Doc:     "Fisher transform of the place of the price in its range, and itself one bar before.",

		Check: func(in indicator.Indicator, given map[string]indicator.Value) []error {
			return in.OnlyWith(given, indicator.KTRDR, "smoothing")
		},
		Lookback: func(in indicator.Indicator) []int {
			return []int{in.Whole("period") - 1, in.Whole("period")}
		},
		Memory: func(in indicator.Indicator) int {
			if in.IsKTRDR() {
				return indicator.Forget(1 - rolling.AlphaOf(in.Whole("smoothing")))
			}
			return indicator.Forget(0.67) + indicator.Forget(0.5)
		},
		Start: func(in indicator.Indicator) indicator.Machine {
			n := in.Whole("period")
			if in.IsKTRDR() {
				return startFisherKTRDR(n, in.Whole("smoothing"))
			}
			return startFisher(n)
		},
	}
}

// startFisher makes the transform as its author does.
//
//	m = (high + low) / 2    x = place of m in its range over the last n bars, 0..1
//	v = 0.66 (x - 0.5) + 0.67 v[t-1], kept within ±0.999
//	fisher = elementary.Ln((1+v)/(1-v)) / 2 + fisher[t-1] / 2    signal = fisher[t-1]
//
// Range:   within ±7.6; 0 where prices are flat.
// Warm-up: n-1 bars; both recursions begin there with 0.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 against the formula with the standard library's logarithm.
// Source:  J. Ehlers, Using the Fisher Transform, 2002.
func startFisher(n int) indicator.Machine {
	window, past := rolling.NewExtent(n), rolling.NewLag(1)
	v, fisher := 0.0, 0.0
	return indicator.Steps(func(b market.Bar, out []float64) {
		m := float64((b.High + b.Low) / 2)
		top, bottom := window.Add(m, m)
		if top != top {
			rolling.Unknown(out)
			return
		}
		v = rolling.Within(float64(0.66*(rolling.Place(m, top, bottom)-0.5))+float64(0.67*v), -0.999, 0.999)
		fisher = float64(0.5*elementary.Ln((1+v)/(1-v))) + float64(0.5*fisher)
		out[0], out[1] = fisher, past.Add(fisher)
	})
}

// startFisherKTRDR makes the transform of the original KTRDR.
//
//	x = 2 (m - LL) / (HH - LL) - 1 over the last n bars, kept within ±0.999;
//	    0 where HH = LL
//	fisher = EMAFromFirst(elementary.Ln((1+x)/(1-x)) / 2, smoothing)    signal = fisher[t-1]
//
// Range:   within ±3.81.
// Warm-up: n-1 bars.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-8 absolute against the original (testdata/ktrdr.csv).
// Source:  the original KTRDR.
func startFisherKTRDR(n, smoothing int) indicator.Machine {
	window, average, past := rolling.NewExtent(n), rolling.NewEMAFromFirst(smoothing), rolling.NewLag(1)
	return indicator.Steps(func(b market.Bar, out []float64) {
		top, bottom := window.Add(b.High, b.Low)
		x := rolling.Within(float64(2*rolling.Place(float64((b.High+b.Low)/2), top, bottom))-1, -0.999, 0.999)
		out[0] = average.Add(0.5 * elementary.Ln((1+x)/(1-x)))
		out[1] = past.Add(out[0])
	})
}
