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
	n := in.whole("period")
	highs, lows := newAge(in.aroonBars(), 0, in.isKTRDR()), newAge(in.aroonBars(), math.MaxUint64, in.isKTRDR())
	return chunked(func(s market.Series, out [][]float64) {
		up, down, difference := out[0], out[1], out[2]
		highs.fill(up, s.High)
		lows.fill(down, s.Low)
		for t := range up {
			rise := float64(100 * ((float64(n) - up[t]) / float64(n)))
			fall := float64(100 * ((float64(n) - down[t]) / float64(n)))
			up[t], down[t], difference[t] = rise, fall, rise-fall
		}
	})
}

// An age says how long ago the highest, or lowest, of the last n values came. It
// is a peak that also keeps places: of the best in the block, and for each
// position of the best in the window's part before the block.
type age struct {
	peak
	places []int
	place  int
	tie    uint64 // 1 takes the oldest of equal values, 0 the newest
}

func newAge(n int, turn uint64, takesOldest bool) *age {
	a := &age{peak: *newPeak(n), places: make([]int, n)}
	a.turn = turn
	if takesOldest {
		a.tie = 1
	}
	return a
}

// fill writes the number of bars since the best of each window into dst.
func (a *age) fill(dst, src []float64) {
	for t, x := range src {
		if a.begins() {
			a.rebase()
		}
		// Of whole numbers, key+1 > best says key >= best.
		i, key := a.at, math.Float64bits(x)^a.turn
		a.at++
		a.keys[i] = key
		if key+1 > a.best+a.tie {
			a.best, a.place = key, i
		}
		since := i - a.place
		if a.older[i]+a.tie > a.best {
			since = i + a.n - a.places[i]
		}
		dst[t] = float64(since)
	}
}

func (a *age) rebase() {
	best, place := uint64(0), 0
	a.best, a.older[a.n-1] = 0, 0
	for k := a.n - 2; k >= 0 && a.isFull; k-- {
		if key := a.keys[k+1]; key+a.tie > best {
			best, place = key, k+1
		}
		a.older[k], a.places[k] = best, place
	}
}
