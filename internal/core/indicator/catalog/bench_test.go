package catalog_test

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/indicator/catalog"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A regression here means that building features and sweeping parameters takes
// longer. Periods are those that other libraries are measured with.
func BenchmarkCompute(b *testing.B) {
	const bars = 1_000_000
	s := benchSeries(bars)
	for _, c := range []struct {
		name   string
		period int
	}{
		{"rsi", 0}, {"macd", 0}, {"bbands", 0}, {"atr", 0}, {"adx", 0}, {"ema", 50}, {"sma", 200}, {"roc", 0},
		{"stoch", 0}, {"cci", 0}, {"obv", 0}, {"aroon", 25}, {"willr", 0}, {"wma", 20}, {"donchian", 20}, {"supertrend", 0},
		{"sar", 0}, {"mfi", 0}, {"kama", 10}, {"t3", 5}, {"ht_trendline", 0}, {"linreg", 14}, {"volatility", 20},
	} {
		params := map[string]indicator.Value{}
		if c.period > 0 {
			params["period"] = indicator.Int(c.period)
		}
		in := build(b, c.name, params)
		out := make([][]float64, len(in.Outputs()))
		for i := range out {
			out[i] = make([]float64, bars)
		}
		b.Run(fmt.Sprintf("indicator=%s/bars=%d", in.Spec().Name, bars), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				in.Fill(out, s)
			}
			oneByOne(b, in, s.Slice(0, 20_000), out)
			b.ReportMetric(bars*float64(b.N)/b.Elapsed().Seconds(), "bars/s")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/bars, "ns/bar")
		})
	}
}

// oneByOne holds columns to what a stream says of the same bars, one after another.
func oneByOne(b *testing.B, in indicator.Indicator, s market.Series, columns [][]float64) {
	b.Helper()
	stream := in.Stream()
	for i := range s.Len() {
		for c, want := range stream.Next(s.Bar(i)) {
			if got := columns[c][i]; math.Float64bits(got) != math.Float64bits(want) && !(got != got && want != want) {
				b.Fatalf("output %d at bar %d is %v, want %v", c, i, got, want)
			}
		}
	}
}

// TestBits is a change detector: the hash is this package's own. It fails on a
// processor, or with a compiler, that rounds differently.
func TestBits(t *testing.T) {
	s := benchSeries(2000)
	h := fnv.New64a()
	for _, spec := range catalog.All() {
		for _, definition := range []string{"textbook", "ktrdr"} {
			params := map[string]indicator.Value{"definition": indicator.Text(definition)}
			in, err := spec.New(params)
			if err != nil {
				in = build(t, spec.Name, nil) // has one definition only
			}
			for _, column := range in.Compute(s) {
				for _, v := range column[in.Lookback():] {
					_ = binary.Write(h, binary.LittleEndian, math.Float64bits(v))
				}
			}
		}
	}
	if got, want := fmt.Sprintf("%016x", h.Sum64()), "58ec3fd6bf885a53"; got != want {
		t.Errorf("hash of all indicators = %s, want %s", got, want)
	}
}

// benchSeries returns the series that other libraries were measured on: a
// seeded walk of one-minute bars with four decimals.
func benchSeries(n int) market.Series {
	s := market.NewSeries("BENCH", market.Minute1, n)
	state := uint64(42)
	next := func() uint64 {
		state += 0x9E3779B97F4A7C15
		z := state
		z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
		z = (z ^ (z >> 27)) * 0x94D049BB133111EB
		return z ^ (z >> 31)
	}
	u := func() float64 { return float64(next()>>11) * 0x1p-53 }
	r4 := func(x float64) float64 { return math.Floor(float64(x*10000)+0.5) / 10000 }
	before, drift := 100.0, 0.0
	for i := range n {
		if i%512 == 0 {
			drift = float64(2*u()-1) * 0.0001
		}
		gap := float64(2*u()-1) * 0.0002
		open := r4(before * (1 + gap))
		z := u() + u() + u() + u() - 2
		move := float64(z*0.0017320508) + drift - float64((before-100)*0.0000001)
		price := r4(open * (1 + move))
		high := r4(max(open, price) * (1 + float64(u()*0.0006)))
		low := r4(min(open, price) * (1 - float64(u()*0.0006)))
		s.Append(market.Bar{
			Time: 946857600 + 60*int64(i), Open: open, High: high, Low: low, Close: price, Volume: float64(100 + next()%9901),
		})
		before = price
	}
	return s
}
