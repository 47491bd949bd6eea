package market_test

import (
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// TestZone_Local holds the rules to the time zone database of the Go
// distribution, every half hour around each change and every day.
func TestZone_Local(t *testing.T) {
	for zone, since := range map[market.Zone]int{market.UTC: 1970, market.NewYork: 1987, market.London: 1996,
		market.Berlin: 1996, market.Tokyo: 1970, market.Sydney: 2008} {
		t.Run(zone.String(), func(t *testing.T) {
			location, err := time.LoadLocation(zone.String())
			if err != nil {
				t.Skipf("no time zone database here: %v", err)
			}
			end := time.Date(2037, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
			for at := time.Date(since, 1, 1, 0, 0, 0, 0, time.UTC).Unix() + 1800; at < end; at += 7200 {
				for _, moment := range [...]int64{at - 1, at} {
					_, offset := time.Unix(moment, 0).In(location).Zone()
					if got, want := zone.Local(moment), moment+int64(offset); got != want {
						t.Fatalf("Local(%s) = %s, want %s", market.Stamp(moment), market.Stamp(got), market.Stamp(want))
					}
				}
			}
			changes := 0
			for at := time.Date(since, 1, 1, 0, 0, 0, 0, time.UTC).Unix(); at < end; at += 3600 {
				if before := zone.Local(at-1) + 1; before != zone.Local(at) {
					changes++
					_, offset := time.Unix(at-1, 0).In(location).Zone()
					if before != at+int64(offset) {
						t.Fatalf("%s changes at %s and the database does not", zone, market.Stamp(at))
					}
				}
			}
			if want := zone != market.UTC && zone != market.Tokyo; want != (changes > 0) {
				t.Errorf("%d changes", changes)
			}
		})
	}
}

func TestZone_text(t *testing.T) {
	var z market.Zone
	if err := z.UnmarshalText([]byte("Asia/Tokyo")); err != nil || z != market.Tokyo || z.Local(0) != 9*3600 {
		t.Errorf("%v, %v", z, err)
	}
	if err := z.UnmarshalText([]byte("Mars/Olympus")); err == nil {
		t.Error("an unknown zone is read")
	}
	if _, err := market.Zone(99).MarshalText(); err == nil {
		t.Error("a zone that is none is written")
	}
}

func TestSymbol_Pair(t *testing.T) {
	for _, c := range []struct {
		symbol      market.Symbol
		base, quote market.Currency
		pip         float64
	}{
		{"EURUSD", "EUR", "USD", 0.0001}, {"USDJPY", "USD", "JPY", 0.01}, {"EUR.USD", "EUR", "USD", 0.0001},
		{"GBP-JPY", "GBP", "JPY", 0.01}, {"AUD_NZD", "AUD", "NZD", 0.0001},
		{"SAMPLE", "", "", 0}, {"AAPL", "", "", 0}, {"USDUSD", "", "", 0}, {"EURXXX", "", "", 0}, {"EUR/USD", "", "", 0},
	} {
		base, quote, ok := c.symbol.Pair()
		if base != c.base || quote != c.quote || ok != (c.base != "") || ok && quote.Pip() != c.pip {
			t.Errorf("%s.Pair() = %s, %s, %v", c.symbol, base, quote, ok)
		}
	}
	for _, c := range market.Currencies() {
		if !market.IsCurrency(c) || len(c) != 3 {
			t.Errorf("%q is a currency and is not", c)
		}
	}
}
