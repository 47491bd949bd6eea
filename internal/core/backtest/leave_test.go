package backtest_test

import (
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
)

// TestLeave: a signal that says to leave closes what is held at the next open,
// and the trade says why; what is withheld opens nothing and is counted.
func TestLeave(t *testing.T) {
	raws := signals("BhBhhS")
	raws[2].Leave = true // while long, the buy is not looked at
	raws[5].Withheld = decision.OutOfRegime
	r := run(t, scenario{backtest.Input{Series: flat(100, 101, 102, 103, 104, 105), Signals: raws, Rules: decision.Rules{AllowShort: true}}, backtest.Options{}})
	if len(r.Trades) != 1 {
		t.Fatalf("%d trades, want 1", len(r.Trades))
	}
	trade := r.Trades[0]
	if trade.Cause != ledger.ByRegime || trade.ExitPrice != 103 || trade.HoldingBars != 2 || trade.ExitConfidence != 0 {
		t.Errorf("left %v at %v after %d bars with confidence %v, want by the regime at 103 after 2 bars with 0",
			trade.Cause, trade.ExitPrice, trade.HoldingBars, trade.ExitConfidence)
	}
	if r.Decisions[decision.OutOfRegime] != 1 || r.Orders.Placed != 2 {
		t.Errorf("decisions %v, orders %+v", r.Decisions, r.Orders)
	}
}

// TestWorkOfWithheld: whether a signal is withheld, and whether it says to leave,
// are part of what a saved state belongs to.
func TestWorkOfWithheld(t *testing.T) {
	seen := map[ledger.Work]bool{}
	for _, change := range []func(*decision.Raw){
		func(*decision.Raw) {},
		func(r *decision.Raw) { r.Withheld = decision.NoEvent },
		func(r *decision.Raw) { r.Withheld = decision.NoRegime },
		func(r *decision.Raw) { r.Leave = true },
	} {
		raws := signals("BhS")
		change(&raws[1])
		s, err := backtest.New(backtest.Input{Series: flat(100, 101, 102), Signals: raws}, backtest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if seen[s.Work()] {
			t.Error("two inputs are the same work")
		}
		seen[s.Work()] = true
	}
}
