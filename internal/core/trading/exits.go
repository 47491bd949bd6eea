package trading

import (
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

var exitsShape = document.Keys{
	Names: []string{"stop_loss", "take_profit", "trailing_stop", "max_holding_bars", "session_end"},
	Hints: map[string]string{
		"stop":               "the key is called stop_loss",
		"sl":                 "the key is called stop_loss",
		"target":             "the key is called take_profit",
		"tp":                 "the key is called take_profit",
		"max_holding_period": "the key is called max_holding_bars",
		"from_label":         "write exits: from_label",
	},
}

func readExits(d *strategy.Decisions, f document.Mapping) {
	n, ok := f.Get("exits")
	if !ok {
		return
	}
	if n.IsScalar() {
		if d.Exits.FromLabel = n.Raw() == strategy.ExitsFromLabel; !d.Exits.FromLabel {
			n.Problem("want from_label, or a mapping such as {stop_loss: 0.02, take_profit: 0.04}, have %s", n.Describe())
		}
		return
	}
	if f, ok = n.Mapping(exitsShape); !ok {
		return
	}
	x, below1 := &d.Exits, document.Interval{Low: 0, LowOpen: true, High: 1, HighOpen: true}
	x.StopLoss = f.Number("stop_loss", 0, below1)
	x.TakeProfit = f.Number("take_profit", 0, document.Interval{Low: 0, LowOpen: true, High: 100})
	x.TrailingStop = f.Number("trailing_stop", 0, below1)
	x.MaxHoldingBars = f.Whole("max_holding_bars", 0, 1, maxBars)
	if n, ok := f.Get("session_end"); ok {
		readSessionEnd(x, n)
	}
	if n, ok := f.Get("stop_loss"); ok && x.TrailingStop > 0 && x.StopLoss >= x.TrailingStop {
		n.Problem("it would have no effect: the trailing_stop of %v is at least as near from the start: remove one", x.TrailingStop)
	}
}

func readSessionEnd(x *strategy.Exits, n document.Node) {
	v, ok := n.Text()
	if !ok {
		return
	}
	clock, err := strategy.ParseClock(v)
	if err != nil {
		n.Problem("%s", err.Error())
		return
	}
	x.SessionEnd = clock
}

// fitExits reports exits of the decisions n that cannot act with the labels or on the
// base timeframe.
func fitExits(d strategy.Decisions, n document.Node, labels label.Source, base market.Timeframe) {
	at := n
	if x, ok := n.Peek("exits"); ok {
		at = x
	}
	switch {
	case !d.Exits.FromLabel || labels == "" || labels == label.TripleBarrier || labels == label.ForwardReturn:
	default:
		at.Problem("%s labels have no exit to take over: want labels of source triple_barrier or forward_return, or the exits written out, for example {stop_loss: 0.02, take_profit: 0.04}", labels)
	}
	if err := d.Exits.Fit(base); err != nil {
		at.Problem("%v", err)
	}
}
