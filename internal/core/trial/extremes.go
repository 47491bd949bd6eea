package trial

import "math"

// radixBits is the logarithm of how many blocks of one level, or bars, make a block
// of the next.
const (
	radixBits = 4
	levels    = 4
)

// A key is the bits of a price. Prices are above zero, where numbers and their bits
// have one order, and that of integers is found without branches.
type key = int64

func keyOf(price float64) key { return key(math.Float64bits(price)) }

func priceOf(k key) float64 { return math.Float64frombits(uint64(k)) }

// An extremes answers where two columns first leave a range, and between which
// values they lie, without looking at every bar.
type extremes struct {
	low, high []key         // of the bars
	min, max  [levels][]key // of blocks of 16, 256, 4,096 and 65,536 bars; the last of each may be short
}

func extremesOf(low, high []float64) *extremes {
	x := &extremes{low: keysOf(low), high: keysOf(high)}
	least, most := x.low, x.high
	for level := range levels {
		n := (len(least) + 1<<radixBits - 1) >> radixBits
		x.min[level], x.max[level] = make([]key, n), make([]key, n)
		for k := range n {
			from, to := k<<radixBits, min((k+1)<<radixBits, len(least))
			x.min[level][k], _ = spread(least[from:to], least[from:to])
			_, x.max[level][k] = spread(most[from:to], most[from:to])
		}
		least, most = x.min[level], x.max[level]
	}
	return x
}

func keysOf(column []float64) []key {
	keys := make([]key, len(column))
	for i, v := range column {
		keys[i] = keyOf(v)
	}
	return keys
}

// spread returns the least of low and the greatest of high, which have one length.
func spread(low, high []key) (least, most key) {
	least, most = math.MaxInt64, 0
	high = high[:len(low)]
	for i, v := range low {
		least, most = min(least, v), max(most, high[i])
	}
	return least, most
}

// between returns the least of the lows and the greatest of the highs of the bars
// from from to to-1.
func (x *extremes) between(from, to int) (least, most key) {
	const block = 1 << radixBits
	if to-from < 2*block {
		return spread(x.low[from:to], x.high[from:to])
	}
	least, most = math.MaxInt64, 0
	take := func(low, high key) { least, most = min(least, low), max(most, high) }
	// Bars up to a block, blocks up to a block of blocks, …, and down again.
	low, high := x.low, x.high
	for level := 0; ; level++ {
		head, tail := min(to, (from+block-1)&^(block-1)), max(from, to&^(block-1))
		if level == levels || head >= tail {
			take(spread(low[from:to], high[from:to]))
			return least, most
		}
		take(spread(low[from:head], high[from:head]))
		take(spread(low[tail:to], high[tail:to]))
		from, to = head>>radixBits, tail>>radixBits
		low, high = x.min[level], x.max[level]
	}
}

// leaves returns the first bar from from on, and before to, at which low is at most
// below or high at least above; to if there is none.
func (x *extremes) leaves(from, to int, below, above key) int {
	for bar := from; bar < to; {
		if x.low[bar] <= below || x.high[bar] >= above {
			return bar
		}
		bar++
		// Over whole blocks where one begins.
		for level := 0; level < levels && bar&(1<<(radixBits*(level+1))-1) == 0; level++ {
			bar = x.skip(level, bar, to, below, above)
		}
	}
	return to
}

// skip returns the first bar from bar on, which begins a block of level, whose
// block of that level leaves the range or begins one of the next level, or one that
// is not before to.
func (x *extremes) skip(level, bar, to int, below, above key) int {
	size := 1 << (radixBits * (level + 1))
	for bar < to {
		k := bar >> (radixBits * (level + 1))
		if x.min[level][k] <= below || x.max[level][k] >= above {
			return bar
		}
		bar += size
		if bar&(size<<radixBits-1) == 0 && level < levels-1 {
			return bar
		}
	}
	return bar
}
