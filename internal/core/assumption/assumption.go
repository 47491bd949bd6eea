// Package assumption says in words what a backtest assumed.
//
// A number of a report means nothing without what was assumed about fills, costs
// and money. [Of] has one sentence for each matter, in a fixed order, and about what
// is not assumed too; [OfPortfolio] says the same of several symbols in one account.
// They read the input and the options that a run had, so that the words and the run
// cannot come from different files. What is new in backtest.Options needs words here.
package assumption

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// Of says what a backtest of in assumed under o, the options of its result: one
// sentence per matter, which begins with it and a colon.
func Of(in backtest.Input, o backtest.Options) []string {
	return sentences(in, o, accountWords(o.Account, callWords(o.Account, "a position is closed by force", "a position is reduced by force",
		" at the price of a bar at which equity is %s of its value, or at the open behind it")))
}

// OfPortfolio is Of for a portfolio.
func OfPortfolio(ins []backtest.Input, o backtest.Options) []string {
	shown := ins[0]
	var symbols []string
	for _, in := range ins {
		symbols = append(symbols, string(in.Series.Symbol))
		if in.Rates != nil {
			shown = in
		}
	}
	words := strings.Join(symbols, ", ") + " share the money, at the same open in this order; an entry is sized by the equity of all, at the last closes, and takes no more than what is held leaves of it"
	if o.Costs.Schedule != "" {
		words += "; the volume of a month counts for each symbol by itself"
	}
	if o.Account.MaintenanceMargin != 0 {
		until := "closed at the next open"
		if o.Account.MarginCall == strategy.MarginReduce {
			until = "left alone until there is one"
		}
		words += "; who has no bar when the account is called is " + until
	}
	all := sentences(shown, o, accountWords(o.Account, callWords(o.Account, "all positions are closed by force", "positions are reduced by force, the largest loss first",
		" where equity is %s of their value: several go from their opens to their stops or to what is furthest against them, each the same share of its way at a time")))
	return append([]string{"Portfolio: " + words}, all...)
}

func sentences(in backtest.Input, o backtest.Options, account string) []string {
	return []string{
		"Capital: " + capitalWords(in, o),
		"Orders: decided at the close of a bar, filled at the open of the next; an order of the last bar is not filled",
		"Spread: " + spreadWords(o.Costs.Spread),
		"Slippage: " + slippageWords(o),
		"Commission: " + commissionWords(in, o),
		"Financing: " + financingWords(o.Costs),
		"Size: " + sizeWords(o),
		"Account: " + account,
		"Volume: " + volumeWords(o.Fills),
		"Shorts: " + shortsWords(in.Rules),
		"Separation: " + separationWords(in.Rules, o),
		"Exits: " + routedWords(in, o),
		"Within a bar: " + withinWords(in, o),
		"End: what is held is closed at the close of the last bar, and where equity is not above 0 at a close, which ends trading",
	}
}

func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func percent(v float64) string { return strconv.FormatFloat(v*100, 'g', 10, 64) + " %" }

func capitalWords(in backtest.Input, o backtest.Options) string {
	currency := o.Account.In(in.Series.Symbol)
	switch _, quote, _ := in.Series.Symbol.Pair(); {
	case currency == "":
		return plain(o.Capital) + " in the currency of the prices"
	case currency != quote:
		return fmt.Sprintf("%s %s; results in %s are counted at the last rate known at the open of a bar or at its end", plain(o.Capital), currency, quote)
	}
	return plain(o.Capital) + " " + string(currency)
}

func spreadWords(s *strategy.Spread) string {
	if s == nil {
		return "none"
	}
	if s.Quotes {
		return "by the quotes of the bars: at the open of a bar and within it that of the end of the bar before, at its close its own; the prices of bars are mid prices, of which a buyer pays half the spread more and a seller gets half of it less"
	}
	words := s.Usual.String()
	for i, session := range s.Sessions {
		words += fmt.Sprintf(", %s from %s to %s", session.Spread, session.From, session.To)
		if i == len(s.Sessions)-1 {
			words += " in the time of " + s.Zone.String()
		}
	}
	return words + "; the prices of bars are mid prices, of which a buyer pays half the spread more and a seller gets half of it less"
}

func slippageWords(o backtest.Options) string {
	if o.Slippage == 0 {
		return "none"
	}
	return percent(o.Slippage) + " of the price against each fill but that of a target, which is a limit order"
}

func commissionWords(in backtest.Input, o backtest.Options) string {
	if schedule, err := decision.ScheduleOf(o.Costs.Schedule, in.Series.Symbol); err == nil && o.Costs.Schedule != "" {
		words := fmt.Sprintf("%s of %s in %s, as published %s", schedule.Name, schedule.Source, schedule.Currency, schedule.Read)
		if len(schedule.Tiers) > 1 {
			words += ", by the volume of each month in UTC"
		}
		if schedule.Without != "" {
			words += ", without " + schedule.Without
		}
		return words
	}
	var parts []string
	if o.Commission != 0 {
		parts = append(parts, percent(o.Commission)+" of the value of each fill")
	}
	if o.Costs.PerUnit != 0 {
		parts = append(parts, plain(o.Costs.PerUnit)+" per unit of it")
	}
	if o.Costs.Minimum != 0 {
		parts = append(parts, "at least "+plain(o.Costs.Minimum)+" for it")
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func financingWords(c decision.Costs) string {
	if c.Long == 0 && c.Short == 0 {
		return "none"
	}
	return fmt.Sprintf("%s a year of the value of a long and %s of a short, a 365th for each midnight in UTC after its entry, the one at an exit at an open included", percent(c.Long), percent(c.Short))
}

func sizeWords(o backtest.Options) string {
	units := ", in whole units"
	if o.FractionalUnits {
		units = ", in fractions of a unit"
	}
	most := percent(o.Fraction) + " of equity"
	if l := o.Account.Leverage; l != 0 {
		most = fmt.Sprintf("%s of %s times the equity", percent(o.Fraction), plain(l))
	}
	switch z := o.Sizing; z.Method {
	case strategy.SizeUnits:
		return fmt.Sprintf("%s units an entry, at most %s%s", plain(z.Units), most, units)
	case strategy.SizeConfidence:
		return most + " an entry times its confidence" + units
	case strategy.SizeVolatility:
		return fmt.Sprintf("so that a position varies by %s of equity a bar, at most %s%s", percent(z.BarVolatility), most, units)
	case strategy.SizeKelly:
		return fmt.Sprintf("%s of the Kelly size, at most %s%s", percent(z.KellyFraction), most, units)
	}
	return most + " an entry, commission included" + units
}

func shortsWords(r decision.Rules) string {
	if r.AllowShort {
		return "a sell while flat opens one"
	}
	return "none"
}

func separationWords(r decision.Rules, o backtest.Options) string {
	switch {
	case o.SeparationSeconds != 0:
		return fmt.Sprintf("%d seconds from one entry to the next", o.SeparationSeconds)
	case r.MinSignalSeparation != 0:
		return fmt.Sprintf("%d bars from one entry to the next", r.MinSignalSeparation)
	}
	return "none"
}

// routedWords says which exits the entries of each model have.
func routedWords(in backtest.Input, o backtest.Options) string {
	r := in.Routed
	if r == nil {
		return exitsWords(o.Exits)
	}
	parts := make([]string, len(r.Exits))
	for i, x := range r.Exits {
		parts[i] = fmt.Sprintf("of entries by %s, %s", r.Names[i], exitsWords(x))
	}
	return strings.Join(parts, ". And ") + ". A position keeps those of its entry"
}

func exitsWords(x decision.Exits) string {
	var parts []string
	add := func(isSet bool, format string, args ...any) {
		if isSet {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(x.StopLoss != 0, "a stop at %s", percent(x.StopLoss))
	add(x.TakeProfit != 0, "a target at %s", percent(x.TakeProfit))
	add(x.TrailingStop != 0, "a stop that trails by %s", percent(x.TrailingStop))
	add(x.NeedVolatility(), "barriers at %s volatilities above and %s below", plain(x.UpperBarrier), plain(x.LowerBarrier))
	add(x.MaxHoldingBars != 0, "the close of bar %d", x.MaxHoldingBars)
	add(x.SessionEnd != 0, "the end of the session at %s in UTC", x.SessionEnd)
	if len(parts) == 0 {
		return "by signals only"
	}
	return "by signals; " + strings.Join(parts, "; ")
}

// callWords says what a margin call does, to all or to some, and where, which has a
// place for the margin.
func callWords(a strategy.Account, all, some, where string) string {
	if a.MarginCall == strategy.MarginReduce {
		all = some + ", by as few lots as bring equity back to " + percent(a.InitialMargin()) + " of what is left,"
	}
	return all + fmt.Sprintf(where, percent(a.MaintenanceMargin))
}

// accountWords takes the words for a margin call.
func accountWords(a strategy.Account, call string) string {
	leverage := "no leverage"
	if a.Leverage != 0 {
		leverage = fmt.Sprintf("leverage of %s", plain(a.Leverage))
	}
	if a.MaintenanceMargin != 0 {
		leverage += "; " + call
	} else {
		leverage += " and no margin call"
	}
	if a.Lot != 0 {
		leverage += "; quantities are multiples of " + plain(a.Lot)
	}
	if a.MinQuantity != 0 {
		leverage += "; entries under " + plain(a.MinQuantity) + " units are none"
	}
	if a.MaxQuantity != 0 {
		leverage += "; entries have at most " + plain(a.MaxQuantity) + " units"
	}
	return leverage
}

func volumeWords(x strategy.Fills) string {
	if x.VolumeLimit == 0 {
		return "any quantity is filled"
	}
	return fmt.Sprintf("an entry takes at most %s of the volume of its bar, and the rest of it is given up; an exit is filled whole", percent(x.VolumeLimit))
}

func withinWords(in backtest.Input, o backtest.Options) string {
	if in.Routed == nil && o.Exits == (decision.Exits{}) && o.Account.MaintenanceMargin == 0 {
		return "nothing happens but at its open and close"
	}
	words := "a gap is filled at the open behind it; a bar that reaches a stop, or a margin call, and a target is taken to have reached the target last"
	if o.Fills.Intrabar != 0 {
		words += ", unless its bars of " + o.Fills.Intrabar.String() + " reach the target first"
	}
	return words
}
