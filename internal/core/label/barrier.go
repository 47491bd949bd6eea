package label

import "math"

// tripleBarrier labels each bar with the barrier that a position entered after
// it reaches first.
//
//	upper = entry * (1 + pt*v)    lower = entry * (1 - sl*v)    v = volatility at t
//	scan bars t+1 .. t+max:
//	BUY   high reaches upper first    SELL  low reaches lower first
//	both in one bar: BUY if its close is at or above the entry, else SELL
//	neither: r = close[t+max]/entry - 1;
//	HOLD  if |r| < hold_threshold*v*sqrt(max), else BUY or SELL by the sign of r
//
// v*sqrt(max) is about how far the price comes in max bars. Barriers nearer than
// hold_threshold of it make every untouched row HOLD, and leave few untouched.
// With 2 classes the sign of r decides alone, and a row with r of 0 is absent.
//
// Shape:   a row for each t with t+max inside the series, known volatility and
// a lower barrier above 0. Bars near the end are absent even where a barrier
// is reached in time, since keeping only those would prefer quick outcomes.
// Range:   classes; the return is that of the barrier, or of the open of a bar
// that opens beyond it, or of the last close.
// Warm-up: the volatility is known from bar vol_span-1 (atr) or vol_span
// (close) on, and not known where it is 0.
// NaN:     prices are never NaN.
// Panics:  never.
// Error:   volatility to 1e-12, relative to itself.
// Source:  M. López de Prado, Advances in Financial Machine Learning, 2018,
// chapter 3; the original KTRDR, with entry close.
// Differs: the original fills early volatility from later bars.
func (m *maker) tripleBarrier() {
	m.classes(max(0, m.bars.Len()-m.spec.MaxHolding))
	vol := m.spec.Volatility(m.bars)
	for t := range m.bars.Len() - 1 {
		// NaN, 0 and a lower barrier at or below 0 all mean: no barriers.
		if v := vol[t]; v > 0 && m.spec.SLMultiplier*v < 1 {
			m.barriers(t, v)
		}
	}
}

// barriers adds the row of bar t with volatility v.
func (m *maker) barriers(t int, v float64) {
	entry := m.entry(t)
	upper := entry * (1 + float64(m.spec.PTMultiplier*v))
	lower := entry * (1 - float64(m.spec.SLMultiplier*v))
	first, last, exit := m.race(t, entry, upper, lower)
	switch {
	case t+m.spec.MaxHolding >= m.bars.Len():
		m.reads(t, last)
	case first > 0:
		m.decided(t, last, exit, Buy)
	case first < 0:
		m.decided(t, last, exit, Sell)
	default:
		m.decided(t, last, exit, m.untouched((exit-entry)/entry, v))
	}
}

// race returns which barrier the price reaches first after bar t: 1 the upper,
// -1 the lower, 0 neither within the time limit or the series; in which bar, and
// the price at which the position ends there.
func (m *maker) race(t int, entry, upper, lower float64) (first, last int, exit float64) {
	last = min(t+m.spec.MaxHolding, m.bars.Len()-1)
	for i := t + 1; i <= last; i++ {
		isUp, isDown := m.bars.High[i] >= upper, m.bars.Low[i] <= lower
		switch {
		case isUp && (!isDown || m.bars.Close[i] >= entry):
			return 1, i, max(upper, m.bars.Open[i])
		case isDown:
			return -1, i, min(lower, m.bars.Open[i])
		}
	}
	return 0, last, m.bars.Close[last]
}

// untouched returns the class of the return r at the time limit.
func (m *maker) untouched(r, v float64) int32 {
	least := 0.0
	if m.spec.Classes != 2 {
		share := m.spec.HoldThreshold
		if share == 0 {
			share = DefaultHoldThreshold
		}
		least = v * math.Sqrt(float64(m.spec.MaxHolding)) * share
	}
	switch {
	case math.Abs(r) < least || r == 0:
		return Hold
	case r > 0:
		return Buy
	default:
		return Sell
	}
}
