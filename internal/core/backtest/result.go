package backtest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
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
	causeCount
)

var causeNames = [causeCount]string{BySignal: "signal", ByEnd: "end_of_data", ByBankrupt: "bankrupt", ByStop: "stop_loss",
	ByTarget: "take_profit", ByTrail: "trailing_stop", ByTime: "max_holding", BySession: "session_end", ByRegime: "regime"}

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

// A Trade is a position in the symbol of the Result from its entry to its exit. Money is in account
// currency, times are Unix seconds, prices are those of the fills, slippage
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
// the sum of the others. Closing at the end or at bankruptcy is no order.
type Orders struct {
	Placed   int `json:"placed"`
	Filled   int `json:"filled"`
	Unfilled int `json:"unfilled"`  // decided on the last bar
	TooSmall int `json:"too_small"` // entries for which equity did not buy one unit
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

// A Bankruptcy says when equity was used up. No decision is made from its bar on.
type Bankruptcy struct {
	Bar    int     `json:"bar"`
	Time   int64   `json:"time"`   // Unix second at which the bar ends
	Equity float64 `json:"equity"` // what was left, at most 0
}

// A Result is what came of a backtest. Equity and Position have one element per
// bar of the window.
type Result struct {
	Symbol    market.Symbol
	Timeframe market.Timeframe
	Options   Options // with the defaults filled in

	Trades   []Trade
	Equity   []float64 // at the close of the bar
	Position []int8    // held during the bar, after the fill at its open: 1 long, -1 short, 0 none

	NetProfit   float64 // sum of Trade.Net, in order
	FinalEquity float64 // Options.Capital + NetProfit, which is the last of Equity
	BuyAndHold  float64 // last close / first open - 1, without costs

	Decisions  decision.Counts // one per bar, up to a bankruptcy
	Orders     Orders
	Costs      Costs
	Turnover   float64     // sum of the values of all fills
	Bankruptcy *Bankruptcy // nil where there was none
	OrderHash  string
}

// An orderHash is the SHA-256 of the fills in the order in which they happened. Two runs that traded the same have the same hash. The stream is the
// line "ktrdr orders 1\n", then for each fill 26 bytes, little endian: time
// (int64), quantity and price (bits of the float64), side (int8, 1 bought, -1
// sold), cause (uint8; BySignal for entries).
type orderHash struct {
	sha    hash.Hash // nil before the first trade
	trades int       // hashed
	batch  [2 * fillBytes * orderBatch]byte
}

const (
	orderBatch = 64 // trades that are hashed at a time
	fillBytes  = 26
)

// add hashes the trades that were not there when it was last called, in whole
// batches, while the processor still has them at hand.
func (h *orderHash) add(trades []Trade) {
	for len(trades)-h.trades >= orderBatch {
		h.write(trades[h.trades : h.trades+orderBatch])
	}
}

func (h *orderHash) write(batch []Trade) {
	if h.sha == nil {
		h.sha = sha256.New()
		h.sha.Write([]byte("ktrdr orders 1\n"))
	}
	b := h.batch[:0]
	for i := range batch {
		t := &batch[i]
		b = appendFill(b, t.EntryTime, t.Quantity, t.EntryPrice, int8(t.Side), BySignal)
		b = appendFill(b, t.ExitTime, t.Quantity, t.ExitPrice, -int8(t.Side), t.Cause)
	}
	h.sha.Write(b)
	h.trades += len(batch)
}

// sum hashes what is left of trades, after which nothing more can be added, and
// returns the hash in hex.
func (h *orderHash) sum(trades []Trade) string {
	h.add(trades)
	h.write(trades[h.trades:])
	return hex.EncodeToString(h.sha.Sum(nil))
}

func appendFill(b []byte, time int64, quantity, price float64, side int8, cause Cause) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(time))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(quantity))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(price))
	return append(b, byte(side), byte(cause))
}
