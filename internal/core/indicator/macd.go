package indicator

import (
	"fmt"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

func macdSpec() Spec {
	return Spec{
		Name:    "macd",
		Aliases: []string{"macdindicator"},
		Params: []Param{
			period("fast_period", 12, 1, 100, "Bars of the fast average."),
			period("slow_period", 26, 1, 200, "Bars of the slow average; more than fast_period."),
			period("signal_period", 9, 1, 50, "Bars of the average of the line."),
			source(),
			definition("textbook begins each average with a simple average; ktrdr begins all of them with the first bar."),
		},
		Outputs: []string{"line", "signal", "histogram"},
		Scales:  []Scale{anyPrice, anyPrice, anyPrice},
		Doc:     "Moving average convergence/divergence: a fast less a slow exponential average, and the average of that.",

		check: fastBelowSlow,
		lookback: func(in Indicator) []int {
			line := in.whole("slow_period") - 1
			signal := line + in.whole("signal_period") - 1
			return []int{line, signal, signal}
		},
		memory: func(in Indicator) int {
			return forget(1-alphaOf(in.whole("slow_period"))) + forget(1-alphaOf(in.whole("signal_period")))
		},
		start: func(in Indicator) machine {
			price, averages := in.barSource(), twoAverages(in.whole("fast_period"), in.whole("slow_period"), in.isKTRDR())
			signal := in.exponential(in.whole("signal_period"))
			return steps(func(b market.Bar, out []float64) {
				fast, slow := averages(price(b))
				out[0] = fast - slow
				out[1] = signal.add(out[0])
				out[2] = out[0] - out[1]
			})
		},
		compute: func(in Indicator, s market.Series, out [][]float64) {
			macd := MACD
			if in.isKTRDR() {
				macd = MACDFromFirst
			}
			macd(out[0], out[1], out[2], in.source(s), in.whole("fast_period"), in.whole("slow_period"), in.whole("signal_period"))
		},
	}
}

// fastBelowSlow refuses a fast period that is not shorter than the slow one.
func fastBelowSlow(in Indicator, _ map[string]Value) []error {
	if fast, slow := in.whole("fast_period"), in.whole("slow_period"); fast >= slow {
		return []error{&ParamError{Param: "fast_period", Problem: fmt.Sprintf("want less than slow_period (%d), have %d", slow, fast)}}
	}
	return nil
}

// twoAverages returns the exponential averages of two numbers of bars, one price
// at a time: begun at the same bar, or with the first price.
func twoAverages(nFast, nSlow int, isFromFirst bool) func(price float64) (fast, slow float64) {
	quick, steady, wait := newEMA(nFast), newEMA(nSlow), nSlow-nFast
	if isFromFirst {
		quick, steady, wait = newEMAFromFirst(nFast), newEMAFromFirst(nSlow), 0
	}
	return func(price float64) (fast, slow float64) {
		slow = steady.add(price)
		if wait > 0 {
			wait--
			return math.NaN(), slow
		}
		return quick.add(price), slow
	}
}

// MACD writes the difference of two exponential averages of price into line,
// its own exponential average into signal, and line less signal into histogram.
//
//	line      = EMA(price, fast) - EMA(price, slow), both begun at bar slow-1
//	with the mean of the last fast (slow) prices
//	signal    = EMA(line, n), begun with the mean of the first n values of line
//	histogram = line - signal
//
// Shape:   all slices have the length of price; none may overlap another.
// Range:   within the range of the prices so far; 0 where they are all equal.
// Warm-up: line[0..slow-2], signal and histogram[0..slow+n-3] are NaN.
// NaN:     a NaN price makes that bar and all later ones NaN.
// Panics:  if a period is below 1, fast > slow, or the lengths differ.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  G. Appel; seeds as TA-Lib, TA_MACD, default compatibility.
// Differs: TA-Lib leaves the line out until the signal is known.
func MACD(line, signal, histogram, price []float64, fast, slow, n int) {
	alignedMACD("MACD", line, signal, histogram, price, fast, slow, n)
	known := slow + n - 2 // the first bar with a signal
	unknown(line[:min(slow-1, len(line))])
	unknown(signal[:min(known, len(signal))])
	unknown(histogram[:min(known, len(histogram))])
	if len(price) < slow {
		return
	}
	quick, steady := mean(price[slow-fast:slow]), mean(price[:slow])
	quickAlpha, steadyAlpha, alpha := alphaOf(fast), alphaOf(slow), alphaOf(n)
	line[slow-1] = quick - steady
	for t := slow; t < min(known+1, len(price)); t++ {
		quick, steady = smooth(quick, price[t], quickAlpha), smooth(steady, price[t], steadyAlpha)
		line[t] = quick - steady
	}
	if len(price) <= known {
		return
	}
	average := mean(line[slow-1 : known+1])
	signal[known], histogram[known] = average, line[known]-average
	for t := known + 1; t < len(price); t++ {
		quick, steady = smooth(quick, price[t], quickAlpha), smooth(steady, price[t], steadyAlpha)
		difference := quick - steady
		average = smooth(average, difference, alpha)
		line[t], signal[t], histogram[t] = difference, average, difference-average
	}
}

// MACDFromFirst is MACD with all three averages begun at the first bar.
//
//	line      = EMAFromFirst(price, fast) - EMAFromFirst(price, slow)
//	signal    = EMAFromFirst(line, n)
//	histogram = line - signal
//
// Shape:   all slices have the length of price; none may overlap another.
// Range:   within the range of the prices so far; 0 where they are all equal.
// Warm-up: line[0..slow-2], signal and histogram[0..slow+n-3] are NaN, although
// the recursions run from bar 0.
// NaN:     a NaN price makes that bar and all later ones NaN.
// Panics:  if a period is below 1, fast > slow, or the lengths differ.
// Error:   below 1e-8 absolute against pandas 1.5.3 (testdata/ktrdr.csv).
// Source:  the original KTRDR, with ewm(adjust=False).
// Differs: the original gives values from bar 0 on.
func MACDFromFirst(line, signal, histogram, price []float64, fast, slow, n int) {
	alignedMACD("MACDFromFirst", line, signal, histogram, price, fast, slow, n)
	if len(price) == 0 {
		return
	}
	quick, steady, average := price[0], price[0], 0.0
	quickAlpha, steadyAlpha, alpha := alphaOf(fast), alphaOf(slow), alphaOf(n)
	for t := range price {
		quick, steady = smooth(quick, price[t], quickAlpha), smooth(steady, price[t], steadyAlpha)
		difference := quick - steady
		average = smooth(average, difference, alpha)
		line[t], signal[t], histogram[t] = difference, average, difference-average
	}
	unknown(line[:min(slow-1, len(line))])
	unknown(signal[:min(slow+n-2, len(signal))])
	unknown(histogram[:min(slow+n-2, len(histogram))])
}

func alignedMACD(name string, line, signal, histogram, price []float64, fast, slow, n int) {
	alignedWith(name, min(fast, n), len(price), line, signal, histogram)
	if fast > slow {
		panic("indicator: " + name + " fast period is above the slow one")
	}
}
