package rolling

import "math"

// The step functions below are what recursions are made of. Product and sum are
// one operation with one rounding, on every processor: each value waits for the
// one before it, and so the time of an average is that of what stands between them.
// Everywhere else float64(a*b) is written where a sum follows, because the
// conversion keeps the compiler from fusing the two on some processors only.

// Smooth moves value towards x by the share alpha. It leaves value as it is, to
// the bit, where x equals it.
func Smooth(value, x, alpha float64) float64 {
	return math.FMA(alpha, x-value, value)
}

// Decay adds x to what is left of sum after losing all but the share keep.
func Decay(sum, x, keep float64) float64 {
	return math.FMA(keep, sum, x)
}

// Mean returns the mean of x, taken about its first value so that equal values
// give exactly that value. It panics if x is empty.
func Mean(x []float64) float64 {
	anchor, sum := x[0], 0.0
	for _, v := range x {
		sum += v - anchor
	}
	return anchor + sum/float64(len(x))
}

// AlphaOf returns the share with which an exponential average of n bars follows
// its input, 2/(n+1).
func AlphaOf(n int) float64 { return 2 / float64(n+1) }

// MustAlign panics, in the name of a function, unless n is at least 1 and the
// columns have the length of the input.
func MustAlign(name string, n, length int, columns ...[]float64) {
	if n < 1 {
		panic(name + ": period is below 1")
	}
	for _, c := range columns {
		if len(c) != length {
			panic(name + ": slice lengths differ")
		}
	}
}

// A Follower is a recursive average: it begins with the mean of its first
// values and then moves towards each further one by a constant share. A NaN
// before the first value is no value; one after it stays.
type Follower struct {
	value, anchor, alpha float64
	seed, seen           int
	isPlain              bool // the seed is summed as it is, not about its first value
}

// NewEMA returns the exponential average of n bars, begun with their mean; it
// gives the bits of average.EMA.
func NewEMA(n int) *Follower { return &Follower{alpha: AlphaOf(n), seed: n} }

// NewEMAFromFirst returns the exponential average of n bars, begun with the
// first one; it gives the bits of average.EMAFromFirst.
func NewEMAFromFirst(n int) *Follower { return &Follower{alpha: AlphaOf(n), seed: 1} }

// NewWilder returns the Wilder average of n bars, begun with their mean.
func NewWilder(n int) *Follower { return &Follower{alpha: 1 / float64(n), seed: n, isPlain: true} }

// NewWilderFromZero returns the Wilder average of n bars, begun with 0 before the
// first.
func NewWilderFromZero(n int) *Follower { return &Follower{alpha: 1 / float64(n)} }

// Add adds x and returns the average, NaN until it has begun.
func (f *Follower) Add(x float64) float64 {
	if f.seen < f.seed {
		return f.begin(x)
	}
	f.value = Smooth(f.value, x, f.alpha)
	return f.value
}

func (f *Follower) begin(x float64) float64 {
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

// NewExponential returns the exponential average of n bars, begun with the first
// one or with the mean of the first n.
func NewExponential(n int, isFromFirst bool) *Follower {
	if isFromFirst {
		return NewEMAFromFirst(n)
	}
	return NewEMA(n)
}

// An Adjusted is the exponentially weighted mean of all values so far: each is
// divided by the sum of the weights that there are.
type Adjusted struct{ average, weights, keep float64 }

// NewAdjusted returns the weighted mean with the weights of n bars; it gives the
// bits of average.EMAAdjusted.
func NewAdjusted(n int) *Adjusted { return &Adjusted{keep: 1 - AlphaOf(n)} }

// Add adds x and returns the mean.
func (a *Adjusted) Add(price float64) float64 {
	if a.weights == 0 {
		a.average, a.weights = price, 1
		return price
	}
	a.weights = Decay(a.weights, 1, a.keep)
	a.average = Smooth(a.average, price, 1/a.weights)
	return a.average
}

// NewPair returns the exponential averages of two numbers of bars, one price
// at a time: begun at the same bar, or with the first price.
func NewPair(nFast, nSlow int, isFromFirst bool) func(price float64) (fast, slow float64) {
	quick, steady, wait := NewEMA(nFast), NewEMA(nSlow), nSlow-nFast
	if isFromFirst {
		quick, steady, wait = NewEMAFromFirst(nFast), NewEMAFromFirst(nSlow), 0
	}
	return func(price float64) (fast, slow float64) {
		slow = steady.Add(price)
		if wait > 0 {
			wait--
			return math.NaN(), slow
		}
		return quick.Add(price), slow
	}
}

// Unknown sets column to NaN.
func Unknown(column []float64) {
	for i := range column {
		column[i] = math.NaN()
	}
}
