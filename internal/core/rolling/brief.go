package rolling

// A Brief is the mean of a window of few values, summed anew for every one of
// them: for so few that is quicker than what an average keeps.
//
//	mean[t] = x[t] + (sum over j from 1 to n-1 of x[t-j]-x[t]) / n
//
// It is exactly x where the window is flat. A NaN before the first value is no
// value; a later one harms the windows that hold it.
type Brief struct {
	n, seen int
	past    []float64 // the last n-1 values, and those of the chunk
}

// NewBrief returns the mean of n values.
func NewBrief(n int) *Brief { return &Brief{n: n, past: make([]float64, n-1+Chunk)} }

// Means writes the mean of the window that ends with each of up to chunk values
// of src into dst, which may be src, NaN until there are n; a mean that rounding
// took out of the range is brought back.
func (b *Brief) Means(dst, src []float64, low, high float64) {
	for b.seen == 0 && len(src) > 0 && src[0] != src[0] {
		dst[0] = src[0]
		dst, src = dst[1:], src[1:]
	}
	before, share := b.n-1, 1/float64(b.n)
	values := b.past[:before+len(src)]
	copy(values[before:], src)
	for t, x := range values[before:] {
		sum := 0.0
		if past := values[t:][:before]; len(past) == 2 { // the usual number
			sum = (past[0] - x) + (past[1] - x)
		} else {
			for _, y := range past {
				sum += y - x
			}
		}
		mean := x + float64(sum*share)
		if mean < low {
			mean = low
		}
		if mean > high {
			mean = high
		}
		dst[t] = mean
	}
	missing := min(len(src), max(0, before-b.seen))
	Unknown(dst[:missing])
	b.seen = min(b.n, b.seen+len(src))
	copy(b.past, values[len(src):])
}
