package catalog_test

import (
	"math"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/indicator/catalog"
	"github.com/ktrdr/ktrdr/internal/core/indicator/indicatortest"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

type settings map[string]indicator.Value

// A formula is the slow, obvious way to an output at bar t: straight from the
// source that the indicator's comment names. At returns NaN where it cannot be
// evaluated yet.
type formula struct {
	name   string
	kind   string
	params settings
	output int
	at     func(s market.Series, t int) float64
}

// TestFormulas holds what no independent implementation is at hand for to its
// formula, on walks with gaps and, without a tolerance for drift, to its end.
func TestFormulas(t *testing.T) {
	s := indicatortest.Series(11, 2, 700)
	for _, f := range append(append(rangeFormulas(s), priceFormulas(s)...), volumeFormulas()...) {
		t.Run(f.name, func(t *testing.T) {
			in := build(t, f.kind, f.params)
			column, first := in.Compute(s)[f.output], in.Lookbacks()[f.output]
			for i := first; i < s.Len(); i++ {
				if want := f.at(s, i); !near(column[i], want, 1e-9) {
					t.Fatalf("%s %s[%d] = %v, want %v", in.Key(), in.Outputs()[f.output], i, column[i], want)
				}
			}
		})
	}
}

func rangeFormulas(s market.Series) []formula {
	middle := func(n int) func(s market.Series, t int) float64 {
		return func(s market.Series, t int) float64 { return (highest(s.High, t, n) + lowest(s.Low, t, n)) / 2 }
	}
	cloud := func(s market.Series, t int) float64 { return (middle(3)(s, t-6) + middle(5)(s, t-6)) / 2 }
	ichimoku := settings{"tenkan_period": indicator.Int(3), "kijun_period": indicator.Int(5), "senkou_b_period": indicator.Int(9), "displacement": indicator.Int(6)}
	ema, atr := compute("ema", s, 20), compute("atr", s, 10)
	fisher := fisherOf(s, 10)
	formulas := []formula{
		{"ichimoku/tenkan", "ichimoku", ichimoku, 0, middle(3)},
		{"ichimoku/kijun", "ichimoku", ichimoku, 1, middle(5)},
		{"ichimoku/senkou_a", "ichimoku", ichimoku, 2, cloud},
		{"ichimoku/senkou_b", "ichimoku", ichimoku, 3, func(s market.Series, t int) float64 { return middle(9)(s, t-6) }},
		{"ichimoku/chikou", "ichimoku", ichimoku, 4, func(s market.Series, t int) float64 { return s.Close[t] }},
		{"keltner/upper", "keltnerchannels", nil, 0, func(_ market.Series, t int) float64 { return ema[t] + 2*atr[t] }},
		{"keltner/lower", "keltnerchannels", nil, 2, func(_ market.Series, t int) float64 { return ema[t] - 2*atr[t] }},
		{"fisher", "fishertransform", nil, 0, func(_ market.Series, t int) float64 { return fisher[t] }},
		{"fisher/signal", "fishertransform", nil, 1, func(_ market.Series, t int) float64 { return fisher[t-1] }},
		{"rvi", "rvi", nil, 0, vigor},
		{"rvi/signal", "rvi", nil, 1, func(s market.Series, t int) float64 {
			return (vigor(s, t) + 2*vigor(s, t-1) + 2*vigor(s, t-2) + vigor(s, t-3)) / 6
		}},
		{"squeeze", "squeezeintensity", settings{"kc_multiplier": indicator.Number(3)}, 0, func(s market.Series, t int) float64 {
			mean, sd := moments(s.Close, t, 20, 0)
			upper, lower, width := mean+2*sd, mean-2*sd, 6*atr[t]
			return max(0, min(ema[t]+width/2-upper, lower-(ema[t]-width/2))/width)
		}},
	}
	for name, params := range map[string]settings{"textbook": nil, "ktrdr": {"definition": indicator.Text("ktrdr")}} {
		trend, direction := supertrendOf(s, computeWith("atr", s, settings{"period": indicator.Int(10)}, params))
		formulas = append(formulas,
			formula{"supertrend/" + name, "supertrend", params, 0, func(_ market.Series, t int) float64 { return trend[t] }},
			formula{"supertrend/direction/" + name, "supertrend", params, 1, func(_ market.Series, t int) float64 { return direction[t] }})
	}
	return formulas
}

func priceFormulas(s market.Series) []formula {
	volatility := func(estimator string) settings { return settings{"estimator": indicator.Text(estimator)} }
	ema := compute("ema", s, 20)
	return []formula{
		{"bandwidth/textbook", "bollingerbandwidth", nil, 0, func(s market.Series, t int) float64 {
			mean, sd := moments(s.Close, t, 20, 0)
			return 4 * sd / mean
		}},
		{"bandwidth/ktrdr", "bollingerbandwidth", settings{"definition": indicator.Text("ktrdr")}, 0, func(s market.Series, t int) float64 {
			mean, sd := moments(s.Close, t, 20, 1)
			return 4 * sd / mean
		}},
		{"stddev", "stddev", nil, 0, func(s market.Series, t int) float64 {
			_, sd := moments(s.Close, t, 20, 0)
			return sd
		}},
		{"distance", "distancefromma", settings{"ma_type": indicator.Text("EMA")}, 0, func(s market.Series, t int) float64 {
			return 100 * (s.Close[t]/ema[t] - 1)
		}},
		{"wma", "wma", nil, 0, func(s market.Series, t int) float64 {
			return sum(t, 20, func(i int) float64 { return float64(i-t+20) * s.Close[i] }) / 210
		}},
		{"regression/slope", "linreg", nil, 1, func(s market.Series, t int) float64 { return slope(s.Close, t, 14) }},
		{"regression/value", "linreg", nil, 0, func(s market.Series, t int) float64 {
			mean, _ := moments(s.Close, t, 14, 0)
			return mean + 6.5*slope(s.Close, t, 14)
		}},
		{"regression/angle", "linreg", nil, 2, func(s market.Series, t int) float64 {
			return math.Atan(slope(s.Close, t, 14)) * 180 / math.Pi
		}},
		{"cmo/simple", "cmo", settings{"average": indicator.Text("simple")}, 0, func(s market.Series, t int) float64 {
			up := sum(t, 14, func(i int) float64 { return max(s.Close[i]-s.Close[i-1], 0) })
			down := sum(t, 14, func(i int) float64 { return max(s.Close[i-1]-s.Close[i], 0) })
			if up+down == 0 {
				return 0
			}
			return 100 * (up - down) / (up + down)
		}},
		{"volatility/close", "volatility", nil, 0, func(s market.Series, t int) float64 {
			return deviationOf(t, 20, func(i int) float64 { return math.Log(s.Close[i] / s.Close[i-1]) })
		}},
		{"volatility/parkinson", "volatility", volatility("parkinson"), 0, func(s market.Series, t int) float64 {
			return math.Sqrt(sum(t, 20, func(i int) float64 { return math.Pow(math.Log(s.High[i]/s.Low[i]), 2) }) / (80 * math.Ln2))
		}},
		{"volatility/garman_klass", "volatility", volatility("garman_klass"), 0, func(s market.Series, t int) float64 {
			return math.Sqrt(sum(t, 20, func(i int) float64 {
				return math.Pow(math.Log(s.High[i]/s.Low[i]), 2)/2 - (2*math.Ln2-1)*math.Pow(math.Log(s.Close[i]/s.Open[i]), 2)
			}) / 20)
		}},
		{"volatility/yang_zhang", "volatility", volatility("yang_zhang"), 0, yangZhang},
	}
}

func volumeFormulas() []formula {
	share := func(s market.Series, i int) float64 {
		if s.High[i] == s.Low[i] {
			return 0
		}
		return ((s.Close[i] - s.Low[i]) - (s.High[i] - s.Close[i])) / (s.High[i] - s.Low[i])
	}
	vwap := func(t, n int, s market.Series) float64 {
		turnover := sum(t, n, func(i int) float64 { return (s.High[i] + s.Low[i] + s.Close[i]) / 3 * s.Volume[i] })
		return turnover / sum(t, n, func(i int) float64 { return s.Volume[i] })
	}
	flow := func(s market.Series, t int) float64 {
		return sum(t, 21, func(i int) float64 { return share(s, i) * s.Volume[i] }) / sum(t, 21, func(i int) float64 { return s.Volume[i] })
	}
	line := func(s market.Series, t int) float64 {
		return sum(t, t+1, func(i int) float64 { return share(s, i) * s.Volume[i] })
	}
	return []formula{
		{"vwap", "vwap", nil, 0, func(s market.Series, t int) float64 { return vwap(t, 20, s) }},
		{"vwap/all", "vwap", settings{"period": indicator.Int(0)}, 0, func(s market.Series, t int) float64 { return vwap(t, t+1, s) }},
		{"vwap/close", "vwap", settings{"use_typical_price": indicator.Flag(false)}, 0, func(s market.Series, t int) float64 {
			return sum(t, 20, func(i int) float64 { return s.Close[i] * s.Volume[i] }) / sum(t, 20, func(i int) float64 { return s.Volume[i] })
		}},
		{"cmf", "cmf", nil, 0, flow},
		{"cmf/momentum", "cmf", nil, 3, func(s market.Series, t int) float64 { return flow(s, t) - flow(s, t-5) }},
		{"volumeratio", "volumeratio", nil, 0, func(s market.Series, t int) float64 {
			return s.Volume[t] / (sum(t, 20, func(i int) float64 { return s.Volume[i] }) / 20)
		}},
		{"volumesma", "volumesma", nil, 0, func(s market.Series, t int) float64 {
			return sum(t, 20, func(i int) float64 { return s.Volume[i] }) / 20
		}},
		{"adline/smoothed", "adline", settings{"use_sma_smoothing": indicator.Flag(true), "smoothing_period": indicator.Int(5)}, 0, func(s market.Series, t int) float64 {
			return sum(t, 5, func(i int) float64 { return line(s, i) }) / 5
		}},
	}
}

// compute returns the first output of an indicator that is compared with
// go-talib; period 0 is its default.
func compute(kind string, s market.Series, period int) []float64 {
	if period == 0 {
		return computeWith(kind, s, nil, nil)
	}
	return computeWith(kind, s, settings{"period": indicator.Int(period)}, nil)
}

func computeWith(kind string, s market.Series, params, more settings) []float64 {
	all := settings{}
	for _, group := range []settings{params, more} {
		for name, v := range group {
			all[name] = v
		}
	}
	spec, _ := catalog.Lookup(kind)
	in, err := spec.New(all)
	if err != nil {
		panic(err)
	}
	return in.Compute(s)[0]
}

func sum(t, n int, term func(i int) float64) float64 {
	total := 0.0
	for i := t - n + 1; i <= t; i++ {
		total += term(i)
	}
	return total
}

func moments(x []float64, t, n, ddof int) (mean, sd float64) {
	mean = sum(t, n, func(i int) float64 { return x[i] }) / float64(n)
	return mean, math.Sqrt(sum(t, n, func(i int) float64 { return (x[i] - mean) * (x[i] - mean) }) / float64(n-ddof))
}

func deviationOf(t, n int, term func(i int) float64) float64 {
	mean := sum(t, n, term) / float64(n)
	return math.Sqrt(sum(t, n, func(i int) float64 { return math.Pow(term(i)-mean, 2) }) / float64(n-1))
}

func slope(x []float64, t, n int) float64 {
	mean, _ := moments(x, t, n, 0)
	center := float64(t) - float64(n-1)/2
	return sum(t, n, func(i int) float64 { return (float64(i) - center) * (x[i] - mean) }) /
		sum(t, n, func(i int) float64 { return math.Pow(float64(i)-center, 2) })
}

func highest(x []float64, t, n int) float64 {
	best := math.Inf(-1)
	for i := t - n + 1; i <= t; i++ {
		best = max(best, x[i])
	}
	return best
}

func lowest(x []float64, t, n int) float64 {
	best := math.Inf(1)
	for i := t - n + 1; i <= t; i++ {
		best = min(best, x[i])
	}
	return best
}

// fisherOf is Ehlers' program of 2002 in a loop.
func fisherOf(s market.Series, n int) []float64 {
	price, out := make([]float64, s.Len()), make([]float64, s.Len())
	value, fish := 0.0, 0.0
	for t := range out {
		price[t] = (s.High[t] + s.Low[t]) / 2
		if t < n-1 {
			continue
		}
		top, bottom := highest(price, t, n), lowest(price, t, n)
		x := 0.0
		if top > bottom {
			x = (price[t]-bottom)/(top-bottom) - 0.5
		}
		value = min(max(0.33*2*x+0.67*value, -0.999), 0.999)
		fish = 0.5*math.Log((1+value)/(1-value)) + 0.5*fish
		out[t] = fish
	}
	return out
}

func vigor(s market.Series, t int) float64 {
	weigh := func(x func(i int) float64, i int) float64 { return (x(i) + 2*x(i-1) + 2*x(i-2) + x(i-3)) / 6 }
	gain := func(i int) float64 { return s.Close[i] - s.Open[i] }
	span := func(i int) float64 { return s.High[i] - s.Low[i] }
	return sum(t, 10, func(i int) float64 { return weigh(gain, i) }) / sum(t, 10, func(i int) float64 { return weigh(span, i) })
}

func yangZhang(s market.Series, t int) float64 {
	const n = 20
	night := deviationOf(t, n, func(i int) float64 { return math.Log(s.Open[i] / s.Close[i-1]) })
	day := deviationOf(t, n, func(i int) float64 { return math.Log(s.Close[i] / s.Open[i]) })
	inside := sum(t, n, func(i int) float64 {
		return math.Log(s.High[i]/s.Close[i])*math.Log(s.High[i]/s.Open[i]) + math.Log(s.Low[i]/s.Close[i])*math.Log(s.Low[i]/s.Open[i])
	}) / n
	k := 0.34 / (1.34 + float64(n+1)/float64(n-1))
	return math.Sqrt(night*night + k*day*day + (1-k)*inside)
}

// supertrendOf is the usual loop over the final bands.
func supertrendOf(s market.Series, atr []float64) (trend, direction []float64) {
	n := s.Len()
	trend, direction = make([]float64, n), make([]float64, n)
	upper, lower := make([]float64, n), make([]float64, n)
	for t := range n {
		if math.IsNaN(atr[t]) {
			continue
		}
		upper[t], lower[t] = (s.High[t]+s.Low[t])/2+3*atr[t], (s.High[t]+s.Low[t])/2-3*atr[t]
		direction[t] = 1
		if t > 0 && direction[t-1] != 0 {
			if upper[t] >= upper[t-1] && s.Close[t-1] <= upper[t-1] {
				upper[t] = upper[t-1]
			}
			if lower[t] <= lower[t-1] && s.Close[t-1] >= lower[t-1] {
				lower[t] = lower[t-1]
			}
			direction[t] = direction[t-1]
			if direction[t-1] < 0 && s.Close[t] > upper[t] {
				direction[t] = 1
			}
			if direction[t-1] > 0 && s.Close[t] < lower[t] {
				direction[t] = -1
			}
		}
		trend[t] = lower[t]
		if direction[t] < 0 {
			trend[t] = upper[t]
		}
	}
	return trend, direction
}

// byHand returns bars at the given closes; each opens at the close before and
// has a range of half a unit to either side.
func byHand(closes ...float64) market.Series {
	s := market.NewSeries("TEST", market.Hour1, len(closes))
	before := closes[0]
	for i, c := range closes {
		s.Append(market.Bar{Time: int64(3600 * i), Open: before, High: max(before, c) + 0.5, Low: min(before, c) - 0.5, Close: c, Volume: 10})
		before = c
	}
	return s
}

func columnIs(t *testing.T, name string, got []float64, want ...float64) {
	t.Helper()
	for i := range want {
		if !near(got[i], want[i], 1e-12) {
			t.Errorf("%s[%d] = %v, want %v", name, i, got[i], want[i])
		}
	}
}

// TestZigzag is worked by hand with a threshold of a tenth.
func TestZigzag(t *testing.T) {
	s, params := byHand(100, 105, 112, 120, 115, 107, 100, 105, 111, 112), settings{"threshold": indicator.Number(0.1)}
	marks := build(t, "zigzag", params).Compute(s)
	columnIs(t, "zigzag", marks[0], 100, nan, nan, 120, nan, nan, 100, nan, nan, 112)
	known := build(t, "zigzagconfirmed", params).Compute(s)
	columnIs(t, "pivot", known[0], nan, nan, nan, nan, nan, 120, 120, 120, 100, 100)
	columnIs(t, "direction", known[1], nan, nan, nan, nan, nan, -1, -1, -1, 1, 1)
}

func TestCandle(t *testing.T) {
	s := market.NewSeries("TEST", market.Hour1, 2)
	s.Append(market.Bar{Open: 10, High: 14, Low: 6, Close: 12})
	s.Append(market.Bar{Time: 3600, Open: 12, High: 12, Low: 8, Close: 9})
	parts := build(t, "candle", nil).Compute(s)
	columnIs(t, "body", parts[0], 0.25, -0.75)
	columnIs(t, "upper shadow", parts[1], 0.25, 0)
	columnIs(t, "lower shadow", parts[2], 0.5, 0.25)
}

// TestAroonTies holds both definitions to the extreme that each takes of equals.
func TestAroonTies(t *testing.T) {
	s := byHand(5, 5, 5, 5, 5)
	params := settings{"period": indicator.Int(4)}
	columnIs(t, "textbook", build(t, "aroon", params).Compute(s)[0], nan, nan, nan, nan, 100)
	params["definition"] = indicator.Text("ktrdr")
	columnIs(t, "ktrdr", build(t, "aroon", params).Compute(s)[0], nan, nan, nan, 25, 25)
}

// TestCalendar: 2024-01-03 was a Wednesday, 1969-12-31 too.
func TestCalendar(t *testing.T) {
	s := market.NewSeries("TEST", market.Hour1, 3)
	for _, unix := range []int64{-86400 + 18*3600, 1704240000, 1704240000 + 6*3600, 1704240000 + 5*86400} {
		s.Append(market.Bar{Time: unix, Open: 1, High: 1, Low: 1, Close: 1})
	}
	columns := build(t, "calendar", nil).Compute(s)
	wednesday, monday := 2*math.Pi*2/7, 0.0
	columnIs(t, "hour_sin", columns[0], -1, 0, 1, 0)
	columnIs(t, "hour_cos", columns[1], 0, 1, 0, 1)
	columnIs(t, "weekday_sin", columns[2], math.Sin(wednesday), math.Sin(wednesday), math.Sin(wednesday), math.Sin(monday))
	columnIs(t, "weekday_cos", columns[3], math.Cos(wednesday), math.Cos(wednesday), math.Cos(wednesday), math.Cos(monday))
}

func TestSession(t *testing.T) {
	s := market.NewSeries("TEST", market.Hour1, 6)
	for _, hour := range []int64{20, 22, 24, 26, 35, 44} {
		s.Append(market.Bar{Time: 3600 * hour, Open: 1, High: 1, Low: 1, Close: 1})
	}
	columns := build(t, "session", settings{"start": indicator.Number(22), "end": indicator.Number(2)}).Compute(s)
	outside := math.Pi + math.Pi*9/20
	columnIs(t, "phase_sin", columns[0], math.Sin(math.Pi+math.Pi*18/20), 0, 1, 0, math.Sin(outside), math.Sin(math.Pi+math.Pi*18/20))
	columnIs(t, "phase_cos", columns[1], math.Cos(math.Pi+math.Pi*18/20), 1, 0, -1, math.Cos(outside), math.Cos(math.Pi+math.Pi*18/20))
}
