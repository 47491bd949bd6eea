package job_test

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/fill"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/sample"
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

// TestBacktestQuotes: the quotes of bars travel in their snapshot and are what is
// paid: the same as a spread of the width that they all have.
func TestBacktestQuotes(t *testing.T) {
	w := newWorld()
	result, trainOrder, bars := trained(t, w)
	order := backtestOrder(t, w, result, trainOrder, bars)
	run := func(decisions string, bars market.Series) (r job.BacktestResult, err error) {
		order.Decisions, order.Data = json.RawMessage(decisions), []wire.DataRef{w.snapshot(t, bars)}
		text, err := w.run(t, job.Backtest(), order)
		if err != nil {
			return r, err
		}
		return r, json.Unmarshal(text, &r)
	}
	quoted := market.NewSeries(bars.Symbol, bars.Timeframe, bars.Len())
	const width = 1.0 / 4096
	for i := range bars.Len() {
		bid := math.Round(bars.Close[i]*4096) / 4096 // so that the ask is exact too
		quoted.AppendQuoted(bars.Bar(i), market.Quote{Bid: bid, Ask: bid + width})
	}
	const quotes = `{"costs": {"spread": "quotes"}}`
	got, err := run(quotes, quoted)
	if err != nil {
		t.Fatal(err)
	}
	want, err := run(`{"costs": {"spread": 0.000244140625}}`, quoted)
	if err != nil {
		t.Fatal(err)
	}
	if got.TradeCount == 0 || got.FinalEquity != want.FinalEquity || got.Metrics.Costs != want.Metrics.Costs || got.Metrics.Costs.Spread == 0 {
		t.Errorf("%d trades, final equity %v at %+v; at a constant spread %v at %+v", got.TradeCount, got.FinalEquity, got.Metrics.Costs, want.FinalEquity, want.Metrics.Costs)
	}
	if got.Policy[2] == want.Policy[2] || !strings.HasPrefix(got.Policy[2], "Spread: by the quotes of the bars: at the open of a bar and within it that of the end of the bar before") {
		t.Errorf("the policy is %q", got.Policy[2])
	}
	if _, err := run(quotes, bars); err == nil || !strings.Contains(err.Error(), "have no bid and ask") {
		t.Errorf("bars without quotes: %v", err)
	}
}

// TestBacktestPortfolio trades two symbols from one account: the trades of both are
// in one table, and sum to the change of equity.
func TestBacktestPortfolio(t *testing.T) {
	w := newWorld()
	result, trainOrder, bars := trained(t, w)
	order := backtestOrder(t, w, result, trainOrder, bars)
	second := sample.Generate(sample.Options{Symbol: "OTHER", Timeframe: market.Hour1, Seed: 4, Bars: 10_000})
	order.Symbols = []market.Symbol{"SAMPLE", "OTHER"}
	order.Data = append(order.Data, w.snapshot(t, second))
	run := func() (r job.BacktestResult, text json.RawMessage) {
		t.Helper()
		text, err := w.run(t, job.Backtest(), order)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		return r, text
	}
	r, whole := run()
	if len(r.Symbols) != 2 || r.Symbols[1].Symbol != "OTHER" || r.Symbols[0].TradeCount == 0 || r.Symbols[1].TradeCount == 0 {
		t.Fatalf("by symbol %+v", r.Symbols)
	}
	if r.TradeCount != r.Symbols[0].TradeCount+r.Symbols[1].TradeCount || !strings.HasPrefix(r.Policy[0], "Portfolio: SAMPLE, OTHER share the money") {
		t.Errorf("%d trades under %q", r.TradeCount, r.Policy[0])
	}
	if b, mean := r.Metrics.Benchmark, (r.Symbols[0].BuyAndHold+r.Symbols[1].BuyAndHold)/2; b == nil || math.Abs(b.Return-mean) > 1e-12 || b.Beta == nil || b.MaxDrawdownPct <= 0 {
		t.Errorf("compared with %+v, want a return of %v", b, mean)
	}
	type row struct {
		Symbol string  `parquet:"symbol"`
		Net    float64 `parquet:"net_pnl"`
	}
	rows, err := parquet.Read[row](bytes.NewReader(w.content[r.Trades.SHA256]), int64(len(w.content[r.Trades.SHA256])))
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]float64{}
	for _, x := range rows {
		sums[x.Symbol] += x.Net
	}
	for _, s := range r.Symbols {
		if math.Abs(sums[string(s.Symbol)]-s.NetProfit) > 1e-6 {
			t.Errorf("%s: trades sum to %v, its result is %v", s.Symbol, sums[string(s.Symbol)], s.NetProfit)
		}
	}
	if change := r.FinalEquity - r.Config.Capital; math.Abs(sums["SAMPLE"]+sums["OTHER"]-change) > 1e-6 {
		t.Errorf("the trades sum to %v and equity changed by %v", sums, change)
	}
	order.Threads = 3
	if _, again := run(); !bytes.Equal(again, whole) {
		t.Error("three threads give another result")
	}
}

// TestClosesOfAll: half of 1 is in each of two symbols from its first open on; one of
// them has no first bar and no third, and its currency has become twice as much.
func TestClosesOfAll(t *testing.T) {
	input := func(rates *fill.Rates, bars ...market.Bar) backtest.Input {
		in := backtest.Input{Series: market.NewSeries("ABC", market.Hour1, len(bars)), Rates: rates}
		for _, b := range bars {
			in.Series.Append(b)
		}
		return in
	}
	ins := []backtest.Input{
		input(nil, market.Bar{Time: 0, Open: 10, Close: 12}, market.Bar{Time: 1, Open: 12, Close: 5}, market.Bar{Time: 2, Open: 5, Close: 10}, market.Bar{Time: 3, Open: 10, Close: 20}),
		input(&fill.Rates{Open: []float64{1, 1}, Close: []float64{1, 2}}, market.Bar{Time: 1, Open: 4, Close: 8}, market.Bar{Time: 3, Open: 8, Close: 8}),
	}
	if got, want := job.ClosesOfAll(ins, []int64{0, 1, 2, 3}), []float64{1.1, 1.25, 1.5, 3}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestBacktestReduced: what a request says about margin calls reaches the simulation,
// its words the report, and the parts of a position the table of trades.
func TestBacktestReduced(t *testing.T) {
	w := newWorld()
	result, trainOrder, bars := trained(t, w)
	order := backtestOrder(t, w, result, trainOrder, bars)
	order.SizingFraction, order.Commission, order.Slippage = 1, 0, 0
	type row struct {
		Entry  time.Time `parquet:"entry_time,timestamp(millisecond)"`
		Reason string    `parquet:"exit_reason"`
		Net    float64   `parquet:"net_pnl"`
	}
	run := func(call string) (r job.BacktestResult, rows []row) {
		t.Helper()
		order.Decisions = json.RawMessage(`{"account": {"leverage": 100, "maintenance_margin": 0.005, "margin_call": "` + call + `"}}`)
		text, err := w.run(t, job.Backtest(), order)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		rows, err = parquet.Read[row](bytes.NewReader(w.content[r.Trades.SHA256]), int64(len(w.content[r.Trades.SHA256])))
		if err != nil {
			t.Fatal(err)
		}
		return r, rows
	}
	r, rows := run("reduce")
	parts, sum := 0, 0.0
	for i, x := range rows {
		sum += x.Net
		if i > 0 && x.Entry.Equal(rows[i-1].Entry) && rows[i-1].Reason == "margin_call" {
			parts++
		}
	}
	if words := strings.Join(r.Policy, "\n"); parts == 0 || !strings.Contains(words, "reduced by force, by as few lots as bring equity back to 1 %") {
		t.Errorf("%d parts of positions under\n%s", parts, words)
	}
	if change := r.FinalEquity - r.Config.Capital; math.Abs(sum-change) > 1e-6 {
		t.Errorf("the trades sum to %v and equity changed by %v", sum, change)
	}
	all, rows := run("close_all")
	for i, x := range rows {
		if i > 0 && x.Entry.Equal(rows[i-1].Entry) {
			t.Errorf("trade %d is a part of one before it", i+1)
		}
	}
	if all.OrderHash == r.OrderHash {
		t.Error("both ways of a call traded the same")
	}
}
