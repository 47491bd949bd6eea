package momentum

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func ultimateSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "ultimateoscillator",
		Aliases: []string{"ultosc", "ultimate_oscillator"},
		Params: []indicator.Param{
			indicator.Period("short_period", 7, 1, 200, "Bars of the part that counts four times."),
			indicator.Period("middle_period", 14, 1, 200, "Bars of the part that counts twice."),
			indicator.Period("long_period", 28, 1, 200, "Bars of the part that counts once."),
		},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.Percent()},
		Doc:     "Ultimate oscillator: the share of buying in the true range over three spans, in percent.",

		Lookback: func(in indicator.Indicator) []int {
			return []int{max(in.Whole("short_period"), in.Whole("middle_period"), in.Whole("long_period"))}
		},
		Start: startUltimate,
	}
}

// startUltimate makes the ultimate oscillator.
//
//	BP = close - min(low, close[t-1])    TR = true range
//	A(n) = Σ BP / Σ TR over the last n bars; 1/2 where TR is 0
//	100 (4 A(short) + 2 A(middle) + A(long)) / 7
//
// Range:   [0, 100]; 50 where prices are flat.
// Warm-up: as many bars as the longest span.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  L. Williams, 1976; TA-Lib, TA_ULTOSC.
// Differs: TA-Lib gives 0 where prices are flat, and sorts the periods.
func startUltimate(in indicator.Indicator) indicator.Machine {
	var spans [3][2]*rolling.Average
	for i, name := range [...]string{"short_period", "middle_period", "long_period"} {
		spans[i] = [2]*rolling.Average{rolling.NewTotal(in.Whole(name)), rolling.NewTotal(in.Whole(name))}
	}
	ranges, before := &rolling.Ranger{}, math.NaN()
	return indicator.Steps(func(b market.Bar, out []float64) {
		was, tr := before, ranges.Add(b.High, b.Low, b.Close)
		if before = b.Close; was != was {
			out[0] = math.NaN()
			return
		}
		sum, weight := 0.0, 4.0
		for _, span := range spans {
			bought, all := span[0].Total(b.Close-min(b.Low, was)), span[1].Total(tr)
			sum += float64(weight * rolling.Place(bought, all, 0))
			weight /= 2
		}
		out[0] = 100 * (sum / 7)
	})
}
