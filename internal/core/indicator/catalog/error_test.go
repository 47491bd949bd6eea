package catalog_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/indicator/average"
	"github.com/ktrdr/ktrdr/internal/core/indicator/catalog"
	"github.com/ktrdr/ktrdr/internal/core/indicator/indicatortest"
	"github.com/ktrdr/ktrdr/internal/core/indicator/momentum"
	"github.com/ktrdr/ktrdr/internal/core/indicator/trend"
	"github.com/ktrdr/ktrdr/internal/core/indicator/volatility"
	"pgregory.net/rapid"
)

// windowBig returns the mean of x and the square root of the sum of squared
// deviations over len(x)-ddof, to 200 bits.
func windowBig(x []float64, ddof int) (mean, sd *big.Float) {
	wide := func(v float64) *big.Float { return new(big.Float).SetPrec(200).SetFloat64(v) }
	mean, sd = wide(0), wide(0)
	for _, v := range x {
		mean.Add(mean, wide(v))
	}
	mean.Quo(mean, wide(float64(len(x))))
	for _, v := range x {
		d := wide(v)
		d.Sub(d, mean)
		sd.Add(sd, d.Mul(d, d))
	}
	sd.Quo(sd, wide(float64(len(x)-ddof)))
	return mean, sd.Sqrt(sd)
}

// distance returns |got - want| as a float64.
func distance(got float64, want *big.Float) float64 {
	d := new(big.Float).SetPrec(200).SetFloat64(got)
	d.Sub(d, want)
	f, _ := d.Abs(d).Float64()
	return f
}

// prices draws n prices of which some windows are wild, some nearly flat, and
// some flat, far from 0 or not.
func prices(t *rapid.T, n int) []float64 {
	base := rapid.SampledFrom([]float64{1, 1.2, 100, 1e6}).Draw(t, "base")
	column := indicatortest.Series(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 2).Draw(t, "style"), n).Close
	for i := range column {
		column[i] *= base
	}
	for range rapid.IntRange(0, 2).Draw(t, "spikes") {
		column[rapid.IntRange(0, n-1).Draw(t, "at")] *= rapid.SampledFrom([]float64{1e3, 1e-3, 1 + 1e-12}).Draw(t, "by")
	}
	return column
}

// TestSMAError holds the mean to its stated bound wherever in the series it
// lies, after spikes as before them.
func TestSMAError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "period")
		price := prices(t, rapid.IntRange(n, 5*n).Draw(t, "bars"))
		got := average.SMA(make([]float64, len(price)), price, n)
		for i := n - 1; i < len(price); i++ {
			window := price[i-n+1 : i+1]
			want, _ := windowBig(window, 0)
			low, high := window[0], window[0]
			for _, v := range window {
				low, high = min(low, v), max(high, v)
			}
			allowed := math.Ldexp(float64(n+2)*(high-low)+math.Abs(got[i]), -53)
			if d := distance(got[i], want); d > allowed {
				t.Fatalf("SMA(%d)[%d] = %v is off by %g, allowed %g: %v", n, i, got[i], d, allowed, window)
			}
			if low == high && got[i] != low {
				t.Fatalf("SMA(%d)[%d] = %v on flat prices of %v", n, i, got[i], low)
			}
		}
	})
}

// TestBollingerError holds the width of the bands to its stated bound: relative
// to itself, whatever lies before the window.
func TestBollingerError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(t, "period")
		ddof := rapid.IntRange(0, 1).Draw(t, "ddof")
		price := prices(t, rapid.IntRange(n, 5*n).Draw(t, "bars"))
		// A factor of 2^60 lifts the width above the rounding of the middle it
		// is added to, and rounds nothing itself.
		const k = 1 << 60
		upper, middle, lower := make([]float64, len(price)), make([]float64, len(price)), make([]float64, len(price))
		volatility.Bollinger(upper, middle, lower, price, n, k, ddof)
		average := average.SMA(make([]float64, len(price)), price, n)
		for i := n - 1; i < len(price); i++ {
			_, sd := windowBig(price[i-n+1:i+1], ddof)
			exact, _ := sd.Float64()
			width := (upper[i] - lower[i]) / 2 / k
			if exact == 0 && (upper[i] != price[i] || lower[i] != price[i]) {
				t.Fatalf("Bollinger(%d)[%d] = %v %v on flat prices of %v", n, i, upper[i], lower[i], price[i])
			}
			if d := distance(width, sd); d > math.Ldexp(exact*2*float64((n+1)*(n+1)), -53) {
				t.Fatalf("Bollinger(%d, ddof %d)[%d]: deviation %v is off by %g of itself: %v", n, ddof, i, width, d/exact, price[i-n+1:i+1])
			}
			if math.Float64bits(middle[i]) != math.Float64bits(average[i]) {
				t.Fatalf("Bollinger(%d)[%d]: middle %v, SMA %v", n, i, middle[i], average[i])
			}
		}
	})
}

// The plain, slow forms of the recursions, as their comments state them.

func rsiPlain(price []float64, n, t int) float64 {
	var up, down float64
	for i := 1; i <= t; i++ {
		u, d := max(price[i]-price[i-1], 0), max(price[i-1]-price[i], 0)
		if i <= n {
			up, down = up+u/float64(n), down+d/float64(n)
		} else {
			up, down = (up*float64(n-1)+u)/float64(n), (down*float64(n-1)+d)/float64(n)
		}
	}
	if up+down == 0 {
		return 50
	}
	return 100 - 100/(1+up/down)
}

func TestRSI(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "period")
		price := indicatortest.Series(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 2).Draw(t, "style"), n+50).Close
		got := momentum.RSI(make([]float64, len(price)), price, n)
		for i := n; i < len(price); i++ {
			if want := rsiPlain(price, n, i); !near(got[i], want, 1e-9) {
				t.Fatalf("RSI(%v, %d)[%d] = %v, want %v", price, n, i, got[i], want)
			}
		}
	})
}

// The weights of an adjusted average, summed for each bar anew.
func TestEMAAdjusted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "period")
		price := indicatortest.Series(rapid.Uint64().Draw(t, "seed"), 1, n+50).Close
		got := average.EMAAdjusted(make([]float64, len(price)), price, n)
		for i := n - 1; i < len(price); i++ {
			var sum, weights float64
			for age := range i + 1 {
				w := math.Pow(1-2/float64(n+1), float64(age))
				sum, weights = sum+w*price[i-age], weights+w
			}
			if want := sum / weights; !near(got[i], want, 1e-9) {
				t.Fatalf("EMAAdjusted(%v, %d)[%d] = %v, want %v", price, n, i, got[i], want)
			}
		}
	})
}

// Bars that lead out of the one before on both sides by as much move in no
// direction.
func TestADXOfEqualMoves(t *testing.T) {
	const n = 30
	high, low, close := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		high[i], low[i], close[i] = 100+float64(i), 100-float64(i), 100
	}
	adx, plus, minus := make([]float64, n), make([]float64, n), make([]float64, n)
	trend.ADX(adx, plus, minus, high, low, close, 5)
	if adx[n-1] != 0 || plus[n-1] != 0 || minus[n-1] != 0 {
		t.Errorf("ADX, +DI, -DI = %v, %v, %v, want 0", adx[n-1], plus[n-1], minus[n-1])
	}
}

func TestFunctionsRefuse(t *testing.T) {
	three, four := make([]float64, 3), make([]float64, 4)
	for name, call := range map[string]func(){
		"rsi_lengths":         func() { momentum.RSI(three, four, 2) },
		"rsi_period":          func() { momentum.RSI(three, three, 0) },
		"sma_lengths":         func() { average.SMA(four, three, 2) },
		"ema_period":          func() { average.EMA(three, three, -1) },
		"macd_order":          func() { average.MACD(three, three, three, three, 3, 2, 1) },
		"macd_signal":         func() { average.MACDFromFirst(three, three, three, three, 1, 2, 0) },
		"atr_lengths":         func() { volatility.ATR(three, four, three, three, 2) },
		"adx_lengths":         func() { trend.ADX(three, three, three, three, three, four, 2) },
		"bollinger_ddof":      func() { volatility.Bollinger(three, three, three, three, 2, 2, 2) },
		"bollinger_one":       func() { volatility.Bollinger(three, three, three, three, 1, 2, 1) },
		"spec_made_by_hand":   func() { _, _ = indicator.Spec{Name: "x"}.New(nil) },
		"no_such_parameter":   func() { build(t, "rsi", nil).Value("x") },
		"value_of_other_kind": func() { indicator.Int(1).Text() },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("did not panic")
				}
			}()
			call()
		})
	}
}

// A NaN price is no price; it must not turn into a number.
func TestNaNPrice(t *testing.T) {
	price := indicatortest.Series(1, 0, 100).Close
	price[40] = nan
	for name, column := range map[string][]float64{
		"rsi":      momentum.RSI(make([]float64, 100), price, 5),
		"ema":      average.EMA(make([]float64, 100), price, 5),
		"adjusted": average.EMAAdjusted(make([]float64, 100), price, 5),
	} {
		for i := 5; i < 100; i++ {
			if math.IsNaN(column[i]) != (i >= 40) {
				t.Errorf("%s[%d] = %v with NaN at 40", name, i, column[i])
			}
		}
	}
	upper, middle, lower := make([]float64, 100), make([]float64, 100), make([]float64, 100)
	volatility.Bollinger(upper, middle, lower, price, 5, 2, 0)
	for name, column := range map[string][]float64{
		"sma": average.SMA(make([]float64, 100), price, 5), "upper": upper, "middle": middle, "lower": lower,
	} {
		for i := 4; i < 100; i++ {
			if math.IsNaN(column[i]) != (i >= 40 && i < 45) {
				t.Errorf("%s[%d] = %v with NaN at 40", name, i, column[i])
			}
		}
	}
}

// TestOnePriceIsNotANumber: one price of a bar that is no finite number ends what is
// computed bar by bar, whichever it is, and what is not known has the same bits wherever it
// comes from: prices, volumes or the beginning.
func TestOnePriceIsNotANumber(t *testing.T) {
	for _, spec := range catalog.All() {
		if spec.Compute != nil { // it is not computed bar by bar
			continue
		}
		in, err := spec.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		at := in.Lookback() + 5
		for field := range 5 {
			for _, odd := range []float64{nan, math.Inf(1), math.Inf(-1)} {
				s := indicatortest.Series(1, 0, at+5)
				if columns := [][]float64{s.Open, s.High, s.Low, s.Close, s.Volume}; field < 4 {
					columns[field][at] = odd
				} else {
					for i := range s.Volume {
						s.Volume[i] = []float64{0, 0, odd, math.NaN()}[i/8%4]
					}
				}
				for c, column := range in.Compute(s) {
					for i, v := range column {
						if v != v && math.Float64bits(v) != math.Float64bits(math.NaN()) {
							t.Fatalf("%s: column %d has a NaN of bits %x at bar %d", in.Key(), c, math.Float64bits(v), i)
						}
						if field < 4 && i >= at && v == v {
							t.Fatalf("%s: column %d is %v at bar %d, with price %d of bar %d %v", in.Key(), c, v, i, field, at, odd)
						}
					}
				}
			}
		}
	}
}
