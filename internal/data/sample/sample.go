package sample

import "github.com/ktrdr/ktrdr/internal/core/market"

// Options describe a sample market. The zero value is not one: Symbol,
// Timeframe and Bars are required.
type Options struct {
	Symbol    market.Symbol
	Timeframe market.Timeframe
	Seed      uint64 // the same seed and start give the same market in every timeframe
	Start     int64  // Unix second; no bar opens before it; 0 means 2015-01-05T00:00:00Z
	Bars      int
}

// Generate returns a sample market.
func Generate(o Options) market.Series { return market.NewSeries(o.Symbol, o.Timeframe, o.Bars) }

// BenchSeries returns n one-minute bars of the bench series v1.
func BenchSeries(n int, seed uint64) market.Series {
	return market.NewSeries("BENCH", market.Minute1, n)
}
