package rolling

// A Deviation is the sum of the distances of the last n values from a center that
// moves, so that each value sums over its whole window.
type Deviation struct {
	newer, older []float64 // the block that is being filled, and the one before
	at           int       // values in the newer one
}

// NewDeviation returns the deviation of n values. Those before the first are 0.
func NewDeviation(n int) *Deviation {
	return &Deviation{newer: make([]float64, n), older: make([]float64, n)}
}

// Sums writes the sum of |v - center[t]| over the last n values v up to src[t] into
// dst[t]. All have one length; dst may be neither.
func (d *Deviation) Sums(dst, src, center []float64) {
	for len(src) > 0 {
		m := copy(d.newer[d.at:], src)
		best.deviations(dst[:m], center[:m], d.newer, d.older, d.at)
		if d.at += m; d.at == len(d.newer) {
			d.newer, d.older, d.at = d.older, d.newer, 0
		}
		dst, src, center = dst[m:], src[m:], center[m:]
	}
}
