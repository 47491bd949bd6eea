package performance

import "math"

// Deviation returns the standard deviation of values, of which those that are NaN
// are left out.
//
//	s = sqrt( sum (v - mean)^2 / (n-1) )    over the n values that are not NaN
//
// Range:   at least 0; 0 where fewer than two are left.
// NaN:     left out.
// Panics:  never.
// Error:   sums are taken in order; below 1e-12 relative.
func Deviation(values []float64) float64 {
	known := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	return momentsOf(known).sd
}
