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
//	HOLD  if |r| < v*sqrt(max)/2, else BUY or SELL by the sign of r
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
	n := m.bars.Len() - m.spec.MaxHolding
	if n <= 0 {
		m.classes(0)
		return
	}
	vol := m.spec.Volatility(m.bars)
	m.classes(n)
	for t := range n {
		// NaN, 0 and a lower barrier at or below 0 all mean: no barriers.
		if v := vol[t]; v > 0 && m.spec.SLMultiplier*v < 1 {
			m.barriers(t, v)
		}
	}
}

// barriers adds the row of bar t with volatility v.
func (m *maker) barriers(t int, v float64) {
	entry, last := m.entry(t), t+m.spec.MaxHolding
	upper := entry * (1 + float64(m.spec.PTMultiplier*v))
	lower := entry * (1 - float64(m.spec.SLMultiplier*v))
	for i := t + 1; i <= last; i++ {
		isUp, isDown := m.bars.High[i] >= upper, m.bars.Low[i] <= lower
		if !isUp && !isDown {
			continue
		}
		if isUp && (!isDown || m.bars.Close[i] >= entry) {
			m.touched(t, i, max(upper, m.bars.Open[i]), Buy)
		} else {
			m.touched(t, i, min(lower, m.bars.Open[i]), Sell)
		}
		return
	}
	r := (m.bars.Close[last] - entry) / entry
	class := Hold
	if math.Abs(r) >= v*math.Sqrt(float64(m.spec.MaxHolding))/2 {
		class = Sell
		if r > 0 {
			class = Buy
		}
	}
	m.touched(t, last, m.bars.Close[last], class)
}

func (m *maker) touched(t, last int, exit float64, class int32) {
	m.row(t, last, exit)
	m.labels.Class = append(m.labels.Class, class)
}
