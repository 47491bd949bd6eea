package api_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// TestBacktestDecisions: what a request says beside the file goes into the order.
func TestBacktestDecisions(t *testing.T) {
	b := newBackend(t, momentumModel(t, "model_1", helloHash))
	b.worker("w1", fleet.Backtesting)
	for _, c := range []struct {
		name, changes, decisions string
		commission, slippage     float64
	}{
		{"nothing", `{}`, ``, 0.001, 0.0005},
		{"empty", `{"decisions":{}}`, ``, 0.001, 0.0005},
		{"outside", `{"commission":0.01}`, ``, 0.01, 0.0005},
		{"inside", `{"decisions":{"costs":{"commission":0.01,"slippage":0}}}`, `{"costs":{"commission":0.01,"slippage":0}}`, 0.01, 0},
		{"schedule", `{"decisions":{"costs":{"commission":"ib_tiered"}}}`, `{"costs":{"commission":"ib_tiered"}}`, 0, 0.0005},
		{"exits", `{"decisions":{"exits":{"stop_loss":0.02},"costs":{"spread":"0.8 pips"}}}`, `{"costs":{"spread":"0.8 pips"},"exits":{"stop_loss":0.02}}`, 0.001, 0.0005},
		{"beats_the_file", `{"decisions":{"costs":{"slippage":0.02}},"strategy_yaml":"FILE"}`, `{"costs":{"slippage":0.02}}`, 0.001, 0.02},
		{"of_the_file", `{"strategy_yaml":"FILE"}`, ``, 0.001, 0.01},
	} {
		t.Run(c.name, func(t *testing.T) {
			file, err := os.ReadFile("testdata/strategies/momentum.yaml")
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(strings.Replace(string(file), "decisions:", "decisions:\n  costs: {slippage: 0.01}", 1))
			if err != nil {
				t.Fatal(err)
			}
			rec := b.do("POST", backtest, merge(t, goodBacktest, strings.Replace(c.changes, `"FILE"`, string(text), 1)))
			if rec.Code != 200 {
				t.Fatalf("%d %s", rec.Code, rec.Body)
			}
			op := b.controller.operations[len(b.controller.operations)-1]
			var order wire.BacktestOrder
			if err := json.Unmarshal(op.Spec, &order); err != nil {
				t.Fatal(err)
			}
			if string(order.Decisions) != c.decisions || order.Commission != c.commission || order.Slippage != c.slippage {
				t.Errorf("decisions %s, commission %v, slippage %v, want %s, %v, %v", order.Decisions, order.Commission, order.Slippage, c.decisions, c.commission, c.slippage)
			}
			if _, recorded := op.Metadata.Parameters["decisions"]; recorded != (c.decisions != "") {
				t.Errorf("the operation says %v", op.Metadata.Parameters)
			}
		})
	}
}

func TestBacktestDecisions_refused(t *testing.T) {
	b := newBackend(t, momentumModel(t, "model_1", helloHash))
	b.worker("w1", fleet.Backtesting)
	for _, c := range []struct{ name, changes, want string }{
		{"unknown_key", `{"decisions":{"cost":{}}}`, "decisions.cost: unknown key (did you mean costs?)"},
		{"wrong_value", `{"decisions":{"costs":{"spread":"wide"}}}`, "decisions.costs.spread:"},
		{"lots", `{"whole_units":true,"decisions":{"account":{"lot":2.5}}}`, "decisions.account: lot 2.5 in whole units: want a whole number"},
		{"twice", `{"commission":0,"decisions":{"costs":{"commission":0.01}}}`, "commission: the file says it itself: give decisions.costs.commission instead"},
		{"columns", `{"decisions":{"costs":{"spread":"bid_ask"}}}`, "the spread that bars bring along is called quotes: write spread: quotes"},
		{"no_quotes", `{"decisions":{"costs":{"spread":"quotes"}}}`, "decisions.costs: spread quotes: the bars of EURUSD 1h have no bid and ask: import a file with them (ktrdr data import"},
		{"fixed_of_currencies", `{"decisions":{"costs":{"commission":"ib_fixed"}}}`, "Interactive Brokers publishes no fixed commission for currencies"},
		{"of_the_model", `{"decisions":{"output_format":"regression"}}`, "decisions.output_format: not a key here"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := b.do("POST", backtest, merge(t, goodBacktest, c.changes))
			if rec.Code != 400 || !strings.Contains(message(t, rec), c.want) {
				t.Errorf("%d %.500s, want %q", rec.Code, rec.Body, c.want)
			}
		})
	}
}

// TestBacktestReadsAlso: the bars that fills and money are judged by are pinned
// with the others, and missed before anything is written.
func TestBacktestReadsAlso(t *testing.T) {
	b := newBackend(t, momentumModel(t, "model_1", helloHash))
	b.worker("w1", fleet.Backtesting)
	refused := func(changes, want string) {
		t.Helper()
		if rec := b.do("POST", backtest, merge(t, goodBacktest, changes)); rec.Code != 404 || !strings.Contains(message(t, rec), want) {
			t.Errorf("%s: %d %.400s, want %q", changes, rec.Code, rec.Body, want)
		}
	}
	data := func(changes string) (names []string) {
		t.Helper()
		rec := b.do("POST", backtest, merge(t, goodBacktest, changes))
		if rec.Code != 200 {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		var order wire.BacktestOrder
		if err := json.Unmarshal(b.controller.operations[len(b.controller.operations)-1].Spec, &order); err != nil {
			t.Fatal(err)
		}
		for _, d := range order.Data {
			names = append(names, string(d.Symbol)+" "+d.Timeframe.String())
		}
		return names
	}
	const finer, pounds, euros = `{"decisions":{"fills":{"intrabar":"15m"}}}`, `{"decisions":{"account":{"currency":"GBP"}}}`, `{"decisions":{"account":{"currency":"EUR"}}}`
	refused(finer, "Data not found for EURUSD (15m)")
	refused(pounds, "it takes bars of USDGBP or of GBPUSD on 1h, and none are held")
	if got := data(euros); !slices.Equal(got, []string{"EURUSD 1h"}) {
		t.Errorf("in euros the order reads %v", got)
	}
	for symbol, tf := range map[market.Symbol]market.Timeframe{"EURUSD": market.Minute15, "GBPUSD": market.Hour1} {
		if _, err := b.bars.Merge(t.Context(), series(symbol, tf, 31*24)); err != nil {
			t.Fatal(err)
		}
	}
	if got := data(finer); !slices.Equal(got, []string{"EURUSD 1h", "EURUSD 15m"}) {
		t.Errorf("with finer bars the order reads %v", got)
	}
	if got := data(pounds); !slices.Equal(got, []string{"EURUSD 1h", "GBPUSD 1h"}) {
		t.Errorf("in pounds the order reads %v", got)
	}
}

// TestQuotesOfSpreads: a spread of quotes needs them at every bar of the window, also
// where only a trial of a sweep asks for it.
func TestQuotesOfSpreads(t *testing.T) {
	b := newBackend(t, momentumModel(t, "model_1", helloHash))
	b.worker("w1", fleet.Backtesting)
	const quotes = `{"decisions":{"costs":{"spread":"quotes"}}}`
	sweepOf := func(axis string) *httptest.ResponseRecorder {
		text, err := json.Marshal("axes: {" + axis + "}")
		if err != nil {
			t.Fatal(err)
		}
		return b.do("POST", "/api/v1/sweeps/start", merge(t, goodBacktest, `{"space_yaml":`+string(text)+`}`))
	}
	const axis = "decisions.costs: [{spread: 1 pips}, {spread: quotes}]"
	held, err := b.bars.Read(t.Context(), "EURUSD", market.Hour1, market.Span{})
	if err != nil {
		t.Fatal(err)
	}
	last := held.Len() - 1
	for _, c := range []struct {
		name string
		from int // of the bars that have quotes
		want string
	}{
		{"none", held.Len(), "the bars of EURUSD 1h have no bid and ask"},
		{"some", last, "has no bid and ask: import bars with them for all of the window"},
		{"all", 0, ""},
	} {
		quoted := market.NewSeries("EURUSD", market.Hour1, held.Len())
		for i := range held.Len() {
			q := market.NoQuote()
			if i >= c.from {
				q = market.Quote{Bid: held.Close[i] - 0.0001, Ask: held.Close[i] + 0.0001}
			}
			quoted.AppendQuoted(held.Bar(i), q)
		}
		if _, err := b.bars.Merge(t.Context(), quoted); err != nil {
			t.Fatal(err)
		}
		for what, rec := range map[string]*httptest.ResponseRecorder{"backtest": b.do("POST", backtest, merge(t, goodBacktest, quotes)), "sweep": sweepOf(axis)} {
			if c.want == "" && rec.Code != 200 || c.want != "" && (rec.Code != 400 || !strings.Contains(message(t, rec), c.want)) {
				t.Errorf("%s, %s: %d %.400s, want %q", c.name, what, rec.Code, rec.Body, c.want)
			}
		}
		if rec := sweepOf("decisions.confidence_threshold: [0.5]"); rec.Code != 200 {
			t.Errorf("%s: a sweep of other things: %d %.400s", c.name, rec.Code, rec.Body)
		}
		var shown wire.Envelope[wire.Bars]
		if err := json.Unmarshal(b.do("GET", "/api/v1/data/EURUSD/1h?limit=2", "").Body.Bytes(), &shown); err != nil {
			t.Fatal(err)
		}
		if q := shown.Data.Quotes; c.from > last && q != nil || c.from <= last && (len(q) != 2 || *q[1][1] != held.Close[last]+0.0001 || (q[0][0] == nil) != (c.from == last)) {
			t.Errorf("%s: quotes %v are shown", c.name, q)
		}
	}
}

// TestBacktestSymbols: symbols that are traded together are all in the order, with
// their bars; a strategy of several alone is traded on its first.
func TestBacktestSymbols(t *testing.T) {
	b := newBackend(t, momentumModel(t, "model_1", helloHash))
	b.worker("w1", fleet.Backtesting)
	for _, symbol := range []market.Symbol{"GBPUSD", "USDJPY"} {
		if _, err := b.bars.Merge(t.Context(), series(symbol, market.Hour1, 31*24)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, changes string
		status        int
		want          string
	}{
		{"two", `{"symbol":null,"symbols":["GBPUSD","EURUSD"]}`, 200, "[GBPUSD EURUSD] GBPUSD GBPUSD EURUSD"},
		{"one", `{"symbol":null,"symbols":["GBPUSD"]}`, 200, "[] GBPUSD GBPUSD"},
		{"converted", `{"symbol":null,"symbols":["EURUSD","USDJPY"],"decisions":{"account":{"currency":"GBP"}}}`, 404, "it takes bars of JPYGBP or of GBPJPY"},
		{"both", `{"symbols":["GBPUSD","EURUSD"]}`, 400, "give one of the two"},
		{"twice", `{"symbol":null,"symbols":["EURUSD","EURUSD"]}`, 400, "asked for twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := b.do("POST", backtest, merge(t, goodBacktest, c.changes))
			if rec.Code != c.status {
				t.Fatalf("%d %.500s", rec.Code, rec.Body)
			}
			if c.status != 200 {
				if got := message(t, rec); !strings.Contains(got, c.want) {
					t.Errorf("%q, want %q", got, c.want)
				}
				return
			}
			var order wire.BacktestOrder
			if err := json.Unmarshal(b.controller.operations[len(b.controller.operations)-1].Spec, &order); err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprint(order.Symbols, " ", order.Symbol)
			for _, d := range order.Data {
				got += " " + string(d.Symbol)
			}
			if got != c.want {
				t.Errorf("the order has %s, want %s", got, c.want)
			}
		})
	}
}
