package indicator

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

func cciSpec() Spec {
	return Spec{
		Name:    "cci",
		Aliases: []string{"cciindicator"},
		Params:  []Param{period("period", 20, 2, 100, "Bars of the average and of the mean deviation.")},
		Outputs: []string{""},
		Scales:  []Scale{ratio},
		Doc:     "Commodity channel index: distance of the typical price from its average, in mean deviations.",

		lookback: func(in Indicator) []int { return []int{in.whole("period") - 1} },
		start: func(in Indicator) machine {
			n := in.whole("period")
			c := &cci{window: newAverage(n), last: make([]float64, n)}
			return chunked(c.run)
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
	window *average
	last   []float64
	at     int
	prices [chunk]float64
}

func (c *cci) run(s market.Series, out [][]float64) {
	prices := c.prices[:s.Len()]
	for t, price := range s.Close {
		prices[t] = typical(s.High[t], s.Low[t], price)
	}
	c.window.means(out[0], prices)
	for t, price := range prices {
		out[0][t] = c.add(price, out[0][t])
	}
}

// add takes a price and the mean of the window that it completes.
func (c *cci) add(price, center float64) float64 {
	c.last[c.at] = price
	if c.at++; c.at == len(c.last) {
		c.at = 0
	}
	// Four sums, because one would wait for itself at every addition.
	var sum0, sum1, sum2, sum3 float64
	values := c.last
	for ; len(values) >= 4; values = values[4:] {
		v := values[:4]
		sum0 += math.Abs(v[0] - center)
		sum1 += math.Abs(v[1] - center)
		sum2 += math.Abs(v[2] - center)
		sum3 += math.Abs(v[3] - center)
	}
	if len(values) > 0 {
		sum0 += math.Abs(values[0] - center)
	}
	if len(values) > 1 {
		sum1 += math.Abs(values[1] - center)
	}
	if len(values) > 2 {
		sum2 += math.Abs(values[2] - center)
	}
	mad := float64((sum0 + sum1 + sum2 + sum3) * c.window.share)
	if mad == 0 {
		return 0
	}
	return (price - center) / (0.015 * mad)
}

// typical returns the mean of high, low and close.
func typical(high, low, close float64) float64 { return (high + low + close) / 3 }
