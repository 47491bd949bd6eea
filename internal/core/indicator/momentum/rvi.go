package momentum

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func rviSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "rvi",
		Aliases: []string{"rviindicator"},
		Params: []indicator.Param{
			indicator.Period("period", 10, 4, 100, "Bars of the averages."),
			indicator.Period("signal_period", 4, 1, 50, "Only with definition ktrdr: bars of the simple average that the signal is."),
			indicator.Definition("textbook weighs the signal 1, 2, 2, 1; ktrdr takes a simple average."),
		},
		Outputs: []string{"rvi", "signal"},
		Scales:  []indicator.Scale{indicator.Symmetric(), indicator.Symmetric()},
		Doc:     "Relative vigor index: how much of their range bars gain from open to close.",

		Check: func(in indicator.Indicator, given map[string]indicator.Value) []error {
			return in.OnlyWith(given, indicator.KTRDR, "signal_period")
		},
		Lookback: func(in indicator.Indicator) []int {
			first := in.Whole("period") + 2
			if in.IsKTRDR() {
				return []int{first, first + in.Whole("signal_period") - 1}
			}
			return []int{first, first + 3}
		},
		Start: startRVI,
	}
}

// startRVI makes the relative vigor index.
//
//	w(x)   = (x[t] + 2 x[t-1] + 2 x[t-2] + x[t-3]) / 6
//	rvi    = SMA(w(close-open), n) / SMA(w(high-low), n); 0 where the range is 0
//	signal = w(rvi); with definition ktrdr SMA(rvi, signal_period)
//
// Range:   [-1, 1].
// Warm-up: n+2 bars, 3 more for the signal.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 against the formula; below 1e-8 against the original.
// Source:  J. Ehlers, Stocks & Commodities, January 2002.
// Differs: the original KTRDR gives NaN where the range is 0.
func startRVI(in indicator.Indicator) indicator.Machine {
	n := in.Whole("period")
	gains, ranges := rolling.NewTotal(n), rolling.NewTotal(n)
	var gain, span, last vigor
	signal := last.add
	if in.IsKTRDR() {
		signal = rolling.NewAverage(in.Whole("signal_period")).Mean
	}
	return indicator.Steps(func(b market.Bar, out []float64) {
		up, wide := gains.Total(gain.add(b.Close-b.Open)), ranges.Total(span.add(b.High-b.Low))
		if out[0] = 0; wide != 0 {
			out[0] = up / wide
		}
		out[1] = rolling.Within(signal(out[0]), -1, 1)
	})
}

// A vigor is the average of four values weighted 1, 2, 2, 1.
type vigor struct {
	a, b, c float64 // the three before, newest first
	seen    int
}

func (v *vigor) add(x float64) float64 {
	if x != x && v.seen == 0 {
		return x
	}
	sum := x + float64(2*v.a) + float64(2*v.b) + v.c
	v.a, v.b, v.c = x, v.a, v.b
	if v.seen++; v.seen < 4 {
		return math.NaN()
	}
	return sum / 6
}
