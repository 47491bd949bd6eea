package indicator

import "github.com/ktrdr/ktrdr/internal/core/market"

func ultimateSpec() Spec {
	return Spec{
		Name:    "ultimateoscillator",
		Aliases: []string{"ultosc", "ultimate_oscillator"},
		Params: []Param{
			period("short_period", 7, 1, 200, "Bars of the part that counts four times."),
			period("middle_period", 14, 1, 200, "Bars of the part that counts twice."),
			period("long_period", 28, 1, 200, "Bars of the part that counts once."),
		},
		Outputs: []string{""},
		Scales:  []Scale{percent},
		Doc:     "Ultimate oscillator: the share of buying in the true range over three spans, in percent.",

		lookback: func(in Indicator) []int {
			return []int{max(in.whole("short_period"), in.whole("middle_period"), in.whole("long_period"))}
		},
		start: startUltimate,
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
func startUltimate(in Indicator) machine {
	var spans [3][2]*average
	for i, name := range [...]string{"short_period", "middle_period", "long_period"} {
		spans[i] = [2]*average{newTotal(in.whole(name)), newTotal(in.whole(name))}
	}
	ranges, before := &ranger{}, nan
	return steps(func(b market.Bar, out []float64) {
		was, tr := before, ranges.add(b)
		if before = b.Close; was != was {
			out[0] = nan
			return
		}
		sum, weight := 0.0, 4.0
		for _, span := range spans {
			bought, all := span[0].total(b.Close-min(b.Low, was)), span[1].total(tr)
			sum += float64(weight * place(bought, all, 0))
			weight /= 2
		}
		out[0] = 100 * (sum / 7)
	})
}
