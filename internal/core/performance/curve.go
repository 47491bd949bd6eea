package performance

import (
	"github.com/ktrdr/ktrdr/internal/core/daily"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

const (
	daySeconds  = 86_400
	yearSeconds = 365.25 * daySeconds
)

// A curve is the equity over the bars of a window, with what it does in each of its
// days: a day without a new peak is one look instead of hundreds.
type curve struct {
	ends []int // Window.Ends
	days []daily.Day
	fill func(dst []float64, d int) // writes the values of day d
	room []float64

	closes []float64 // those of which days know the extremes; nil for none
}

// values returns the values of day d, which the next call overwrites.
func (c *curve) values(d int) []float64 {
	from, to := c.bars(d)
	if cap(c.room) < to-from {
		c.room = make([]float64, 2*(to-from))
	}
	values := c.room[:to-from]
	c.fill(values, d)
	return values
}

// extent returns the least and the greatest of values, of which there is at least
// one. A new extreme is rare in a long day, so that the branches are foreseen.
func extent(values []float64) (low, high float64) {
	low, high = values[0], values[0]
	for _, v := range values {
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
	}
	return low, high
}

// holding returns the curve of what closes, those of the bars of c, are worth, which
// rises and falls with them, except that it ends at final.
func (c *curve) holding(closes []float64, final float64, of func(close float64) float64) curve {
	h := curve{ends: c.ends, days: make([]daily.Day, len(c.ends))}
	last, isKnown := len(c.ends)-1, c.closes != nil && &c.closes[0] == &closes[0]
	for d := range h.days {
		from, to := c.bars(d)
		low, high := c.days[d].LowClose, c.days[d].HighClose
		if !isKnown {
			low, high = extent(closes[from:to])
		}
		day := &h.days[d]
		day.Low, day.High, day.Last = of(low), of(high), of(closes[to-1])
		if d == last {
			day.Low, day.High, day.Last = rolling.Lesser(day.Low, final), rolling.Greater(day.High, final), final
		}
	}
	h.fill = func(dst []float64, d int) {
		from, to := c.bars(d)
		for i, close := range closes[from:to] {
			dst[i] = of(close)
		}
		if d == last {
			dst[len(dst)-1] = final
		}
	}
	return h
}

// bars returns the bars of day d: from from to to-1.
func (c *curve) bars(d int) (from, to int) {
	if d > 0 {
		from = c.ends[d-1] + 1
	}
	return from, c.ends[d] + 1
}

// returns returns the returns between the ends of days, the first of them from
// capital.
func (c *curve) returns(capital float64) []float64 {
	returns, last := make([]float64, len(c.ends)), capital
	for d := range c.days {
		e := c.days[d].Last
		returns[d] = Return(e, last)
		last = e
	}
	return returns
}

// addDrawdown fills in the drawdowns of the curve, whose peak begins at capital
// when the first bar opens.
func (m *Metrics) addDrawdown(capital float64, c *curve, times []int64, tf market.Timeframe) {
	peak, peakBar, trough := capital, -1, capital
	ends := func(bar int) { // of the drawdown from peak
		since := times[0]
		if peakBar >= 0 {
			since = tf.End(times[peakBar])
		}
		m.MaxDrawdown = max(m.MaxDrawdown, peak-trough)
		m.MaxDrawdownPct = max(m.MaxDrawdownPct, (peak-trough)/peak)
		m.MaxDrawdownBars = max(m.MaxDrawdownBars, bar-peakBar)
		m.MaxDrawdownDays = max(m.MaxDrawdownDays, float64(tf.End(times[bar])-since)/daySeconds)
	}
	for d := range c.days {
		day := &c.days[d]
		if day.High < peak {
			trough = rolling.Lesser(trough, day.Low)
			continue
		}
		from, _ := c.bars(d)
		for i, e := range c.values(d) {
			if e < peak {
				trough = rolling.Lesser(trough, e)
				continue
			}
			if trough < peak {
				ends(from + i)
			}
			peak, peakBar, trough = e, from+i, e
		}
	}
	if trough < peak {
		ends(len(times) - 1)
	}
}

// drawdownWithin returns the largest fall during days from to to-1 from a peak of
// equity, or from begin, as a fraction of the peak; nil where none of them is above
// 0.
func (c *curve) drawdownWithin(begin float64, from, to int) *float64 {
	peak, trough, worst := begin, begin, 0.0
	for d := from; d < to; d++ {
		if c.days[d].High <= peak {
			trough = rolling.Lesser(trough, c.days[d].Low)
			continue
		}
		for _, e := range c.values(d) {
			if e > peak {
				if peak > 0 {
					worst = max(worst, (peak-trough)/peak)
				}
				peak, trough = e, e
			} else if e < trough {
				trough = e
			}
		}
	}
	if peak <= 0 {
		return nil
	}
	return defined(max(worst, (peak-trough)/peak))
}
