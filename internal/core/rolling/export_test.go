package rolling

// Set is one form of the functions that are worth vectors, for tests.
type Set struct {
	Name            string
	Highest, Lowest func(dst, x, y []float64)
	Higher, Lower   func(dst []float64, dstAt []int64, x []float64, xAt []int64, y []float64, yAt []int64)
	Finite          func(x []float64) bool
	Reach           func(x []float64) (low, high float64)
	Deviations      func(dst, center, newer, older []float64, at int)
	Means           func(dst, src, before, sums []float64, share float64)
}

// Sets returns all forms that this processor can run, plain Go first.
func Sets() []Set {
	var all []Set
	for _, s := range sets {
		all = append(all, Set{s.name, s.highest, s.lowest, s.higher, s.lower, s.finite, s.reach, s.deviations, s.means})
	}
	return all
}
