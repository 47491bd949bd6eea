package indicator

import "math"

// A ladder gives the highest, or the lowest, of the last n values for every value
// of a column. Each rung holds the best of the last so many values, each from two
// of the rung below, and a window of n is two of the highest rung:
//
//	best(2w)[t] = max(best(w)[t], best(w)[t-w])    from w = 4, or 1 where n < 4
//	best(n)[t]  = max(best(w)[t], best(w)[t-n+w])  w <= n < 2w
//
// So a value costs log2(n) steps without a branch, which nobody could predict, and
// without any that waits for the value before. Values are not negative, so that
// they are in the order of their bits; for the lowest all bits are turned round.
// A NaN before the first value is no value; later ones are not taken.
type ladder struct {
	n, seen int // values of a full window, and those seen, up to n
	first   int // values of the lowest rung
	back    int // n less the values of the highest rung
	at      int // where the next value goes in each rung
	turn    uint64
	past    [3]uint64  // the last value, and the best of the last two, and of the two before the last
	rungs   [][]uint64 // each begins with the last n values of before
}

func newLadder(n int, turn uint64) *ladder {
	l := &ladder{n: n, at: n, turn: turn, first: 4}
	if n < l.first {
		l.first = 1
	}
	for best := l.first; ; best *= 2 {
		l.rungs = append(l.rungs, make([]uint64, n+max(n, chunk)))
		if l.back = n - best; 2*best > n {
			return l
		}
	}
}

// fill writes the best of the window that ends with each value of src into dst,
// NaN until there are n.
func (l *ladder) fill(dst, src []float64) {
	for len(src) > 0 {
		if l.seen == 0 && src[0] != src[0] {
			dst[0] = src[0]
			dst, src = dst[1:], src[1:]
			continue
		}
		if l.at == len(l.rungs[0]) {
			for _, rung := range l.rungs {
				copy(rung, rung[l.at-l.n:])
			}
			l.at = l.n
		}
		m := min(len(src), len(l.rungs[0])-l.at)
		l.climb(dst[:m], src[:m])
		missing := min(m, max(0, l.n-1-l.seen))
		unknown(dst[:missing])
		l.seen = min(l.n, l.seen+m)
		l.at += m
		dst, src = dst[m:], src[m:]
	}
}

// climb is fill for values for which there is room.
func (l *ladder) climb(dst, src []float64) {
	m, below, step := len(src), l.rungs[0], l.first
	l.begin(below[l.at:][:m], src)
	for _, rung := range l.rungs[1:] {
		best, now, before := rung[l.at:][:m], below[l.at:][:m], below[l.at-step:][:m]
		for i, key := range now {
			best[i] = max(key, before[i])
		}
		below, step = rung, 2*step
	}
	now, before := below[l.at:][:m], below[l.at-l.back:][:m]
	dst, turn := dst[:m], l.turn
	for i, key := range now {
		dst[i] = math.Float64frombits(max(key, before[i]) ^ turn)
	}
}

// begin writes the lowest rung: the best of the last four values, or the value.
func (l *ladder) begin(rung []uint64, src []float64) {
	turn := l.turn
	rung = rung[:len(src)]
	if l.first == 1 {
		for i, x := range src {
			rung[i] = math.Float64bits(x) ^ turn
		}
		return
	}
	last, pair, pairBefore := l.past[0], l.past[1], l.past[2]
	for i, x := range src {
		key := math.Float64bits(x) ^ turn
		now := max(key, last)
		rung[i] = max(now, pairBefore)
		last, pair, pairBefore = key, now, pair
	}
	l.past = [3]uint64{last, pair, pairBefore}
}

// A band is the highest high and the lowest low of the last n bars, for columns.
type band struct {
	highs, lows   *ladder
	tops, bottoms [chunk]float64
}

func newBand(n int) *band { return &band{highs: newLadder(n, 0), lows: newLadder(n, math.MaxUint64)} }

// fill adds up to chunk bars. What it returns is valid until the next call.
func (b *band) fill(high, low []float64) (tops, bottoms []float64) {
	tops, bottoms = b.tops[:len(high)], b.bottoms[:len(low)]
	b.highs.fill(tops, high)
	b.lows.fill(bottoms, low)
	return tops, bottoms
}
