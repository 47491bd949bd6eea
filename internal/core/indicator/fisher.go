package indicator

import "github.com/ktrdr/ktrdr/internal/core/market"

func fisherSpec() Spec {
	return Spec{
		Name:    "fishertransform",
		Aliases: []string{"fisher_transform", "fishertransformindicator"},
		Params: []Param{
			period("period", 10, 2, 100, "Bars of the range."),
			period("smoothing", 3, 1, 20, "Only with definition ktrdr: bars of the exponential average of the transform."),
			definition("textbook smooths the place in the range and half of the transform before; " +
				"ktrdr does neither and averages the transform."),
		},
		Outputs: []string{"fisher", "signal"},
		Scales:  []Scale{ratio, ratio},
		Doc:     "Fisher transform of the place of the price in its range, and itself one bar before.",

		check: func(in Indicator, given map[string]Value) []error { return in.onlyWith(given, ktrdr, "smoothing") },
		lookback: func(in Indicator) []int {
			return []int{in.whole("period") - 1, in.whole("period")}
		},
		memory: func(in Indicator) int {
			if in.isKTRDR() {
				return forget(1 - alphaOf(in.whole("smoothing")))
			}
			return forget(0.67) + forget(0.5)
		},
		start: func(in Indicator) machine {
			n := in.whole("period")
			if in.isKTRDR() {
				return startFisherKTRDR(n, in.whole("smoothing"))
			}
			return startFisher(n)
		},
	}
}

// startFisher makes the transform as its author does.
//
//	m = (high + low) / 2    x = place of m in its range over the last n bars, 0..1
//	v = 0.66 (x - 0.5) + 0.67 v[t-1], kept within ±0.999
//	fisher = ln((1+v)/(1-v)) / 2 + fisher[t-1] / 2    signal = fisher[t-1]
//
// Range:   within ±7.6; 0 where prices are flat.
// Warm-up: n-1 bars; both recursions begin there with 0.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 against the formula with the standard library's logarithm.
// Source:  J. Ehlers, Using the Fisher Transform, 2002.
func startFisher(n int) machine {
	window, past := newExtent(n), newLag(1)
	v, fisher := 0.0, 0.0
	return steps(func(b market.Bar, out []float64) {
		m := float64((b.High + b.Low) / 2)
		top, bottom := window.add(m, m)
		if top != top {
			unknown(out)
			return
		}
		v = within(float64(0.66*(place(m, top, bottom)-0.5))+float64(0.67*v), -0.999, 0.999)
		fisher = float64(0.5*ln((1+v)/(1-v))) + float64(0.5*fisher)
		out[0], out[1] = fisher, past.add(fisher)
	})
}

// startFisherKTRDR makes the transform of the original KTRDR.
//
//	x = 2 (m - LL) / (HH - LL) - 1 over the last n bars, kept within ±0.999;
//	    0 where HH = LL
//	fisher = EMAFromFirst(ln((1+x)/(1-x)) / 2, smoothing)    signal = fisher[t-1]
//
// Range:   within ±3.81.
// Warm-up: n-1 bars.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-8 absolute against the original (testdata/ktrdr.csv).
// Source:  the original KTRDR.
func startFisherKTRDR(n, smoothing int) machine {
	window, average, past := newExtent(n), newEMAFromFirst(smoothing), newLag(1)
	return steps(func(b market.Bar, out []float64) {
		top, bottom := window.add(b.High, b.Low)
		x := within(float64(2*place(float64((b.High+b.Low)/2), top, bottom))-1, -0.999, 0.999)
		out[0] = average.add(0.5 * ln((1+x)/(1-x)))
		out[1] = past.add(out[0])
	})
}
