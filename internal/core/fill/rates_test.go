package fill_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/fill"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// hourly has one bar per close, at hours from 1970 on.
func hourly(symbol market.Symbol, hours []int64, closes ...float64) market.Series {
	s := market.NewSeries(symbol, market.Hour1, len(closes))
	for i, c := range closes {
		s.Append(market.Bar{Time: 3600 * hours[i], Open: c, High: c, Low: c, Close: c})
	}
	return s
}

// TestRatesOf: a rate is the last close that was there at the moment it is asked
// for, which at the open of a bar is that of an earlier one.
func TestRatesOf(t *testing.T) {
	conversion := hourly("USDJPY", []int64{1, 2, 4}, 100, 125, 200)
	window := hourly("EURJPY", []int64{2, 3, 4, 50}, 1, 1, 1, 1)
	for _, c := range []struct {
		name    string
		inverse bool
		want    fill.Rates
	}{
		{"inverse", true, fill.Rates{Open: []float64{0.01, 0.008, 0.008, 0.005}, Close: []float64{0.008, 0.008, 0.005, 0.005}}},
		{"direct", false, fill.Rates{Open: []float64{100, 125, 125, 200}, Close: []float64{125, 125, 200, 200}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := fill.RatesOf(strategy.Conversion{Symbol: "USDJPY", Inverse: c.inverse}, conversion, window)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRatesOf_refuses(t *testing.T) {
	for name, hours := range map[string][]int64{"too_early": {1}, "too_old": {4 + 7*24 + 1}} {
		t.Run(name, func(t *testing.T) {
			_, err := fill.RatesOf(strategy.Conversion{Symbol: "USDJPY"}, hourly("USDJPY", []int64{3}, 100), hourly("EURJPY", hours, 1))
			if err == nil || !strings.Contains(err.Error(), "USDJPY has no 1h bar in the week before") {
				t.Errorf("error %v", err)
			}
		})
	}
}
