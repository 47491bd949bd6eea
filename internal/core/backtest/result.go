package backtest

import (
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A Result is what came of a backtest. Equity and Position have one element per
// bar of the window.
type Result struct {
	Symbol    market.Symbol
	Timeframe market.Timeframe
	Options   Options // with the defaults filled in

	Trades   []ledger.Trade
	Equity   []float64 // at the close of the bar
	Position []int8    // held during the bar, after the fill at its open: 1 long, -1 short, 0 none

	NetProfit   float64 // sum of Trade.Net, in order
	FinalEquity float64 // Options.Capital + NetProfit, which is the last of Equity
	BuyAndHold  float64 // last close / first open - 1, without costs

	Decisions  decision.Counts // one per bar, up to a bankruptcy
	Orders     ledger.Orders
	Costs      ledger.Costs
	Turnover   float64 // sum of the values of all fills
	Intrabar   ledger.Intrabar
	Bankruptcy *ledger.Bankruptcy // nil where there was none
	OrderHash  string
}
