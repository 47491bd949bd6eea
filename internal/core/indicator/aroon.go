package indicator

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

func aroonSpec() Spec {
	return Spec{
		Name:    "aroon",
		Aliases: []string{"aroonindicator"},
		Params: []Param{
			period("period", 14, 1, 200, "Bars that count as long ago."),
			definition("textbook looks at period+1 bars and takes the newest of equal extremes; " +
				"ktrdr at period bars, and the oldest."),
		},
		Outputs: []string{"up", "down", "oscillator"},
		Scales:  []Scale{percent, percent, {Unit: Plain, Min: -100, Max: 100}},
		Doc:     "Aroon: how recent the highest high and the lowest low are, in percent, and the difference.",
		Obsolete: map[string]string{
			"include_oscillator": "the oscillator is always given: remove it",
		},

		lookback: func(in Indicator) []int {
			first := in.aroonBars() - 1
			return []int{first, first, first}
		},
		start: startAroon,
	}
}

func (in Indicator) aroonBars() int {
	if in.isKTRDR() {
		return in.whole("period")
	}
	return in.whole("period") + 1
}

// startAroon makes Aroon up, down and their difference.
//
//	k    = bars since the highest high (lowest low) of the last n+1 bars
//	up   = 100 (n-k)/n    down likewise    oscillator = up - down
//
// Range:   [0, 100]; with definition ktrdr, whose window is n bars, above 0.
// Warm-up: bars 0..n-1; with definition ktrdr 0..n-2.
// NaN:     a price that is not a number ends the output.
// Error:   two roundings.
// Source:  T. Chande, 1995; TA-Lib, TA_AROON, which takes the newest of equals.
func startAroon(in Indicator) machine {
	return &aroon{
		n:     in.whole("period"),
		highs: newAge(in.aroonBars(), in.isKTRDR()), lows: newAge(in.aroonBars(), in.isKTRDR()),
	}
}

type aroon struct {
	n           int
	highs, lows *age
}

func (a *aroon) run(s market.Series, out [][]float64) {
	up, down, difference, low := out[0], out[1], out[2], s.Low
	for t, high := range s.High {
		rise := float64(100 * (float64(a.n-a.highs.add(high)) / float64(a.n)))
		fall := float64(100 * (float64(a.n-a.lows.add(-low[t])) / float64(a.n)))
		up[t], down[t], difference[t] = rise, fall, rise-fall
	}
}

// An age says how long ago the highest of the last n values came. It is a peak
// that also keeps places: of the best in the block, and for each position of the
// best in the window's part before the block.
type age struct {
	block
	bests       []float64
	places      []int
	best        float64
	place       int
	takesOldest bool // of equal values
}

func newAge(n int, takesOldest bool) *age {
	return &age{block: block{values: make([]float64, n)}, bests: make([]float64, n), places: make([]int, n), takesOldest: takesOldest}
}

// add adds x and returns the number of values since the highest.
func (a *age) add(x float64) int {
	if a.begins() {
		a.rebase()
	}
	i := a.at
	a.values[i] = x
	a.at++
	if x > a.best || x == a.best && !a.takesOldest {
		a.best, a.place = x, i
	}
	if a.bests[i] > a.best || a.bests[i] == a.best && a.takesOldest {
		return i + len(a.values) - a.places[i]
	}
	return i - a.place
}

func (a *age) rebase() {
	n := len(a.values)
	a.best = math.Inf(-1)
	best, place := math.Inf(-1), 0
	a.bests[n-1] = best
	for k := n - 2; k >= 0; k-- {
		if v := a.values[k+1]; a.isFull && (v > best || v == best && a.takesOldest) {
			best, place = v, k+1
		}
		a.bests[k], a.places[k] = best, place
	}
}
