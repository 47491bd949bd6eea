package label_test

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/indicator/indicatortest"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Three labels: the first two share bar 3, the last has its bars to itself.
func ExampleUniqueness() {
	first := []int32{1, 2, 5}
	ahead := []int32{2, 1, 3}
	fmt.Println(label.Uniqueness(make([]float64, 3), first, ahead))
	// Output: [0.75 0.5 1]
}

func ExampleMeta() {
	s := market.NewSeries("EURUSD", market.Hour1, 6)
	for i, price := range []float64{1.000, 1.001, 1.000, 1.003, 1.006, 1.006} {
		s.Append(market.Bar{Time: int64(3600 * i), Open: price, High: price + .001, Low: price - .001, Close: price})
	}
	spec := label.Spec{Source: label.TripleBarrier, Classes: 2, PTMultiplier: 1, SLMultiplier: 1, MaxHolding: 3, VolSpan: 2}
	calls := []label.Call{{Time: 3600}, {Time: 7200, Sell: true}} // what another model decided
	labels, err := label.Meta(spec, s, calls)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, class := range labels.Class {
		fmt.Printf("%s: %s, it earned %+.4f\n", clock(labels.Time[i]), labels.Classes[class], labels.Return[i])
	}
	// Output:
	// 01:00: TAKE, it earned +0.0030
	// 02:00: SKIP, it earned -0.0030
}

// TestUniquenessByCounting compares with the definition, label by label.
func TestUniquenessByCounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "labels")
		first, ahead := make([]int32, n), make([]int32, n)
		for i := range n {
			first[i] = int32(rapid.IntRange(0, 40).Draw(t, "first"))
			ahead[i] = int32(rapid.IntRange(1, 20).Draw(t, "ahead"))
		}
		got := label.Uniqueness(make([]float64, n), first, ahead)
		for i := range n {
			mean := 0.0
			for s := first[i] + 1; s <= first[i]+ahead[i]; s++ {
				readers := 0
				for k := range n {
					if s > first[k] && s <= first[k]+ahead[k] {
						readers++
					}
				}
				mean += 1 / float64(readers) / float64(ahead[i])
			}
			if math.Abs(got[i]-mean) > 1e-13 || got[i] > 1 {
				t.Fatalf("uniqueness of label %d of %v ahead %v = %v, want %v", i, first, ahead, got[i], mean)
			}
		}
	})
}

func TestUniquenessPanics(t *testing.T) {
	for name, c := range map[string]struct{ dst, first, ahead int }{
		"lengths": {1, 2, 2}, "more_ahead": {2, 2, 3}, "more_first": {2, 3, 2}, "no_bar": {1, 1, 1}, "negative": {1, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.HasPrefix(text, "label: Uniqueness") {
					t.Errorf("panicked with %q", text)
				}
			}()
			first, ahead := make([]int32, c.first), slices.Repeat([]int32{1}, c.ahead)
			switch name {
			case "no_bar":
				ahead[0] = 0
			case "negative":
				first[0] = -1
			}
			label.Uniqueness(make([]float64, c.dst), first, ahead)
		})
	}
}

// TestEventsAmongWeights: rows that are no events weigh nothing and take nothing
// away from the others.
func TestEventsAmongWeights(t *testing.T) {
	s := indicatortest.Original()
	spec := label.Default(label.ForwardReturn)
	spec.Horizon, spec.ComputeWeights, spec.CUSUM, spec.CUSUMThreshold = 4, true, true, .02
	l := mustMake(t, spec, s)
	events := 0
	for i, isEvent := range l.Event {
		if !isEvent {
			if l.Weight[i] != 0 {
				t.Errorf("row %d is no event and weighs %v", i, l.Weight[i])
			}
			continue
		}
		events++
		readers := 0.0
		for k := 1; k <= 4; k++ { // the bars that row i reads
			sharing := 0
			for other := max(0, i+k-4); other <= min(i+k-1, l.Len()-1); other++ {
				if l.Event[other] {
					sharing++
				}
			}
			readers += 1 / float64(sharing) / 4
		}
		if math.Abs(l.Weight[i]-readers) > 1e-15 {
			t.Errorf("row %d weighs %v, want %v", i, l.Weight[i], readers)
		}
	}
	if events != 6 {
		t.Errorf("%d events, want 6", events)
	}
}

// TestWeightsAreKnown cuts series off: the weights of labels that are known by
// then count those that are not, and those that two classes leave out, as much as
// they do later.
func TestWeightsAreKnown(t *testing.T) {
	for _, source := range label.Sources() {
		for _, classes := range []int{0, 2} {
			spec := label.Default(source)
			if spec.Classes == 0 && classes != 0 {
				continue
			}
			if spec.Classes = classes; classes == 2 {
				spec.HoldThreshold = 0
			}
			spec.ComputeWeights = true
			spec.MaxHolding, spec.VolSpan = min(spec.MaxHolding, 12), min(spec.VolSpan, 5)
			spec.VolLookback, spec.Lookahead = min(spec.VolLookback, 20), 0
			if classes == 2 && source == label.ZigZag {
				spec.Lookahead = 10
			}
			for seed := range uint64(20) {
				s := walk(seed, 150)
				whole := mustMake(t, spec, s)
				part := mustMake(t, spec, s.Slice(0, 100))
				for i := range part.Len() {
					k := slices.Index(whole.Time, part.Time[i])
					if k < 0 || !sameRow(part, whole, i, k) {
						t.Fatalf("%s with %d classes, seed %d: the label of %d weighs %v when it is known, later %v",
							source, classes, seed, part.Time[i], part.Weight[i], whole.Weight[k])
					}
				}
			}
		}
	}
}

// TestBits is a change detector: the hashes are this package's own. It fails on
// a processor, or with a compiler, that rounds differently.
func TestBits(t *testing.T) {
	s := market.NewSeries("TEST", market.Hour1, 0)
	price, state := 100.0, uint64(1)
	next := func() float64 { // in [-1/2, 1/2)
		state = state*6364136223846793005 + 1442695040888963407
		return float64(state>>11)/(1<<53) - .5
	}
	for i := range 3000 {
		open := price
		price *= 1 + next()/64
		s.Append(market.Bar{Time: int64(3600 * i), Open: open, Close: price, High: max(open, price) + 1/(next()+2), Low: min(open, price) - 1/(next()+2)})
	}
	for _, source := range label.Sources() {
		spec := label.Default(source)
		spec.ComputeWeights, spec.CUSUM, spec.CUSUMMultiplier, spec.VolSpan = true, true, 1, 30
		l := mustMake(t, spec, s)
		h := fnv.New64a()
		for i := range l.Len() {
			_ = binary.Write(h, binary.LittleEndian, []uint64{math.Float64bits(l.Return[i]), math.Float64bits(l.Weight[i]), uint64(l.End[i])})
			if l.Class != nil {
				_ = binary.Write(h, binary.LittleEndian, l.Class[i])
			}
		}
		if got, want := fmt.Sprintf("%d rows, %016x", l.Len(), h.Sum64()), bits[source]; got != want {
			t.Errorf("%s: %s, want %s", source, got, want)
		}
	}
}

var bits = map[label.Source]string{
	label.ZigZag:            "2977 rows, f6451aac04c627a4",
	label.ForwardReturn:     "2980 rows, 0490c1d0ee7d1bbd",
	label.TripleBarrier:     "2921 rows, 06ec8c7e7929ac55",
	label.Regime:            "2820 rows, 5a8dcdb568ceca7f",
	label.SingleScaleRegime: "2856 rows, bf4229cfc1b524a1",
	label.Context:           "2995 rows, 6fc2e2d4f00bf2a5",
}
