package label

// zigzag labels each bar with the direction of the swing that it lies in.
//
// A swing runs from one extreme of the close to the next. An extreme is
// confirmed by the first close that has come back from it by the threshold, as
// a fraction of the extreme. The first extreme is bar 0; the first swing's
// direction is known when the close has moved by the threshold from it.
//
//	BUY   strictly inside a swing that ends higher than it began
//	SELL  strictly inside a swing that ends lower
//	HOLD  on the extremes that bound swings
//	HOLD  where label_lookahead is given and the end of the swing is not
//	      confirmed within so many bars
//
// With 2 classes an extreme has the direction of the swing that it begins, and
// bars whose lookahead ends too early have no row.
//
// Without a lookahead this is the original's oracle, whose horizon is as long as
// its longest swing; with one it is bounded: no label looks further, and none
// rests on a swing that is not confirmed.
//
// Shape:   a row for each bar before the last confirmed extreme. With a
// lookahead also for each later bar that has so many bars after it.
// Range:   classes; the return is that to the close of the extreme, or of the
// last bar of the lookahead.
// Warm-up: none.
// NaN:     prices are never NaN.
// Panics:  never.
// Error:   exact, but for the rounding of the return.
// Source:  the original KTRDR (segment labels of its zigzag indicator).
// Differs: the original labels the unfinished swing at the end by where the
// data happen to stop, its last bar HOLD, and ignores label_lookahead.
func (m *maker) zigzag() {
	n := m.bars.Len()
	m.classes(n)
	begin := 0
	walk := swing{close: m.bars.Close}
	for t := 1; t < n; t++ {
		if end, isConfirmed := walk.step(t, m.spec.Threshold); isConfirmed {
			m.leg(begin, end, t)
			begin = end
		}
	}
	m.openLeg(begin)
}

// leg adds the bars from the extreme begin up to, without, the extreme end,
// which bar confirmed confirms.
func (m *maker) leg(begin, end, confirmed int) {
	price := m.bars.Close
	class := Sell
	if price[end] > price[begin] {
		class = Buy
	}
	for t := begin; t < end; t++ {
		if limit := m.spec.Lookahead; limit > 0 && confirmed-t > limit {
			m.undecided(t)
			continue
		}
		if t == begin && m.spec.Classes != 2 {
			m.decided(t, confirmed, price[end], Hold)
		} else {
			m.decided(t, confirmed, price[end], class)
		}
	}
}

// openLeg adds those bars of the unfinished swing that the lookahead decides.
func (m *maker) openLeg(begin int) {
	n := m.bars.Len()
	for t := begin; t < n; t++ {
		if m.spec.Lookahead > 0 && t+m.spec.Lookahead < n {
			m.undecided(t)
		} else {
			m.pending(t)
		}
	}
}

// undecided adds bar t, whose lookahead ends before its swing does.
func (m *maker) undecided(t int) {
	last := t + m.spec.Lookahead
	m.decided(t, last, m.bars.Close[last], Hold)
}

// A swing finds confirmed extremes of a column, one bar at a time.
type swing struct {
	close     []float64
	direction int // of the swing under way: 1 up, -1 down, 0 not known yet
	extreme   int // its highest or lowest bar so far
}

// step takes bar t, in order from the bar after the first extreme on, and returns
// the extreme that it confirms, if any. A reversal is a move of threshold, above
// 0, as a fraction of the extreme.
func (w *swing) step(t int, threshold float64) (extreme int, isConfirmed bool) {
	best := w.close[w.extreme]
	move := (w.close[t] - best) / best
	if w.direction == 0 {
		switch {
		case move >= threshold:
			w.direction, w.extreme = 1, t
		case -move >= threshold:
			w.direction, w.extreme = -1, t
		}
		return 0, false // the first bar bounds the first swing without being confirmed
	}
	along := move * float64(w.direction)
	switch {
	case along > 0:
		w.extreme = t
	case -along >= threshold:
		extreme, isConfirmed = w.extreme, true
		w.direction, w.extreme = -w.direction, t
	}
	return extreme, isConfirmed
}
