package rolling

import "math"

// An Age says how long ago the highest, or the lowest, of the last n values came. It
// is an Extreme that knows the place of each best value. Values must not be negative
// or NaN.
type Age struct {
	n            int
	better       func(dst []float64, dstAt []int64, x []float64, xAt []int64, y []float64, yAt []int64)
	takesOldest  bool
	values       []float64 // the last n-1, and those of the chunk
	places       []int64   // 0, 1, 2, …
	windows      []float64 // the best of those that begin with each value
	windowPlaces []int64   // and its place
}

// NewHighestAge returns the age of the highest of the last n values, of equals that
// of the newest or the oldest.
func NewHighestAge(n int, takesOldest bool) *Age { return newAge(n, takesOldest, best.higher, 0) }

// NewLowestAge is NewHighestAge for the lowest value.
func NewLowestAge(n int, takesOldest bool) *Age {
	return newAge(n, takesOldest, best.lower, math.Inf(1))
}

// newAge begins with values that are worse than any.
func newAge(n int, takesOldest bool, better func(dst []float64, dstAt []int64, x []float64, xAt []int64, y []float64, yAt []int64), worst float64) *Age {
	size := n - 1 + Chunk
	a := &Age{
		n: n, better: better, takesOldest: takesOldest,
		values: make([]float64, size), places: make([]int64, size), windows: make([]float64, size), windowPlaces: make([]int64, size),
	}
	for i := range size {
		a.values[i], a.places[i] = worst, int64(i)
	}
	return a
}

// Fill writes what table says of the number of values since the best of each window
// into dst, for up to Chunk values of src. A window that begins before the first
// value is of those there are.
func (a *Age) Fill(dst, src, table []float64) {
	before, end := a.n-1, a.n-1+len(src)
	copy(a.values[before:], src)
	windows, places, width := a.values, a.places, 1
	for ; 2*width <= a.n; width *= 2 {
		a.choose(windows, places, width, end+1-2*width)
		windows, places = a.windows, a.windowPlaces
	}
	a.choose(windows, places, a.n-width, len(src))
	dst = dst[:len(src)]
	for t, place := range a.windowPlaces[:len(src)] {
		dst[t] = table[t+before-int(place)]
	}
	copy(a.values[:before], a.values[len(src):])
}

// choose makes n windows of one that begins with each value and one that begins
// that many values later.
func (a *Age) choose(windows []float64, places []int64, later, n int) {
	x, y := later, 0
	if a.takesOldest {
		x, y = 0, later // of equals x is taken
	}
	a.better(a.windows[:n], a.windowPlaces, windows[x:], places[x:], windows[y:], places[y:])
}
