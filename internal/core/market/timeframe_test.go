package market_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

func TestTimeframe_Seconds(t *testing.T) {
	want := map[string]int64{"1m": 60, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "2h": 7200, "4h": 14400, "1d": 86400, "1w": 604800, "1M": 2592000}
	all := market.Timeframes()
	if len(all) != len(want) {
		t.Errorf("%d timeframes, want %d", len(all), len(want))
	}
	for i, tf := range all {
		if got := tf.Seconds(); got != want[tf.String()] {
			t.Errorf("%s.Seconds() = %d, want %d", tf, got, want[tf.String()])
		}
		if i > 0 && (all[i-1] >= tf || all[i-1].Seconds() >= tf.Seconds()) {
			t.Errorf("%s does not come before %s", all[i-1], tf)
		}
	}
}

func TestTimeframe_End(t *testing.T) {
	for _, tc := range []struct {
		tf         market.Timeframe
		open, want string
	}{
		{market.Minute1, "2020-02-28T23:59:00Z", "2020-02-29T00:00:00Z"},
		{market.Hour4, "2020-12-31T20:00:00Z", "2021-01-01T00:00:00Z"},
		{market.Day1, "2020-02-29T00:00:00Z", "2020-03-01T00:00:00Z"},
		{market.Week1, "2020-02-24T00:00:00Z", "2020-03-02T00:00:00Z"},
		{market.Month1, "2020-02-01T00:00:00Z", "2020-03-01T00:00:00Z"},
		{market.Month1, "2021-12-01T00:00:00Z", "2022-01-01T00:00:00Z"},
	} {
		open, err := time.Parse(time.RFC3339, tc.open)
		if err != nil {
			t.Fatal(err)
		}
		if got := market.Stamp(tc.tf.End(open.Unix())); got != tc.want {
			t.Errorf("%s.End(%s) = %s, want %s", tc.tf, tc.open, got, tc.want)
		}
	}
}

// The zero value is no timeframe: it can be printed, and nothing else.
func TestTimeframe_zero(t *testing.T) {
	var tf market.Timeframe
	if got := tf.String(); got != "Timeframe(0)" {
		t.Errorf("String() = %q", got)
	}
	if _, err := json.Marshal(tf); err == nil {
		t.Error("the zero timeframe was written as JSON")
	}
	defer func() {
		if r := recover(); r == nil || !strings.HasPrefix(fmt.Sprint(r), "market: ") {
			t.Errorf("Seconds panicked with %v", r)
		}
	}()
	tf.Seconds()
}

func TestTimeframe_json(t *testing.T) {
	type request struct {
		Timeframe market.Timeframe `json:"timeframe"`
	}
	for _, tf := range market.Timeframes() {
		b, err := json.Marshal(request{tf})
		if err != nil {
			t.Fatal(err)
		}
		var got request
		if err := json.Unmarshal(b, &got); err != nil || got.Timeframe != tf {
			t.Errorf("%s became %v, %v", b, got.Timeframe, err)
		}
	}
	for _, bad := range []string{"", "1H", "3h", "1min", "60", " 1h"} {
		var got request
		if err := json.Unmarshal(fmt.Appendf(nil, `{"timeframe": %q}`, bad), &got); err == nil || !strings.Contains(err.Error(), "want one of 1m 5m 15m 30m 1h 2h 4h 1d 1w 1M") {
			t.Errorf("%q became %v, %v", bad, got.Timeframe, err)
		}
	}
}

func FuzzParseTimeframe(f *testing.F) {
	f.Add("1h")
	f.Add("1M")
	f.Fuzz(func(t *testing.T, s string) {
		if tf, err := market.ParseTimeframe(s); err == nil && tf.String() != s {
			t.Fatalf("ParseTimeframe(%q) = %s", s, tf)
		}
	})
}

func TestParseSymbol(t *testing.T) {
	for _, tc := range []struct {
		text string
		want market.Symbol // "" is an error
	}{
		{"EURUSD", "EURUSD"}, {"eurUsd", "EURUSD"}, {"BRK.B", "BRK.B"}, {"ES_F", "ES_F"}, {"BTC-USD", "BTC-USD"}, {"7203", "7203"},
		{"A", "A"}, {"ABCDEFGHIJKLMNOPQRST", "ABCDEFGHIJKLMNOPQRST"},
		{"", ""}, {"ABCDEFGHIJKLMNOPQRSTU", ""}, {".A", ""}, {"-A", ""}, {"_A", ""}, {"EUR/USD", ""}, {"..", ""}, {"A B", ""}, {"A\n", ""}, {"ÉUR", ""}, {"ıA", ""},
	} {
		got, err := market.ParseSymbol(tc.text)
		if got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("ParseSymbol(%q) = %q, %v; want %q", tc.text, got, err, tc.want)
		}
	}
}

func TestSymbol_UnmarshalText(t *testing.T) {
	s := market.Symbol("OLD")
	if err := json.Unmarshal([]byte(`"../x"`), &s); err == nil || s != "OLD" {
		t.Errorf("a path became %q, %v", s, err)
	}
	if err := json.Unmarshal([]byte(`"gbpusd"`), &s); err != nil || s != "GBPUSD" {
		t.Errorf("gbpusd became %q, %v", s, err)
	}
}

// What is accepted is its own parse and holds no path.
func FuzzParseSymbol(f *testing.F) {
	for _, s := range []string{"EURUSD", "a.b", "../x", "ß", "ſ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		symbol, err := market.ParseSymbol(s)
		if err != nil {
			return
		}
		if again, err := market.ParseSymbol(string(symbol)); err != nil || again != symbol || strings.ContainsAny(string(symbol), "/\\ \x00") {
			t.Fatalf("%q -> %q -> %q, %v", s, symbol, again, err)
		}
	})
}

func ExampleParseTimeframe() {
	tf, err := market.ParseTimeframe("4h")
	fmt.Println(tf, tf.Seconds(), err)
	_, err = market.ParseTimeframe("3h")
	fmt.Println(err)
	// Output:
	// 4h 14400 <nil>
	// unknown timeframe "3h": want one of 1m 5m 15m 30m 1h 2h 4h 1d 1w 1M
}
