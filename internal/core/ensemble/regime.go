package ensemble

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/elementary"
)

// probabilities returns those of one row of outputs.
//
//	p[c] = exp(z[c] - max z) / Σ exp(z - max z)
//
// Shape:   both are one row; dst has the length of z.
// Range:   [0, 1].
// NaN:     the caller has checked.
// Panics:  never.
// Error:   the same bits on every CPU; see package elementary.
func probabilities(dst, z []float32) {
	top, sum := slices.Max(z), float32(0)
	for c, v := range z {
		dst[c] = elementary.Exp(v - top)
		sum += dst[c]
	}
	for c := range dst {
		dst[c] /= sum
	}
}

// order returns where each of want stands among the classes of a model.
func order(classes, want []string) ([]int, error) {
	at := make([]int, len(want))
	for i, name := range want {
		if at[i] = slices.IndexFunc(classes, func(c string) bool { return strings.EqualFold(c, name) }); at[i] < 0 || len(classes) != len(want) {
			return nil, fmt.Errorf("the classes of the model are %v: want %v: train it again", classes, want)
		}
	}
	return at, nil
}

// checkRow returns an error where an output is no number.
func checkRow(z []float32, row int) error {
	for c, v := range z {
		if !(v >= -math.MaxFloat32 && v <= math.MaxFloat32) { // NaN is neither
			return fmt.Errorf("output %d is %v at row %d although its features are complete: the model is broken, train it again", c, v, row)
		}
	}
	return nil
}

// Regimes follows the gate through all of its bars.
//
//	best = the most likely class; volatile where its probability is below Threshold
//	or another class is as likely. A class other than the present regime must also
//	exceed the probability of that by Hysteresis, else it counts as the present one.
//	regime = best at the first bar at which the gate could be asked; afterwards it
//	changes to best at the bar at which best has been the same other regime for
//	Stability bars in a row.
//
// Shape:   outputs is row-major, a row per bar of the gate's base timeframe with a
// column per class, in the order of classes; known tells at which the gate could
// be asked, and holes, nil for none, before which bars of it are missing. The result
// has one element per bar.
// Range:   UnknownRegime where the gate could not be asked. Such a bar ends a row
// of bars, and leaves the present regime as it is. So does a hole.
// Warm-up: that of the gate.
// NaN:     an output that is no number is an error.
// Panics:  never for outputs of len(known) rows.
// Differs: the original asked the gate once per decision bar, also where its
// timeframe was longer, so that one bar could be stable by itself.
func (c Composition) Regimes(classes []string, outputs []float32, known, holes []bool) ([]Regime, error) {
	at, err := order(classes, RegimeNames())
	if err != nil {
		return nil, err
	}
	regimes := make([]Regime, len(known))
	present, next, run := UnknownRegime, UnknownRegime, 0
	var p, sorted [Regimes]float32
	for row := range known {
		regimes[row] = UnknownRegime
		if !known[row] || holes != nil && holes[row] {
			run = 0
		}
		if !known[row] {
			continue
		}
		z := outputs[row*Regimes : (row+1)*Regimes]
		if err := checkRow(z, row); err != nil {
			return nil, err
		}
		probabilities(p[:], z)
		for r, column := range at {
			sorted[r] = p[column]
		}
		best := c.likeliest(sorted, present)
		switch {
		case present == UnknownRegime:
			present = best
		case best == present:
			run = 0
		case best == next && run > 0:
			run++
		default:
			next, run = best, 1
		}
		if run >= c.Stability {
			present, run = best, 0
		}
		regimes[row] = present
	}
	return regimes, nil
}

// Holes tells before which of n bars of a gate some are missing. asOf is, for bar after
// bar that is decided on, the bar of the gate that is read there, and -1 where that
// would be too old; see feature.AsOf.
func Holes(n int, asOf []int32) []bool {
	holes := make([]bool, n)
	last := int32(-1)
	for _, bar := range asOf {
		switch {
		case bar >= 0:
			last = bar
		case last >= 0 && int(last)+1 < n:
			holes[last+1] = true
		}
	}
	return holes
}

// likeliest returns the regime that one row of probabilities speaks for.
func (c Composition) likeliest(p [Regimes]float32, present Regime) Regime {
	best, tie := Regime(0), false
	for r := Regime(1); r < Regimes; r++ {
		if p[r] > p[best] {
			best, tie = r, false
		} else if p[r] == p[best] {
			tie = true
		}
	}
	switch {
	case tie || p[best] < float32(c.Threshold):
		return Volatile
	case present != UnknownRegime && p[best] < p[present]+float32(c.Hysteresis):
		return present
	}
	return best
}
