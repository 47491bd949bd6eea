package label

import "math"

// The classes of Regime and SingleScaleRegime, as indices into Labels.Classes.
const (
	TrendingUp int32 = iota
	TrendingDown
	Ranging
	Volatile
)

// singleScaleRegime labels bar t with how the price moves over the next h bars.
//
//	ratio    = deviation of the returns of bars t+1..t+h /
//	           deviation of the returns of bars t-lookback+1..t
//	progress = (close[t+h] - close[t]) / sum of |close[i] - close[i-1]|, i = t+1..t+h
//	VOLATILE      if ratio > vol_crisis_threshold, else
//	TRENDING_UP   if progress > trending_threshold
//	TRENDING_DOWN if progress < -trending_threshold
//	RANGING       otherwise, and where no bar moves
//
// Returns are logarithmic, deviations those of a sample.
//
// Shape:   one row for each t from lookback on with t+h inside the series, where
// the price has moved before.
// Range:   classes; the return is that from close to close.
// Warm-up: lookback bars.
// NaN:     prices are never NaN.
// Panics:  never.
// Error:   1e-12 relative for the ratio, h roundings for the progress.
// Source:  the original KTRDR; P. Kaufman's efficiency ratio, with its sign.
// Differs: nothing; a flat past, where the original divides by 0, has no row.
func (m *maker) singleScaleRegime() {
	h, price := m.spec.Horizon, m.bars.Close
	crisis := m.crisis(h)
	m.classes(max(0, len(price)-h-m.spec.VolLookback))
	for t := m.spec.VolLookback; t < len(price); t++ {
		if math.IsNaN(crisis[t]) {
			continue
		}
		if t+h >= len(price) {
			m.pending(t)
			continue
		}
		class, progress := Ranging, m.progress(t)
		switch {
		case crisis[t] > m.spec.VolCrisisThreshold:
			class = Volatile
		case progress > m.spec.TrendingThreshold:
			class = TrendingUp
		case progress < -m.spec.TrendingThreshold:
			class = TrendingDown
		}
		m.classified(t, t+h, price[t+h], class)
	}
}

// progress returns the share of the path of the horizon after bar t that leads
// somewhere, with the sign of its direction.
func (m *maker) progress(t int) float64 {
	price, path := m.bars.Close, 0.0
	last := t + m.spec.Horizon
	for i := t + 1; i <= last; i++ {
		path += math.Abs(price[i] - price[i-1])
	}
	if path == 0 {
		return 0
	}
	return (price[last] - price[t]) / path
}

// crisis returns for each bar the deviation of the returns of the next ahead bars
// over that of the last VolLookback bars: NaN where the latter is not known or 0,
// and 0 where the series ends before the next bars.
func (m *maker) crisis(ahead int) []float64 {
	returns := make([]float64, m.bars.Len())
	for t := 1; t < len(returns); t++ {
		returns[t] = logRatio(m.bars.Close[t], m.bars.Close[t-1])
	}
	ratio, lookback := make([]float64, len(returns)), m.spec.VolLookback
	unknown(ratio)
	for t := lookback; t < len(returns); t++ {
		before := deviation(returns[t-lookback+1 : t+1])
		switch {
		case before == 0:
		case t+ahead < len(returns):
			ratio[t] = deviation(returns[t+1:t+ahead+1]) / before
		default:
			ratio[t] = 0
		}
	}
	return ratio
}

// deviation returns the standard deviation of a sample of at least two values, 0
// where they are equal.
func deviation(x []float64) float64 {
	anchor, sum := x[0], 0.0
	for _, v := range x {
		sum += v - anchor
	}
	mean, squares := anchor+sum/float64(len(x)), 0.0
	for _, v := range x {
		squares += float64((v - mean) * (v - mean))
	}
	return math.Sqrt(squares / float64(len(x)-1))
}
