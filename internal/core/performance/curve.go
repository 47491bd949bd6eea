package performance

import "github.com/ktrdr/ktrdr/internal/core/market"

const (
	daySeconds  = 86_400
	yearSeconds = 365.25 * daySeconds
)

// A curve is the equity over the bars of a window, with the least and the greatest
// value of each of its days: a day without a new peak is one look instead of
// hundreds.
type curve struct {
	ends      []int // Window.Ends
	low, high []float64
	value     func(bar int) float64
}

// equityCurve returns the curve of equity, and the sum of its values: of each day
// the bars 0, 2, 4, … and the bars 1, 3, 5, …, in order, then both, then the days.
func equityCurve(ends []int, equity []float64) (c curve, sum float64) {
	c = curve{ends: ends, low: make([]float64, len(ends)), high: make([]float64, len(ends)), value: func(bar int) float64 { return equity[bar] }}
	from := 0
	for d, end := range ends {
		low, high, total := span(equity[from : end+1])
		c.low[d], c.high[d] = low, high
		sum += total
		from = end + 1
	}
	return c, sum
}

// span returns the least and the greatest of values, of which there is at least one,
// and their sum as equityCurve takes it. A new extreme is rare in a long day, so that
// the branches are foreseen.
func span(values []float64) (low, high, sum float64) {
	low, high = values[0], values[0]
	even, odd := 0.0, 0.0
	for len(values) >= 2 {
		a, b := values[0], values[1]
		even += a
		odd += b
		if a < low {
			low = a
		}
		if b < low {
			low = b
		}
		if a > high {
			high = a
		}
		if b > high {
			high = b
		}
		values = values[2:]
	}
	if len(values) == 1 {
		low, high = lesser(low, values[0]), greater(high, values[0])
		even += values[0]
	}
	return low, high, even + odd
}

// lesser and greater are min and max of numbers that are not NaN.
func lesser(a, b float64) float64 {
	if b < a {
		return b
	}
	return a
}

func greater(a, b float64) float64 {
	if b > a {
		return b
	}
	return a
}

// holdingCurve returns the curve of value, which rises and falls with closes except
// at the last bar.
func holdingCurve(ends []int, closes []float64, value func(bar int) float64, of func(close float64) float64) curve {
	c, _ := equityCurve(ends, closes)
	for d := range c.ends {
		c.low[d], c.high[d] = of(c.low[d]), of(c.high[d])
	}
	last := len(ends) - 1
	end := value(ends[last])
	c.low[last], c.high[last], c.value = lesser(c.low[last], end), greater(c.high[last], end), value
	return c
}

// bars returns the bars of day d: from from to to-1.
func (c curve) bars(d int) (from, to int) {
	if d > 0 {
		from = c.ends[d-1] + 1
	}
	return from, c.ends[d] + 1
}

// returns returns the returns between the ends of days, the first of them from
// capital.
func (c curve) returns(capital float64) []float64 {
	returns, last := make([]float64, len(c.ends)), capital
	for d, end := range c.ends {
		e := c.value(end)
		returns[d] = Return(e, last)
		last = e
	}
	return returns
}

// addDrawdown fills in the drawdowns of the curve, whose peak begins at capital
// when the first bar opens.
func (m *Metrics) addDrawdown(capital float64, c curve, times []int64, tf market.Timeframe) {
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
	for d := range c.ends {
		if c.high[d] < peak {
			trough = lesser(trough, c.low[d])
			continue
		}
		from, to := c.bars(d)
		for t := from; t < to; t++ {
			e := c.value(t)
			if e < peak {
				trough = lesser(trough, e)
				continue
			}
			if trough < peak {
				ends(t)
			}
			peak, peakBar, trough = e, t, e
		}
	}
	if trough < peak {
		ends(len(times) - 1)
	}
}

// drawdownWithin returns the largest fall during days from to to-1 from a peak of
// equity, or from begin, as a fraction of the peak; nil where none of them is above
// 0.
func (c curve) drawdownWithin(begin float64, from, to int) *float64 {
	peak, trough, worst := begin, begin, 0.0
	for d := from; d < to; d++ {
		if c.high[d] <= peak {
			trough = lesser(trough, c.low[d])
			continue
		}
		first, next := c.bars(d)
		for t := first; t < next; t++ {
			if e := c.value(t); e > peak {
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

// midnightAfter returns the end of the UTC day in which the bar that opens at
// open ends.
func midnightAfter(open int64, tf market.Timeframe) int64 {
	end := tf.End(open)
	if rest := end % daySeconds; rest > 0 {
		return end - rest + daySeconds
	} else if rest < 0 { // before 1970
		return end - rest
	}
	return end
}
