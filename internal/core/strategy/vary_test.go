package strategy_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

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
			have, err := of(file).Vary([]byte(c.change))
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
	varied, err := daily.Vary([]byte(`{"fills": {"intrabar": "1h"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := varied.With(nil, []market.Timeframe{market.Day1}); err != nil || again.Base != market.Day1 {
		t.Errorf("%v", err)
	}
	for change, want := range map[string]string{`{"fills": {"intrabar": "1d"}}`: "want bars finer than those of 1d", `{"exits": {"session_end": "21:00"}}`: "session_end would close"} {
		if _, err := daily.Vary([]byte(change)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s on 1d: %v", change, err)
		}
	}
	if _, err := s.Vary([]byte(`{"fills": {"intrabar": "1h"}}`)); err == nil {
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
			if _, err := s.Vary([]byte(c.change)); err == nil || !strings.Contains(err.Error(), c.want) {
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
		if varied, err := s.Vary([]byte(change)); err == nil && varied.Name != s.Name {
			t.Errorf("another strategy: %s", varied.Name)
		}
		if string(s.MarshalCanonical()) != before {
			t.Error("Vary changed the strategy that it varies")
		}
	})
}

func TestParseDistance(t *testing.T) {
	for _, c := range []struct {
		text string
		want strategy.Distance
		ok   bool
	}{
		{"0.0002", strategy.Distance{Value: 0.0002}, true}, {"0", strategy.Distance{}, true}, {"1e-5", strategy.Distance{Value: 1e-5}, true},
		{"0.8 pips", strategy.Distance{Value: 0.8, Unit: strategy.InPips}, true}, {"2bps", strategy.Distance{Value: 2, Unit: strategy.InBps}, true},
		{"-1", strategy.Distance{}, false}, {"1 pip", strategy.Distance{}, false}, {"", strategy.Distance{}, false}, {"pips", strategy.Distance{}, false},
		{"1e999", strategy.Distance{}, false}, {"1001 bps", strategy.Distance{}, false}, {"NaN", strategy.Distance{}, false}, {"0x1", strategy.Distance{}, false},
	} {
		got, err := strategy.ParseDistance(c.text)
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("ParseDistance(%q) = %v, %v", c.text, got, err)
		}
	}
}

func FuzzParseDistance(f *testing.F) {
	f.Add("0.8 pips")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := strategy.ParseDistance(s); err == nil {
			if again, err := strategy.ParseDistance(d.String()); err != nil || again != d {
				t.Fatalf("%q is %v, which is %v, %v", s, d, again, err)
			}
		}
	})
}

func TestDistance_In(t *testing.T) {
	for _, c := range []struct {
		text   string
		symbol market.Symbol
		price  float64
		want   float64
	}{{"0.5 pips", "EURUSD", 1.1, 0.00005}, {"0.5 pips", "USDJPY", 110, 0.005}, {"2 bps", "ABC", 50, 0.01}, {"0.25", "ABC", 50, 0.25}} {
		d, err := strategy.ParseDistance(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.In(c.symbol, c.price); got != c.want {
			t.Errorf("%s of %s at %v is %v, want %v", d, c.symbol, c.price, got, c.want)
		}
	}
}

func TestConversions(t *testing.T) {
	for _, c := range []struct {
		symbol  market.Symbol
		account market.Currency
		want    string
		ok      bool
	}{
		{"EURUSD", "", "[]", true}, {"EURUSD", "USD", "[]", true}, {"ABC", "", "[]", true},
		{"USDJPY", "USD", "[{USDJPY true} {JPYUSD false}]", true}, // the traded bars themselves
		{"EURJPY", "USD", "[{JPYUSD false} {USDJPY true}]", true},
		{"ABC", "USD", "[]", false},
	} {
		got, err := strategy.Conversions(c.symbol, c.account)
		if fmt.Sprint(got) != c.want || (err == nil) != c.ok {
			t.Errorf("Conversions(%s, %s) = %v, %v, want %s", c.symbol, c.account, got, err, c.want)
		}
	}
}

// TestSpread_At holds it to a clock that is looked at minute by minute.
func TestSpread_At(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := rapid.Custom(func(t *rapid.T) strategy.Clock { return strategy.Clock(rapid.IntRange(1, 1440).Draw(t, "minute")) })
		s := strategy.Spread{Usual: strategy.Distance{Value: 9}, Zone: rapid.SampledFrom([]market.Zone{market.UTC, market.NewYork}).Draw(t, "zone")}
		for i := range rapid.IntRange(0, 3).Draw(t, "sessions") {
			s.Sessions = append(s.Sessions, strategy.SpreadSession{From: clock.Draw(t, "from"), To: clock.Draw(t, "to"), Spread: strategy.Distance{Value: float64(i)}})
		}
		at := rapid.Int64Range(1e6, 2e9).Draw(t, "at")
		now := int((s.Zone.Local(at) / 60) % 1440)
		want := 9.0
		for i := len(s.Sessions) - 1; i >= 0; i-- {
			for minute := int(s.Sessions[i].From) % 1440; ; minute = (minute + 1) % 1440 {
				if minute == now {
					want = float64(i)
				}
				if (minute+1)%1440 == int(s.Sessions[i].To)%1440 {
					break
				}
			}
		}
		if got := s.At(at).Value; got != want {
			t.Fatalf("%+v at minute %d is %v, want %v", s, now, got, want)
		}
	})
}
