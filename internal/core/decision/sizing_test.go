package decision_test

import (
	"math"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// TestSizingQuantity has 1000 of equity at a price of 10.
func TestSizingQuantity(t *testing.T) {
	entry := decision.Entry{Equity: 1000, Price: 10, Confidence: 0.75, Volatility: 0.5, Stop: 7.5, Target: 15}
	short := entry
	short.Stop, short.Target = 12.5, 5
	coin := entry
	coin.Confidence, coin.Target = 0.5, 12.5
	open := entry
	open.Target = 0
	for _, c := range []struct {
		name   string
		sizing decision.Sizing
		entry  decision.Entry
		want   float64
	}{
		{"whole", decision.Sizing{}, entry, math.Inf(1)},
		{"confidence", decision.Sizing{Method: strategy.SizeConfidence}, entry, math.Inf(1)},
		{"units", decision.Sizing{Method: strategy.SizeUnits, Units: 7}, entry, 7},
		{"volatility", decision.Sizing{Method: strategy.SizeVolatility, BarVolatility: 0.01}, entry, 2},
		{"kelly", decision.Sizing{Method: strategy.SizeKelly, KellyFraction: 1}, entry, 250}, // 3 - 1/2 of the equity
		{"half_kelly", decision.Sizing{Method: strategy.SizeKelly, KellyFraction: 0.5}, entry, 125},
		{"kelly_of_a_short", decision.Sizing{Method: strategy.SizeKelly, KellyFraction: 1}, short, 250},
		{"kelly_of_a_fair_coin", decision.Sizing{Method: strategy.SizeKelly, KellyFraction: 1}, coin, 0},
		{"kelly_without_a_target", decision.Sizing{Method: strategy.SizeKelly, KellyFraction: 1}, open, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.sizing.Quantity(c.entry); got != c.want {
				t.Errorf("Quantity = %v, want %v", got, c.want)
			}
		})
	}
	if got := (decision.Sizing{Method: strategy.SizeConfidence}).Share(0.75); got != 0.75 {
		t.Errorf("Share = %v, want 0.75", got)
	}
}

func TestSizingValidate(t *testing.T) {
	both := decision.Exits{StopLoss: 0.1, TakeProfit: 0.1}
	for _, c := range []struct {
		name   string
		sizing decision.Sizing
		exits  decision.Exits
		ok     bool
	}{
		{"none", decision.Sizing{}, decision.Exits{}, true},
		{"no_method", decision.Sizing{Units: 1}, decision.Exits{}, false},
		{"unknown", decision.Sizing{Method: "all"}, decision.Exits{}, false},
		{"no_units", decision.Sizing{Method: strategy.SizeUnits}, decision.Exits{}, false},
		{"units_not_a_number", decision.Sizing{Method: strategy.SizeUnits, Units: math.NaN()}, decision.Exits{}, false},
		{"volatility", decision.Sizing{Method: strategy.SizeVolatility, BarVolatility: 0.01}, decision.Exits{}, true},
		{"volatility_above_1", decision.Sizing{Method: strategy.SizeVolatility, BarVolatility: 2}, decision.Exits{}, false},
		{"kelly", decision.Sizing{Method: strategy.SizeKelly, KellyFraction: 1}, both, true},
		{"kelly_by_barriers", decision.Sizing{Method: strategy.SizeKelly, KellyFraction: 1}, decision.Exits{UpperBarrier: 1, LowerBarrier: 1}, true},
		{"kelly_without_exits", decision.Sizing{Method: strategy.SizeKelly, KellyFraction: 1}, decision.Exits{}, false},
		{"twice_kelly", decision.Sizing{Method: strategy.SizeKelly, KellyFraction: 2}, both, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.sizing.Validate(c.exits); (err == nil) != c.ok {
				t.Errorf("Validate = %v, want ok %v", err, c.ok)
			}
		})
	}
}
