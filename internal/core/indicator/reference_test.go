package indicator_test

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/indicator/indicatortest"
	"github.com/ktrdr/ktrdr/internal/core/market"
	talib "github.com/markcheno/go-talib"
)

var nan = math.NaN()

// goldenSeries is the closed-form series that the reference numbers of the
// original KTRDR were computed on.
func goldenSeries() market.Series {
	const n = 200
	s := market.NewSeries("TEST", market.Hour1, n)
	before := 0.0
	for i := range n {
		x := float64(i)
		price := 100 + 8*math.Sin(.15*x) + 2.5*math.Sin(.9*x+.5) + .03*x
		open := before
		if i == 0 {
			open = price - .4
		}
		s.Append(market.Bar{
			Time: 1577836800 + int64(3600*i), Open: open, Close: price,
			High:   max(open, price) + .6 + .4*math.Pow(math.Sin(1.7*x), 2),
			Low:    min(open, price) - .5 - .3*math.Pow(math.Cos(1.3*x), 2),
			Volume: 1000 + 400*math.Sin(.4*x) + 10*float64(i%17),
		})
		before = price
	}
	return s
}

// TestOriginal compares the definition ktrdr with numbers of the original, to
// the 8 decimals they have. Where an output is not determined yet, NaN stands
// for what the original shows.
func TestOriginal(t *testing.T) {
	file, err := os.Open(filepath.Join("testdata", "ktrdr.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.Comment = '#'
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	s, bars := goldenSeries(), []int{19, 60, 199}
	for _, row := range rows {
		t.Run(strings.Join(row[:3], "/"), func(t *testing.T) {
			in := original(t, row[0], row[1])
			c := slices.Index(in.Outputs(), row[2])
			if c < 0 {
				t.Fatalf("%s has no output %q", in.Key(), row[2])
			}
			column, first := in.Compute(s)[c], in.Lookbacks()[c]
			for k, i := range bars {
				want, err := strconv.ParseFloat(row[3+k], 64)
				if err != nil {
					t.Fatal(err)
				}
				if i < first {
					want = nan
				}
				if !near(column[i], want, 6e-9) {
					t.Errorf("%s %s[%d] = %.10f, want %.8f", in.Key(), row[2], i, column[i], want)
				}
			}
		})
	}
}

// original makes an indicator as the original defines it; setting is empty or
// name=value.
func original(t *testing.T, name, setting string) indicator.Indicator {
	t.Helper()
	spec, params := lookup(t, name), map[string]indicator.Value{}
	if slices.ContainsFunc(spec.Params, func(p indicator.Param) bool { return p.Name == "definition" }) {
		params["definition"] = indicator.Text("ktrdr")
	}
	switch param, value, _ := strings.Cut(setting, "="); param {
	case "":
	case "adjust":
		params[param] = indicator.Flag(value == "true")
	case "ma_type":
		params[param] = indicator.Text(value)
	default:
		n, err := strconv.Atoi(value)
		if err != nil {
			t.Fatal(err)
		}
		params[param] = indicator.Int(n)
	}
	return build(t, name, params)
}

func near(got, want, allowed float64) bool {
	return math.IsNaN(got) && math.IsNaN(want) || math.Abs(got-want) <= allowed
}

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

// allowed is what running sums of TA-Lib drift by, beyond 1e-9.
var allowed = map[string]float64{"wma": 1e-8, "cci": 1e-8}

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
	compare("rsi", period, talib.Rsi(s.Close, n))
	compare("sma", period, talib.Sma(s.Close, n))
	compare("ema", period, talib.Ema(s.Close, n))
	compare("roc", period, talib.Roc(s.Close, n))
	compare("atr", period, talib.Atr(s.High, s.Low, s.Close, n))
	compare("wma", period, talib.Wma(s.Close, n))
	compare("momentum", period, talib.Mom(s.Close, n))
	compare("willr", period, talib.WillR(s.High, s.Low, s.Close, n))
	compare("cci", period, talib.Cci(s.High, s.Low, s.Close, n))
	aroonDown, aroonUp := talib.Aroon(s.High, s.Low, n)
	compare("aroon", period, aroonUp, aroonDown, talib.AroonOsc(s.High, s.Low, n))
	high, low := talib.Max(s.High, n), talib.Min(s.Low, n)
	compare("donchian", period, high, talib.MidPrice(s.High, s.Low, n), low)
	_, k := talib.StochF(s.High, s.Low, s.Close, n, 3, talib.SMA) // its Stoch leaves k out until d is known
	_, d := talib.Stoch(s.High, s.Low, s.Close, n, 3, talib.SMA, 3, talib.SMA)
	compare("stoch", map[string]indicator.Value{"k_period": indicator.Int(n)}, k, d)
	if !math.IsNaN(s.Volume[0]) {
		compare("obv", nil, talib.Obv(s.Close, s.Volume))
		compare("adline", nil, talib.Ad(s.High, s.Low, s.Close, s.Volume))
		compare("mfi", period, talib.Mfi(s.High, s.Low, s.Close, s.Volume, n))
	}
	compare("sar", nil, talib.Sar(s.High, s.Low, 0.02, 0.2))
	compare("adx", period, talib.Adx(s.High, s.Low, s.Close, n),
		talib.PlusDI(s.High, s.Low, s.Close, n), talib.MinusDI(s.High, s.Low, s.Close, n))

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

// TestTALibDiffersOnFlatPrices states what is different on purpose.
func TestTALibDiffersOnFlatPrices(t *testing.T) {
	s := market.NewSeries("TEST", market.Hour1, 0)
	for i := range 100 {
		s.Append(market.Bar{Time: int64(3600 * i), Open: 5, High: 5, Low: 5, Close: 5})
	}
	if got := talib.Rsi(s.Close, 14)[50]; got != 0 {
		t.Errorf("go-talib's RSI on flat prices = %v; the comment on RSI says 0", got)
	}
	for name, want := range map[string][]float64{
		"rsi": {50}, "sma": {5}, "ema": {5}, "roc": {0}, "atr": {0}, "adx": {0, 0, 0}, "macd": {0, 0, 0}, "bbands": {5, 5, 5},
	} {
		for c, column := range build(t, name, nil).Compute(s) {
			if got := column[99]; got != want[c] {
				t.Errorf("%s column %d on flat prices = %v, want %v", name, c, got, want[c])
			}
		}
	}
}

// seriesForComparison returns random walks and, where they are at hand, real
// bars.
func seriesForComparison(t *testing.T) map[string]market.Series {
	t.Helper()
	all := map[string]market.Series{"walk": indicatortest.Series(7, 0, 5000), "gaps": indicatortest.Series(8, 2, 5000)}
	for _, name := range []string{"EURUSD_4h", "USDJPY_1h"} {
		if s, ok := realBars(t, name); ok {
			all[name] = s
		}
	}
	if len(all) == 2 {
		t.Log("no real bars in ../shared/data/market beside the repository: compared on random ones only")
	}
	return all
}

// realBars reads a file of ../shared/data/market, found from the root of the
// repository: timestamp,open,high,low,close,volume.
func realBars(t *testing.T, name string) (market.Series, bool) {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		root = filepath.Dir(root)
	}
	file, err := os.Open(filepath.Join(root, "..", "shared", "data", "market", name+".csv"))
	if err != nil {
		return market.Series{}, false
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	s := market.NewSeries("TEST", market.Hour1, len(rows))
	for i, row := range rows[1:] {
		var p [4]float64
		for k := range p {
			if p[k], err = strconv.ParseFloat(row[1+k], 64); err != nil {
				t.Fatal(err)
			}
		}
		s.Append(market.Bar{Time: int64(3600 * i), Open: p[0], High: p[1], Low: p[2], Close: p[3], Volume: nan})
	}
	return s, true
}
