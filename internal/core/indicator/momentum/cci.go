package momentum

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func cciSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "cci",
		Aliases: []string{"cciindicator"},
		Params:  []indicator.Param{indicator.Period("period", 20, 2, 100, "Bars of the average and of the mean deviation.")},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.Ratio()},
		Doc:     "Commodity channel index: distance of the typical price from its average, in mean deviations.",

		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("period") - 1} },
		Start: func(in indicator.Indicator) indicator.Machine {
			n := in.Whole("period")
			c := &cci{window: rolling.NewAverage(n), deviation: rolling.NewDeviation(n), share: 1 / float64(n)}
			return indicator.Chunked(c.Run)
		},
	}
}

// cci is the commodity channel index. The mean deviation is taken about a mean
// that moves, so each bar sums over its whole window.
//
//	TP  = (high + low + close) / 3
//	MAD = mean of |TP[i] - SMA(TP, n)[t]| over the last n bars
//	CCI = (TP - SMA) / (0.015 MAD); 0 where MAD = 0
//
// Range:   unbounded.
// Warm-up: bars 0..n-2.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 relative to the price over the deviation against go-talib.
// Source:  D. Lambert, 1980; TA-Lib, TA_CCI.
// Differs: the original KTRDR gives NaN where MAD = 0.
type cci struct {
	window       *rolling.Average
	deviation    *rolling.Deviation
	share        float64 // 1/n
	prices, sums [rolling.Chunk]float64
}

func (c *cci) Run(s market.Series, out [][]float64) {
	prices, sums, column := c.prices[:s.Len()], c.sums[:s.Len()], out[0][:s.Len()]
	for t, price := range s.Close {
		prices[t] = rolling.Typical(s.High[t], s.Low[t], price)
	}
	c.window.Means(column, prices)
	c.deviation.Sums(sums, prices, column)
	for t, price := range prices {
		mad := float64(sums[t] * c.share)
		if mad == 0 {
			column[t] = 0
			continue
		}
		column[t] = (price - column[t]) / (0.015 * mad)
	}
}
