package backtest

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/decision"
)

// The loops over bars between two orders. Each does one thing to one or two columns
// and has nothing in it that a processor cannot foresee.

// holds returns how many raws from the first on are of a model that was asked and
// says hold, and nothing else.
func holds(raws []decision.Raw) int {
	for i := range raws {
		if r := &raws[i]; r.Signal != decision.Hold || !r.Known || r.Withheld != decision.Acted || r.Leave {
			return i
		}
	}
	return len(raws)
}

// markHeld writes what equity is at each of the closes while open is held, and returns
// how many of them leave it a finite number above zero, from the first on.
//
//	equity = balance + sign * (close * quantity - value of the entry)
func markHeld(equity, closes []float64, balance, sign float64, open *Open) int {
	quantity, value := open.Quantity, open.Value
	equity = equity[:len(closes)]
	for i, price := range closes {
		e := balance + float64(sign*(float64(price*quantity)-value))
		if !(e > 0 && e <= math.MaxFloat64) {
			return i
		}
		equity[i] = e
	}
	return len(closes)
}

// widen takes the prices of bars into the extremes since the entry.
func (o *Open) widen(highs, lows []float64) {
	high, low := o.High, o.Low
	for _, v := range highs {
		if v > high {
			high = v
		}
	}
	for _, v := range lows {
		if v < low {
			low = v
		}
	}
	o.High, o.Low = high, low
}

// occupy writes side at each bar.
func occupy(position []int8, side int8) {
	for i := range position {
		position[i] = side
	}
}
