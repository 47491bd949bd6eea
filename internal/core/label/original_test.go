package label_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/indicator/indicatortest"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// The numbers in this file were printed by the original KTRDR (Python, pandas
// 1.5.3, numpy 1.24) for the series below.

// digits writes classes as the original numbers them: 0 BUY, 1 HOLD, 2 SELL.
func digits(classes []int32) string {
	var b strings.Builder
	for _, c := range classes {
		b.WriteByte('0' + byte(c))
	}
	return b.String()
}

func count(classes []int32) (n [3]int) {
	for _, c := range classes {
		n[c]++
	}
	return n
}

// The original also labels bars 176 to 199 by an extreme at the last bar, which
// nothing confirms: its counts are BUY 83, HOLD 19, SELL 98, of which 22 SELL
// and 2 HOLD lie there.
func TestOriginalZigZag(t *testing.T) {
	s := indicatortest.Original()
	l := mustMake(t, label.Spec{Source: label.ZigZag, Threshold: .03, Entry: label.AtClose}, s)
	if got, want := count(l.Class), [3]int{83, 19 - 2, 98 - 22}; got != want || l.Len() != 176 {
		t.Errorf("%d labels, %v, want 176, %v", l.Len(), got, want)
	}
	const first40 = "1" + "0000000" + "1" + "222" + "1" + "00" + "1" + "2222222222" + "1" + "00" + "1" + "22" + "1" + "0000000"
	if got := digits(l.Class[:40]); got != first40 {
		t.Errorf("labels 0..39 are\n%s, want\n%s", got, first40)
	}
	marked := []int{0, 8, 12, 15, 26, 29, 32, 50, 54, 57, 68, 71, 74, 92, 116, 134, 158} // then 176, 199
	var holds []int
	for i, class := range l.Class {
		if class == label.Hold {
			holds = append(holds, int((l.Time[i]-s.Time[0])/3600))
		}
	}
	if !slices.Equal(holds, marked) {
		t.Errorf("extremes are %v, want %v", holds, marked)
	}
}

func TestOriginalForwardReturn(t *testing.T) {
	l := mustMake(t, label.Spec{Source: label.ForwardReturn, Horizon: 20, Entry: label.AtClose}, indicatortest.Original())
	mean := 0.0
	for _, y := range l.Target {
		mean += y / float64(l.Len())
	}
	if l.Len() != 180 {
		t.Fatalf("%d labels, want 180", l.Len())
	}
	for _, c := range []struct {
		name      string
		got, want float64
	}{{"first", l.Target[0], -0.003219466}, {"last", l.Target[179], -0.1274232}, {"mean", mean, 0.005370935}} {
		if math.Abs(c.got-c.want) > 5e-7*math.Abs(c.want) { // float32 in the original
			t.Errorf("%s = %.9f, want %.9f", c.name, c.got, c.want)
		}
	}
}

// TestOriginalTripleBarrier holds an obvious form of the definition, with the
// original's filling of early volatility, to the original's numbers for all
// 180 rows, and Make to that form for the rows whose volatility is known.
func TestOriginalTripleBarrier(t *testing.T) {
	s := indicatortest.Original()
	spec := label.Spec{
		Source: label.TripleBarrier, Entry: label.AtClose,
		PTMultiplier: 2, SLMultiplier: 1.5, MaxHolding: 20, VolSpan: 14,
	}
	for _, c := range []struct {
		method label.VolMethod
		want   [3]int
		first  int // row that Make begins with
	}{{label.VolATR, [3]int{87, 0, 93}, 13}, {label.VolClose, [3]int{89, 0, 91}, 14}} {
		t.Run(string(c.method), func(t *testing.T) {
			spec.VolMethod = c.method
			vol := volPlain(s, spec)
			for i := range spec.VolSpan {
				if math.IsNaN(vol[i]) || vol[i] == 0 {
					vol[i] = vol[spec.VolSpan]
				}
			}
			class, hold := barriersPlain(s, spec, vol)
			if got := count(class); got != c.want {
				t.Errorf("plain form gives %v, want %v", got, c.want)
			}
			if c.method == label.VolATR {
				wantClass := strings.Repeat("0", 7) + strings.Repeat("2", 18) + "000" + "222" + strings.Repeat("0", 9)
				wantHold := []int32{2, 7, 6, 4, 3, 2, 2, 11, 4, 3, 8, 7, 6, 5, 3, 2, 2, 2, 6, 6}
				var sum float64
				for _, h := range hold {
					sum += float64(h)
				}
				if digits(class[:40]) != wantClass || !slices.Equal(hold[:20], wantHold) || math.Abs(sum/180-5.3888889) > 1e-7 {
					t.Errorf("plain form gives %s, %v, mean hold %v", digits(class[:40]), hold[:20], sum/180)
				}
			}
			l := mustMake(t, spec, s)
			if l.Len() != 180-c.first || l.Time[0] != s.Time[c.first] {
				t.Fatalf("%d labels from bar %d on, want %d from %d on", l.Len(), (l.Time[0]-s.Time[0])/3600, 180-c.first, c.first)
			}
			if !slices.Equal(l.Class, class[c.first:]) || !slices.Equal(l.Ahead, hold[c.first:]) {
				t.Errorf("labels are\n%v ahead %v, want\n%v ahead %v", l.Class, l.Ahead, class[c.first:], hold[c.first:])
			}
		})
	}
}

// volPlain computes the volatility at each bar as its definition reads, from
// all weights anew.
func volPlain(s market.Series, spec label.Spec) []float64 {
	keep := 1 - 2/float64(spec.VolSpan+1)
	vol := make([]float64, s.Len())
	for t := range vol {
		var x []float64 // newest first
		for i := t; i >= 0; i-- {
			switch {
			case spec.VolMethod != label.VolClose:
				x = append(x, (s.High[i]-s.Low[i])/s.Close[i])
			case i > 0:
				x = append(x, math.Log(s.Close[i]/s.Close[i-1]))
			}
		}
		var sum, weights, squares float64
		for age, v := range x {
			w := math.Pow(keep, float64(age))
			sum, weights, squares = sum+w*v, weights+w, squares+w*w
		}
		vol[t] = sum / weights
		if spec.VolMethod == label.VolClose {
			mean, deviations := sum/weights, 0.0
			for age, v := range x {
				deviations += math.Pow(keep, float64(age)) * (v - mean) * (v - mean)
			}
			vol[t] = math.Sqrt(deviations / weights * weights * weights / (weights*weights - squares))
		}
	}
	return vol
}

// barriersPlain scans as the definition reads, from the close of each bar.
func barriersPlain(s market.Series, spec label.Spec, vol []float64) (class, hold []int32) {
	for t := range s.Len() - spec.MaxHolding {
		entry, last := s.Close[t], t+spec.MaxHolding
		c, h := int32(-1), int32(spec.MaxHolding)
		for i := t + 1; i <= last && c < 0; i++ {
			up := s.High[i] >= entry*(1+spec.PTMultiplier*vol[t])
			down := s.Low[i] <= entry*(1-spec.SLMultiplier*vol[t])
			switch {
			case up && (!down || s.Close[i] >= entry):
				c, h = label.Buy, int32(i-t)
			case down:
				c, h = label.Sell, int32(i-t)
			}
		}
		if r := s.Close[last]/entry - 1; c < 0 {
			switch {
			case math.Abs(r) < vol[t]*math.Sqrt(float64(spec.MaxHolding))*.5:
				c = label.Hold
			case r > 0:
				c = label.Buy
			default:
				c = label.Sell
			}
		}
		class, hold = append(class, c), append(hold, h)
	}
	return class, hold
}
