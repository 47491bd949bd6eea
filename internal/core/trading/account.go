package trading

import (
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

var (
	accountShape = document.Keys{
		Names: []string{"currency", "leverage", "maintenance_margin", "margin_call", "lot", "min_quantity", "max_quantity"},
		Hints: map[string]string{
			"initial_margin":  "write leverage, which is 1 / initial_margin",
			"margin":          "write leverage and maintenance_margin",
			"stop_out":        "the key is called margin_call",
			"lot_size":        "the key is called lot",
			"initial_capital": "it belongs to the request of a backtest: remove it",
		},
	}
	fillsShape = document.Keys{Names: []string{"volume_limit", "intrabar"}, Hints: map[string]string{"max_volume": "the key is called volume_limit"}}
)

var marginCalls = []string{strategy.MarginCloseAll, strategy.MarginReduce}

func readAccount(d *strategy.Decisions, f document.Mapping) {
	n, ok := f.Get("account")
	if !ok {
		return
	}
	if f, ok = n.Mapping(accountShape); !ok {
		return
	}
	a, positive := &d.Account, document.Interval{Low: 0, LowOpen: true, High: 1e12}
	if n, ok := f.Get("currency"); ok {
		var names []string
		for _, c := range market.Currencies() {
			names = append(names, string(c))
		}
		v, _ := n.Choice(names)
		a.Currency = market.Currency(v)
	}
	a.Lot = f.Number("lot", 0, positive)
	a.MinQuantity = f.Number("min_quantity", 0, positive)
	a.MaxQuantity = f.Number("max_quantity", 0, positive)
	positive.High = strategy.MaxLeverage
	a.Leverage = f.Number("leverage", 0, positive)
	a.MaintenanceMargin = f.Number("maintenance_margin", 0, document.Interval{Low: 0, LowOpen: true, High: 1, HighOpen: true})
	if a.MarginCall = f.Choice("margin_call", strategy.MarginCloseAll, marginCalls); a.MarginCall == strategy.MarginCloseAll {
		a.MarginCall = ""
	}
	f.Reject(a.Validate(), func(err error) (key, problem string) {
		if e, ok := err.(*strategy.AccountError); ok {
			return e.Key, e.Problem
		}
		return "", err.Error()
	})
}

// readFills reads how orders meet the bars. The base timeframe is zero where it is not
// known.
func readFills(d *strategy.Decisions, f document.Mapping, base market.Timeframe) {
	n, ok := f.Get("fills")
	if !ok {
		return
	}
	if f, ok = n.Mapping(fillsShape); !ok {
		return
	}
	x := &d.Fills
	x.VolumeLimit = f.Number("volume_limit", 0, document.Interval{Low: 0, LowOpen: true, High: 1})
	if n, ok := f.Get("intrabar"); ok && n.Raw() != strategy.FillsPessimistic {
		if v, ok := n.Choice(market.TimeframeNames(market.Timeframes())); ok {
			var err error
			if x.Intrabar, err = market.ParseTimeframe(v); err == nil && base != 0 {
				err = x.Fit(base)
			}
			if err != nil {
				n.Problem("%s", err.Error())
			}
		}
	}
}
