package trend

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func ichimokuSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "ichimoku",
		Aliases: []string{"ichimokuindicator"},
		Params: []indicator.Param{
			indicator.Period("tenkan_period", 9, 1, 50, "Bars of the conversion line."),
			indicator.Period("kijun_period", 26, 1, 100, "Bars of the base line."),
			indicator.Period("senkou_b_period", 52, 1, 200, "Bars of the slower edge of the cloud."),
			indicator.Period("displacement", 26, 1, 100, "Only with definition textbook: bars by which the cloud is drawn ahead."),
			indicator.Definition("textbook gives the cloud that a chart shows at a bar, made displacement bars before; " +
				"ktrdr gives the one made at the bar itself."),
		},
		Outputs: []string{"tenkan", "kijun", "senkou_a", "senkou_b", "chikou"},
		Scales:  []indicator.Scale{indicator.AnyPrice(), indicator.AnyPrice(), indicator.AnyPrice(), indicator.AnyPrice(), indicator.AnyPrice()},
		Doc:     "Ichimoku: the middles of three ranges, and the cloud between two of them.",

		Check: func(in indicator.Indicator, given map[string]indicator.Value) []error {
			return in.OnlyWith(given, indicator.Textbook, "displacement")
		},
		Lookback: func(in indicator.Indicator) []int {
			fast, base, slow, ahead := in.Whole("tenkan_period")-1, in.Whole("kijun_period")-1, in.Whole("senkou_b_period")-1, displacement(in)
			return []int{fast, base, max(fast, base) + ahead, slow + ahead, 0}
		},
		Start: startIchimoku,
	}
}

// displacement returns by how many bars the cloud lags what it is made of.
func displacement(in indicator.Indicator) int {
	if in.IsKTRDR() {
		return 0
	}
	return in.Whole("displacement")
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
func startIchimoku(in indicator.Indicator) indicator.Machine {
	tenkan, kijun, slow := rolling.NewExtent(in.Whole("tenkan_period")), rolling.NewExtent(in.Whole("kijun_period")), rolling.NewExtent(in.Whole("senkou_b_period"))
	a, b := rolling.NewLag(displacement(in)), rolling.NewLag(displacement(in))
	return indicator.Steps(func(bar market.Bar, out []float64) {
		out[0], out[1] = middleOf(tenkan, bar), middleOf(kijun, bar)
		out[2] = a.Add((out[0] + out[1]) / 2)
		out[3] = b.Add(middleOf(slow, bar))
		out[4] = bar.Close
	})
}

// middleOf adds a bar and returns the middle of the range.
func middleOf(window *rolling.Extent, b market.Bar) float64 {
	top, bottom := window.Add(b.High, b.Low)
	return float64((top + bottom) / 2)
}
