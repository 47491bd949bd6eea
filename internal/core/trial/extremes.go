package trial

import "math"

// A key is the bits of a price. Prices are above zero, where numbers and their bits
// have one order, and that of integers is found without branches.
type key = int64

func keyOf(price float64) key { return key(math.Float64bits(price)) }

func priceOf(k key) float64 { return math.Float64frombits(uint64(k)) }

// A range of bars is looked at in steps of some bars, and several steps at a time.
const (
	stepBits = 3
	step     = 1 << stepBits // bars, and steps
	mileBits = 6
	mile     = 1 << mileBits // bars
	many     = 4 * mile      // bars, from which on miles are looked at
)

// An extremes answers where two columns first leave a range, and between which
// values they lie, without looking at every bar.
//
// Of each bar it has the extremes of the step of bars that begins with it. Those of
// steps one after the other lie side by side: that of bar i at i%step*row + i/step.
// And it has those of the miles that begin with bars 0, mile, 2*mile and so on.
type extremes struct {
	low, high   []float64
	lows, highs []key
	row         int
	miles       []reach
}

// A reach is from one price to another.
type reach struct{ low, high key }

// extremesOf returns those of low and high, which it keeps.
func extremesOf(low, high []float64) *extremes {
	n := len(low)
	x := &extremes{low: low, high: high, row: n>>stepBits + 1 + 2*step}
	x.lows, x.highs = make([]key, x.row*step), make([]key, x.row*step)
	for i := range x.lows {
		x.lows[i] = math.MaxInt64 // of no bars
	}
	for i := range low {
		at := x.at(i)
		x.lows[at], x.highs[at] = x.each(i, min(i+step, n))
	}
	for from := 0; from+mile <= n; from += mile {
		low, high := x.between(from, from+mile)
		x.miles = append(x.miles, reach{low, high})
	}
	return x
}

// at returns where the extremes of the step from bar on lie.
func (x *extremes) at(bar int) int { return bar&(step-1)*x.row + bar>>stepBits }

// each returns the extremes of the bars from from to to-1, found bar by bar.
func (x *extremes) each(from, to int) (low, high key) {
	low = math.MaxInt64
	highs := x.high[from:to]
	for i, p := range x.low[from:to] {
		low, high = min(low, keyOf(p)), max(high, keyOf(highs[i]))
	}
	return low, high
}

// spans are stretches of bars, one for each lane, and what is asked and found of them.
// They are the first columns of columns.
type spans struct {
	entry, end   column[int64] // bars from entry to end-1
	below, above column[key]   // levels
	least, most  column[key]   // extremes of the bars
}

// betweenPlain writes the extremes of the bars of the first n spans into them.
func (x *extremes) betweenPlain(s *spans, n int) {
	for i := range n {
		s.least[i], s.most[i] = x.between(int(s.entry[i]), int(s.end[i]))
	}
}

// leavesPlain ends the first n spans before the first bar at which low is at most below
// or high at least above.
func (x *extremes) leavesPlain(s *spans, n int) {
	for i := range n {
		s.end[i] = int64(x.leaves(int(s.entry[i]), int(s.end[i]), s.below[i], s.above[i]))
	}
}

// between returns the extremes of the bars from from to to-1.
func (x *extremes) between(from, to int) (low, high key) {
	if to-from < step {
		return x.each(from, to)
	}
	if to-from >= many {
		first, last := (from+mile-1)>>mileBits, to>>mileBits
		low, high = x.between(from, first<<mileBits)
		l, h := x.between(last<<mileBits, to)
		low, high = min(low, l), max(high, h)
		for _, m := range x.miles[first:last] {
			low, high = min(low, m.low), max(high, m.high)
		}
		return low, high
	}
	at, last := x.at(from), x.at(to-step) // the last step overlaps the one before
	low, high = x.lows[last], x.highs[last]
	n := (to - from) >> stepBits
	highs := x.highs[at:][:n]
	for i, k := range x.lows[at:][:n] {
		low, high = min(low, k), max(high, highs[i])
	}
	return low, high
}

// leaves returns the first bar from from on, and before to, at which low is at most
// below or high at least above; to if there is none.
func (x *extremes) leaves(from, to int, below, above key) int {
	bar := from
	for at := x.at(bar); bar < to && x.lows[at] > below && x.highs[at] < above; at++ {
		bar += step
	}
	for bar < to && keyOf(x.low[bar]) > below && keyOf(x.high[bar]) < above {
		bar++
	}
	return min(bar, to)
}
