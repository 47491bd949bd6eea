package grammar

import (
	"errors"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

var (
	dateRangeShape = document.Keys{
		Names: []string{"start", "end"},
		Hints: map[string]string{"from": "the key is called start", "to": "the key is called end",
			"start_date": "the key is called start", "end_date": "the key is called end"},
	}
	backtestShape = document.Keys{
		Names: []string{"date_range"},
		Hints: map[string]string{"start_date": "write date_range: {start: …}", "end_date": "write date_range: {end: …}",
			"initial_capital": ofRequest, "capital": ofRequest, "symbol": ofRequest, "timeframe": ofRequest,
			"commission": "it stands under decisions.costs", "slippage": "it stands under decisions.costs"},
	}
)

const ofRequest = "it belongs to the request of a backtest: remove it"

// backtest reads the range of bars of a backtest.
func (d *decoder) backtest(s *strategy.Strategy, f document.Mapping) {
	n, ok := f.Get("backtest")
	if !ok {
		return
	}
	if f, ok = n.Mapping(backtestShape); !ok {
		return
	}
	n, ok = f.Need("date_range", "the first and last day of a backtest, for example {start: 2018-01-01, end: 2019-12-31}")
	if !ok {
		return
	}
	p := dateRange(n)
	s.BacktestPeriod = p
	if t := s.Period; p != (market.Span{}) && t != (market.Span{}) && (t.To == 0 || p.From < t.To) && (p.To == 0 || t.From < p.To) {
		n.Warn("%s shares bars with training_data.date_range, %s: a backtest of bars that the model was trained on is refused unless it is asked for (--allow-in-sample)",
			strategy.PeriodText(p), strategy.PeriodText(t))
	}
}

// dateRange reads a range of bars; it is zero where n is wrong.
func dateRange(n document.Node) market.Span {
	f, ok := n.Mapping(dateRangeShape)
	if !ok {
		return market.Span{}
	}
	start, hasStart := moment(f, "start")
	end, hasEnd := moment(f, "end")
	period, err := market.ParseSpan(start, end)
	switch {
	case err != nil:
		n.Problem("%v", err)
	case !hasStart && !hasEnd && !f.IsRefused():
		n.Problem("it says nothing: want start, end or both, for example {start: 2012-01-01, end: 2017-12-31}")
	}
	return period
}

// moment reads a day or moment, in quotes or without; there tells that the key is
// there, even if it is wrong.
func moment(f document.Mapping, key string) (text string, there bool) {
	n, there := f.Get(key)
	if !there {
		return "", false
	}
	text = n.Raw()
	if !n.IsDate() {
		var ok bool
		if text, ok = n.Text(); !ok {
			return "", true
		}
	}
	if text == "" {
		n.Problem("it names no day: want one such as 2012-01-01; without the key the range is open")
		return "", true
	}
	if _, err := market.ParseSpan(text, ""); err != nil {
		n.Problem("%v", errors.Unwrap(err))
		return "", true
	}
	return text, true
}
