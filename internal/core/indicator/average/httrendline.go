package average

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/elementary"
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func htTrendlineSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "httrendline",
		Aliases: []string{"ht_trendline", "hilberttrendline"},
		Params:  []indicator.Param{indicator.Source()},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.AnyPrice()},
		Doc:     "Hilbert transform trendline: the average over the dominant cycle, which it finds itself.",

		Lookback: func(indicator.Indicator) []int { return []int{htLookback} },
		Anchored: indicator.Always,
		Start: func(in indicator.Indicator) indicator.Machine {
			h := &hilbert{past: make([]float64, htLongest)}
			return indicator.OnSource(in, h.add)
		},
	}
}

const (
	htLookback = 63
	htStart    = 37 // bar of the first cycle estimate
	htLongest  = 50 // bars of the longest cycle
)

// hilbert is the trendline.
//
//	s  = (4 p[t] + 3 p[t-1] + 2 p[t-2] + p[t-3]) / 10
//	H(x) = (0.0962 x[t] + 0.5769 x[t-2] - 0.5769 x[t-4] - 0.0962 x[t-6])
//	       · (0.075 period[t-1] + 0.54)
//	d = H(s), Q = H(d), I = d[t-3], then I' = I - H(Q), Q' = Q + H(I), both
//	smoothed 0.2/0.8
//	Re, Im = I'I'[t-1] + Q'Q'[t-1], I'Q'[t-1] - Q'I'[t-1], smoothed 0.2/0.8
//	period = 360° / elementary.Atan(Im/Re), within 0.67..1.5 of the one before and 6..50,
//	smoothed 0.2/0.8, and again 0.33/0.67
//	m = mean of the last round(period) prices
//	trendline = (4 m[t] + 3 m[t-1] + 2 m[t-2] + m[t-3]) / 10
//
// Range:   within the prices of the last 53 bars.
// Warm-up: bars 0..62; the first estimate is made at bar 37. The cycle is rounded
// to whole bars, so courses from different beginnings may differ for long.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  J. Ehlers, Rocket Science for Traders, 2001; TA-Lib, TA_HT_TRENDLINE.
type hilbert struct {
	past []float64 // the last prices
	bars int

	smoothed, detrended, quadrature, inPhase delay
	q, i, re, im                             float64
	period, slowPeriod                       float64
	means                                    [3]float64 // the ones before, newest first
}

// A delay holds the last seven values, newest first.
type delay [7]float64

// turn adds x and returns it a quarter of a cycle later.
func (d *delay) turn(x, gain float64) float64 {
	const outer, inner = 0.0962, 0.5769
	copy(d[1:], d[:6])
	d[0] = x
	sum := float64(outer*x) - float64(outer*d[6]) - float64(inner*d[4]) + float64(inner*d[2])
	return float64(sum * gain)
}

func (h *hilbert) add(price float64) float64 {
	t, at := h.bars, h.bars%htLongest
	h.past[at] = price
	if h.bars++; t < htStart {
		return math.NaN()
	}
	ago := func(k int) float64 { return h.past[(t-k)%htLongest] }
	h.follow(float64((float64(4*price) + float64(3*ago(1)) + float64(2*ago(2)) + ago(3)) * 0.1))

	cycle, sum := int(h.slowPeriod+0.5), 0.0
	for range cycle {
		sum += h.past[at] - price
		if at--; at < 0 {
			at = htLongest - 1
		}
	}
	mean := 0.0
	if cycle > 0 {
		mean = price + sum/float64(cycle)
	}
	line := (float64(4*mean) + float64(3*h.means[0]) + float64(2*h.means[1]) + h.means[2]) / 10
	h.means = [3]float64{mean, h.means[0], h.means[1]}
	return line
}

// follow estimates the dominant cycle from the next smoothed price.
func (h *hilbert) follow(smoothed float64) {
	const radians = 45 / (math.Pi / 4)
	gain := float64(0.075*h.period) + 0.54
	d := h.smoothed.turn(smoothed, gain)
	q := h.detrended.turn(d, gain)
	i := h.detrended[3]
	jI, jQ := h.inPhase.turn(i, gain), h.quadrature.turn(q, gain)

	q2, i2 := float64(0.2*(q+jI))+float64(0.8*h.q), float64(0.2*(i-jQ))+float64(0.8*h.i)
	h.re = float64(0.2*(float64(i2*h.i)+float64(q2*h.q))) + float64(0.8*h.re)
	h.im = float64(0.2*(float64(i2*h.q)-float64(q2*h.i))) + float64(0.8*h.im)
	h.q, h.i = q2, i2

	before := h.period
	if h.im != 0 && h.re != 0 {
		h.period = 360 / (elementary.Atan(h.im/h.re) * radians)
	}
	h.period = rolling.Within(max(min(h.period, 1.5*before), 0.67*before), 6, htLongest)
	h.period = float64(0.2*h.period) + float64(0.8*before)
	h.slowPeriod = float64(0.33*h.period) + float64(0.67*h.slowPeriod)
}
