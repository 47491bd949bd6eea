package momentum

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func rsiSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "rsi",
		Aliases: []string{"rsiindicator"},
		Params: []indicator.Param{
			indicator.Period("period", 14, 2, 100, "Bars of the Wilder averages of gains and losses."),
			indicator.Source(),
		},
		Outputs: []string{""},
		Scales:  []indicator.Scale{indicator.Percent()},
		Doc:     "Relative strength index: the share of gains in all moves, in percent.",

		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("period")} },
		Memory:   func(in indicator.Indicator) int { return indicator.Forget(1 - 1/float64(in.Whole("period"))) },
		Start: func(in indicator.Indicator) indicator.Machine {
			return indicator.OnSource(in, newStrength(in.Whole("period")).add)
		},
		Compute: func(in indicator.Indicator, s market.Series, out [][]float64) {
			RSI(out[0], in.Source(s), in.Whole("period"))
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
	rolling.MustAlign("RSI", n, len(price), dst)
	if len(price) <= n {
		rolling.Unknown(dst)
		return dst
	}
	var up, down float64
	for t := 1; t <= n; t++ {
		u, d := rolling.GainLoss(price[t] - price[t-1])
		up, down = up+u, down+d
	}
	up, down = up/float64(n), down/float64(n)
	rolling.Unknown(dst[:n])
	dst[n] = rolling.GainShare(up, down)
	alpha, before := 1/float64(n), price[n]
	for t := n + 1; t < len(price); t++ {
		u, d := rolling.GainLoss(price[t] - before)
		up, down = rolling.Smooth(up, u, alpha), rolling.Smooth(down, d, alpha)
		dst[t] = rolling.GainShare(up, down)
		before = price[t]
	}
	return dst
}

// strength is RSI one price at a time.
type strength struct {
	up, down  *rolling.Follower
	before    float64
	isStarted bool
}

func newStrength(n int) *strength {
	return &strength{up: rolling.NewWilder(n), down: rolling.NewWilder(n)}
}

func (s *strength) add(price float64) float64 {
	before := s.before
	if s.before = price; !s.isStarted {
		s.isStarted = true
		return math.NaN()
	}
	gain, loss := rolling.GainLoss(price - before)
	return rolling.GainShare(s.up.Add(gain), s.down.Add(loss))
}
