package decision_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// TestSchedule_Commission has the examples that Interactive Brokers prints beside
// its lists: "Fixed Examples", "Stock and ETF Fixed vs. Tiered Pricing Comparison
// Examples" (the lines of IB's own commission) and the examples of "Forex -
// Pricing Structure"; the last three are worked out by hand.
func TestSchedule_Commission(t *testing.T) {
	for _, c := range []struct {
		name, schedule       string
		symbol               market.Symbol
		price, units, before float64
		want                 float64
	}{
		{"100_shares", strategy.CommissionIBFixed, "ABC", 25, 100, 0, 1},
		{"1000_shares", strategy.CommissionIBFixed, "ABC", 25, 1000, 0, 5},
		{"cheap_shares", strategy.CommissionIBFixed, "ABC", 0.25, 1000, 0, 2.5},
		{"first_tier", strategy.CommissionIBTiered, "ABC", 5, 200_000, 0, 700},
		{"four_tiers", strategy.CommissionIBTiered, "ABC", 5, 30_000_000, 0, 1050 + 5400 + 25_500 + 10_000},
		{"daily_volume_of_euros", strategy.CommissionIBTiered, "EURUSD", 1, 50_000, 0, 2},
		{"a_billion_euros", strategy.CommissionIBTiered, "EURUSD", 1, 1e9, 0, 20_000},
		{"more_than_a_billion", strategy.CommissionIBTiered, "EURUSD", 1, 1.25e9, 0, 23_750},
		{"into_the_second_tier", strategy.CommissionIBTiered, "ABC", 5, 2000, 299_000, 3.5 + 2},
		{"minimum_of_the_second_tier", strategy.CommissionIBTiered, "EURUSD", 1, 50_000, 1.5e9, 1.5},
		{"last_tier", strategy.CommissionIBTiered, "ABC", 5, 2000, 2e8, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := decision.ScheduleOf(c.schedule, c.symbol)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Commission(c.price*c.units, c.units, c.before); math.Abs(got-c.want) > 1e-9*c.want {
				t.Errorf("Commission = %v, want %v", got, c.want)
			}
		})
	}
}

func TestScheduleOf_refuses(t *testing.T) {
	if _, err := decision.ScheduleOf(strategy.CommissionIBFixed, "EURUSD"); err == nil {
		t.Error("there is a fixed schedule for currencies")
	}
	if _, err := decision.ScheduleOf("free", "ABC"); err == nil {
		t.Error("there is a schedule that nobody wrote down")
	}
}

// TestSchedule_parts: two orders cost as much as one of their sum, minimum and
// maximum aside, and none exceeds the first rates.
func TestSchedule_parts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		symbol := rapid.SampledFrom([]market.Symbol{"ABC", "EURUSD"}).Draw(t, "symbol")
		s, err := decision.ScheduleOf(strategy.CommissionIBTiered, symbol)
		if err != nil {
			t.Fatal(err)
		}
		price, units := rapid.Float64Range(5, 500).Draw(t, "price"), rapid.Float64Range(1e8, 1e10).Draw(t, "units")
		first := rapid.Float64Range(0.01, 0.99).Draw(t, "first") * units
		before := rapid.Float64Range(0, 1e10).Draw(t, "before")
		whole := s.Commission(price*units, units, before)
		parts := s.Commission(price*first, first, before) + s.Commission(price*(units-first), units-first, before+s.Volume(price*first, first))
		if math.Abs(whole-parts) > 1e-9*whole {
			t.Fatalf("whole %v, in two parts %v", whole, parts)
		}
		if f := s.First(); whole > max(price*units*f.Fraction+units*f.PerUnit, f.Minimum)*(1+1e-12) {
			t.Fatalf("%v is more than the first tier asks", whole)
		}
	})
}
