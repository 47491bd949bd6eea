package daily

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

// A Day is what the equity curve does over the bars that end on a day.
type Day struct {
	Low, High float64 // of the equity at their closes
	Sum       float64 // of every other bar from the first on, in order, and of the rest, both together
	Last      float64 // at the last of them
	Held      int     // bars during which something was held

	LowClose, HighClose float64 // of the closes themselves

	At Place // where the first of them is
}

// A Place is where one stands in the equity curve that follows from the deals.
type Place struct {
	Bar      int
	Deal     int     // the one held, or the next
	Realised float64 // by those before it
}

// DaysOf writes the days of a curve that is written out, without its closes.
func DaysOf(days []Day, ends []int, equity []float64) {
	from := 0
	for d, end := range ends {
		t := NewTally()
		t.Held(equity[from:end+1], &Stretch{Sign: 1, Quantity: 1})
		days[d] = Day{Low: t.LowClose, High: t.HighClose, Sum: t.Even + t.Odd, Last: equity[end], At: Place{Bar: from}}
		from = end + 1
	}
}

// A Stretch is some bars over which the position does not change.
//
//	equity = Balance + Sign * (close * Quantity - Value)    Sign 0 while flat
type Stretch struct {
	From, To                       int
	Balance, Sign, Quantity, Value float64
}

// At returns the equity at a close.
func (x *Stretch) At(close float64) float64 {
	return x.Balance + float64(x.Sign*(float64(close*x.Quantity)-x.Value))
}

// Solvent returns how many of the closes, from the first on, leave equity a finite
// number above zero.
func (x *Stretch) Solvent(closes []float64) int {
	balance, sign, quantity, value := x.Balance, x.Sign, x.Quantity, x.Value
	for i, price := range closes {
		e := balance + float64(sign*(float64(price*quantity)-value))
		if !(e > 0 && e <= math.MaxFloat64) {
			return i
		}
	}
	return len(closes)
}

// Mark writes what equity is at each of the closes.
func (x *Stretch) Mark(equity, closes []float64) {
	balance, sign, quantity, value := x.Balance, x.Sign, x.Quantity, x.Value
	equity = equity[:len(closes)]
	for i, price := range closes {
		equity[i] = balance + float64(sign*(float64(price*quantity)-value))
	}
}

// A Tally adds the values of a day up.
type Tally struct {
	Low, High           float64 // of the equity
	LowClose, HighClose float64
	Even, Odd           float64 // of the bars since the first: the next belongs to Even
}

// NewTally returns that of no bars.
func NewTally() Tally {
	inf := math.Inf(1)
	return Tally{Low: inf, High: -inf, LowClose: inf, HighClose: -inf}
}

// Write writes what was taken in so far.
func (t *Tally) Write(d *Day) {
	d.Low, d.High, d.LowClose, d.HighClose, d.Sum = t.Low, t.High, t.LowClose, t.HighClose, t.Even+t.Odd
}

// Held takes in the closes of x, and the equity at each. That rises with the close
// of a long and falls with that of a short, rounding included, so that its extremes
// are at those of the closes. A new one is rare in a long day: the branches are
// foreseen.
func (t *Tally) Held(closes []float64, x *Stretch) {
	balance, sign, quantity, value := x.Balance, x.Sign, x.Quantity, x.Value
	even, odd := t.Even, t.Odd
	low, high := closes[0], closes[0]
	for len(closes) >= 2 {
		a, b := closes[0], closes[1]
		even += balance + float64(sign*(float64(a*quantity)-value))
		odd += balance + float64(sign*(float64(b*quantity)-value))
		if a < low {
			low = a
		}
		if b < low {
			low = b
		}
		if a > high {
			high = a
		}
		if b > high {
			high = b
		}
		closes = closes[2:]
	}
	if len(closes) == 1 {
		a := closes[0]
		even, odd = odd, even+(balance+float64(sign*(float64(a*quantity)-value)))
		low, high = rolling.Lesser(low, a), rolling.Greater(high, a)
	}
	t.Even, t.Odd = even, odd
	t.LowClose, t.HighClose = rolling.Lesser(t.LowClose, low), rolling.Greater(t.HighClose, high)
	worst, best := x.At(low), x.At(high)
	if sign < 0 {
		worst, best = best, worst
	}
	t.Low, t.High = rolling.Lesser(t.Low, worst), rolling.Greater(t.High, best)
}

// Flat takes in closes, of which there is at least one, at which equity is e.
func (t *Tally) Flat(closes []float64, e float64) {
	even, odd, low, high := t.Even, t.Odd, t.LowClose, t.HighClose
	n := len(closes)
	for len(closes) >= 2 {
		a, b := closes[0], closes[1]
		even += e
		odd += e
		if a < low {
			low = a
		}
		if b < low {
			low = b
		}
		if a > high {
			high = a
		}
		if b > high {
			high = b
		}
		closes = closes[2:]
	}
	if n&1 != 0 {
		even, odd = odd, even+e
		low, high = rolling.Lesser(low, closes[0]), rolling.Greater(high, closes[0])
	}
	t.Even, t.Odd, t.LowClose, t.HighClose = even, odd, low, high
	t.Low, t.High = rolling.Lesser(t.Low, e), rolling.Greater(t.High, e)
}

// Closes takes in the closes themselves.
func (t *Tally) Closes(closes []float64) {
	low, high := rolling.Reach(closes)
	t.LowClose, t.HighClose = rolling.Lesser(t.LowClose, low), rolling.Greater(t.HighClose, high)
}
