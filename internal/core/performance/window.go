package performance

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A Window is what the ratios of a report know about the time of a backtest. It
// serves all backtests of the same bars. WindowOf makes one.
type Window struct {
	ends    []int   // bars at whose closes returns are taken
	elapsed float64 // seconds from the first open to the last close
	years   float64
	bars    int
}

// WindowOf returns the window of bars of timeframe tf that open at times, of which
// there is at least one.
func WindowOf(times []int64, tf market.Timeframe) Window {
	return windowOf(times, tf, market.DayEnds(times, tf))
}

// windowOf is WindowOf where the ends are known.
func windowOf(times []int64, tf market.Timeframe, ends []int) Window {
	elapsed := float64(tf.End(times[len(times)-1]) - times[0])
	return Window{ends: ends, elapsed: elapsed, years: elapsed / yearSeconds, bars: len(times)}
}

// Ends returns the bars at whose closes returns are taken, which is not to be
// written to: the last of each UTC day on which a bar ended. A bar that ends at
// midnight belongs to the day before it. With bars longer than a day these are all
// bars.
func (w Window) Ends() []int { return w.ends }

// Return returns what equity e is to the equity last before it, less 1. Where last
// is not above 0, nothing can be earned on it and the return is 0.
func Return(e, last float64) float64 {
	if last > 0 {
		return e/last - 1
	}
	return 0
}

// Ratios are metrics of the same names; NaN is what is nil there.
type Ratios struct{ AnnualizedReturn, Volatility, SharpeRatio, SortinoRatio float64 }

// Ratios returns the ratios of a backtest that began with capital, had the given
// equity at the ends of w, and ended with final, judged against 0. It writes the
// returns between them over equity.
func (w Window) Ratios(equity []float64, capital, final float64) Ratios {
	// One pass for what does not wait for the mean: divisions keep to themselves.
	last, sum, squares := capital, 0.0, 0.0
	for i, e := range equity {
		r := Return(e, last)
		equity[i], last = r, e
		sum += r
		low := belowZero(r)
		squares += float64(low * low)
	}
	n := float64(len(equity))
	x := moments{n: len(equity), mean: sum / n}
	if x.n >= 2 {
		s2 := 0.0
		for _, r := range equity {
			d := r - x.mean
			s2 += float64(d * d)
		}
		x.sd = math.Sqrt(s2 / (n - 1))
	}
	return w.ratios(x, math.Sqrt(squares/n), capital, final)
}

// ratios is Ratios of excess returns whose moments are x, and whose downside
// deviation is down.
func (w Window) ratios(x moments, down, capital, final float64) Ratios {
	nan := math.NaN()
	r := Ratios{nan, nan, nan, nan}
	if w.elapsed < MinDays*daySeconds {
		return r
	}
	root := math.Sqrt(w.perYear())
	if x.n >= 2 {
		r.Volatility = x.sd * root
	}
	r.SharpeRatio = x.ratio() * root
	if down > tinyDeviation {
		r.SortinoRatio = x.mean / down * root
	}
	if final > 0 {
		r.AnnualizedReturn = power(final/capital, 1/w.years) - 1
	}
	return r
}

// perYear returns the number of returns per year.
func (w Window) perYear() float64 { return float64(len(w.ends)) / w.years }
