package indicator

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

func rsiSpec() Spec {
	return Spec{
		Name:    "rsi",
		Aliases: []string{"rsiindicator"},
		Params: []Param{
			period("period", 14, 2, 100, "Bars of the Wilder averages of gains and losses."),
			source(),
		},
		Outputs: []string{""},
		Scales:  []Scale{percent},
		Doc:     "Relative strength index: the share of gains in all moves, in percent.",

		lookback: func(in Indicator) []int { return []int{in.whole("period")} },
		memory:   func(in Indicator) int { return forget(1 - 1/float64(in.whole("period"))) },
		start:    func(in Indicator) machine { return onSource(in, newStrength(in.whole("period")).add) },
		compute: func(in Indicator, s market.Series, out [][]float64) {
			RSI(out[0], in.source(s), in.whole("period"))
		},
	}
}

// RSI writes the relative strength index of price into dst and returns dst.
//
//	u[t] = max(p[t]-p[t-1], 0)    d[t] = max(p[t-1]-p[t], 0)
//	U, D = Wilder averages of u, d: the mean over bars 1..n, then U += (u-U)/n
//	RSI  = 100 * U / (U+D)
//
// Shape:   len(dst) == len(price); they must not overlap.
// Range:   [0, 100]; 50 where U+D == 0 (flat prices).
// Warm-up: dst[0..n-1] is NaN.
// NaN:     a NaN price makes that bar and all later ones NaN.
// Panics:  if n < 1 or the lengths differ.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  J. W. Wilder, New Concepts in Technical Trading Systems, 1978.
// Differs: TA-Lib gives 0 on flat prices.
func RSI(dst, price []float64, n int) []float64 {
	alignedWith("RSI", n, len(price), dst)
	if len(price) <= n {
		unknown(dst)
		return dst
	}
	var up, down float64
	for t := 1; t <= n; t++ {
		u, d := gainLoss(price[t] - price[t-1])
		up, down = up+u, down+d
	}
	up, down = up/float64(n), down/float64(n)
	unknown(dst[:n])
	dst[n] = gainShare(up, down)
	alpha, before := 1/float64(n), price[n]
	for t := n + 1; t < len(price); t++ {
		u, d := gainLoss(price[t] - before)
		up, down = smooth(up, u, alpha), smooth(down, d, alpha)
		dst[t] = gainShare(up, down)
		before = price[t]
	}
	return dst
}

// strength is RSI one price at a time.
type strength struct {
	up, down  *follower
	before    float64
	isStarted bool
}

func newStrength(n int) *strength { return &strength{up: newWilder(n), down: newWilder(n)} }

func (s *strength) add(price float64) float64 {
	before := s.before
	if s.before = price; !s.isStarted {
		s.isStarted = true
		return math.NaN()
	}
	gain, loss := gainLoss(price - before)
	return gainShare(s.up.add(gain), s.down.add(loss))
}

// gainLoss splits a move into its upward and its downward part; one is 0.
func gainLoss(move float64) (gain, loss float64) {
	gain = max(move, 0)
	return gain, gain - move
}

func gainShare(up, down float64) float64 {
	total := up + down
	if total == 0 {
		return 50
	}
	// Dividing first keeps the rounded result within 100.
	return 100 * (up / total)
}
