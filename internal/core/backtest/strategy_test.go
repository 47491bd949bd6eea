package backtest_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// TestVolumeLimitOfUnknownVolume: bars without volumes cannot be shared out.
func TestVolumeLimitOfUnknownVolume(t *testing.T) {
	in := backtest.Input{Series: flat(64, 64), Signals: signals("Bh")}
	in.Series.Volume[1] = math.NaN()
	o := backtest.Options{Fills: strategy.Fills{VolumeLimit: 0.1}}
	if _, err := backtest.New(in, o); err == nil || !strings.Contains(err.Error(), "is not known: leave the limit out") {
		t.Errorf("error %v", err)
	}
}

// TestPolicy: each matter has one sentence, and what is applied is in it.
func TestPolicy(t *testing.T) {
	in := backtest.Input{Series: flat(64, 64), Signals: signals("Bh"), Rules: decision.Rules{AllowShort: true, MinSignalSeparation: 4}}
	in.Series.Symbol = "EURUSD"
	o := backtest.Options{Commission: 0.0001, Slippage: 0.00005, Fraction: 1,
		Costs: decision.Costs{PerUnit: 0.5, Minimum: 2, Long: 0.05, Spread: &strategy.Spread{Usual: strategy.Distance{Value: 0.8, Unit: strategy.InPips}, Zone: market.NewYork,
			Sessions: []strategy.SpreadSession{{From: 1020, To: 1080, Spread: strategy.Distance{Value: 3, Unit: strategy.InPips}}}}},
		Exits:   decision.Exits{StopLoss: 0.02, MaxHoldingBars: 5},
		Sizing:  decision.Sizing{Method: strategy.SizeKelly, KellyFraction: 0.5},
		Account: strategy.Account{Leverage: 20, MaintenanceMargin: 0.025, Lot: 1000, MaxQuantity: 5e6}, Fills: strategy.Fills{VolumeLimit: 0.1}}
	want := []string{
		"Capital: 100000 USD",
		"Orders: decided at the close of a bar, filled at the open of the next; an order of the last bar is not filled",
		"Spread: 0.8 pips, 3 pips from 17:00 to 18:00 in the time of America/New_York; the prices of bars are mid prices, of which a buyer pays half the spread more and a seller gets half of it less",
		"Slippage: 0.005 % of the price against each fill but that of a target, which is a limit order",
		"Commission: 0.01 % of the value of each fill, 0.5 per unit of it, at least 2 for it",
		"Financing: 5 % a year of the value of a long and 0 % of a short, a 365th for each midnight in UTC",
		"Size: 50 % of the Kelly size, at most 100 % of 20 times the equity, in whole units",
		"Account: leverage of 20; a position is closed by force at the price of a bar at which equity is 2.5 % of its value, or at the open behind it; quantities are multiples of 1000; entries have at most 5000000 units",
		"Volume: an entry takes at most 10 % of the volume of its bar, and the rest of it is given up; an exit is filled whole",
		"Shorts: a sell while flat opens one",
		"Separation: 4 bars from one entry to the next",
		"Exits: by signals; a stop at 2 %; the close of bar 5",
		"Within a bar: a gap is filled at the open behind it; a bar that reaches a stop, or a margin call, and a target is taken to have reached the target last",
		"End: what is held is closed at the close of the last bar, and where equity is not above 0 at a close, which ends trading",
	}
	if diff := cmp.Diff(want, backtest.Policy(in, o)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, sentence := range backtest.Policy(in, backtest.Options{}) {
		matter, words, ok := strings.Cut(sentence, ": ")
		if !ok || words == "" || strings.Contains(words, "  ") {
			t.Errorf("%q says nothing about %s", sentence, matter)
		}
	}
}

func TestOptions_IsPlain(t *testing.T) {
	plain := backtest.Options{Capital: 5, Commission: 0.1, Slippage: 0.1, Fraction: 1, FractionalUnits: true}
	if !plain.IsPlain() || !(backtest.Options{}).IsPlain() {
		t.Error("the plain policy is not plain")
	}
	for name, change := range map[string]func(*backtest.Options){
		"exits":      func(o *backtest.Options) { o.Exits.MaxHoldingBars = 1 },
		"sizing":     func(o *backtest.Options) { o.Sizing.Method = "confidence" },
		"costs":      func(o *backtest.Options) { o.Costs = decision.Costs{Minimum: 1} },
		"separation": func(o *backtest.Options) { o.SeparationSeconds = 1 },
	} {
		o := plain
		if change(&o); o.IsPlain() {
			t.Errorf("%s: plain", name)
		}
	}
}
