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
	percents := make([]float64, n+1)
	for k := range percents {
		percents[k] = float64(100 * (float64(n-k) / float64(n)))
	}
	return chunked(func(s market.Series, out [][]float64) {
		up, down, difference := out[0], out[1], out[2]
		highs.fill(up, s.High, percents)
		lows.fill(down, s.Low, percents)
		for t, rise := range up {
			difference[t] = rise - down[t]
		}
	})
}

// An age says how long ago the highest, or lowest, of the last n values came. While
// the best one is in the window each value costs a comparison. When it leaves, the
// best of what is left is prepared for every place that the window will have
// (older), going backwards, until the values from then on (newer) hold a better one.
// That takes n steps, and not again before n values later. Keys are those of peaks.
type age struct {
	n, at int
	turn  uint64
	tie   uint64   // 1 takes the oldest of equal values, 0 the newest
	keys  []uint64 // the last n before at, and those of the chunk
	best  uint64   // of the newer values
	since int      // values after that

	older  []uint64 // best of the older values, for so many newer ones
	ages   []int    // its age then
	newer  int      // newer values
	trails bool     // the older values have the better one
}

func newAge(n int, turn uint64, takesOldest bool) *age {
	a := &age{n: n, at: n, turn: turn, keys: make([]uint64, n+max(n, chunk)), older: make([]uint64, n), ages: make([]int, n)}
	if takesOldest {
		a.tie = 1
	}
	return a
}

// fill writes what table says of the number of bars since the best of each window
// into dst.
func (a *age) fill(dst, src, table []float64) {
	for len(src) > 0 {
		if a.at == len(a.keys) {
			copy(a.keys, a.keys[a.at-a.n:])
			a.at = a.n
		}
		m := min(len(src), len(a.keys)-a.at)
		keys := a.keys[a.at:][:m]
		for t, x := range src[:m] {
			keys[t] = math.Float64bits(x) ^ a.turn
		}
		for done := 0; done < m; {
			if a.trails {
				done += a.trail(dst[done:m], keys[done:], table)
			} else {
				done += a.lead(dst[done:m], keys[done:], table)
			}
		}
		dst, src = dst[m:], src[m:]
	}
}

// lead is fill while the best of the newer values is the best of the window. It
// returns how many values those are. Of whole numbers, key+1 > best says that key
// is at least best.
func (a *age) lead(dst []float64, keys []uint64, table []float64) int {
	best, since, rival, n := a.best, a.since, a.best+a.tie, a.n
	dst = dst[:len(keys)]
	for t, key := range keys {
		if key+1 > rival {
			best, since, rival = key, 0, key+a.tie
		} else if since == n {
			a.at += t
			a.prepare()
			return t
		}
		dst[t] = table[since]
		since++
	}
	a.at += len(keys)
	a.best, a.since = best, since
	return len(keys)
}

// trail is fill while the older values have the better one.
func (a *age) trail(dst []float64, keys []uint64, table []float64) int {
	best, since, tie := a.best, a.since, a.tie
	older, ages := a.older[a.newer:], a.ages[a.newer:]
	for t, key := range keys {
		if key+1 > best+tie {
			best, since = key, 0
		}
		if older[t]+tie <= best {
			a.trails, a.best, a.since, a.at = false, best, since, a.at+t
			return t
		}
		dst[t] = table[ages[t]]
		since++
	}
	a.best, a.since = best, since
	a.newer += len(keys)
	a.at += len(keys)
	return len(keys)
}

// prepare begins anew with the value at at as the first of the newer ones.
func (a *age) prepare() {
	best, since := uint64(0), 0
	a.older[a.n-1] = 0
	for k := a.n - 2; k >= 0; k-- {
		if key := a.keys[a.at-a.n+1+k]; key+a.tie > best {
			best, since = key, a.n-1-k
		}
		a.older[k], a.ages[k] = best, k+since
	}
	a.best, a.since, a.newer, a.trails = 0, 0, 0, true
}
