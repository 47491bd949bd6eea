package label_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"pgregory.net/rapid"
)

// metaSpec has barriers at 2 % and 1 % where the range of bars is 2 %.
func metaSpec() label.Spec {
	return label.Spec{
		Source: label.TripleBarrier, Entry: label.AtClose, Classes: 2,
		PTMultiplier: 1, SLMultiplier: .5, MaxHolding: 2, VolSpan: 2,
	}
}

func TestMeta(t *testing.T) {
	s := market.NewSeries("TEST", market.Hour1, 0)
	for i, b := range []struct{ open, high, low, close float64 }{
		{100, 101, 99, 100},
		{100, 101, 99, 100},
		{100, 100.9, 99.5, 100.5}, // from bar 1: no barrier
		{100, 102.5, 99.9, 102.4}, // from bar 1: 2 % up
		{102, 102.5, 102, 102.2},  // from bar 3: no barrier
		{102, 103, 102, 102.6},    // from bar 3: no barrier, 0.2 % up
		{102, 102, 97, 97},
		{97, 97, 97, 97},
	} {
		s.Append(market.Bar{Time: int64(3600 * i), Open: b.open, High: b.high, Low: b.low, Close: b.close})
	}
	for _, c := range []struct {
		name  string
		call  label.Call
		want  string
		earns float64
	}{
		{"buy_wins", label.Call{Time: 3600}, "1:TAKE+2", .02},
		{"sell_loses", label.Call{Time: 3600, Sell: true}, "1:SKIP+2", -.01},
		{"buy_at_the_time_limit", label.Call{Time: 3 * 3600}, "3:TAKE+2", 102.6/102.4 - 1},
		{"sell_at_the_time_limit", label.Call{Time: 3 * 3600, Sell: true}, "3:SKIP+2", 1 - 102.6/102.4},
		{"sell_wins", label.Call{Time: 5 * 3600, Sell: true}, "5:TAKE+1", 0},
		{"no_volatility", label.Call{Time: 0}, "", 0},
		{"not_known_yet", label.Call{Time: 6 * 3600}, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := label.Meta(metaSpec(), s, []label.Call{c.call})
			if err != nil {
				t.Fatal(err)
			}
			if got := show(l); got != c.want {
				t.Errorf("labels are %q, want %q", got, c.want)
			}
			if c.earns != 0 && math.Abs(l.Return[0]-c.earns) > 2e-4 {
				t.Errorf("following the call earns %v, want %v", l.Return[0], c.earns)
			}
		})
	}
}

// TestMeta_weights: calls share bars among themselves, and those that are not known
// yet share theirs too; a call at the last bar says nothing, whatever the entry.
func TestMeta_weights(t *testing.T) {
	s := bars(100, 101, 100, 101, 100, 101, 100, 101, 100, 101)
	spec := metaSpec()
	spec.PTMultiplier, spec.SLMultiplier, spec.MaxHolding, spec.Entry, spec.ComputeWeights = 9, 9, 3, label.NextOpen, true
	calls := []label.Call{{Time: 3 * 3600}, {Time: 4 * 3600, Sell: true}, {Time: 7 * 3600}, {Time: 9 * 3600}}
	l, err := label.Meta(spec, s, calls)
	if err != nil {
		t.Fatal(err)
	}
	// The calls at bars 3 and 4 read bars 4 to 6 and 5 to 7; that at bar 7 is not
	// known by bar 9 and reads 8 and 9.
	want := []float64{(1 + .5 + .5) / 3, (.5 + .5 + 1) / 3}
	if len(l.Weight) != 2 || math.Abs(l.Weight[0]-want[0]) > 1e-15 || math.Abs(l.Weight[1]-want[1]) > 1e-15 {
		t.Errorf("weights %v, want %v", l.Weight, want)
	}
	if early, err := label.Meta(spec, s, []label.Call{{Time: 3 * 3600}, {Time: 6 * 3600}, {Time: 7 * 3600}}); err != nil || early.Len() != 2 {
		t.Errorf("%d labels, error %v, want 2", early.Len(), err)
	}
	shared, err := label.Meta(spec, s, []label.Call{{Time: 6 * 3600}, {Time: 7 * 3600}})
	if want := (1 + .5 + .5) / 3; err != nil || shared.Len() != 1 || math.Abs(shared.Weight[0]-want) > 1e-15 {
		t.Errorf("weights %v, error %v, want %v beside a call that is not known yet", shared.Weight, err, want)
	}
}

func TestMetaRefuses(t *testing.T) {
	s := bars(100, 101, 102, 103, 104)
	with := func(change func(*label.Spec)) label.Spec {
		spec := metaSpec()
		change(&spec)
		return spec
	}
	for _, c := range []struct {
		name  string
		spec  label.Spec
		calls []label.Call
		want  string
	}{
		{"source", label.Default(label.ForwardReturn), nil, "source forward_return: want triple_barrier"},
		{"three_classes", label.Default(label.TripleBarrier), nil, "classes 3: want 2"},
		{"parameter", with(func(s *label.Spec) { s.VolSpan = 0 }), nil, "vol_span: want 2"},
		{"events", with(func(s *label.Spec) { s.CUSUM, s.CUSUMThreshold = true, .1 }), nil, "the calls are the events"},
		{"no_bar", metaSpec(), []label.Call{{Time: 1}}, "call 0 at 1970-01-01T00:00:01Z is at no bar of TEST 1h"},
		{"after_the_end", metaSpec(), []label.Call{{Time: 99 * 3600}}, "is at no bar"},
		{"order", metaSpec(), []label.Call{{Time: 3600}, {Time: 3600}}, "call 1 at 1970-01-01T01:00:00Z is not after"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := label.Meta(c.spec, s, c.calls); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Meta = %v, want an error with %q", err, c.want)
			}
		})
	}
}

// TestMetaOfTripleBarrier: with barriers as far from either side, following every
// buy pays exactly where triple_barrier says BUY, and every sell where it says
// SELL.
func TestMetaOfTripleBarrier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawBars(t)
		spec := metaSpec()
		spec.SLMultiplier, spec.MaxHolding = spec.PTMultiplier, rapid.IntRange(1, 10).Draw(t, "hold")
		spec.ComputeWeights = rapid.Bool().Draw(t, "weights")
		truth := mustMakeRapid(t, spec, s)
		for _, isSell := range []bool{false, true} {
			var calls []label.Call
			for _, at := range truth.Time {
				calls = append(calls, label.Call{Time: at, Sell: isSell})
			}
			l, err := label.Meta(spec, s, calls)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(l.Time, truth.Time) || !slices.Equal(l.End, truth.End) || !slices.Equal(l.Ahead, truth.Ahead) {
				t.Fatalf("rows %v, want %v", l.Time, truth.Time)
			}
			for i, class := range l.Class {
				if pays := truth.Classes[truth.Class[i]] == "BUY" != isSell; pays != (class == label.Take) || pays != (l.Return[i] > 0) {
					t.Fatalf("row %d: %s pays %v and is %s", i, truth.Classes[truth.Class[i]], l.Return[i], l.Classes[class])
				}
			}
		}
	})
}
