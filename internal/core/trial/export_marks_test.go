package trial

// A Drawdown is what a book knows of it.
type Drawdown struct{ Peak, Trough, Depth, Share float64 }

// Passes takes the equity of a position in, at the closes from from to to-1, as a book
// that knows d: many bars at a time and bar by bar.
func (d Drawdown) Passes(closes []float64, from, to int, sign, quantity, value, rest float64) (fast, slow Drawdown) {
	w := worth{rest, sign, quantity, value}
	begin := func() book {
		return book{shared: shared{closes: extremesOf(closes, closes)}, peak: d.Peak, trough: d.Trough, drawdown: d.Depth, drawdownPct: d.Share}
	}
	known := func(b book) Drawdown {
		last := Drawdown{Peak: b.peak, Trough: b.trough}
		if b.trough < b.peak {
			b.fall()
		}
		last.Depth, last.Share = b.drawdown, b.drawdownPct
		return last
	}
	quick, plain := begin(), begin()
	low, high := quick.reach(&w, from, to)
	quick.passes(&w, from, to, low, high)
	for _, price := range closes[from:to] {
		plain.mark(w.at(price))
	}
	return known(quick), known(plain)
}
