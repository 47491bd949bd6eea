package assumption_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/assumption"
	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// bars returns two hourly bars of 64.
func bars(symbol market.Symbol) market.Series {
	s := market.NewSeries(symbol, market.Hour1, 2)
	for i := range int64(2) {
		s.Append(market.Bar{Time: 1_546_300_800 + 3600*i, Open: 64, High: 64, Low: 64, Close: 64, Volume: 1})
	}
	return s
}

// TestOf: each matter has one sentence, and what is applied is in it.
func TestOf(t *testing.T) {
	in := backtest.Input{Series: bars("EURUSD"), Rules: decision.Rules{AllowShort: true, MinSignalSeparation: 4}}
	o := backtest.Options{Capital: 100_000, Commission: 0.0001, Slippage: 0.00005, Fraction: 1,
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
		"Financing: 5 % a year of the value of a long and 0 % of a short, a 365th for each midnight in UTC after its entry, the one at an exit at an open included",
		"Size: 50 % of the Kelly size, at most 100 % of 20 times the equity, in whole units",
		"Account: leverage of 20; a position is closed by force at the price of a bar at which equity is 2.5 % of its value, or at the open behind it; quantities are multiples of 1000; entries have at most 5000000 units",
		"Volume: an entry takes at most 10 % of the volume of its bar, and the rest of it is given up; an exit is filled whole",
		"Shorts: a sell while flat opens one",
		"Separation: 4 bars from one entry to the next",
		"Exits: by signals; a stop at 2 %; the close of bar 5",
		"Within a bar: a gap is filled at the open behind it; a bar that reaches a stop, or a margin call, and a target is taken to have reached the target last",
		"End: what is held is closed at the close of the last bar, and where equity is not above 0 at a close, which ends trading",
	}
	if diff := cmp.Diff(want, assumption.Of(in, o)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, sentence := range append(assumption.Of(in, backtest.Options{}), assumption.OfPortfolio([]backtest.Input{in, in}, o)...) {
		matter, words, ok := strings.Cut(sentence, ": ")
		if !ok || words == "" || strings.Contains(words, "  ") {
			t.Errorf("%q says nothing about %s", sentence, matter)
		}
	}
}

// TestOfPortfolio: the words are about the account, and in which order it acts.
func TestOfPortfolio(t *testing.T) {
	o := backtest.Options{Capital: 1, Fraction: 1, Account: strategy.Account{Leverage: 2, MaintenanceMargin: 0.25}}
	words := strings.Join(assumption.OfPortfolio([]backtest.Input{{Series: bars("EURUSD")}, {Series: bars("GBPUSD")}}, o), "\n")
	for _, want := range []string{"Portfolio: EURUSD, GBPUSD share the money", "closed at the next open", "each the same share of its way at a time"} {
		if !strings.Contains(words, want) {
			t.Errorf("%q is not in\n%s", want, words)
		}
	}
}

// TestOf_reduced: what a call closes, and until when, is in the words.
func TestOf_reduced(t *testing.T) {
	ins := []backtest.Input{{Series: bars("EURUSD")}, {Series: bars("GBPUSD")}}
	o := backtest.Options{Capital: 1, Fraction: 1, Account: strategy.Account{Leverage: 20, MaintenanceMargin: 0.025, MarginCall: strategy.MarginReduce}}
	for words, wants := range map[string][]string{
		strings.Join(assumption.Of(ins[0], o), "\n"):       {"leverage of 20; a position is reduced by force, by as few lots as bring equity back to 5 % of what is left, at the price of a bar at which equity is 2.5 % of its value, or at the open behind it"},
		strings.Join(assumption.OfPortfolio(ins, o), "\n"): {"; positions are reduced by force, the largest loss first, by as few lots as bring equity back to 5 % of what is left, where equity is 2.5 % of their value: several go", "is left alone until there is one"},
	} {
		for _, want := range wants {
			if !strings.Contains(words, want) || strings.Contains(words, "closed by force") {
				t.Errorf("%q is not in\n%s", want, words)
			}
		}
	}
}

// TestOf_several: the exits of each model are told apart.
func TestOf_several(t *testing.T) {
	in := backtest.Input{Series: bars("EURUSD"), Routed: &backtest.Routed{Names: []string{"trend", "range"}, Exits: []decision.Exits{{StopLoss: 0.02}, {}}}}
	words := strings.Join(assumption.Of(in, backtest.Options{Capital: 1, Fraction: 1}), "\n")
	want := "Exits: of entries by trend, by signals; a stop at 2 %. And of entries by range, by signals only. A position keeps those of its entry\nWithin a bar: a gap is filled"
	if !strings.Contains(words, want) {
		t.Errorf("%q is not in\n%s", want, words)
	}
}
