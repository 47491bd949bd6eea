package grammar

import (
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/label"
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

func (d *decoder) exits(s *strategy.Strategy, f document.Mapping) {
	n, ok := f.Get("exits")
	if !ok {
		return
	}
	if n.IsScalar() {
		_, s.Decisions.Exits.FromLabel = n.Choice([]string{strategy.ExitsFromLabel})
		return
	}
	if f, ok = n.Mapping(exitsShape); !ok {
		return
	}
	x, below1 := &s.Decisions.Exits, document.Interval{Low: 0, LowOpen: true, High: 1, HighOpen: true}
	x.StopLoss = f.Number("stop_loss", 0, below1)
	x.TakeProfit = f.Number("take_profit", 0, document.Interval{Low: 0, LowOpen: true, High: 100})
	x.TrailingStop = f.Number("trailing_stop", 0, below1)
	x.MaxHoldingBars = f.Whole("max_holding_bars", 0, 1, maxBars)
	if n, ok := f.Get("session_end"); ok {
		d.sessionEnd(x, n)
	}
	if n, ok := f.Get("stop_loss"); ok && x.TrailingStop > 0 && x.StopLoss >= x.TrailingStop {
		n.Problem("it would have no effect: the trailing_stop of %v is at least as near from the start: remove one", x.TrailingStop)
	}
}

func (d *decoder) sessionEnd(x *strategy.Exits, n document.Node) {
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

// exitsFit reports exits of the decisions n that cannot act with the labels or
// the timeframe, which are read after them.
func (d *decoder) exitsFit(s *strategy.Strategy, n document.Node) {
	at := n
	if x, ok := n.Peek("exits"); ok {
		at = x
	}
	x := s.Decisions.Exits
	switch source := s.Training.Labels.Source; {
	case !x.FromLabel || source == "" || source == label.TripleBarrier || source == label.ForwardReturn:
	default:
		at.Problem("%s labels have no exit to take over: want labels of source triple_barrier or forward_return, or the exits written out, for example {stop_loss: 0.02, take_profit: 0.04}", source)
	}
	if err := x.Fit(d.decidesOn(s)); err != nil {
		at.Problem("%v", err)
	}
}
