package tabular

import (
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// leastSpacing returns the smallest distance in seconds at which two bars of tf
// may open. Days are shorter where clocks go forward; weeks and months may be
// stamped with their first trading day.
func leastSpacing(tf market.Timeframe) int64 {
	const hour, day = 3600, 86400
	switch tf {
	case market.Day1:
		return day - hour
	case market.Week1:
		return 4 * day
	case market.Month1:
		return 26 * day
	default:
		return tf.Seconds()
	}
}

// enoughBars is how many bars must lie too far apart before the file is taken
// for one of a longer timeframe.
const enoughBars = 10

// checkSpacing refuses a file that seems to have another timeframe, and rejects
// single rows that lie too close to the row before them.
func (c *collector) checkSpacing() error {
	times, least := c.series.Time, leastSpacing(c.o.Timeframe)
	if len(times) < 2 {
		return nil
	}
	smallest, close := times[1]-times[0], 0
	for i := 1; i < len(times); i++ {
		step := times[i] - times[i-1]
		smallest = min(smallest, step)
		if step < least {
			close++
		}
	}
	switch {
	case 2*close > len(times)-1:
		return c.otherTimeframe(mostCommonStep(times))
	case close > 0:
		c.rejectClose(least)
	case len(times) >= enoughBars && timeframeOf(smallest) > c.o.Timeframe:
		return c.otherTimeframe(smallest)
	}
	return nil
}

func (c *collector) otherTimeframe(step int64) error {
	seems := "no timeframe that is known"
	if tf := timeframeOf(step); tf != 0 {
		seems = tf.String()
	}
	return fmt.Errorf("%s: the timeframe was given as %s, but the bars lie %s apart: the file seems to have %s",
		c.file, c.o.Timeframe, time.Duration(step)*time.Second, seems)
}

// timeframeOf returns the longest timeframe whose bars may lie so close, or 0.
func timeframeOf(step int64) (longest market.Timeframe) {
	for _, tf := range market.Timeframes() {
		if leastSpacing(tf) <= step {
			longest = tf
		}
	}
	return longest
}

func mostCommonStep(times []int64) (common int64) {
	count := map[int64]int{}
	for i := 1; i < len(times); i++ {
		step := times[i] - times[i-1]
		count[step]++
		if n := count[step]; n > count[common] || n == count[common] && step < common {
			common = step
		}
	}
	return common
}

// rejectClose rejects rows that open less than least after the row kept before.
func (c *collector) rejectClose(least int64) {
	index := []int{0}
	for i := 1; i < c.series.Len(); i++ {
		before := index[len(index)-1]
		if step := c.series.Time[i] - c.series.Time[before]; step < least {
			c.reject(int(c.lines[i]), c.names.time, fmt.Sprintf("%s is only %s after the bar on line %d, closer than bars of %s lie",
				market.Stamp(c.series.Time[i]), time.Duration(step)*time.Second, c.lines[before], c.o.Timeframe))
			continue
		}
		index = append(index, i)
	}
	c.keep(index)
}
