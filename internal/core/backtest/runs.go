package backtest

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/ledger"
)

// The loops over bars between two orders. Each does one thing to one or two columns
// and has nothing in it that a processor cannot foresee.

// solvent returns how many of the closes, from the first on, leave equity a finite
// number above zero while open is held.
//
//	equity = balance + sign * (close * quantity - value of the entry)
func solvent(closes []float64, balance, sign float64, open *ledger.Open) int {
	quantity, value := open.Quantity, open.Value
	for i, price := range closes {
		e := balance + float64(sign*(float64(price*quantity)-value))
		if !(e > 0 && e <= math.MaxFloat64) {
			return i
		}
	}
	return len(closes)
}
