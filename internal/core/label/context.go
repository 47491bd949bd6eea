package label

// The classes of Context, as indices into Labels.Classes.
const (
	Bullish int32 = iota
	Bearish
	Neutral
)

// context labels bar t with what the market does over the next h bars.
//
//	r = close[t+h]/close[t] - 1
//	BULLISH if r > bullish_threshold    BEARISH if r < bearish_threshold    else NEUTRAL
//
// Shape:   one row for each t with t+h inside the series.
// Range:   classes; the return is r.
// Warm-up: none; the last h bars have no row.
// NaN:     prices are never NaN.
// Panics:  never.
// Error:   two roundings of r.
// Source:  the original KTRDR.
// Differs: nothing.
func (m *maker) context() {
	h, price := m.spec.Horizon, m.bars.Close
	n := max(0, len(price)-h)
	m.classes(n)
	for t := range n {
		r := (price[t+h] - price[t]) / price[t]
		class := Neutral
		switch {
		case r > m.spec.BullishThreshold:
			class = Bullish
		case r < m.spec.BearishThreshold:
			class = Bearish
		}
		m.classified(t, t+h, price[t+h], class)
	}
	for t := n; t < len(price); t++ {
		m.pending(t)
	}
}
