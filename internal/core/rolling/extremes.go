package rolling

// Chunk is the number of values that are taken at once where a column is looped
// over: what belongs to them stays in the first cache.
const Chunk = 128

// An Extreme gives the highest, or the lowest, of the last n values for every value
// of a column. The best of windows of more and more values are made from two of
// half as many, in place, and a window of n from two of the widest:
//
//	best(2w)[i] = max(best(w)[i], best(w)[i+w])    from w = 1
//	best(n)[i]  = max(best(w)[i], best(w)[i+n-w])  w <= n < 2w
//
// Window i begins with value i. So a value costs log2(n) steps without a branch and
// without any that waits for the value before. Values must not be negative. A NaN
// before the first value is no value; later ones are not taken.
type Extreme struct {
	n, seen int // values of a full window, and those seen, up to n
	better  func(dst, x, y []float64)
	values  []float64 // the last n-1, and those of the chunk
	windows []float64 // the best of those that begin with each value
}

// NewHighest returns the highest of the last n values.
func NewHighest(n int) *Extreme { return newExtreme(n, best.highest) }

// NewLowest returns the lowest of the last n values.
func NewLowest(n int) *Extreme { return newExtreme(n, best.lowest) }

func newExtreme(n int, better func(dst, x, y []float64)) *Extreme {
	return &Extreme{n: n, better: better, values: make([]float64, n-1+Chunk), windows: make([]float64, n-1+Chunk)}
}

// Fill writes the best of the window that ends with each value of src into dst,
// NaN until there are n.
func (e *Extreme) Fill(dst, src []float64) {
	for e.seen == 0 && len(src) > 0 && src[0] != src[0] {
		dst[0] = src[0]
		dst, src = dst[1:], src[1:]
	}
	for len(src) > 0 {
		m := min(len(src), Chunk)
		e.fill(dst[:m], src[:m])
		missing := min(m, max(0, e.n-1-e.seen))
		Unknown(dst[:missing])
		e.seen = min(e.n, e.seen+m)
		dst, src = dst[m:], src[m:]
	}
}

// fill is Fill for up to Chunk values.
func (e *Extreme) fill(dst, src []float64) {
	before, end := e.n-1, e.n-1+len(src)
	copy(e.values[before:], src)
	windows, width := e.values, 1
	for ; 2*width <= e.n; width *= 2 {
		e.better(e.windows[:end+1-2*width], windows, windows[width:])
		windows = e.windows
	}
	e.better(dst, windows, windows[e.n-width:])
	copy(e.values[:before], e.values[len(src):])
}

// A Band is the highest high and the lowest low of the last n bars.
type Band struct {
	highs, lows   *Extreme
	tops, bottoms [Chunk]float64
}

// NewBand returns the band of n bars.
func NewBand(n int) *Band { return &Band{highs: NewHighest(n), lows: NewLowest(n)} }

// Fill adds up to Chunk bars. What it returns is valid until the next call.
func (b *Band) Fill(high, low []float64) (tops, bottoms []float64) {
	tops, bottoms = b.tops[:len(high)], b.bottoms[:len(low)]
	b.highs.Fill(tops, high)
	b.lows.Fill(bottoms, low)
	return tops, bottoms
}
