package label

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/indicator/average"
	"github.com/ktrdr/ktrdr/internal/core/indicator/volatility"
)

// regime labels each bar with the kind of large swing that it lies in.
//
//	range = median of ATR so far / median of close so far, ATR the simple mean of
//	        the true range of atr_period bars
//	a large swing ends with a reversal of macro_atr_mult*range,
//	a small one with a reversal of micro_atr_mult*range
//	TRENDING_UP   in a large swing that rises, if at least progression_tolerance of
//	              the lows of its small swings are higher than the low before
//	TRENDING_DOWN in one that falls, if as many highs are lower than the high before
//	RANGING       otherwise, and with fewer than four small extremes
//	VOLATILE      whatever the swing, if the deviation of the returns of the next
//	              atr_period bars is above vol_crisis_threshold times that of the
//	              last vol_lookback bars
//
// Swings begin at the first bar with vol_lookback and atr_period-1 bars before
// it. A bar at the border of two large swings belongs to the one that it begins.
//
// Shape:   a row for each bar before the last confirmed end of a large swing,
// where atr_period bars follow and the price has moved before.
// Range:   classes; the return is that from close to close of the last bar read.
// Warm-up: vol_lookback bars, or atr_period-1 where that is more.
// NaN:     prices are never NaN.
// Panics:  never.
// Error:   that of the true range's moving mean; see average.SMA.
// Source:  the original KTRDR, multi-scale labels.
// Differs: the original takes both medians over the whole series, so that early
// labels know the volatility to come; here the range at a bar is what it would
// have been had the data ended there. It also labels the unfinished swing at the
// end, begins swings at bar 0, and looks for VOLATILE only where it can.
func (m *maker) regime() {
	n, price := m.bars.Len(), m.bars.Close
	begin := max(m.spec.VolLookback, m.spec.ATRPeriod-1)
	m.classes(max(0, n-begin))
	if begin >= n {
		return
	}
	typical, crisis := m.typicalRange(), m.crisis(m.spec.ATRPeriod)
	macro, micro := swing{close: price, extreme: begin}, swing{close: price, extreme: begin}
	extremes := []int{begin} // of small swings, from the beginning of the large one on
	for t := begin + 1; t < n; t++ {
		if !(typical[t] > 0) {
			continue // no price has moved yet
		}
		if e, isConfirmed := micro.step(t, m.spec.MicroATRMult*typical[t]); isConfirmed {
			extremes = append(extremes, e)
		}
		if end, isConfirmed := macro.step(t, m.spec.MacroATRMult*typical[t]); isConfirmed {
			extremes = m.segment(begin, end, t, extremes, crisis)
			begin = end
		}
	}
	for t := begin; t < n; t++ {
		if !math.IsNaN(crisis[t]) {
			m.pending(t)
		}
	}
}

// segment adds the rows of the large swing from begin up to, without, end, which
// bar confirmed confirms. It returns the extremes from end on.
func (m *maker) segment(begin, end, confirmed int, extremes []int, crisis []float64) (rest []int) {
	inside := 0
	for inside < len(extremes) && extremes[inside] <= end {
		inside++
	}
	class := m.trend(begin, end, extremes[:inside])
	for t := begin; t < end; t++ {
		last := max(confirmed, t+m.spec.ATRPeriod)
		switch {
		case math.IsNaN(crisis[t]):
		case last >= m.bars.Len():
			m.pending(t)
		case crisis[t] > m.spec.VolCrisisThreshold:
			m.classified(t, last, m.bars.Close[last], Volatile)
		default:
			m.classified(t, last, m.bars.Close[last], class)
		}
	}
	if inside > 0 && extremes[inside-1] == end {
		inside-- // the border belongs to both
	}
	return extremes[inside:]
}

// trend returns the class of the large swing from begin to end with the small
// extremes inside, which are high and low in turn.
func (m *maker) trend(begin, end int, extremes []int) int32 {
	price := m.bars.Close
	if len(extremes) < 4 {
		return Ranging
	}
	isUp := price[end] > price[begin]
	first := 0 // of the lows of a swing that rises, of the highs of one that falls
	if (price[extremes[0]] < price[extremes[1]]) != isUp {
		first = 1
	}
	along, pairs := 0, 0
	for i := first; i+2 < len(extremes); i += 2 {
		before, after := price[extremes[i]], price[extremes[i+2]]
		pairs++
		if isUp && after > before || !isUp && after < before {
			along++
		}
	}
	switch {
	case float64(along) < m.spec.ProgressionTolerance*float64(pairs):
		return Ranging
	case isUp:
		return TrendingUp
	default:
		return TrendingDown
	}
}

// typicalRange returns for each bar the median of the ATR so far over the median
// of the close so far; NaN before there is an ATR.
func (m *maker) typicalRange() []float64 {
	s, n := m.bars, m.bars.Len()
	typical := volatility.TrueRange(make([]float64, n), s.High, s.Low, s.Close)
	typical = average.SMA(make([]float64, n), typical, m.spec.ATRPeriod)
	known := min(m.spec.ATRPeriod-1, n)
	ranges, prices := runningMedians(typical[known:]), runningMedians(s.Close)
	for i, r := range ranges {
		typical[known+i] = r / prices[known+i]
	}
	return typical
}

// runningMedians returns for each t the median of x[0..t]: of an even number of
// values the mean of the two in the middle. It takes the values in one by one and
// marks them in a Fenwick tree over their ranks; that the ranks are those among
// all values, later ones included, does not show in any result.
func runningMedians(x []float64) []float64 {
	sorted := make([]int32, len(x))
	for i := range sorted {
		sorted[i] = int32(i)
	}
	slices.SortFunc(sorted, func(a, b int32) int { return cmp.Or(cmp.Compare(x[a], x[b]), cmp.Compare(a, b)) })
	rank := make([]int32, len(x))
	for r, i := range sorted {
		rank[i] = int32(r)
	}
	tree := make([]int32, len(x)+1)
	medians := make([]float64, len(x))
	for t := range x {
		for i := int(rank[t]) + 1; i < len(tree); i += i & -i {
			tree[i]++
		}
		low, high := marked(tree, t/2), marked(tree, (t+1)/2)
		medians[t] = (x[sorted[low]] + x[sorted[high]]) / 2
	}
	return medians
}

// marked returns the nth marked rank of a Fenwick tree, the smallest being the
// 0th.
func marked(tree []int32, n int) int {
	rank := 0
	for step := 1 << (bits.Len(uint(len(tree))) - 1); step > 0; step /= 2 {
		if next := rank + step; next < len(tree) && int(tree[next]) <= n {
			rank = next
			n -= int(tree[next])
		}
	}
	return rank
}
