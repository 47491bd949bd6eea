package job_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

// halves makes two bars of half an hour out of each hour, which reach the high
// first and then the low.
func halves(s market.Series) market.Series {
	f := market.NewSeries(s.Symbol, market.Minute30, 2*s.Len())
	for i := range s.Len() {
		b := s.Bar(i)
		f.Append(market.Bar{Time: b.Time, Open: b.Open, High: b.High, Low: min(b.Open, b.Close), Close: b.Close, Volume: b.Volume})
		f.Append(market.Bar{Time: b.Time + 1800, Open: b.Close, High: b.Close, Low: b.Low, Close: b.Close, Volume: b.Volume})
	}
	return f
}

// TestBacktestPolicyBars: finer bars and bars that convert reach the simulation,
// and an order that does not name them is refused.
func TestBacktestPolicyBars(t *testing.T) {
	w := newWorld()
	result, trainOrder, bars := trained(t, w)
	order := backtestOrder(t, w, result, trainOrder, bars)
	order.Symbol, bars.Symbol = "EURUSD", "EURUSD"
	run := func(decisions string, data ...market.Series) (r job.BacktestResult, err error) {
		order.Decisions, order.Data = json.RawMessage(decisions), []wire.DataRef{w.snapshot(t, bars)}
		for _, s := range data {
			order.Data = append(order.Data, w.snapshot(t, s))
		}
		text, err := w.run(t, job.Backtest(), order)
		if err != nil {
			return r, err
		}
		return r, json.Unmarshal(text, &r)
	}
	const exits = `{"exits": {"stop_loss": 0.0005, "take_profit": 0.0005}, "fills": {"intrabar": "30m"}}`
	r, err := run(exits, halves(bars))
	if err != nil {
		t.Fatal(err)
	}
	if r.Intrabar.Conflicts == 0 || r.Intrabar.Resolved == 0 || len(r.Data) != 2 {
		t.Errorf("intrabar %+v from %d series, want conflicts and some resolved", r.Intrabar, len(r.Data))
	}
	if _, err := run(exits); err == nil || !strings.Contains(err.Error(), "the order names no bars of 30m") {
		t.Errorf("without finer bars: %v", err)
	}

	dollars, err := run(`{}`)
	if err != nil {
		t.Fatal(err)
	}
	euros, err := run(`{"account": {"currency": "EUR"}}`)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(euros.Policy[0], "Capital: 100000 EUR; results in USD are counted at") || dollars.Policy[0] != "Capital: 100000 USD" {
		t.Errorf("policies begin with %q and %q", euros.Policy[0], dollars.Policy[0])
	}
	if euros.TradeCount != dollars.TradeCount || euros.FinalEquity == dollars.FinalEquity {
		t.Errorf("%d and %d trades, final equity %v and %v: want the same trades counted otherwise", euros.TradeCount, dollars.TradeCount, euros.FinalEquity, dollars.FinalEquity)
	}
	if _, err := run(`{"account": {"currency": "GBP"}}`); err == nil || !strings.Contains(err.Error(), "the order names no bars of USDGBP or GBPUSD") {
		t.Errorf("without bars that convert: %v", err)
	}
}
