package label_test

import (
	"math"
	"slices"
	"sort"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/indicator/indicatortest"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// The numbers in this file, too, were printed by the original KTRDR for
// indicatortest.Original.

func TestOriginalContext(t *testing.T) {
	l := mustMake(t, label.Default(label.Context), indicatortest.Original())
	if got := count(l.Class); got != [3]int{94, 93, 8} || l.Len() != 195 {
		t.Errorf("%d labels, %v of %v, want 195, [94 93 8]", l.Len(), got, l.Classes)
	}
}

func TestOriginalSingleScaleRegime(t *testing.T) {
	spec := label.Default(label.SingleScaleRegime)
	spec.VolLookback = 60
	spec.TrendingThreshold = .3
	l := mustMake(t, spec, indicatortest.Original())
	if got, want := countRegimes(l.Class), [4]int{33, 21, 62, 0}; got != want || l.Len() != 200-84 {
		t.Errorf("%d labels, %v of %v, want 116, %v", l.Len(), got, l.Classes, want)
	}
}

func countRegimes(classes []int32) (n [4]int) {
	for _, c := range classes {
		n[c]++
	}
	return n
}

// TestOriginalRegime holds an obvious form of the definition, with the original's
// one range for the whole series and its provisional end, to the original's
// numbers, and Make to that form with the range so far, for the rows that Make
// has.
func TestOriginalRegime(t *testing.T) {
	s := indicatortest.Original()
	spec := label.Default(label.Regime)
	spec.VolLookback = 60
	typical := label.TypicalRange(spec, s)
	whole := typical[s.Len()-1]
	if got, want := 3*whole, .0854783608840026; math.Abs(got-want) > 1e-15 {
		t.Errorf("macro threshold over all bars = %.16f, want %.16f", got, want)
	}
	constant := func(int) float64 { return whole }
	macro := pivotsPlain(s.Close, 0, 3, constant)
	if want := []int{0, 8, 32, 50, 74, 92, 116, 134, 158, 176, 199}; !slices.Equal(macro, want) {
		t.Errorf("macro pivots are %v, want %v", macro, want)
	}
	if got, want := countRegimes(regimesPlain(s, spec, 0, constant)), [4]int{0, 96, 104, 0}; got != want {
		t.Errorf("the plain form gives %v, want %v", got, want)
	}

	begin := spec.VolLookback
	plain := regimesPlain(s, spec, begin, func(i int) float64 { return typical[i] })
	l := mustMake(t, spec, s)
	if l.Len() < 80 || l.Time[0] != s.Time[begin] {
		t.Fatalf("%d labels from %s on", l.Len(), market.Stamp(l.Time[0]))
	}
	if !slices.Equal(l.Class, plain[begin:begin+l.Len()]) {
		t.Errorf("labels are\n%v, want\n%v", l.Class, plain[begin:begin+l.Len()])
	}
}

// TestTypicalRange compares the range so far with what the data up to each bar
// give by sorting.
func TestTypicalRange(t *testing.T) {
	s := walk(3, 300)
	spec := label.Default(label.Regime)
	typical := label.TypicalRange(spec, s)
	var ranges []float64
	for i := range s.Len() {
		if i < spec.ATRPeriod-1 {
			if !math.IsNaN(typical[i]) {
				t.Fatalf("bar %d has the range %v before there is an ATR", i, typical[i])
			}
			continue
		}
		sum := 0.0
		for k := i - spec.ATRPeriod + 1; k <= i; k++ {
			high, low := s.High[k], s.Low[k]
			if k > 0 {
				high, low = max(high, s.Close[k-1]), min(low, s.Close[k-1])
			}
			sum += (high - low) / float64(spec.ATRPeriod)
		}
		ranges = append(ranges, sum)
		if got, want := typical[i], medianPlain(ranges)/medianPlain(s.Close[:i+1]); math.Abs(got-want) > 1e-12*want {
			t.Fatalf("range at bar %d = %v, want %v", i, got, want)
		}
	}
}

func medianPlain(x []float64) float64 {
	sorted := slices.Clone(x)
	sort.Float64s(sorted)
	return (sorted[(len(x)-1)/2] + sorted[len(x)/2]) / 2
}

// pivotsPlain returns the first bar, the confirmed extremes and the provisional
// one of a zigzag whose reversals are multiple ranges.
func pivotsPlain(price []float64, first int, multiple float64, size func(int) float64) []int {
	pivots, extreme, direction := []int{first}, first, 0.0
	for i := first + 1; i < len(price); i++ {
		move := price[i]/price[extreme] - 1
		switch {
		case direction == 0 && math.Abs(move) >= multiple*size(i):
			extreme, direction = i, math.Copysign(1, move)
		case direction != 0 && move*direction > 0:
			extreme = i
		case direction != 0 && -move*direction >= multiple*size(i):
			pivots, extreme, direction = append(pivots, extreme), i, -direction
		}
	}
	if extreme != pivots[len(pivots)-1] {
		pivots = append(pivots, extreme)
	}
	return pivots
}

// regimesPlain labels every bar from first on up to the last pivot, each from its
// macro segment, as the original does. Bars before first are RANGING.
func regimesPlain(s market.Series, spec label.Spec, first int, size func(int) float64) []int32 {
	price := s.Close
	micro := pivotsPlain(price, first, spec.MicroATRMult, size)
	macro := pivotsPlain(price, first, spec.MacroATRMult, size)
	class := make([]int32, len(price))
	for i := range class {
		class[i] = label.Ranging
	}
	for k := range len(macro) - 1 {
		start, end := macro[k], macro[k+1]
		isUp := price[end] > price[start]
		var inside []int
		for _, p := range micro {
			if p >= start && p <= end {
				inside = append(inside, p)
			}
		}
		// The lows of a segment that rises, the highs of one that falls.
		var turns []float64
		for i, p := range inside {
			other := i + 1
			if i == len(inside)-1 {
				other = i - 1
			}
			if len(inside) >= 4 && (price[p] < price[inside[other]]) == isUp {
				turns = append(turns, price[p])
			}
		}
		along := 0
		for i := range max(0, len(turns)-1) {
			if (turns[i+1] > turns[i]) == isUp && turns[i+1] != turns[i] {
				along++
			}
		}
		is := label.Ranging
		if len(inside) >= 4 && float64(along)/float64(len(turns)-1) >= spec.ProgressionTolerance {
			is = label.TrendingDown
			if isUp {
				is = label.TrendingUp
			}
		}
		for i := start; i <= end; i++ {
			class[i] = is
		}
	}
	n := spec.ATRPeriod
	for i := spec.VolLookback; i < len(price)-n; i++ {
		if deviationPlain(price[i:i+n+1])/deviationPlain(price[i-spec.VolLookback:i+1]) > spec.VolCrisisThreshold {
			class[i] = label.Volatile
		}
	}
	return class
}

// deviationPlain returns the sample deviation of the logarithmic returns between
// prices.
func deviationPlain(price []float64) float64 {
	mean, squares, n := 0.0, 0.0, float64(len(price)-1)
	for i := 1; i < len(price); i++ {
		mean += math.Log(price[i]/price[i-1]) / n
	}
	for i := 1; i < len(price); i++ {
		squares += math.Pow(math.Log(price[i]/price[i-1])-mean, 2)
	}
	return math.Sqrt(squares / (n - 1))
}

// TestRegimeByItsPlainForm compares Make with the plain form on prices of all
// sorts: trends, ranges and crises.
func TestRegimeByItsPlainForm(t *testing.T) {
	var seen [4]int
	for seed := range uint64(300) {
		s := walk(seed, 100+int(seed)) // short ones are mostly first swings
		spec := label.Default(label.Regime)
		spec.VolLookback, spec.VolCrisisThreshold, spec.MicroATRMult = 30, 1.5, .7
		typical := label.TypicalRange(spec, s)
		plain := regimesPlain(s, spec, 30, func(i int) float64 { return typical[i] })
		l := mustMake(t, spec, s)
		for i, class := range l.Class {
			seen[class]++
			if at := s.Search(l.Time[i]); class != plain[at] {
				t.Fatalf("seed %d: bar %d is %s, want %s", seed, at, l.Classes[class], l.Classes[plain[at]])
			}
		}
	}
	if slices.Min(seen[:]) < 20 {
		t.Errorf("the prices show %v of the regimes, too few to compare", seen)
	}
}

// The original's automatic threshold is half the mean of the volatility over the
// whole series; a fixed one of that size makes its events.
func TestOriginalEvents(t *testing.T) {
	s := indicatortest.Original()
	vol := volPlain(s, label.Spec{VolMethod: label.VolClose, VolSpan: 50})
	mean, known := 0.0, 0.0
	for _, v := range vol {
		if !math.IsNaN(v) {
			mean, known = mean+v, known+1
		}
	}
	for _, c := range []struct {
		name      string
		threshold float64
		events    int
		first     []int
	}{
		{"automatic", .5 * mean / known, 81, []int{1, 6, 7, 11, 14, 17, 18, 23, 24, 25, 31, 32, 34, 35, 36, 41, 42, 43, 48, 49}},
		{"fixed", .02, 6, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := indicatortest.Original()
			last := s.Bar(s.Len() - 1) // another bar, so that the last has a label too
			last.Time += 3600
			s.Append(last)
			spec := label.Spec{Source: label.Context, Horizon: 1, BullishThreshold: .005, CUSUM: true, CUSUMThreshold: c.threshold}
			events := eventBars(mustMake(t, spec, s), s)
			if len(events) != c.events || !slices.Equal(events[:len(c.first)], c.first) {
				t.Errorf("%d events %v, want %d, %v", len(events), events, c.events, c.first)
			}
		})
	}
}

func eventBars(l label.Labels, s market.Series) (bars []int) {
	for i, isEvent := range l.Event {
		if isEvent {
			bars = append(bars, s.Search(l.Time[i]))
		}
	}
	return bars
}

// TestAutomaticEvents compares the filter whose threshold follows from the
// volatility so far with its definition.
func TestAutomaticEvents(t *testing.T) {
	s := indicatortest.Original()
	spec := label.Default(label.ForwardReturn)
	spec.Horizon, spec.CUSUM, spec.CUSUMMultiplier, spec.VolSpan = 1, true, 1.2, 20
	vol := volPlain(s, label.Spec{VolMethod: label.VolClose, VolSpan: 20})
	var want []int
	up, down := 0.0, 0.0
	for i := 20; i < s.Len()-1; i++ {
		mean := 0.0
		for _, v := range vol[20 : i+1] {
			mean += v / float64(i-19)
		}
		r, h := math.Log(s.Close[i]/s.Close[i-1]), 1.2*mean
		up, down = math.Max(0, up+r-h), math.Min(0, down+r+h)
		if up > h || down < -h {
			want = append(want, i)
		}
		if up > h {
			up = 0
		} else if down < -h {
			down = 0
		}
	}
	if got := eventBars(mustMake(t, spec, s), s); !slices.Equal(got, want) || len(want) < 5 {
		t.Errorf("events are %v, want %v", got, want)
	}
}

// TestOriginalWeights: the rows are those of the original, early volatility
// filled as it does; its weights are scaled to the mean 1.
func TestOriginalWeights(t *testing.T) {
	s := indicatortest.Original()
	spec := label.Spec{PTMultiplier: 2, SLMultiplier: 1.5, MaxHolding: 20, VolSpan: 14}
	vol := volPlain(s, spec)
	_, ahead := barriersPlain(s, spec, vol)
	first := make([]int32, len(ahead))
	for i := range first {
		first[i] = int32(i)
	}
	w := label.Uniqueness(make([]float64, len(ahead)), first, ahead)
	sum := 0.0
	for _, v := range w {
		sum += v
	}
	for i, want := range []float64{3.90891475, 1.63802142, 1.47670113, 1.237823, 1.07133219, 0.95551249} {
		if got := w[i] * 180 / sum; math.Abs(got-want) > 5e-9 {
			t.Errorf("weight %d = %.8f, want %.8f", i, got, want)
		}
	}
}

// TestWeights holds the weights of Make to a count of the labels that read each
// bar.
func TestWeights(t *testing.T) {
	// Up to 110 at bar 2, confirmed at bar 4; down to 95 at bar 5, confirmed at
	// bar 7; the swing from bar 5 on is not known to end.
	s := bars(100, 105, 110, 108, 103, 95, 97, 102, 104, 104)
	l := mustMake(t, label.Spec{Source: label.ZigZag, Threshold: .05, ComputeWeights: true}, s)
	if got, want := show(l), "0:HOLD+4 1:BUY+3 2:HOLD+5 3:SELL+4 4:SELL+3"; got != want {
		t.Fatalf("labels are %s, want %s", got, want)
	}
	// Bars 1 to 9 are read by the labels of so many bars: those before it whose
	// swing is not confirmed, the unfinished ones included.
	c := []float64{1: 1, 2: 2, 3: 3, 4: 4, 5: 3, 6: 4, 7: 5, 8: 3, 9: 4}
	for i, w := range l.Weight {
		mean := 0.0
		for k := i + 1; k <= i+int(l.Ahead[i]); k++ {
			mean += 1 / c[k] / float64(l.Ahead[i])
		}
		if math.Abs(w-mean) > 1e-15 {
			t.Errorf("weight of bar %d = %v, want %v", i, w, mean)
		}
	}
}
