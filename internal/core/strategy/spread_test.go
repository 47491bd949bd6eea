package strategy_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

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
