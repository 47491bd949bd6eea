package indicator

// The step functions below are all the recursion there is: a filter is one of
// them applied bar after bar to a few numbers of state, so that a form that
// takes one bar at a time calls the same step and gets the same bits. They
// write float64(a*b) where a sum follows, because the conversion keeps the
// compiler from fusing the two roundings into one on some processors.

// smooth moves value towards x by the share alpha. It leaves value as it is, to
// the bit, where x equals it.
func smooth(value, x, alpha float64) float64 {
	return value + float64(alpha*(x-value))
}

// decay adds x to what is left of sum after losing all but the share keep.
func decay(sum, x, keep float64) float64 {
	return float64(keep*sum) + x
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
