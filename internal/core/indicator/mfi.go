package indicator

import "github.com/ktrdr/ktrdr/internal/core/market"

func mfiSpec() Spec {
	return Spec{
		Name:    "mfi",
		Aliases: []string{"mfiindicator"},
		Params:  []Param{period("period", 14, 1, 100, "Bars of the flows.")},
		Outputs: []string{""},
		Scales:  []Scale{percent},
		Doc:     "Money flow index: the share of turnover on rising typical prices, in percent.",
		Volume:  true,

		lookback: func(in Indicator) []int { return []int{in.whole("period")} },
		start:    startMFI,
	}
}

// startMFI makes the money flow index.
//
//	TP = (high + low + close) / 3    flow = TP·volume
//	P, N = sums of the flows of the last n bars on which TP rose, fell
//	MFI  = 100 P / (P + N); 50 where both are 0
//
// Range:   [0, 100].
// Warm-up: bars 0..n-1.
// NaN:     the n values whose window holds a bar without volume.
// Error:   below 1e-9 absolute against go-talib on random prices.
// Source:  G. Quong and A. Soudack, 1989; TA-Lib, TA_MFI.
// Differs: TA-Lib gives 0 where the flows are below 1 together. The original
// KTRDR gives 100 where nothing falls, flat prices too.
func startMFI(in Indicator) machine {
	up, down := newTotal(in.whole("period")), newTotal(in.whole("period"))
	before := nan
	return steps(func(b market.Bar, out []float64) {
		price, was := typical(b.High, b.Low, b.Close), before
		before = price
		if was != was {
			out[0] = nan
			return
		}
		flow := float64(price * b.Volume)
		rise, fall := float64(0*flow), float64(0*flow) // NaN where the flow is
		switch {
		case price > was:
			rise = flow
		case price < was:
			fall = flow
		}
		out[0] = gainShare(up.total(rise), down.total(fall))
	})
}
