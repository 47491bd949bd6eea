package label_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"pgregory.net/rapid"
)

// walk returns n valid bars with gaps in time, gaps in price, and stretches of
// equal prices.
func walk(seed uint64, n int) market.Series {
	s := market.NewSeries("TEST", market.Hour4, n)
	rng := rand.New(rand.NewPCG(seed, 0))
	price, at := 50.0, int64(1_500_000_000)
	for range n {
		open := price
		if rng.IntN(4) == 0 {
			open *= math.Exp(.005 * rng.NormFloat64())
		}
		price = open
		if rng.IntN(5) > 0 {
			price *= math.Exp(.01 * rng.NormFloat64())
		}
		s.Append(market.Bar{
			Time: at, Open: open, Close: price, Volume: 1,
			High: max(open, price) * (1 + .004*rng.Float64()), Low: min(open, price) * (1 - .004*rng.Float64()),
		})
		at += s.Timeframe.Seconds() * int64(1+rng.IntN(10)/9*5)
	}
	return s
}

func drawSpec(t *rapid.T) label.Spec {
	s := label.Default(rapid.SampledFrom(label.Sources()).Draw(t, "source"))
	if s.Entry != "" {
		s.Entry = rapid.SampledFrom([]label.Entry{"", label.NextOpen, label.AtClose}).Draw(t, "entry")
	}
	if s.Classes != 0 {
		s.Classes = rapid.SampledFrom([]int{0, 2, 3}).Draw(t, "classes")
	}
	s.ComputeWeights = rapid.Bool().Draw(t, "weights")
	switch s.Source {
	case label.ZigZag:
		s.Threshold = rapid.Float64Range(.005, .05).Draw(t, "threshold")
		s.Lookahead = rapid.SampledFrom([]int{0, 0, 1, 5, 20}).Draw(t, "lookahead")
	case label.ForwardReturn:
		s.Horizon = rapid.IntRange(1, 20).Draw(t, "horizon")
	case label.TripleBarrier:
		s.PTMultiplier = rapid.Float64Range(.2, 5).Draw(t, "pt")
		s.SLMultiplier = rapid.Float64Range(.2, 5).Draw(t, "sl")
		s.MaxHolding = rapid.IntRange(1, 20).Draw(t, "hold")
		s.VolSpan = rapid.IntRange(2, 20).Draw(t, "span")
		s.VolMethod = rapid.SampledFrom([]label.VolMethod{label.VolATR, label.VolClose}).Draw(t, "method")
		s.HoldThreshold = 0
		if s.Classes != 2 {
			s.HoldThreshold = rapid.SampledFrom([]float64{0, .1, .5, 3}).Draw(t, "hold threshold")
		}
	case label.Regime:
		s.MacroATRMult = rapid.Float64Range(1.1, 4).Draw(t, "macro")
		s.MicroATRMult = rapid.Float64Range(.2, 1).Draw(t, "micro")
		s.ATRPeriod = rapid.IntRange(2, 10).Draw(t, "atr")
		s.ProgressionTolerance = rapid.Float64Range(0, 1).Draw(t, "tolerance")
		drawCrisis(t, &s)
	case label.SingleScaleRegime:
		s.Horizon = rapid.IntRange(2, 20).Draw(t, "horizon")
		s.TrendingThreshold = rapid.Float64Range(0, 1).Draw(t, "trending")
		drawCrisis(t, &s)
	case label.Context:
		s.Horizon = rapid.IntRange(1, 20).Draw(t, "horizon")
		s.BullishThreshold = rapid.Float64Range(-.01, .02).Draw(t, "bullish")
		s.BearishThreshold = s.BullishThreshold - rapid.Float64Range(0, .02).Draw(t, "neutral")
	}
	drawEvents(t, &s)
	return s
}

func drawCrisis(t *rapid.T, s *label.Spec) {
	s.VolLookback = rapid.IntRange(2, 20).Draw(t, "lookback")
	s.VolCrisisThreshold = rapid.Float64Range(.5, 3).Draw(t, "crisis")
}

func drawEvents(t *rapid.T, s *label.Spec) {
	switch rapid.IntRange(0, 2).Draw(t, "events") {
	case 1:
		s.CUSUM, s.CUSUMThreshold = true, rapid.Float64Range(.001, .05).Draw(t, "cusum threshold")
	case 2:
		s.CUSUM, s.CUSUMMultiplier = true, rapid.Float64Range(.1, 3).Draw(t, "cusum multiplier")
		s.VolSpan = rapid.IntRange(2, 20).Draw(t, "span")
	}
}

func drawBars(t *rapid.T) market.Series {
	return walk(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 120).Draw(t, "bars"))
}

func TestColumnsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec, s := drawSpec(t), drawBars(t)
		l := mustMakeRapid(t, spec, s)
		n := l.Len()
		isRegression := spec.Source == label.ForwardReturn
		if len(l.Return) != n || len(l.End) != n || len(l.Ahead) != n || len(l.Weight) != n ||
			spec.CUSUM != (l.Event != nil) || (spec.CUSUM && len(l.Event) != n) ||
			isRegression != (l.Classes == nil) || isRegression != (l.Class == nil) || isRegression != (l.Target != nil) ||
			(isRegression && len(l.Target) != n) || (!isRegression && len(l.Class) != n) {
			t.Fatalf("columns differ: %+v", l)
		}
		if l.Symbol != s.Symbol || l.Timeframe != s.Timeframe {
			t.Fatalf("labels of %s %s, want %s %s", l.Symbol, l.Timeframe, s.Symbol, s.Timeframe)
		}
		for i := range n {
			at, found := slices.BinarySearch(s.Time, l.Time[i])
			if !found || (i > 0 && l.Time[i] <= l.Time[i-1]) {
				t.Fatalf("row %d has the key %d, which is no bar or out of order", i, l.Time[i])
			}
			last := at + int(l.Ahead[i])
			if l.Ahead[i] < 1 || int(l.Ahead[i]) > l.Horizon() || last >= s.Len() || l.End[i] != s.Available(last) {
				t.Fatalf("row %d looks %d bars ahead and ends at %d", i, l.Ahead[i], l.End[i])
			}
			if math.IsNaN(l.Return[i]) || l.Return[i] <= -1 {
				t.Fatalf("row %d has the return %v", i, l.Return[i])
			}
			counts := l.Event == nil || l.Event[i]
			if w := l.Weight[i]; counts != (w > 0) || w > 1 || counts && !spec.ComputeWeights && w != 1 {
				t.Fatalf("row %d, which counts: %v, has the weight %v", i, counts, w)
			}
			if !isRegression && (l.Class[i] < 0 || int(l.Class[i]) >= len(l.Classes)) {
				t.Fatalf("row %d has class %d", i, l.Class[i])
			}
		}
	})
}

// TestNothingAfterEnd alters and cuts off bars that become available after a
// moment: labels known by then stay, to the bit.
func TestNothingAfterEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec, s := drawSpec(t), drawBars(t)
		l := mustMakeRapid(t, spec, s)
		cut := rapid.IntRange(0, s.Len()).Draw(t, "cut")
		other := walk(rapid.Uint64().Draw(t, "other"), s.Len())
		altered := market.NewSeries(s.Symbol, s.Timeframe, s.Len())
		for i := range s.Len() {
			b := other.Bar(i)
			if i < cut {
				b = s.Bar(i)
			}
			b.Time = s.Time[i]
			altered.Append(b)
		}
		var known int64
		if cut > 0 {
			known = s.Available(cut - 1)
		}
		for name, again := range map[string]label.Labels{
			"altered": mustMakeRapid(t, spec, altered), "cut off": mustMakeRapid(t, spec, s.Slice(0, cut)),
		} {
			byTime := map[int64]int{}
			for i, at := range again.Time {
				byTime[at] = i
			}
			for i := range l.Len() {
				if l.End[i] > known || (name == "cut off" && isReserved(spec, s, l.Time[i], cut)) {
					continue
				}
				k, found := byTime[l.Time[i]]
				if !found || !sameRow(l, again, i, k) {
					t.Fatalf("%s from bar %d on: the label of %d, known at %d, changed", name, cut, l.Time[i], l.End[i])
				}
			}
		}
	})
}

// isReserved reports whether a row of triple_barrier is left out of a series of
// n bars because its time limit lies outside, although it is known already.
func isReserved(spec label.Spec, s market.Series, at int64, n int) bool {
	return spec.Source == label.TripleBarrier && s.Search(at)+spec.MaxHolding >= n
}

func sameRow(a, b label.Labels, i, k int) bool {
	same := a.End[i] == b.End[k] && a.Ahead[i] == b.Ahead[k] && math.Float64bits(a.Return[i]) == math.Float64bits(b.Return[k]) &&
		math.Float64bits(a.Weight[i]) == math.Float64bits(b.Weight[k]) && (a.Event == nil || a.Event[i] == b.Event[k])
	if a.Class != nil {
		return same && a.Class[i] == b.Class[k]
	}
	return same && math.Float64bits(a.Target[i]) == math.Float64bits(b.Target[k])
}

// TestReturnIsTradable: from the next open on, a BUY or SELL of a barrier earns
// in its direction, because barriers lie around the entry.
func TestReturnIsTradable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec, s := drawSpec(t), drawBars(t)
		if spec.Source != label.TripleBarrier {
			t.Skip("no barriers")
		}
		l := mustMakeRapid(t, spec, s)
		for i, class := range l.Class {
			name := l.Classes[class]
			if name == "BUY" && l.Return[i] <= 0 || name == "SELL" && l.Return[i] >= 0 {
				t.Fatalf("row %d: class %s with the return %v", i, l.Classes[class], l.Return[i])
			}
		}
	})
}

// TestVolatilityDoesNotDrift compares Make with the obvious form far into a
// series and over many sizes of returns, those of logarithms by series included.
func TestVolatilityDoesNotDrift(t *testing.T) {
	for _, size := range []float64{1e-6, .01, .5, 1} {
		s := market.NewSeries("TEST", market.Hour1, 0)
		rng := rand.New(rand.NewPCG(5, 5))
		price := 1e5
		for i := range 600 {
			before := price
			price = 1e5 * math.Exp(size*rng.NormFloat64())
			s.Append(market.Bar{Time: int64(3600 * i), Open: before, High: max(before, price), Low: min(before, price), Close: price})
		}
		for _, method := range []label.VolMethod{label.VolATR, label.VolClose} {
			spec := label.Spec{
				Source: label.TripleBarrier, Entry: label.AtClose, VolMethod: method,
				PTMultiplier: .02, SLMultiplier: .0001, MaxHolding: 10, VolSpan: 20,
			}
			l := mustMake(t, spec, s)
			class, hold := barriersPlain(s, spec, volPlain(s, spec))
			skip := len(class) - l.Len()
			if skip > 20 || !slices.Equal(l.Class, class[skip:]) || !slices.Equal(l.Ahead, hold[skip:]) {
				t.Errorf("size %v, %s: labels differ from the plain form", size, method)
			}
			vol := volPlain(s, spec)
			for i := range l.Len() {
				at := s.Search(l.Time[i])
				if l.Class[i] != label.Buy || s.Open[at+int(l.Ahead[i])] > s.Close[at] {
					continue
				}
				if got, want := l.Return[i]/spec.PTMultiplier, vol[at]; math.Abs(got-want) > 1e-12*want+2e-14 {
					t.Errorf("size %v, %s: volatility at bar %d is %v, want %v", size, method, at, got, want)
				}
			}
		}
	}
}

func mustMakeRapid(t *rapid.T, spec label.Spec, s market.Series) label.Labels {
	l, err := label.Make(spec, s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A regression here means that a training starts later. Barriers are reached
// after a few bars mostly; the time limit bounds the rest.
func BenchmarkMake(b *testing.B) {
	const bars = 100_000
	s := walk(1, bars)
	for _, source := range label.Sources() {
		b.Run("source="+string(source)+"/bars=100000", func(b *testing.B) {
			b.ReportAllocs()
			var l label.Labels
			for b.Loop() {
				l = mustMake(b, label.Default(source), s)
			}
			// Bars that come later change no label that was known before them.
			less := mustMake(b, label.Default(source), s.Slice(0, bars/2))
			for i := range less.Len() {
				if k := slices.Index(l.Time[i:], less.Time[i]); k < 0 || !sameRow(less, l, i, i+k) {
					b.Fatalf("row %d is another one with twice the bars", i)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/bars, "ns/bar")
		})
	}
}

// TestZigZag_bounded: with a lookahead no label reads more bars than it, not even
// where it is one.
func TestZigZag_bounded(t *testing.T) {
	s := walk(3, 400)
	for lookahead := 1; lookahead <= 4; lookahead++ {
		l := mustMake(t, label.Spec{Source: label.ZigZag, Threshold: .02, Lookahead: lookahead}, s)
		if l.Horizon() != lookahead || l.Len() != s.Len()-lookahead {
			t.Errorf("%d labels read up to %d bars, want %d and %d", l.Len(), l.Horizon(), s.Len()-lookahead, lookahead)
		}
	}
}
