package decision_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

func TestDecide(t *testing.T) {
	const buy, sell, hold = decision.Buy, decision.Sell, decision.Hold
	const flat, long, short = decision.Flat, decision.Long, decision.Short
	raw := func(s decision.Signal, confidence float32) decision.Raw {
		return decision.Raw{Signal: s, Confidence: confidence, Known: true}
	}
	plain := decision.Rules{ConfidenceThreshold: 0.6, MinSignalSeparation: 4}
	shorts := decision.Rules{ConfidenceThreshold: 0.6, MinSignalSeparation: 4, AllowShort: true}
	regression := decision.Rules{Regression: true, ConfidenceThreshold: 0.6, AllowShort: true}
	never := decision.NeverEntered
	for _, c := range []struct {
		name   string
		rules  decision.Rules
		raw    decision.Raw
		held   decision.Position
		since  int
		signal decision.Signal
		reason decision.Reason
	}{
		{"unknown_flat", plain, decision.Raw{}, flat, never, hold, decision.NoFeatures},
		{"unknown_beats_its_signal", plain, decision.Raw{Signal: sell, Confidence: 1}, long, never, hold, decision.NoFeatures},
		{"model_hold", plain, raw(hold, 0.9), long, never, hold, decision.ModelHold},
		{"model_hold_unsure", plain, raw(hold, 0.4), flat, never, hold, decision.ModelHold},
		{"below_cost", regression, raw(hold, 0.2), flat, never, hold, decision.BelowCost},
		{"unsure", plain, raw(buy, 0.59), flat, never, hold, decision.BelowConfidence},
		{"unsure_exit", plain, raw(sell, 0.59), long, never, hold, decision.BelowConfidence},
		{"sure_enough", plain, raw(buy, 0.6), flat, never, buy, decision.Acted},
		{"threshold_is_a_float32", decision.Rules{ConfidenceThreshold: 0.7}, raw(buy, 0.7), flat, never, buy, decision.Acted},
		{"confidence_that_is_no_number", plain, raw(buy, float32(math.NaN())), flat, never, hold, decision.BelowConfidence},
		{"regression_has_no_confidence_threshold", regression, raw(buy, 0.34), flat, never, buy, decision.Acted},
		{"holding_long", plain, raw(buy, 0.9), long, never, hold, decision.Holding},
		{"holding_short", shorts, raw(sell, 0.9), short, never, hold, decision.Holding},
		{"exit_long", plain, raw(sell, 0.9), long, 100, sell, decision.Acted},
		{"exit_short", shorts, raw(buy, 0.9), short, 100, buy, decision.Acted},
		{"exit_is_never_held_back", plain, raw(sell, 0.9), long, 1, sell, decision.Acted},
		{"exit_of_a_short_where_shorts_are_not_allowed", plain, raw(buy, 0.9), short, 1, buy, decision.Acted},
		{"short_not_allowed", plain, raw(sell, 0.9), flat, never, hold, decision.ShortNotAllowed},
		{"short_not_allowed_and_too_early", plain, raw(sell, 0.9), flat, 1, hold, decision.ShortNotAllowed},
		{"short_allowed", shorts, raw(sell, 0.9), flat, never, sell, decision.Acted},
		{"too_early", plain, raw(buy, 0.9), flat, 3, hold, decision.Separation},
		{"short_too_early", shorts, raw(sell, 0.9), flat, 3, hold, decision.Separation},
		{"early_enough", plain, raw(buy, 0.9), flat, 4, buy, decision.Acted},
		{"withheld", plain, decision.Raw{Signal: buy, Confidence: 1, Known: true, Withheld: decision.NoEvent}, flat, never, hold, decision.NoEvent},
		{"withheld_exit", plain, decision.Raw{Signal: sell, Confidence: 1, Known: true, Withheld: decision.OutOfRegime}, long, never, hold, decision.OutOfRegime},
		{"skipped_entry", plain, decision.Raw{Signal: sell, Confidence: 1, Known: true, Withheld: decision.Skipped}, flat, never, hold, decision.Skipped},
		{"skipped_exit", plain, decision.Raw{Signal: sell, Confidence: 1, Known: true, Withheld: decision.Skipped}, long, never, sell, decision.Acted},
		{"leave_long", plain, decision.Raw{Signal: buy, Confidence: 1, Known: true, Leave: true}, long, 1, sell, decision.Acted},
		{"leave_short", shorts, decision.Raw{Known: true, Leave: true, Withheld: decision.OutOfRegime}, short, 1, buy, decision.Acted},
		{"leave_while_flat", plain, decision.Raw{Signal: buy, Confidence: 1, Known: true, Leave: true}, flat, never, buy, decision.Acted},
		{"leave_while_flat_withheld", plain, decision.Raw{Known: true, Leave: true, Withheld: decision.OutOfRegime}, flat, never, hold, decision.OutOfRegime},
		{"leave_unknown", plain, decision.Raw{Leave: true}, long, never, hold, decision.NoFeatures},
		{"zero_rules", decision.Rules{}, raw(buy, 0), flat, 1, buy, decision.Acted},
	} {
		t.Run(c.name, func(t *testing.T) {
			if signal, reason := c.rules.Decide(c.raw, c.held, c.since); signal != c.signal || reason != c.reason {
				t.Errorf("Decide(%+v, %v, %d) = %v, %v, want %v, %v", c.raw, c.held, c.since, signal, reason, c.signal, c.reason)
			}
		})
	}
}

// TestDecideAlways states what holds for all rules, signals and positions.
func TestDecideAlways(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := decision.Rules{Regression: rapid.Bool().Draw(t, "regression"), AllowShort: rapid.Bool().Draw(t, "shorts"),
			ConfidenceThreshold: rapid.Float64Range(0, 1).Draw(t, "threshold"), MinSignalSeparation: rapid.IntRange(0, 9).Draw(t, "separation")}
		raw := decision.Raw{Signal: decision.Signal(rapid.IntRange(-1, 1).Draw(t, "signal")),
			Confidence: rapid.Float32Range(0, 1).Draw(t, "confidence"), Known: rapid.Bool().Draw(t, "known")}
		held := decision.Position(rapid.IntRange(-1, 1).Draw(t, "held"))
		since := rapid.IntRange(1, 12).Draw(t, "since")
		signal, reason := rules.Decide(raw, held, since)
		if (signal == decision.Hold) != (reason != decision.Acted) {
			t.Fatalf("%v comes with %v", signal, reason)
		}
		if signal != decision.Hold && (signal != raw.Signal || decision.Position(signal) == held) {
			t.Fatalf("%v while %v on %+v", signal, held, raw)
		}
		if held != decision.Flat {
			if late, _ := rules.Decide(raw, held, decision.NeverEntered); late != signal {
				t.Fatalf("while %v the bars since the entry change %v to %v", held, late, signal)
			}
		}
	})
}

func TestRulesAreChecked(t *testing.T) {
	for _, r := range []decision.Rules{{ConfidenceThreshold: -0.1}, {ConfidenceThreshold: 1.1}, {ConfidenceThreshold: math.NaN()}, {MinSignalSeparation: -1}} {
		if r.Validate() == nil {
			t.Errorf("Validate accepts %+v", r)
		}
	}
	if err := (decision.Rules{ConfidenceThreshold: 1, MinSignalSeparation: 4}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestRulesOf(t *testing.T) {
	for _, c := range []struct {
		name string
		d    strategy.Decisions
		want decision.Rules
	}{
		{"long_only", strategy.Decisions{OutputFormat: strategy.Classification, ConfidenceThreshold: 0.6, PositionAwareness: true, MinSignalSeparation: 4},
			decision.Rules{ConfidenceThreshold: 0.6, MinSignalSeparation: 4}},
		{"shorts_allowed", strategy.Decisions{OutputFormat: strategy.Classification, PositionAwareness: true, AllowShortFromFlat: true},
			decision.Rules{AllowShort: true}},
		{"not_aware_of_its_position", strategy.Decisions{OutputFormat: strategy.Classification}, decision.Rules{AllowShort: true}},
		{"regression", strategy.Decisions{OutputFormat: strategy.Regression, PositionAwareness: true, MinSignalSeparation: 2},
			decision.Rules{Regression: true, MinSignalSeparation: 2, AllowShort: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := decision.RulesOf(&strategy.Strategy{Decisions: c.d}); got != c.want {
				t.Errorf("RulesOf = %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestTexts(t *testing.T) {
	type texts struct {
		Signals   []decision.Signal
		Positions []decision.Position
	}
	want := texts{[]decision.Signal{decision.Buy, decision.Hold, decision.Sell}, []decision.Position{decision.Long, decision.Flat, decision.Short}}
	text, err := json.Marshal(want)
	if err != nil || string(text) != `{"Signals":["BUY","HOLD","SELL"],"Positions":["LONG","FLAT","SHORT"]}` {
		t.Fatalf("Marshal = %s, %v", text, err)
	}
	var got texts
	if err := json.Unmarshal(text, &got); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("Unmarshal = %v, %v, want %v", got, err, want)
	}
	for _, bad := range []string{`{"Signals":["buy"]}`, `{"Positions":["BUY"]}`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("Unmarshal accepts %s", bad)
		}
	}
	if _, err := json.Marshal(decision.Signal(2)); err == nil {
		t.Error("signal 2 has a text")
	}
	if _, err := json.Marshal(decision.Position(2)); err == nil {
		t.Error("position 2 has a text")
	}
	if s := fmt.Sprint(decision.Signal(2), decision.Position(-2), decision.Reason(99)); s != "Signal(2) Position(-2) Reason(99)" {
		t.Errorf("values out of range print as %s", s)
	}
}

func TestCounts(t *testing.T) {
	var c decision.Counts
	c[decision.Acted], c[decision.Separation] = 3, 4
	text, err := json.Marshal(c)
	want := `{"acted":3,"no_features":0,"model_hold":0,"below_cost":0,"below_confidence":0,"holding":0,"short_not_allowed":0,"separation":4,"no_volatility":0,"no_event":0,"no_regime":0,"out_of_regime":0,"below_context":0,"skipped":0}`
	if err != nil || string(text) != want {
		t.Errorf("Marshal = %s, %v, want %s", text, err, want)
	}
	if c.Total() != 7 {
		t.Errorf("Total = %d, want 7", c.Total())
	}
	if err := json.Unmarshal([]byte(`{"actd":1}`), &c); err == nil || !strings.Contains(err.Error(), `"actd"`) {
		t.Errorf("Unmarshal of an unknown reason gives %v", err)
	}
	if len(decision.Reasons()) != len(c) {
		t.Errorf("%d reasons, %d counts", len(decision.Reasons()), len(c))
	}
}

func FuzzCounts(f *testing.F) {
	f.Add([]byte(`{"acted":3,"separation":4,"no_volatility":0}`))
	f.Add([]byte(`{"acted":1e99}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var c, again decision.Counts
		if json.Unmarshal(text, &c) != nil {
			return
		}
		printed, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(printed, &again); err != nil || again != c {
			t.Fatalf("%v prints as %s, which reads as %v, %v", c, printed, again, err)
		}
	})
}

func ExampleRules_Decide() {
	rules := decision.Rules{ConfidenceThreshold: 0.6, MinSignalSeparation: 4}
	sell := decision.Raw{Signal: decision.Sell, Confidence: 0.8, Known: true}
	fmt.Println(rules.Decide(sell, decision.Long, 1))
	fmt.Println(rules.Decide(sell, decision.Flat, 10))
	// Output:
	// SELL acted
	// HOLD short_not_allowed
}
