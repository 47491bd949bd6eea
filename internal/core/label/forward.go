package label

// forwardReturn labels bar t with the return from the entry to the close h bars
// later.
//
//	y[t] = close[t+h] / entry[t] - 1
//
// Shape:   one row for each t with t+h inside the series.
// Range:   above -1.
// Warm-up: none; the last h bars have no row.
// NaN:     prices are never NaN.
// Panics:  never.
// Error:   two roundings, relative to the result.
// Source:  the original KTRDR, with entry close.
// Differs: the entry is the next open unless asked otherwise.
func (m *maker) forwardReturn() {
	h := m.spec.Horizon
	n := max(0, m.bars.Len()-h)
	m.grow(n)
	for t := range n {
		m.row(t, t+h, m.bars.Close[t+h])
	}
	for t := n; t < m.bars.Len(); t++ {
		m.pending(t)
	}
	m.labels.Target = append(make([]float64, 0, n), m.labels.Return...)
}
