package indicator

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

// An average is the mean, or the sum, of a window. It gives the bits of SMA.
type average struct {
	block
	values      []float64
	older       []float64 // sums over the window's part before the block
	anchor, sum float64
	share       float64 // 1/n
	isPlain     bool    // sums are not taken about a value of the window
}

// newAverage returns a window for add, which takes sums about a value of the
// window: exact where that is flat.
func newAverage(n int) *average {
	return &average{block: block{n: n}, share: 1 / float64(n), values: make([]float64, n), older: make([]float64, n)}
}

// newTotal returns a window for sums of what is not negative: 0 only if all is.
func newTotal(n int) *average {
	a := newAverage(n)
	a.isPlain = true
	return a
}

// mean adds x and returns the mean.
func (a *average) mean(x float64) float64 {
	sum := a.deviation(x)
	return a.anchor + float64(sum*a.share)
}

// total adds x and returns the sum; the window must come from newTotal.
func (a *average) total(x float64) float64 { return a.deviation(x) }

// means is mean for a column. It is quicker than bar after bar because its state
// stays in registers within a block.
func (a *average) means(dst, src []float64) {
	for len(src) > 0 {
		if a.begins() && a.isFull {
			a.rebase(src[0])
		}
		if !a.isFull {
			dst[0] = a.mean(src[0])
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

// deviation adds x and returns the sum of the differences to the anchor.
func (a *average) deviation(x float64) float64 {
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

func (a *average) rebase(x float64) {
	a.sum = 0
	if !a.isPlain {
		a.anchor = x
	}
	if a.isFull {
		sumOlder(a.older, a.values[1:], a.anchor)
	}
}

// A spread is the mean of a window and its sum of squared deviations. It gives
// the bits of Bollinger.
type spread struct {
	block
	values, older, olderSquares []float64
	anchor, sum, squares        float64
	share                       float64
}

func newSpread(n int) *spread {
	return &spread{
		block: block{n: n}, values: make([]float64, n), older: make([]float64, n), olderSquares: make([]float64, n),
		share: 1 / float64(n),
	}
}

// add adds x and returns the mean and the sum of squared deviations from it.
func (s *spread) add(x float64) (mean, deviations float64) {
	if s.skips(x) {
		return x, x
	}
	if s.begins() {
		s.anchor, s.sum, s.squares = x, 0, 0
		if s.isFull {
			sumOlderSquares(s.older, s.olderSquares, s.values[1:], x)
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

// A ramp is the sum of a window and its sum weighted 1, 2, … n, the newest most.
type ramp struct {
	block
	values, older, olderRamps []float64
	anchor, sum, after        float64 // after: the sum weighted 0, 1, … from the newest back
}

func newRamp(n int) *ramp {
	return &ramp{block: block{n: n}, values: make([]float64, n), older: make([]float64, n), olderRamps: make([]float64, n)}
}

// add adds x and returns a value of the window and both sums of the differences
// to it.
func (r *ramp) add(x float64) (anchor, sum, weighted float64) {
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

func (r *ramp) rebase(x float64) {
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

// chunk is the number of bars that machines which loop over columns take at once.
const chunk = 128

// An extent is the highest high and the lowest low of the last n bars.
type extent struct{ highs, lows *peak }

func newExtent(n int) *extent { return &extent{highs: newPeak(n), lows: newTrough(n)} }

// add adds a bar and returns the highest high and the lowest low.
func (e *extent) add(high, low float64) (top, bottom float64) {
	return e.highs.add(high), e.lows.add(low)
}

// A lag gives back each value n bars later.
type lag struct {
	values []float64
	at     int
}

func newLag(n int) *lag {
	l := &lag{values: make([]float64, n)}
	unknown(l.values)
	return l
}

// add returns the value added n before x, NaN where there is none.
func (l *lag) add(x float64) float64 {
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
