package volume

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func mfiSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "mfi",
		Aliases: []string{"mfiindicator"},
		Params:  []indicator.Param{indicator.Period("period", 14, 1, 100, "Bars of the flows.")},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.Percent()},
		Doc:     "Money flow index: the share of turnover on rising typical prices, in percent.",
		Volume:  true,

		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("period")} },
		Start:    startMFI,
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
func startMFI(in indicator.Indicator) indicator.Machine {
	up, down := rolling.NewTotal(in.Whole("period")), rolling.NewTotal(in.Whole("period"))
	before := math.NaN()
	return indicator.Steps(func(b market.Bar, out []float64) {
		price, was := rolling.Typical(b.High, b.Low, b.Close), before
		before = price
		if was != was {
			out[0] = math.NaN()
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
		out[0] = rolling.GainShare(up.Total(rise), down.Total(fall))
	})
}
