package indicator

import "github.com/ktrdr/ktrdr/internal/core/market"

func ichimokuSpec() Spec {
	return Spec{
		Name:    "ichimoku",
		Aliases: []string{"ichimokuindicator"},
		Params: []Param{
			period("tenkan_period", 9, 1, 50, "Bars of the conversion line."),
			period("kijun_period", 26, 1, 100, "Bars of the base line."),
			period("senkou_b_period", 52, 1, 200, "Bars of the slower edge of the cloud."),
			period("displacement", 26, 1, 100, "Only with definition textbook: bars by which the cloud is drawn ahead."),
			definition("textbook gives the cloud that a chart shows at a bar, made displacement bars before; " +
				"ktrdr gives the one made at the bar itself."),
		},
		Outputs: []string{"tenkan", "kijun", "senkou_a", "senkou_b", "chikou"},
		Scales:  []Scale{anyPrice, anyPrice, anyPrice, anyPrice, anyPrice},
		Doc:     "Ichimoku: the middles of three ranges, and the cloud between two of them.",

		check: func(in Indicator, given map[string]Value) []error {
			return in.onlyWith(given, textbook, "displacement")
		},
		lookback: func(in Indicator) []int {
			fast, base, slow, ahead := in.whole("tenkan_period")-1, in.whole("kijun_period")-1, in.whole("senkou_b_period")-1, in.displacement()
			return []int{fast, base, max(fast, base) + ahead, slow + ahead, 0}
		},
		start: startIchimoku,
	}
}

// displacement returns by how many bars the cloud lags what it is made of.
func (in Indicator) displacement() int {
	if in.isKTRDR() {
		return 0
	}
	return in.whole("displacement")
}

// startIchimoku makes the five lines.
//
//	mid(n)   = (max high + min low of the last n bars) / 2
//	tenkan   = mid(9)    kijun = mid(26)
//	senkou_a = (tenkan + kijun) / 2, of displacement bars before
//	senkou_b = mid(52), of displacement bars before
//	chikou   = close
//
// Range:   within the prices of the windows.
// Warm-up: each line until its window is full, the cloud displacement bars more.
// NaN:     a price that is not a number ends the output.
// Error:   two roundings.
// Source:  G. Hosoda, Ichimoku Kinko Hyo, 1969.
// Differs: charts draw chikou displacement bars back, where it would be a price
// of the future; here it is the close. The original KTRDR takes the parameter
// displacement and does nothing with it: with definition ktrdr there is none.
func startIchimoku(in Indicator) machine {
	tenkan, kijun, slow := newExtent(in.whole("tenkan_period")), newExtent(in.whole("kijun_period")), newExtent(in.whole("senkou_b_period"))
	a, b := newLag(in.displacement()), newLag(in.displacement())
	return steps(func(bar market.Bar, out []float64) {
		out[0], out[1] = middleOf(tenkan, bar), middleOf(kijun, bar)
		out[2] = a.add((out[0] + out[1]) / 2)
		out[3] = b.add(middleOf(slow, bar))
		out[4] = bar.Close
	})
}

// middleOf adds a bar and returns the middle of the range.
func middleOf(window *extent, b market.Bar) float64 {
	top, bottom := window.add(b.High, b.Low)
	return float64((top + bottom) / 2)
}
