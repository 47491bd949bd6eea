package rolling

import "math"

// The windows below hold the last n values and give a number of them for every
// value that is added, NaN until there are n. All work on blocks of n values:
// what the older part of a window contributes is prepared once per block, going
// backwards, and the newer part grows with the block. So each value costs a few
// operations, whatever n is, nothing is ever subtracted from a sum, and a NaN
// harms exactly the windows that hold it. A NaN before the first value is no
// value, so that windows can follow each other.

// A block says where a window stands. A window keeps the values of its block over
// those of the block before.
type block struct {
	n      int
	at     int  // values in the block
	isFull bool // a block lies before this one
}

// begins reports whether x begins a block, after skipping leading NaN.
func (b *block) begins() bool {
	if b.at == b.n {
		b.at, b.isFull = 0, true
	}
	return b.at == 0
}

// skips reports whether x is a NaN before the first value.
func (b *block) skips(x float64) bool { return x != x && b.at == 0 && !b.isFull }

// knows reports whether the value just put at position i completes a window.
func (b *block) knows(i int) bool { return b.isFull || i == b.n-1 }

// An Average is the mean, or the sum, of a window. It gives the
// bits of average.SMA.
type Average struct {
	block
	values      []float64
	older       []float64 // sums over the window's part before the block
	sums        []float64 // what the sums of whole blocks take, of 4n; nil before there are any
	anchor, sum float64
	share       float64 // 1/n
	isPlain     bool    // sums are not taken about a value of the window
}

// NewAverage returns a window for add, which takes sums about a value of the
// window: exact where that is flat.
func NewAverage(n int) *Average {
	return &Average{block: block{n: n}, share: 1 / float64(n), values: make([]float64, n), older: make([]float64, n)}
}

// NewTotal returns a window for sums of what is not negative: 0 only if all is.
func NewTotal(n int) *Average {
	a := NewAverage(n)
	a.isPlain = true
	return a
}

// Mean adds x and returns the mean.
func (a *Average) Mean(x float64) float64 {
	sum := a.deviation(x)
	return a.anchor + float64(sum*a.share)
}

// Total adds x and returns the sum; the window must come from newTotal.
func (a *Average) Total(x float64) float64 { return a.deviation(x) }

// Means is Mean for a column, which dst must not overlap; the window must come from
// NewAverage. It is quicker than bar after bar because its state stays in registers
// within a block, and because blocks do not wait for each other.
func (a *Average) Means(dst, src []float64) {
	for len(src) > 0 {
		if a.begins() && a.isFull {
			if len(src) >= a.n {
				n := a.blocks(dst, src)
				dst, src = dst[n:], src[n:]
				continue
			}
			a.rebase(src[0])
		}
		if !a.isFull {
			dst[0] = a.Mean(src[0])
			dst, src = dst[1:], src[1:]
			continue
		}
		n := min(a.n-a.at, len(src))
		values, older, sum := a.values[a.at:][:n], a.older[a.at:][:n], a.sum
		for i, x := range src[:n] {
			values[i] = x
			sum += x - a.anchor
			dst[i] = a.anchor + float64((older[i]+sum)*a.share)
		}
		a.sum = sum
		a.at += n
		dst, src = dst[n:], src[n:]
	}
}

// blocks is Means for whole blocks after the one that a holds, and returns how many
// values they hold.
func (a *Average) blocks(dst, src []float64) int {
	if a.sums == nil {
		a.sums = make([]float64, 4*a.n)
	}
	done := len(src) - len(src)%a.n
	best.means(dst[:done], src[:done], a.values, a.sums, a.share)
	a.at = copy(a.values, src[done-a.n:done])
	return done
}

// deviation adds x and returns the sum of the differences to the anchor.
func (a *Average) deviation(x float64) float64 {
	if a.skips(x) {
		return x
	}
	if a.begins() {
		a.rebase(x)
	}
	i := a.at
	a.values[i] = x
	a.at++
	a.sum += x - a.anchor
	if !a.knows(i) {
		return math.NaN()
	}
	return a.older[i] + a.sum
}

func (a *Average) rebase(x float64) {
	a.sum = 0
	if !a.isPlain {
		a.anchor = x
	}
	if a.isFull {
		sumOlder(a.older, a.values[1:], a.anchor)
	}
}

// A Spread is the mean of a window and its sum of squared deviations. It gives
// the bits of volatility.Bollinger.
type Spread struct {
	block
	values, older, olderSquares []float64
	anchor, sum, squares        float64
	share                       float64
}

// NewSpread returns the spread of n values.
func NewSpread(n int) *Spread {
	return &Spread{
		block: block{n: n}, values: make([]float64, n), older: make([]float64, n), olderSquares: make([]float64, n),
		share: 1 / float64(n),
	}
}

// Add adds x and returns the mean and the sum of squared deviations from it.
func (s *Spread) Add(x float64) (mean, deviations float64) {
	if s.skips(x) {
		return x, x
	}
	if s.begins() {
		s.anchor, s.sum, s.squares = x, 0, 0
		if s.isFull {
			SumOlderSquares(s.older, s.olderSquares, s.values[1:], x)
		}
	}
	i := s.at
	s.values[i] = x
	s.at++
	difference := x - s.anchor
	s.sum += difference
	s.squares += float64(difference * difference)
	if !s.knows(i) {
		return math.NaN(), math.NaN()
	}
	all := s.older[i] + s.sum
	deviations = max(s.olderSquares[i]+s.squares-float64(all*all*s.share), 0)
	return s.anchor + float64(all*s.share), deviations
}

// A Ramp is the sum of a window and its sum weighted 1, 2, … n, the newest most.
type Ramp struct {
	block
	values, older, olderRamps []float64
	anchor, sum, after        float64 // after: the sum weighted 0, 1, … from the newest back
}

// NewRamp returns the ramp of n values.
func NewRamp(n int) *Ramp {
	return &Ramp{block: block{n: n}, values: make([]float64, n), older: make([]float64, n), olderRamps: make([]float64, n)}
}

// Add adds x and returns a value of the window and both sums of the differences
// to it.
func (r *Ramp) Add(x float64) (anchor, sum, weighted float64) {
	if r.skips(x) {
		return x, x, x
	}
	if r.begins() {
		r.rebase(x)
	}
	i := r.at
	r.values[i] = x
	r.at++
	r.after += r.sum
	r.sum += x - r.anchor
	if !r.knows(i) {
		return math.NaN(), math.NaN(), math.NaN()
	}
	newer := float64(float64(r.n)*r.sum) - r.after
	return r.anchor, r.older[i] + r.sum, r.olderRamps[i] + newer
}

func (r *Ramp) rebase(x float64) {
	r.anchor, r.sum, r.after = x, 0, 0
	if !r.isFull {
		return
	}
	sum, weighted := 0.0, 0.0
	for k := r.n - 2; k >= 0; k-- {
		sum += r.values[k+1] - x
		weighted += sum
		r.older[k], r.olderRamps[k] = sum, weighted
	}
}

// A peak is the highest or the lowest value of a window. Values are not negative,
// so that they are in the order of their bits, and whole numbers are chosen
// without a branch, which nobody could predict here. For the lowest all bits are
// turned round. Unlike the other windows it takes no NaN after the first value.
type peak struct {
	block
	keys, older []uint64
	best, turn  uint64
}

func newPeak(n int) *peak {
	return &peak{block: block{n: n}, keys: make([]uint64, n), older: make([]uint64, n)}
}

func newTrough(n int) *peak {
	p := newPeak(n)
	p.turn = math.MaxUint64
	return p
}

// add adds x and returns the highest, or lowest, value.
func (p *peak) add(x float64) float64 {
	if p.skips(x) {
		return x
	}
	if p.begins() {
		p.rebase()
	}
	i := p.at
	p.at++
	key := math.Float64bits(x) ^ p.turn
	p.keys[i], p.best = key, max(p.best, key)
	if !p.knows(i) {
		return math.NaN()
	}
	return math.Float64frombits(max(p.older[i], p.best) ^ p.turn)
}

func (p *peak) rebase() {
	p.best = 0
	best := uint64(0)
	p.older[p.n-1] = 0
	for k := p.n - 2; k >= 0; k-- {
		best = max(best, p.keys[k+1])
		p.older[k] = best
	}
}

// An Extent is the highest high and the lowest low of the last n bars.
type Extent struct{ highs, lows *peak }

// NewExtent returns the extent of n bars.
func NewExtent(n int) *Extent { return &Extent{highs: newPeak(n), lows: newTrough(n)} }

// Add adds a bar and returns the highest high and the lowest low.
func (e *Extent) Add(high, low float64) (top, bottom float64) {
	return e.highs.add(high), e.lows.add(low)
}

// A Lag gives back each value n bars later.
type Lag struct {
	values []float64
	at     int
}

// NewLag returns a lag of n values; of 0 it gives back what it is given.
func NewLag(n int) *Lag {
	l := &Lag{values: make([]float64, n)}
	Unknown(l.values)
	return l
}

// Add returns the value added n before x, NaN where there is none.
func (l *Lag) Add(x float64) float64 {
	if len(l.values) == 0 {
		return x
	}
	before := l.values[l.at]
	l.values[l.at] = x
	if l.at++; l.at == len(l.values) {
		l.at = 0
	}
	return before
}

// sumOlder prepares a block of bars, n at most, whose first price is anchor. It
// writes into out, for each bar of the block, the sum of price less anchor over
// those bars of its window that lie before the block; before holds the n-1
// prices there, or none for the first block.
//
// With the sum that grows inside the block this gives the sum over every window
// from additions alone, two per bar. Every window holds the anchor, so that the
// differences stay as small as the window's range, and are 0 where it is flat.
func sumOlder(out, before []float64, anchor float64) {
	clear(out[min(len(before), len(out)):])
	sum := 0.0
	for j := len(before) - 1; j >= 0; j-- {
		sum += before[j] - anchor
		if j < len(out) {
			out[j] = sum
		}
	}
}

// SumOlderSquares is sumOlder, and the same with squares of the differences.
func SumOlderSquares(sums, squares, before []float64, anchor float64) {
	clear(sums[min(len(before), len(sums)):])
	clear(squares[min(len(before), len(squares)):])
	sum, square := 0.0, 0.0
	for j := len(before) - 1; j >= 0; j-- {
		difference := before[j] - anchor
		sum += difference
		square += float64(difference * difference)
		if j < len(sums) && j < len(squares) {
			sums[j], squares[j] = sum, square
		}
	}
}
