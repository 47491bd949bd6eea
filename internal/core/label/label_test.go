package label_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

func ExampleMake() {
	s := market.NewSeries("EURUSD", market.Hour1, 6)
	for i, price := range []float64{1.00, 1.01, 1.02, 1.03, 1.02, 1.04} {
		s.Append(market.Bar{Time: int64(3600 * i), Open: price, High: price + .005, Low: price - .005, Close: price})
	}
	labels, err := label.Make(label.Spec{Source: label.ForwardReturn, Horizon: 3}, s)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range labels.Len() {
		fmt.Printf("decided in the bar of %s, known at %s: %+.4f\n", clock(labels.Time[i]), clock(labels.End[i]), labels.Target[i])
	}
	// Output:
	// decided in the bar of 00:00, known at 04:00: +0.0198
	// decided in the bar of 01:00, known at 05:00: +0.0000
	// decided in the bar of 02:00, known at 06:00: +0.0097
}

func clock(unix int64) string { return strings.Split(market.Stamp(unix), "T")[1][:5] }

func TestValidate(t *testing.T) {
	with := func(source label.Source, change func(*label.Spec)) label.Spec {
		s := label.Default(source)
		change(&s)
		return s
	}
	valid := func(change func(*label.Spec)) label.Spec { return with(label.TripleBarrier, change) }
	for _, c := range []struct {
		name string
		spec label.Spec
		want []string // one per problem, in order; none for a valid spec
	}{
		{"default_zigzag", label.Default(label.ZigZag), nil},
		{"default_forward_return", label.Default(label.ForwardReturn), nil},
		{"default_triple_barrier", label.Default(label.TripleBarrier), nil},
		{"entry_absent", label.Spec{Source: label.ForwardReturn, Horizon: 1}, nil},
		{"default_regime", label.Default(label.Regime), nil},
		{"default_single_scale_regime", label.Default(label.SingleScaleRegime), nil},
		{"default_context", label.Default(label.Context), nil},
		{"classes", valid(func(s *label.Spec) { s.Classes = 4 }), []string{"classes: want 2 or 3, have 4"}},
		{"hold_of_two_classes", valid(func(s *label.Spec) { s.Classes = 2 }), []string{"hold_threshold: it has no effect with 2 classes"}},
		{"entry_of_regime", label.Spec{Source: label.Context, Horizon: 3, Entry: label.NextOpen}, []string{"entry: belongs to zigzag, forward_return, triple_barrier labels and has no effect with context: remove it"}},
		{"swings_of_one_size", with(label.Regime, func(s *label.Spec) { s.MicroATRMult = 3 }), []string{"micro_atr_mult: want less than macro_atr_mult, which is 3, have 3"}},
		{"tolerance", with(label.Regime, func(s *label.Spec) { s.ProgressionTolerance = math.NaN() }), []string{"progression_tolerance: want a number from 0 to 1, have NaN"}},
		{"lookback", with(label.Regime, func(s *label.Spec) { s.VolLookback = 5001 }), []string{"vol_lookback: want 2 to 5000 bars"}},
		{"horizon_of_one_bar", with(label.SingleScaleRegime, func(s *label.Spec) { s.Horizon = 1 }), []string{"horizon: want 2 to 5000 bars"}},
		{"context_thresholds", with(label.Context, func(s *label.Spec) { s.BearishThreshold = .01 }), []string{"bullish_threshold: want at least bearish_threshold, which is 0.01, have 0.005"}},
		{"events", valid(func(s *label.Spec) { s.CUSUM, s.CUSUMThreshold = true, .01 }), nil},
		{"events_automatic", with(label.ZigZag, func(s *label.Spec) { s.CUSUM, s.CUSUMMultiplier, s.VolSpan = true, .5, 50 }), nil},
		{"events_without_span", with(label.ZigZag, func(s *label.Spec) { s.CUSUM, s.CUSUMMultiplier = true, .5 }), []string{"vol_span: want 2 to"}},
		{"events_not_asked_for", valid(func(s *label.Spec) { s.CUSUMThreshold, s.CUSUMMultiplier = .01, .5 }), []string{"cusum_threshold: it has no effect", "cusum_multiplier: it has no effect"}},
		{"events_negative", valid(func(s *label.Spec) { s.CUSUM, s.CUSUMThreshold = true, -1 }), []string{"cusum_threshold: want a fraction above 0"}},
		{"events_without_multiplier", valid(func(s *label.Spec) { s.CUSUM = true }), []string{"cusum_multiplier: want a number above 0"}},
		{"no_source", label.Spec{}, []string{`source: unknown label source ""`}},
		{"unknown_source", label.Spec{Source: "zig_zag"}, []string{`source: unknown label source "zig_zag": want one of [zigzag forward_return triple_barrier regime single_scale_regime context] (did you mean zigzag?)`}},
		{"unknown_entry", valid(func(s *label.Spec) { s.Entry = "open" }), []string{`entry: want next_open or close, have "open"`}},
		{"threshold_absent", label.Spec{Source: label.ZigZag}, []string{"zigzag_threshold: want a fraction above 0 and below 1, have 0"}},
		{"threshold_nan", label.Spec{Source: label.ZigZag, Threshold: math.NaN()}, []string{"zigzag_threshold: want a fraction"}},
		{"threshold_one", label.Spec{Source: label.ZigZag, Threshold: 1}, []string{"zigzag_threshold: want a fraction"}},
		{"lookahead_negative", label.Spec{Source: label.ZigZag, Threshold: .1, Lookahead: -1}, []string{"label_lookahead: want 1 to 100000 bars, have -1"}},
		{"horizon_absent", label.Spec{Source: label.ForwardReturn}, []string{"horizon: want 1 to 100000 bars, have 0"}},
		{"horizon_huge", label.Spec{Source: label.ForwardReturn, Horizon: 1 << 30}, []string{"horizon: want 1 to 100000 bars"}},
		{"barrier_infinite", valid(func(s *label.Spec) { s.PTMultiplier = math.Inf(1) }), []string{"pt_multiplier: want a number above 0 and up to 100, have +Inf"}},
		{"barrier_nan", valid(func(s *label.Spec) { s.SLMultiplier = math.NaN() }), []string{"sl_multiplier: want a number above 0"}},
		{"vol_method", valid(func(s *label.Spec) { s.VolMethod = "std" }), []string{`vol_method: want atr or close, have "std"`}},
		{"vol_span", valid(func(s *label.Spec) { s.VolSpan = 1 }), []string{"vol_span: want 2 to 100000 bars, have 1"}},
		{"of_another_source", label.Spec{Source: label.ForwardReturn, Horizon: 3, VolSpan: 3}, []string{"vol_span: belongs to triple_barrier labels and has no effect with forward_return: remove it"}},
		{"all_at_once", label.Spec{Source: label.TripleBarrier, Threshold: .1, Horizon: 3}, []string{"zigzag_threshold: belongs", "horizon: belongs", "pt_multiplier: want", "sl_multiplier: want", "max_holding_period: want", "vol_span: want"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.spec.Validate()
			var problems []error
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				problems = joined.Unwrap()
			} else if err != nil {
				problems = []error{err}
			}
			if len(problems) != len(c.want) {
				t.Fatalf("Validate() = %v, want %d problems", err, len(c.want))
			}
			for i, problem := range problems {
				var f *label.FieldError
				if !errors.As(problem, &f) || !strings.Contains(problem.Error(), c.want[i]) {
					t.Errorf("problem %d is %q, want a FieldError with %q", i, problem, c.want[i])
				}
			}
			if _, makeErr := label.Make(c.spec, market.Series{}); (makeErr == nil) != (err == nil) {
				t.Errorf("Make on no bars: %v, but Validate: %v", makeErr, err)
			}
		})
	}
}

func TestSourceText(t *testing.T) {
	var sources []label.Source
	if err := json.Unmarshal([]byte(`["zigzag","forward_return","triple_barrier","regime","single_scale_regime","context"]`), &sources); err != nil || fmt.Sprint(sources) != fmt.Sprint(label.Sources()) {
		t.Errorf("sources from JSON = %v, %v, want %v", sources, err, label.Sources())
	}
	if err := json.Unmarshal([]byte(`["forward_returns"]`), &sources); err == nil || !strings.Contains(err.Error(), "did you mean forward_return?") {
		t.Errorf("an unknown source: %v, want an error with the nearest name", err)
	}
}

func FuzzParseSource(f *testing.F) {
	f.Add("zigzag")
	f.Fuzz(func(t *testing.T, s string) {
		if source, err := label.ParseSource(s); err == nil && string(source) != s {
			t.Fatalf("%q -> %q", s, source)
		}
	})
}

// bars makes hourly bars from closes that open at the close before, with no
// shadows.
func bars(closes ...float64) market.Series {
	s := market.NewSeries("TEST", market.Hour1, len(closes))
	before := closes[0]
	for i, price := range closes {
		s.Append(market.Bar{Time: int64(3600 * i), Open: before, High: max(before, price), Low: min(before, price), Close: price})
		before = price
	}
	return s
}

// show writes rows as class, the bar of the decision, and the bars ahead.
func show(l label.Labels) string {
	var b strings.Builder
	for i := range l.Len() {
		fmt.Fprintf(&b, "%d:%s+%d ", l.Time[i]/3600, l.Classes[l.Class[i]], l.Ahead[i])
	}
	return strings.TrimSpace(b.String())
}

func TestZigZag(t *testing.T) {
	// Up to 110 at bar 2, confirmed at bar 4; down to 95 at bar 5, confirmed at
	// bar 7; then up without an end.
	s := bars(100, 105, 110, 108, 103, 95, 97, 102, 104, 104)
	for _, c := range []struct {
		name      string
		lookahead int
		want      string
	}{
		{"without_limit", 0, "0:HOLD+4 1:BUY+3 2:HOLD+5 3:SELL+4 4:SELL+3"},
		{"limit", 3, "0:HOLD+3 1:BUY+3 2:HOLD+3 3:HOLD+3 4:SELL+3 5:HOLD+3 6:HOLD+3"},
		{"limit_beyond_series", 50, "0:HOLD+4 1:BUY+3 2:HOLD+5 3:SELL+4 4:SELL+3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := mustMake(t, label.Spec{Source: label.ZigZag, Threshold: .05, Lookahead: c.lookahead, Entry: label.AtClose}, s)
			if got := show(l); got != c.want {
				t.Errorf("labels are\n%s, want\n%s", got, c.want)
			}
		})
	}
	l := mustMake(t, label.Spec{Source: label.ZigZag, Threshold: .05}, s)
	if got, want := l.Return[4], (95-103.0)/103; got != want {
		t.Errorf("return of bar 4 = %v, want %v: from the open of bar 5 to the extreme", got, want)
	}
	if got := show(mustMake(t, label.Spec{Source: label.ZigZag, Threshold: .05}, bars(100, 101, 102, 101))); got != "" {
		t.Errorf("labels of a series without a confirmed extreme: %s, want none", got)
	}
}

func TestTripleBarrier(t *testing.T) {
	// Constant range of 2 % of the close, so the volatility is 0.02 in every bar
	// and the barriers lie at 2 % and 1 %.
	spec := label.Spec{
		Source: label.TripleBarrier, Entry: label.AtClose,
		PTMultiplier: 1, SLMultiplier: .5, MaxHolding: 3, VolSpan: 2,
	}
	s := market.NewSeries("TEST", market.Hour1, 0)
	for i, b := range []struct{ open, high, low, close float64 }{
		{100, 101, 99, 100},
		{100, 101, 99, 100},
		{100, 101, 99.5, 100.5}, // from bar 1: neither
		{100, 103, 99.9, 102.5}, // from bar 1: upper
		{104, 104.5, 103, 104},  // from bar 3: opens below its upper barrier
		{101, 102, 100, 101},    // from bar 3 and 4: opens below the lower barrier
		{101, 101, 101, 101},
		{101, 101, 101, 101},
	} {
		s.Append(market.Bar{Time: int64(3600 * i), Open: b.open, High: b.high, Low: b.low, Close: b.close})
	}
	l := mustMake(t, spec, s)
	if got, want := show(l), "1:BUY+2 2:BUY+1 3:SELL+2 4:SELL+1"; got != want {
		t.Fatalf("labels are %s, want %s", got, want)
	}
	if got := l.Return[0]; math.Abs(got-.02) > 1e-12 {
		t.Errorf("return at the upper barrier = %v, want 0.02", got)
	}
	if got, want := l.Return[3], (101-104.0)/104; got != want {
		t.Errorf("return of a bar that opens beyond the lower barrier = %v, want that of its open, %v", got, want)
	}
}

// With two classes an extreme has the direction of the swing it begins, and bars
// whose lookahead is too short have no row.
func TestZigZagOfTwoClasses(t *testing.T) {
	s := bars(100, 105, 110, 108, 103, 95, 97, 102, 104, 104)
	for lookahead, want := range map[int]string{
		0: "0:BUY+4 1:BUY+3 2:SELL+5 3:SELL+4 4:SELL+3",
		3: "1:BUY+3 4:SELL+3",
	} {
		l := mustMake(t, label.Spec{Source: label.ZigZag, Threshold: .05, Lookahead: lookahead, Classes: 2}, s)
		if got := show(l); got != want || fmt.Sprint(l.Classes) != "[BUY SELL]" {
			t.Errorf("lookahead %d: labels of %v are\n%s, want\n%s", lookahead, l.Classes, got, want)
		}
	}
}

// Where one bar reaches both barriers, its close decides.
func TestTripleBarrierBothInOneBar(t *testing.T) {
	spec := label.Spec{Source: label.TripleBarrier, PTMultiplier: 1, SLMultiplier: 1, MaxHolding: 1, VolSpan: 2}
	for close, want := range map[float64]string{100.5: "BUY", 100: "BUY", 99.5: "SELL"} {
		s := market.NewSeries("TEST", market.Hour1, 0)
		for i := range 2 {
			s.Append(market.Bar{Time: int64(3600 * i), Open: 100, High: 101, Low: 99, Close: 100})
		}
		s.Append(market.Bar{Time: 7200, Open: 100, High: 110, Low: 90, Close: close})
		if got := show(mustMake(t, spec, s)); got != "1:"+want+"+1" {
			t.Errorf("close %v: labels are %s, want %s", close, got, want)
		}
	}
}

func TestTripleBarrierTimeLimit(t *testing.T) {
	// Prices creep while the range stays wide enough to keep barriers away.
	spec := label.Spec{Source: label.TripleBarrier, Entry: label.AtClose, PTMultiplier: 10, SLMultiplier: 10, MaxHolding: 4, VolSpan: 2}
	for name, c := range map[string]struct {
		step float64 // per bar; the volatility times 2, the root of 4 bars, is 0.02
		hold float64 // so many of which are HOLD
		two  bool
		want string
	}{
		"flat": {step: 0, want: "HOLD"}, "slow": {step: .002, want: "HOLD"}, "up": {step: .004, want: "BUY"}, "down": {step: -.004, want: "SELL"},
		"threshold_low": {step: .002, hold: .1, want: "BUY"}, "threshold_high": {step: -.004, hold: 1, want: "HOLD"},
		"two_classes_slow": {step: -.0001, two: true, want: "SELL"}, "two_classes_flat": {step: 0, two: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := market.NewSeries("TEST", market.Hour1, 0)
			price := 100.0
			for i := range 7 {
				s.Append(market.Bar{Time: int64(3600 * i), Open: price, High: price * 1.005, Low: price * .995, Close: price})
				price *= 1 + c.step
			}
			spec.HoldThreshold = c.hold
			if spec.Classes = 3; c.two {
				spec.Classes = 2
			}
			l, want := mustMake(t, spec, s), ""
			if c.want != "" {
				want = fmt.Sprintf("1:%s+4 2:%s+4", c.want, c.want)
			}
			if got := show(l); got != want {
				t.Errorf("labels are %s, want %s", got, want)
			}
		})
	}
}

func TestTripleBarrierWithoutVolatility(t *testing.T) {
	for _, method := range []label.VolMethod{label.VolATR, label.VolClose} {
		spec := label.Default(label.TripleBarrier)
		spec.VolMethod, spec.VolSpan, spec.MaxHolding = method, 5, 5
		flat := make([]float64, 50)
		for i := range flat {
			flat[i] = 7
		}
		if l := mustMake(t, spec, bars(flat...)); l.Len() != 0 {
			t.Errorf("%s: %d labels on flat prices, want none", method, l.Len())
		}
	}
}

func TestHorizon(t *testing.T) {
	if got := (label.Labels{}).Horizon(); got != 0 {
		t.Errorf("Horizon() of no labels = %d, want 0", got)
	}
	l := mustMake(t, label.Spec{Source: label.ZigZag, Threshold: .05}, bars(100, 110, 100, 110, 110, 110, 100))
	if got := l.Horizon(); got != 4 {
		t.Errorf("Horizon() = %d, want 4: %s", got, show(l))
	}
}

func mustMake(t testing.TB, spec label.Spec, s market.Series) label.Labels {
	t.Helper()
	l, err := label.Make(spec, s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
