package average

import (
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func macdSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "macd",
		Aliases: []string{"macdindicator"},
		Params: []indicator.Param{
			indicator.Period("fast_period", 12, 1, 100, "Bars of the fast average."),
			indicator.Period("slow_period", 26, 1, 200, "Bars of the slow average; more than fast_period."),
			indicator.Period("signal_period", 9, 1, 50, "Bars of the average of the line."),
			indicator.Source(),
			indicator.Definition("textbook begins each average with a simple average; ktrdr begins all of them with the first bar."),
		},
		Outputs: []string{"line", "signal", "histogram"},
		Scales:  []indicator.Scale{indicator.AnyPrice(), indicator.AnyPrice(), indicator.AnyPrice()},
		Doc:     "Moving average convergence/divergence: a fast less a slow exponential average, and the average of that.",

		Check: indicator.FastBelowSlow,
		Lookback: func(in indicator.Indicator) []int {
			line := in.Whole("slow_period") - 1
			signal := line + in.Whole("signal_period") - 1
			return []int{line, signal, signal}
		},
		Memory: func(in indicator.Indicator) int {
			return indicator.Forget(1-rolling.AlphaOf(in.Whole("slow_period"))) + indicator.Forget(1-rolling.AlphaOf(in.Whole("signal_period")))
		},
		Start: func(in indicator.Indicator) indicator.Machine {
			price, averages := in.BarSource(), rolling.NewPair(in.Whole("fast_period"), in.Whole("slow_period"), in.IsKTRDR())
			signal := rolling.NewExponential(in.Whole("signal_period"), in.IsKTRDR())
			return indicator.Steps(func(b market.Bar, out []float64) {
				fast, slow := averages(price(b))
				out[0] = fast - slow
				out[1] = signal.Add(out[0])
				out[2] = out[0] - out[1]
			})
		},
		Compute: func(in indicator.Indicator, s market.Series, out [][]float64) {
			macd := MACD
			if in.IsKTRDR() {
				macd = MACDFromFirst
			}
			macd(out[0], out[1], out[2], in.Source(s), in.Whole("fast_period"), in.Whole("slow_period"), in.Whole("signal_period"))
		},
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
	rolling.Unknown(line[:min(slow-1, len(line))])
	rolling.Unknown(signal[:min(known, len(signal))])
	rolling.Unknown(histogram[:min(known, len(histogram))])
	if len(price) < slow {
		return
	}
	quick, steady := rolling.Mean(price[slow-fast:slow]), rolling.Mean(price[:slow])
	quickAlpha, steadyAlpha, alpha := rolling.AlphaOf(fast), rolling.AlphaOf(slow), rolling.AlphaOf(n)
	line[slow-1] = quick - steady
	for t := slow; t < min(known+1, len(price)); t++ {
		quick, steady = rolling.Smooth(quick, price[t], quickAlpha), rolling.Smooth(steady, price[t], steadyAlpha)
		line[t] = quick - steady
	}
	if len(price) <= known {
		return
	}
	average := rolling.Mean(line[slow-1 : known+1])
	signal[known], histogram[known] = average, line[known]-average
	for t := known + 1; t < len(price); t++ {
		quick, steady = rolling.Smooth(quick, price[t], quickAlpha), rolling.Smooth(steady, price[t], steadyAlpha)
		difference := quick - steady
		average = rolling.Smooth(average, difference, alpha)
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
	quickAlpha, steadyAlpha, alpha := rolling.AlphaOf(fast), rolling.AlphaOf(slow), rolling.AlphaOf(n)
	for t := range price {
		quick, steady = rolling.Smooth(quick, price[t], quickAlpha), rolling.Smooth(steady, price[t], steadyAlpha)
		difference := quick - steady
		average = rolling.Smooth(average, difference, alpha)
		line[t], signal[t], histogram[t] = difference, average, difference-average
	}
	rolling.Unknown(line[:min(slow-1, len(line))])
	rolling.Unknown(signal[:min(slow+n-2, len(signal))])
	rolling.Unknown(histogram[:min(slow+n-2, len(histogram))])
}

func alignedMACD(name string, line, signal, histogram, price []float64, fast, slow, n int) {
	rolling.MustAlign(name, min(fast, n), len(price), line, signal, histogram)
	if fast > slow {
		panic(name + ": fast period is above the slow one")
	}
}
