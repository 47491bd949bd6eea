package catalog_test

import (
	"fmt"
	"testing"

	"github.com/markcheno/go-talib"
)

// BenchmarkPeer runs go-talib, a translation of TA-Lib to Go, on the bars of
// BenchmarkCompute: a measure of the machine at hand.
func BenchmarkPeer(b *testing.B) {
	const bars = 1_000_000
	s := benchSeries(bars)
	for _, c := range []struct {
		name string
		run  func()
	}{
		{"rsi", func() { talib.Rsi(s.Close, 14) }},
		{"macd", func() { talib.Macd(s.Close, 12, 26, 9) }},
		{"bollingerbands", func() { talib.BBands(s.Close, 20, 2, 2, talib.SMA) }},
		{"atr", func() { talib.Atr(s.High, s.Low, s.Close, 14) }},
		{"adx", func() { talib.Adx(s.High, s.Low, s.Close, 14) }},
		{"stochastic", func() { talib.Stoch(s.High, s.Low, s.Close, 14, 3, talib.SMA, 3, talib.SMA) }},
		{"exponentialmovingaverage", func() { talib.Ema(s.Close, 50) }},
		{"simplemovingaverage", func() { talib.Sma(s.Close, 200) }},
		{"cci", func() { talib.Cci(s.High, s.Low, s.Close, 20) }},
		{"obv", func() { talib.Obv(s.Close, s.Volume) }},
		{"aroon", func() { talib.Aroon(s.High, s.Low, 25) }},
		{"williamsr", func() { talib.WillR(s.High, s.Low, s.Close, 14) }},
	} {
		b.Run(fmt.Sprintf("indicator=%s/bars=%d", c.name, bars), func(b *testing.B) {
			for b.Loop() {
				c.run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/bars, "ns/bar")
		})
	}
}
