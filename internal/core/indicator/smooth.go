package indicator

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// The step functions below are what recursions are made of. Product and sum are
// one operation with one rounding, on every processor: each value waits for the
// one before it, and so the time of an average is that of what stands between them.
// Everywhere else float64(a*b) is written where a sum follows, because the
// conversion keeps the compiler from fusing the two on some processors only.

// smooth moves value towards x by the share alpha. It leaves value as it is, to
// the bit, where x equals it.
func smooth(value, x, alpha float64) float64 {
	return math.FMA(alpha, x-value, value)
}

// decay adds x to what is left of sum after losing all but the share keep.
func decay(sum, x, keep float64) float64 {
	return math.FMA(keep, sum, x)
}

// mean returns the mean of x, taken about its first value so that equal values
// give exactly that value. It panics if x is empty.
func mean(x []float64) float64 {
	anchor, sum := x[0], 0.0
	for _, v := range x {
		sum += v - anchor
	}
	return anchor + sum/float64(len(x))
}

// trueRange returns the largest move that a bar made, counted from the close
// before it.
func trueRange(high, low, closeBefore float64) float64 {
	return max(high, closeBefore) - min(low, closeBefore)
}

// alphaOf returns the share with which an exponential average of n bars follows
// its input, 2/(n+1).
func alphaOf(n int) float64 { return 2 / float64(n+1) }

// alignedWith panics unless n is at least 1 and the columns have the length of
// the input.
func alignedWith(name string, n, length int, columns ...[]float64) {
	if n < 1 {
		panic("indicator: " + name + " period is below 1")
	}
	for _, c := range columns {
		if len(c) != length {
			panic("indicator: " + name + " slice lengths differ")
		}
	}
}

// A follower is a recursive average: it begins with the mean of its first
// values and then moves towards each further one by a constant share. A NaN
// before the first value is no value; one after it stays.
type follower struct {
	value, anchor, alpha float64
	seed, seen           int
	isPlain              bool // the seed is summed as it is, not about its first value
}

// newEMA returns the exponential average of n bars, begun with their mean; it
// gives the bits of EMA.
func newEMA(n int) *follower { return &follower{alpha: alphaOf(n), seed: n} }

// newEMAFromFirst returns the exponential average of n bars, begun with the
// first one; it gives the bits of EMAFromFirst.
func newEMAFromFirst(n int) *follower { return &follower{alpha: alphaOf(n), seed: 1} }

// newWilder returns the Wilder average of n bars, begun with their mean.
func newWilder(n int) *follower { return &follower{alpha: 1 / float64(n), seed: n, isPlain: true} }

// add adds x and returns the average, NaN until it has begun.
func (f *follower) add(x float64) float64 {
	if f.seen < f.seed {
		return f.begin(x)
	}
	f.value = smooth(f.value, x, f.alpha)
	return f.value
}

func (f *follower) begin(x float64) float64 {
	if f.seen == 0 {
		if x != x {
			return x
		}
		if !f.isPlain {
			f.anchor = x
		}
	}
	f.value += x - f.anchor
	if f.seen++; f.seen < f.seed {
		return math.NaN()
	}
	f.value = f.anchor + f.value/float64(f.seed)
	return f.value
}

// A ranger gives the true range of each bar, counted from the close before.
type ranger struct {
	before    float64
	isStarted bool
}

// add returns the true range; high less low at the first bar.
func (r *ranger) add(b market.Bar) float64 {
	before := r.before
	if r.before = b.Close; !r.isStarted {
		r.isStarted = true
		return b.High - b.Low
	}
	return trueRange(b.High, b.Low, before)
}
