package label

// Uniqueness writes how much each of overlapping labels says by itself into dst
// and returns dst. Label i reads the bars first[i]+1 to first[i]+ahead[i].
//
//	c[s] = number of labels that read bar s
//	u[i] = mean of 1/c[s] over the bars s that label i reads
//
// Shape:   len(dst) == len(first) == len(ahead).
// Range:   above 0, up to 1 for a label that shares no bar.
// Warm-up: none.
// NaN:     never.
// Panics:  if the lengths differ, a label reads no bar, or one before bar 0.
// Error:   below 1e-9 relative for a million bars: the mean is the difference of
// two running sums.
// Source:  M. López de Prado, Advances in Financial Machine Learning, 2018,
// section 4.4.
// Differs: the original KTRDR counts the bars from the decision bar on instead of
// after it, which is the same count, and scales the mean to 1, which has no
// effect on a loss that is divided by the sum of the weights.
func Uniqueness(dst []float64, first, ahead []int32) []float64 {
	if len(dst) != len(first) || len(dst) != len(ahead) {
		panic("label: Uniqueness slice lengths differ")
	}
	bars := 0
	for i, t := range first {
		if t < 0 || ahead[i] < 1 {
			panic("label: Uniqueness of a label that reads no bar")
		}
		bars = max(bars, int(t)+int(ahead[i])+1)
	}
	// changes[s] is how many labels begin less how many end before bar s; then
	// sums[s] is the sum of 1/c over the bars before s.
	changes := make([]int32, bars+1)
	for i, t := range first {
		changes[t+1]++
		changes[t+ahead[i]+1]--
	}
	sums := make([]float64, bars+1)
	var labels int32
	for s := range bars {
		labels += changes[s]
		sums[s+1] = sums[s]
		if labels > 0 {
			sums[s+1] += 1 / float64(labels)
		}
	}
	for i, t := range first {
		dst[i] = min((sums[t+ahead[i]+1]-sums[t+1])/float64(ahead[i]), 1)
	}
	return dst
}
