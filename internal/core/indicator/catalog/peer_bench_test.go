package catalog_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/markcheno/go-talib"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
)

// BenchmarkPeer runs go-talib, a translation of TA-Lib to Go, on the bars of
// BenchmarkCompute: a measure of the machine at hand. Far from the beginning both say
// the same.
func BenchmarkPeer(b *testing.B) {
	const bars = 1_000_000
	s := benchSeries(bars)
	first := func(column, _ []float64) []float64 { return column }
	second := func(_, column []float64) []float64 { return column }
	top := func(column, _, _ []float64) []float64 { return column }
	for _, c := range []struct {
		name   string
		period int
		run    func() []float64
	}{
		{"rsi", 14, func() []float64 { return talib.Rsi(s.Close, 14) }},
		{"macd", 0, func() []float64 { return top(talib.Macd(s.Close, 12, 26, 9)) }},
		{"bollingerbands", 20, func() []float64 { return top(talib.BBands(s.Close, 20, 2, 2, talib.SMA)) }},
		{"atr", 14, func() []float64 { return talib.Atr(s.High, s.Low, s.Close, 14) }},
		{"adx", 14, func() []float64 { return talib.Adx(s.High, s.Low, s.Close, 14) }},
		{"stochastic", 0, func() []float64 {
			return first(talib.Stoch(s.High, s.Low, s.Close, 14, 3, talib.SMA, 3, talib.SMA))
		}},
		{"exponentialmovingaverage", 50, func() []float64 { return talib.Ema(s.Close, 50) }},
		{"simplemovingaverage", 200, func() []float64 { return talib.Sma(s.Close, 200) }},
		{"cci", 20, func() []float64 { return talib.Cci(s.High, s.Low, s.Close, 20) }},
		{"obv", 0, func() []float64 { return talib.Obv(s.Close, s.Volume) }},
		{"aroon", 25, func() []float64 { return second(talib.Aroon(s.High, s.Low, 25)) }},
		{"williamsr", 14, func() []float64 { return talib.WillR(s.High, s.Low, s.Close, 14) }},
	} {
		params := settings{}
		if c.period > 0 {
			params["period"] = indicator.Int(c.period)
		}
		ours := build(b, c.name, params).Compute(s)[0]
		b.Run(fmt.Sprintf("indicator=%s/bars=%d", c.name, bars), func(b *testing.B) {
			b.ReportAllocs()
			var theirs []float64
			for b.Loop() {
				theirs = c.run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/bars, "ns/bar")
			for i := bars - 1000; i < bars; i++ {
				if math.Abs(ours[i]-theirs[i]) > 1e-6*max(1, math.Abs(theirs[i])) {
					b.Fatalf("bar %d: %v, here it is %v", i, theirs[i], ours[i])
				}
			}
		})
	}
}
