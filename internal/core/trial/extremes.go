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

// A span is the least and the greatest of some prices.
type span struct{ low, high key }

func (s *span) take(other span) { s.low, s.high = min(s.low, other.low), max(s.high, other.high) }

// An extremes answers where two columns first leave a range, and between which
// values they lie, without looking at every bar.
type extremes struct {
	bars   []span
	blocks [levels][]span // of 16, 256, 4,096 and 65,536 bars; the last of each may be short
}

func extremesOf(low, high []float64) *extremes {
	x := &extremes{bars: make([]span, len(low))}
	for i := range low {
		x.bars[i] = span{keyOf(low[i]), keyOf(high[i])}
	}
	below := x.bars
	for level := range levels {
		n := (len(below) + 1<<radixBits - 1) >> radixBits
		x.blocks[level] = make([]span, n)
		for k := range n {
			x.blocks[level][k] = spread(below[k<<radixBits : min((k+1)<<radixBits, len(below))])
		}
		below = x.blocks[level]
	}
	return x
}

// spread returns the span of all of spans.
func spread(spans []span) span {
	all := span{math.MaxInt64, 0}
	for i := range spans {
		all.take(spans[i])
	}
	return all
}

// between returns the span of the bars from from to to-1.
func (x *extremes) between(from, to int) span {
	const block = 1 << radixBits
	if to-from < 2*block {
		return spread(x.bars[from:to])
	}
	all := span{math.MaxInt64, 0}
	// Bars up to a block, blocks up to a block of blocks, …, and down again.
	spans := x.bars
	for level := 0; ; level++ {
		head, tail := min(to, (from+block-1)&^(block-1)), max(from, to&^(block-1))
		if level == levels || head >= tail {
			all.take(spread(spans[from:to]))
			return all
		}
		all.take(spread(spans[from:head]))
		all.take(spread(spans[tail:to]))
		from, to = head>>radixBits, tail>>radixBits
		spans = x.blocks[level]
	}
}

// leaves returns the first bar from from on, and before to, at which low is at most
// below or high at least above; to if there is none.
func (x *extremes) leaves(from, to int, below, above key) int {
	const block = 1 << radixBits
	for bar := from; ; {
		// One by one to the end of a block, then over whole ones.
		end := min(to, bar&^(block-1)+block)
		for i, s := range x.bars[bar:end] {
			if s.low <= below || s.high >= above {
				return bar + i
			}
		}
		if bar = end; bar == to {
			return to
		}
		for level := 0; level < levels && bar&(1<<(radixBits*(level+1))-1) == 0; level++ {
			bar = x.skip(level, bar, to, below, above)
		}
		if bar >= to {
			return to
		}
	}
}

// skip returns the first bar from bar on, which begins a block of level, whose
// block of that level leaves the range or begins one of the next level, or one that
// is not before to.
func (x *extremes) skip(level, bar, to int, below, above key) int {
	shift := radixBits * (level + 1)
	for _, s := range x.blocks[level][bar>>shift:] {
		if s.low <= below || s.high >= above {
			return bar
		}
		bar += 1 << shift
		if bar >= to || bar&(1<<(shift+radixBits)-1) == 0 && level < levels-1 {
			return bar
		}
	}
	return bar
}
