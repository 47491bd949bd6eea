package ledger

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/decision"
)

// A Cause says why a position was closed.
type Cause uint8

// The causes.
const (
	BySignal   Cause = iota // a signal against it
	ByEnd                   // the window ended
	ByBankrupt              // equity was used up
	ByStop                  // the stop loss, or the barrier against the position
	ByTarget                // the take profit, or the barrier in favour of the position
	ByTrail                 // the trailing stop
	ByTime                  // it was held as long as it may be
	BySession               // the session ended
	ByRegime                // the regime changed, or no model trades in it: decision.Raw.Leave
	ByMargin                // a margin call
	causeCount
)

var causeNames = [causeCount]string{BySignal: "signal", ByEnd: "end_of_data", ByBankrupt: "bankrupt", ByStop: "stop_loss",
	ByTarget: "take_profit", ByTrail: "trailing_stop", ByTime: "max_holding", BySession: "session_end", ByMargin: "margin_call", ByRegime: "regime"}

// String returns the name, for example end_of_data.
func (c Cause) String() string {
	if c >= causeCount {
		return fmt.Sprintf("Cause(%d)", uint8(c))
	}
	return causeNames[c]
}

// MarshalText implements encoding.TextMarshaler.
func (c Cause) MarshalText() ([]byte, error) {
	if c >= causeCount {
		return nil, fmt.Errorf("%v is not a cause", c)
	}
	return []byte(causeNames[c]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Cause) UnmarshalText(text []byte) error {
	for i, name := range causeNames {
		if name == string(text) {
			*c = Cause(i)
			return nil
		}
	}
	return fmt.Errorf("unknown cause %q: want one of %v", text, causeNames)
}

// A Trade is a position from its entry to its exit, or the part of one that a margin
// call closed, which has the entry of the rest. Money is in account currency,
// times are Unix seconds, prices are those of the fills, slippage
// and spread included.
//
//	Gross      = (ExitPrice - EntryPrice) * Quantity, the other way round for a short
//	Commission = of both fills
//	Slippage   = of both fills, against the prices without it; already in Gross
//	Spread     = half of it for each fill; already in Gross
//	Financing  = for the nights it was held
//	Net        = Gross - Commission - Financing
type Trade struct {
	ID              int               `json:"trade_id"` // from 1
	Side            decision.Position `json:"side"`
	Cause           Cause             `json:"exit_reason"`
	EntryConfidence float32           `json:"entry_confidence"`
	ExitConfidence  float32           `json:"exit_confidence"` // 0 where no signal closed it
	EntryTime       int64             `json:"entry_time"`      // open of the bar of the entry
	ExitTime        int64             `json:"exit_time"`       // open of the bar of the exit, or its end where it was left after the open
	EntryPrice      float64           `json:"entry_price"`
	ExitPrice       float64           `json:"exit_price"`
	Quantity        float64           `json:"quantity"` // units, above 0 for shorts too
	Gross           float64           `json:"gross_pnl"`
	Commission      float64           `json:"commission"`
	Slippage        float64           `json:"slippage"`
	Spread          float64           `json:"spread"`
	Financing       float64           `json:"financing"`
	Net             float64           `json:"net_pnl"`
	HoldingBars     int               `json:"holding_bars"` // bars during which it was held
	HoldingHours    float64           `json:"holding_period_hours"`

	// The best and the worst result that the position showed, before
	// commissions: from the highs and lows of every bar it was held, the bar of
	// the entry included, and the price it left at. At least and at most 0.
	MaxFavorable float64 `json:"max_favorable_excursion"`
	MaxAdverse   float64 `json:"max_adverse_excursion"`
}

// Orders says what became of the orders that followed from signals. Placed is
// the sum of those filled, unfilled and too small. Closing at the end or at bankruptcy is no order.
type Orders struct {
	Placed   int `json:"placed"`
	Filled   int `json:"filled"`
	Unfilled int `json:"unfilled"`  // decided on the last bar
	TooSmall int `json:"too_small"` // entries for which there was not enough equity, or volume, for the least quantity
	Partial  int `json:"partial"`   // of those filled: entries that were cut to the volume limit
}

// Plus returns both added up.
func (o Orders) Plus(p Orders) Orders {
	return Orders{Placed: o.Placed + p.Placed, Filled: o.Filled + p.Filled, Unfilled: o.Unfilled + p.Unfilled, TooSmall: o.TooSmall + p.TooSmall, Partial: o.Partial + p.Partial}
}

// Intrabar says how many bars reached a stop and a target, and of how many of them
// finer bars said which came first.
type Intrabar struct {
	Conflicts int `json:"conflicts"`
	Resolved  int `json:"resolved"`
}

// Plus returns both added up.
func (i Intrabar) Plus(j Intrabar) Intrabar {
	return Intrabar{Conflicts: i.Conflicts + j.Conflicts, Resolved: i.Resolved + j.Resolved}
}

// Costs adds up what trading cost, in account currency.
type Costs struct {
	Commission float64 `json:"commission"`
	Slippage   float64 `json:"slippage"`
	Spread     float64 `json:"spread"`
	Financing  float64 `json:"financing"`
}

// Total returns all of them together.
func (c Costs) Total() float64 { return c.Commission + c.Slippage + c.Spread + c.Financing }

// Plus returns both added up, each by itself.
func (c Costs) Plus(d Costs) Costs {
	return Costs{Commission: c.Commission + d.Commission, Slippage: c.Slippage + d.Slippage, Spread: c.Spread + d.Spread, Financing: c.Financing + d.Financing}
}

// A Bankruptcy says when equity was used up. No decision is made from its bar on.
type Bankruptcy struct {
	Bar    int     `json:"bar"`
	Time   int64   `json:"time"`   // Unix second at which the bar ends
	Equity float64 `json:"equity"` // what was left, at most 0
}
