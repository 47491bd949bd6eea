package catalog_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	talib "github.com/markcheno/go-talib"
)

// TestTALib compares the definition textbook, bar for bar, with an independent
// implementation: github.com/markcheno/go-talib in the version of go.mod, which
// shows 0 where it knows nothing yet.
//
// Two things differ and are compared in another form. Its Macd begins the fast
// average at bar fast-1 and its signal with zeros, unlike TA-Lib in C, so its
// Ema is put together as TA-Lib does. Its BBands subtract running sums of
// squares, which moves the variance by up to 1e-10 of the squared price; that
// is nothing on a wide band and all of a narrow one, so the square of the width
// is compared. TestBollingerError holds the bands to their exact value.
func TestTALib(t *testing.T) {
	for name, s := range seriesForComparison(t) {
		for _, n := range []int{2, 5, 14, 50} {
			t.Run(name+"/period="+strconv.Itoa(n), func(t *testing.T) { compareWithTALib(t, s, n) })
		}
	}
}

// allowed is what running sums of TA-Lib drift by, beyond 1e-9; or, in a ratio,
// what small differences grow to.
var allowed = map[string]float64{"wma": 1e-8, "cci": 1e-8, "adosc": 1e-7, "linreg": 1e-5, "stochrsi": 1e-6, "dx": 1e-8}

func compareWithTALib(t *testing.T, s market.Series, n int) {
	compare := func(kind string, params map[string]indicator.Value, want ...[]float64) [][]float64 {
		in := build(t, kind, params)
		got := in.Compute(s)
		for c := range want {
			for i := in.Lookbacks()[c]; i < s.Len(); i++ {
				if !near(got[c][i], want[c][i], allowed[kind]+1e-9) {
					t.Fatalf("%s column %d[%d] = %v, want %v", in.Key(), c, i, got[c][i], want[c][i])
				}
			}
		}
		return got
	}
	period := map[string]indicator.Value{"period": indicator.Int(n)}
	compareTrend(s, n, period, compare)
	compareMomentum(s, n, period, compare)
	compareVolume(s, n, period, compare)

	slow := 2 * n
	line := talib.Ema(s.Close, slow)
	for i, fast := range talib.Ema(s.Close[slow-n:], n) {
		line[slow-n+i] = fast - line[slow-n+i]
	}
	signal := append(make([]float64, slow-1), talib.Ema(line[slow-1:], 9)...)
	histogram := make([]float64, len(line))
	for i := range line {
		histogram[i] = line[i] - signal[i]
	}
	compare("macd", map[string]indicator.Value{"fast_period": indicator.Int(n), "slow_period": indicator.Int(slow)}, line, signal, histogram)

	upper, middle, lower := talib.BBands(s.Close, n, 2, 2, talib.SMA)
	got := compare("bbands", period)
	for i := n - 1; i < s.Len(); i++ {
		width, want := got[0][i]-got[2][i], upper[i]-lower[i]
		if !near(got[1][i], middle[i], 1e-9) || !near(width*width, want*want, 1e-9*middle[i]*middle[i]) {
			t.Fatalf("bbands %d[%d] = %v %v %v, want %v %v %v", n, i, got[0][i], got[1][i], got[2][i], upper[i], middle[i], lower[i])
		}
	}
}

// A comparison holds an indicator to the columns that go-talib gives.
type comparison func(kind string, params map[string]indicator.Value, want ...[]float64) [][]float64

func compareTrend(s market.Series, n int, period map[string]indicator.Value, compare comparison) {
	compare("sma", period, talib.Sma(s.Close, n))
	compare("ema", period, talib.Ema(s.Close, n))
	compare("wma", period, talib.Wma(s.Close, n))
	compare("dema", period, talib.Dema(s.Close, n))
	compare("tema", period, talib.Tema(s.Close, n))
	compare("t3", period, talib.T3(s.Close, n, 0.7))
	compare("kama", period, talib.Kama(s.Close, n))
	compare("ht_trendline", nil, talib.HtTrendline(s.Close))
	compare("linreg", period, talib.LinearReg(s.Close, n), talib.LinearRegSlope(s.Close, n),
		talib.LinearRegAngle(s.Close, n), talib.LinearRegIntercept(s.Close, n), talib.Tsf(s.Close, n))
	high, low := talib.Max(s.High, n), talib.Min(s.Low, n)
	compare("donchian", period, high, talib.MidPrice(s.High, s.Low, n), low)
	down, up := talib.Aroon(s.High, s.Low, n)
	compare("aroon", period, up, down, talib.AroonOsc(s.High, s.Low, n))
	compare("sar", nil, talib.Sar(s.High, s.Low, 0.02, 0.2))
	compare("adx", period, talib.Adx(s.High, s.Low, s.Close, n),
		talib.PlusDI(s.High, s.Low, s.Close, n), talib.MinusDI(s.High, s.Low, s.Close, n))
	compare("dx", period, talib.Dx(s.High, s.Low, s.Close, n),
		talib.PlusDI(s.High, s.Low, s.Close, n), talib.MinusDI(s.High, s.Low, s.Close, n),
		talib.PlusDM(s.High, s.Low, n), talib.MinusDM(s.High, s.Low, n))
}

func compareMomentum(s market.Series, n int, period map[string]indicator.Value, compare comparison) {
	compare("rsi", period, talib.Rsi(s.Close, n))
	compare("cmo", period, talib.Cmo(s.Close, n))
	compare("roc", period, talib.Roc(s.Close, n))
	compare("momentum", period, talib.Mom(s.Close, n))
	compare("willr", period, talib.WillR(s.High, s.Low, s.Close, n))
	compare("cci", period, talib.Cci(s.High, s.Low, s.Close, n))
	compare("trix", period, talib.Trix(s.Close, n))
	compare("atr", period, talib.Atr(s.High, s.Low, s.Close, n))
	compare("natr", period, talib.Natr(s.High, s.Low, s.Close, n))
	compare("ultosc", map[string]indicator.Value{
		"short_period": indicator.Int(n), "middle_period": indicator.Int(2 * n), "long_period": indicator.Int(3 * n),
	}, talib.UltOsc(s.High, s.Low, s.Close, n, 2*n, 3*n))
	for name, kind := range map[string]talib.MaType{"SMA": talib.SMA, "EMA": talib.EMA} {
		averages := map[string]indicator.Value{
			"fast_period": indicator.Int(n), "slow_period": indicator.Int(2 * n), "ma_type": indicator.Text(name),
		}
		compare("apo", averages, talib.Apo(s.Close, n, 2*n, kind))
		compare("ppo", averages, talib.Ppo(s.Close, n, 2*n, kind))
	}
	_, k := talib.StochF(s.High, s.Low, s.Close, n, 3, talib.SMA) // its Stoch leaves k out until d is known
	_, d := talib.Stoch(s.High, s.Low, s.Close, n, 3, talib.SMA, 3, talib.SMA)
	compare("stoch", map[string]indicator.Value{"k_period": indicator.Int(n)}, k, d)
	if n > 2 { // with fewer bars RSI often stays at 0 or 100, where the range is nothing
		strengths := map[string]indicator.Value{"period": indicator.Int(n), "d_period": indicator.Int(1)}
		k, d = talib.StochRsi(s.Close, n, 14, 1, talib.SMA)
		compare("stochrsi", strengths, k, d)
	}
}

func compareVolume(s market.Series, n int, period map[string]indicator.Value, compare comparison) {
	if math.IsNaN(s.Volume[0]) {
		return
	}
	compare("obv", nil, talib.Obv(s.Close, s.Volume))
	compare("adline", nil, talib.Ad(s.High, s.Low, s.Close, s.Volume))
	compare("mfi", period, talib.Mfi(s.High, s.Low, s.Close, s.Volume, n))
	compare("adosc", map[string]indicator.Value{"fast_period": indicator.Int(n), "slow_period": indicator.Int(2 * n)},
		talib.AdOsc(s.High, s.Low, s.Close, s.Volume, n, 2*n))
}

// TestTALibDiffersOnFlatPrices states what is different on purpose.
func TestTALibDiffersOnFlatPrices(t *testing.T) {
	s := market.NewSeries("TEST", market.Hour1, 0)
	for i := range 100 {
		s.Append(market.Bar{Time: int64(3600 * i), Open: 5, High: 5, Low: 5, Close: 5, Volume: 1})
	}
	if got := talib.Rsi(s.Close, 14)[50]; got != 0 {
		t.Errorf("go-talib's RSI on flat prices = %v; the comment on RSI says 0", got)
	}
	for name, want := range map[string][]float64{
		"rsi": {50}, "sma": {5}, "ema": {5}, "roc": {0}, "atr": {0}, "adx": {0, 0, 0}, "macd": {0, 0, 0}, "bbands": {5, 5, 5},
		"cci": {0}, "willr": {-50}, "stoch": {50, 50}, "mfi": {50}, "cmo": {0}, "ultosc": {50}, "stochrsi": {50, 50}, "trix": {0},
		"squeezeintensity": {0}, "stddev": {0}, "realisedvolatility": {0}, "rvi": {0, 0}, "fishertransform": {0, 0}, "cmf": {0},
		"ht_trendline": {5}, "kama": {5}, "dema": {5}, "tema": {5}, "vwap": {5}, "wma": {5}, "linreg": {5, 0, 0, 5, 5},
	} {
		for c, column := range build(t, name, nil).Compute(s) {
			if c < len(want) && column[99] != want[c] {
				t.Errorf("%s column %d on flat prices = %v, want %v", name, c, column[99], want[c])
			}
		}
	}
}
