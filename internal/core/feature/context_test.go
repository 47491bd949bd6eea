package feature_test

import (
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// contextual has one feature: the average of the last two closes of another
// symbol's days, over 1000.
func contextual(t testing.TB) *strategy.Strategy {
	return parse(t, strings.NewReplacer("MODE", "single", "LIST", "1h", "BASE", "1h",
		"indicators:\n  mean: {type: sma, period: 2}", "context_data:\n  - {provider: bars, symbol: OTHER, timeframe: 1d, id: days}\nindicators:\n  mean: {type: sma, period: 2, data_source: days}").Replace(source))
}

// TestBuildContext: a day of another symbol is seen when it has closed, from the
// row of the hour that closes with it on.
func TestBuildContext(t *testing.T) {
	s := contextual(t)
	f := frame(flat(market.Hour1, every(t, market.Hour1, "2024-01-02 00:00", 72)...))
	days := flat(market.Day1, every(t, market.Day1, "2024-01-01 00:00", 5)...)
	days.Symbol = "OTHER"
	f.Context = map[string]market.Series{"days": days}
	m, err := feature.Build(t.Context(), s, f, market.Span{})
	if err != nil {
		t.Fatal(err)
	}
	for row, want := range map[int]int{22: -1, 23: 1, 46: 1, 47: 2, 70: 2, 71: 3} {
		have := -1
		if v := m.Row(row)[0]; v == v {
			have = int(v * 1000) // the prices of day j are j+1, the average of two days j+1/2
		}
		if have != want {
			t.Errorf("row %d reads day %d, want %d", row, have, want)
		}
	}
	if m.Names[0] != "1d_c_share" {
		t.Errorf("the feature is called %s", m.Names[0])
	}
	other := parse(t, strings.Replace(string(s.Source), "symbol: OTHER", "symbol: ANOTHER", 1))
	if feature.SchemaOf(other).Hash == feature.SchemaOf(s).Hash {
		t.Error("the features of another symbol have the same schema")
	}
}

func TestBuildContext_refuses(t *testing.T) {
	s := contextual(t)
	f := frame(flat(market.Hour1, every(t, market.Hour1, "2024-01-02 00:00", 12)...))
	for want, series := range map[string]market.Series{
		"there are no bars of the data source days: load those of OTHER 1d": {},
		"the bars of the data source days are those of TEST 1d, want OTHER": flat(market.Day1, unix(t, "2024-01-01 00:00")),
	} {
		f.Context = map[string]market.Series{"days": series}
		if _, err := feature.Build(t.Context(), s, f, market.Span{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Build = %v, want an error with %q", err, want)
		}
	}
}
