package grammar_test

import (
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// TestVary: what a request says stands in for what the file says, in its words.
func TestVary(t *testing.T) {
	const file = "exits: {stop_loss: 0.02, max_holding_bars: 5}\n  sizing: {method: units, units: 7}\n  costs: {financing_long: 0.05}"
	for _, c := range []struct {
		name, change, want string // want is what the file would say
	}{
		{"nothing", `{}`, file},
		{"a_key_more", `{"costs": {"spread": "0.8 pips"}}`, strings.Replace(file, "{fin", "{spread: 0.8 pips, fin", 1)},
		{"another_value", `exits: {stop_loss: 0.01}`, strings.Replace(file, "0.02", "0.01", 1)},
		{"a_key_less", `exits: {stop_loss: null}`, strings.Replace(file, "stop_loss: 0.02, ", "", 1)},
		{"a_section_less", `{"exits": null}`, strings.Replace(file, "exits: {stop_loss: 0.02, max_holding_bars: 5}\n  ", "", 1)},
		{"same_method", `{"sizing": {"method": "units", "units": 8}}`, strings.Replace(file, "units: 7", "units: 8", 1)},
		{"other_method", `{"sizing": {"method": "confidence"}}`, strings.Replace(file, "units, units: 7", "confidence", 1)},
		{"new_section", `{"filters": {"min_signal_separation": "4h"}}`, "filters: {min_signal_separation: 4h}\n  " + file},
		{"word_for_mapping", `{"exits": "from_label"}`, strings.Replace(file, "{stop_loss: 0.02, max_holding_bars: 5}", "from_label", 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := string(goodText(t, "triple_barrier.yaml"))
			of := func(decisions string) *strategy.Strategy {
				return parse(t, strings.Replace(base, "decisions:\n", "decisions:\n  "+decisions+"\n", 1))
			}
			have, err := grammar.Vary(of(file), []byte(c.change))
			if err != nil {
				t.Fatal(err)
			}
			want := of(c.want)
			if got := string(have.MarshalCanonical()); got != string(want.MarshalCanonical()) {
				t.Errorf("varied\n%s, want\n%s", got, want.MarshalCanonical())
			}
			if string(have.Source) != string(of(file).Source) {
				t.Error("the text of the file is another one")
			}
		})
	}
}

// TestVary_moved: what is asked of a strategy on another timeframe has to fit that
// one, and not that of the file.
func TestVary_moved(t *testing.T) {
	s := parse(t, string(goodText(t, "triple_barrier.yaml"))) // on 1h
	daily, err := s.With(nil, []market.Timeframe{market.Day1})
	if err != nil {
		t.Fatal(err)
	}
	varied, err := grammar.Vary(daily, []byte(`{"fills": {"intrabar": "1h"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := varied.With(nil, []market.Timeframe{market.Day1}); err != nil || again.Base != market.Day1 {
		t.Errorf("%v", err)
	}
	for change, want := range map[string]string{`{"fills": {"intrabar": "1d"}}`: "want bars finer than those of 1d", `{"exits": {"session_end": "21:00"}}`: "session_end would close"} {
		if _, err := grammar.Vary(daily, []byte(change)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s on 1d: %v", change, err)
		}
	}
	if _, err := grammar.Vary(s, []byte(`{"fills": {"intrabar": "1h"}}`)); err == nil {
		t.Error("bars of 1h are finer than those of 1h")
	}
}

func TestVary_refuses(t *testing.T) {
	s := parse(t, string(goodText(t, "triple_barrier.yaml")))
	for _, c := range []struct{ name, change, want string }{
		{"unknown", `{"costs": {"sprad": 1}}`, "decisions of the request: decisions.costs.sprad: unknown key (did you mean spread?)"},
		{"value", `{"exits": {"stop_loss": 2}}`, "decisions.exits.stop_loss: want a number"},
		{"output_format", `{"output_format": "regression"}`, "decisions.output_format: not a key here: the model was trained for that of the strategy"},
		{"section", `{"model": {}}`, "decisions.model: unknown key"},
		{"list", `[1]`, "want a mapping of keys"},
		{"text", `"costs"`, "want a mapping of keys"},
		{"no_document", `{`, "not valid YAML"},
		{"together", `{"sizing": {"method": "kelly"}}`, "kelly needs to know what a win and a loss are"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := grammar.Vary(s, []byte(c.change)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func FuzzVary(f *testing.F) {
	f.Add(`{"costs": {"spread": "0.8 pips"}, "exits": null}`)
	f.Add("a: &x [*x]")
	f.Fuzz(func(t *testing.T, change string) {
		s := parse(t, string(goodText(t, "triple_barrier.yaml")))
		before := string(s.MarshalCanonical())
		if varied, err := grammar.Vary(s, []byte(change)); err == nil && varied.Name != s.Name {
			t.Errorf("another strategy: %s", varied.Name)
		}
		if string(s.MarshalCanonical()) != before {
			t.Error("Vary changed the strategy that it varies")
		}
	})
}
