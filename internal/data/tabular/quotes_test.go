package tabular_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/tabular"
)

// quotedBars are what every file of TestReadCSV_quotes says.
func quotedBars() market.Series {
	s := market.NewSeries("EURUSD", market.Hour1, 2)
	s.AppendQuoted(market.Bar{Time: 0, Open: 1.5, High: 1.75, Low: 1.25, Close: 1.625, Volume: 10}, market.Quote{Bid: 1.5, Ask: 1.75})
	s.AppendQuoted(market.Bar{Time: 3600, Open: 1.625, High: 1.75, Low: 1.5, Close: 1.5625, Volume: 20}, market.Quote{Bid: 1.5, Ask: 1.625})
	return s
}

func TestReadCSV_quotes(t *testing.T) {
	const rows = "0,1.5,1.75,1.25,1.625,10,1.5,1.75\n3600,1.625,1.75,1.5,1.5625,20,1.5,1.625\n"
	const sides = "0,1.375,1.625,1.125,1.5,1.625,1.875,1.375,1.75,10\n3600,1.5,1.625,1.375,1.5,1.75,1.875,1.625,1.625,20\n"
	for name, text := range map[string]string{
		"bid_ask":        "timestamp,open,high,low,close,volume,bid,ask\n" + rows,
		"metatrader":     "<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<TICKVOL>;<BID>;<ASK>\n" + strings.ReplaceAll(rows, ",", ";"),
		"closes":         "Time,Open,High,Low,Close,Volume,Bid Close,Ask Close\n" + rows,
		"closes_behind":  "date,open,high,low,close,volume,close_bid,close_ask\n" + rows,
		"fxcm":           "date,bidopen,bidhigh,bidlow,bidclose,askopen,askhigh,asklow,askclose,tickqty\n" + sides,
		"sides_behind":   "date,open_bid,high_bid,low_bid,close_bid,open_ask,high_ask,low_ask,close_ask,volume\n" + sides,
		"oanda":          "time,bid.o,bid.h,bid.l,bid.c,ask.o,ask.h,ask.l,ask.c,volume\n" + sides,
		"dukascopy_join": "Gmt time,Bid_Open,Bid_High,Bid_Low,Bid_Close,Ask_Open,Ask_High,Ask_Low,Ask_Close,Volume\n" + sides,
	} {
		want := quotedBars()
		if name == "fxcm" { // whose volume has a name of its own
			for i := range want.Volume {
				want.Volume[i] = market.NoQuote().Bid
			}
		}
		got, report, err := tabular.ReadCSV(strings.NewReader(text), "x.csv", options(market.Hour1))
		if d := diff(want, got); err != nil || d != "" || report.Bars != 2 {
			t.Errorf("%s: %v, report %+v (-want +got):\n%s", name, err, report, d)
		}
	}
}

func TestReadCSV_quotes_bad_rows(t *testing.T) {
	const missing = "there is no quote: want one in every row, or no columns of quotes"
	text := "timestamp,open,high,low,close,bid,ask\n" +
		"0,1,1,1,1,1,1.5\n3600,1,1,1,1,1.5,1\n7200,1,1,1,1,,1\n10800,1,1,1,1,1,NaN\n14400,1,1,1,1,0,1\n18000,1,1,1,1,1,x\n21600,1,1,1,1,1,1\n25200,1,1,1,1,,\n"
	_, _, err := tabular.ReadCSV(strings.NewReader(text), "x.csv", options(market.Hour1))
	bad, ok := errors.AsType[*tabular.BadRows](err)
	if !ok {
		t.Fatalf("ReadCSV: %v, want bad rows", err)
	}
	want := []tabular.BadRow{
		{Line: 3, Column: "ask", Problem: "1 lies below the bid 1.5: the quotes are crossed"},
		{Line: 4, Column: "bid", Problem: missing},
		{Line: 5, Column: "ask", Problem: missing},
		{Line: 6, Column: "bid", Problem: "0 is not a price: want a finite number above 0"},
		{Line: 7, Column: "ask", Problem: `"x" is not a number`},
		{Line: 9, Column: "bid", Problem: missing},
	}
	if d := cmp.Diff(want, bad.Rows); d != "" {
		t.Errorf("bad rows (-want +got):\n%s", d)
	}
	text = "time,bidopen,bidhigh,bidlow,bidclose,askopen,askhigh,asklow,askclose\n" +
		"0,1,1,1,1,2,2,2,2\n3600,1,3,1,1,2,2,2,2\n7200,1,1,1,1,2,2,,2\n10800,1,1,1.5,1,2,2,2.5,2\n14400,-1,1,1,1,2,2,2,2\n"
	_, _, err = tabular.ReadCSV(strings.NewReader(text), "x.csv", options(market.Hour1))
	if bad, ok = errors.AsType[*tabular.BadRows](err); !ok {
		t.Fatalf("ReadCSV: %v, want bad rows", err)
	}
	want = []tabular.BadRow{
		{Line: 3, Column: "askhigh", Problem: "2 lies below the bid 3: the quotes are crossed"},
		{Line: 4, Column: "asklow", Problem: "there is no quote: want a bid and an ask in every row"},
		{Line: 5, Column: "the middle of bidlow and asklow", Problem: "2 lies above the open or the close"},
		{Line: 6, Column: "bidopen", Problem: "-1 is not a price: want a finite number above 0"},
	}
	if d := cmp.Diff(want, bad.Rows); d != "" {
		t.Errorf("bad rows of two sides (-want +got):\n%s", d)
	}
}

// Rows of one time with different quotes contradict each other.
func TestReadCSV_quotes_twice(t *testing.T) {
	const head = "timestamp,open,high,low,close,bid,ask\n0,1,1,1,1,1,2\n"
	got, report, err := tabular.ReadCSV(strings.NewReader(head+"0,1,1,1,1,1,2\n"), "x.csv", options(market.Hour1))
	if err != nil || got.Len() != 1 || report.Duplicates != 1 {
		t.Errorf("equal rows: %d bars, %+v, %v", got.Len(), report, err)
	}
	if _, _, err = tabular.ReadCSV(strings.NewReader(head+"0,1,1,1,1,1,3\n"), "x.csv", options(market.Hour1)); err == nil || !strings.Contains(err.Error(), "with other values") {
		t.Errorf("different quotes: %v", err)
	}
}

func TestReadCSV_quotes_refuses(t *testing.T) {
	for name, c := range map[string]struct{ header, want string }{
		"bid_only":   {"timestamp,open,high,low,close,bid", `it has quotes of one side only, "bid": add the other, or remove it`},
		"ask_only":   {"timestamp,open,high,low,close,close_ask", `it has quotes of one side only, "close_ask"`},
		"two_bids":   {"timestamp,open,high,low,close,bid,bid_close,ask", `columns "bid" and "bid_close" mean the same`},
		"both_kinds": {"timestamp,bidopen,bidhigh,bidlow,bidclose,askopen,askhigh,asklow,askclose,ask", `column "ask" stands beside columns of opens`},
		"ask_twice":  {"timestamp,bidopen,bidhigh,bidlow,bidclose,askopen,open_ask,askhigh,asklow,askclose", `columns "askopen" and "open_ask" mean the same`},
		"bids_only":  {"timestamp,bidopen,bidhigh,bidlow,bidclose", "it has no column for open"},
	} {
		row := "\n0" + strings.Repeat(",1", strings.Count(c.header, ",")) + "\n"
		if _, _, err := tabular.ReadCSV(strings.NewReader(c.header+row), "x.csv", options(market.Hour1)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestReadParquet_quotes(t *testing.T) {
	type closes struct {
		Time                   int64 `parquet:"timestamp"`
		Open, High, Low, Close float64
		Volume                 int64
		Bid                    *float64 `parquet:"bid,optional"`
		Ask                    float64  `parquet:"ask"`
	}
	bid := 1.5
	got, _, err := readParquet(file(t, closes{0, 1.5, 1.75, 1.25, 1.625, 10, &bid, 1.75}, closes{3600, 1.625, 1.75, 1.5, 1.5625, 20, &bid, 1.625}), parquetOptions(market.Hour1))
	if d := diff(quotedBars(), got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	_, _, err = readParquet(file(t, closes{0, 1, 1, 1, 1, 1, &bid, 2}, closes{3600, 1, 1, 1, 1, 1, nil, 2}, closes{7200, 1, 1, 1, 1, 1, &bid, 1}), parquetOptions(market.Hour1))
	bad, ok := errors.AsType[*tabular.BadRows](err)
	if !ok || bad.Total != 2 || bad.Rows[0].Line != 2 || bad.Rows[0].Column != "bid" || bad.Rows[1].Line != 3 || bad.Rows[1].Column != "ask" {
		t.Errorf("ReadParquet: %v, want two bad rows", err)
	}
	type sides struct {
		Time                               int64 `parquet:"timestamp"`
		BidOpen, BidHigh, BidLow, BidClose float64
		AskOpen, AskHigh, AskLow, AskClose float64
		Volume                             int64
	}
	got, _, err = readParquet(file(t, sides{0, 1.375, 1.625, 1.125, 1.5, 1.625, 1.875, 1.375, 1.75, 10}, sides{3600, 1.5, 1.625, 1.375, 1.5, 1.75, 1.875, 1.625, 1.625, 20}), parquetOptions(market.Hour1))
	if d := diff(quotedBars(), got); err != nil || d != "" {
		t.Errorf("two sides: %v (-want +got):\n%s", err, d)
	}
}

func TestWriteCSV_refuses_quotes_of_some_bars(t *testing.T) {
	s := quotedBars()
	s.AppendQuoted(market.Bar{Time: 7200, Open: 1, High: 1, Low: 1, Close: 1, Volume: 1}, market.NoQuote())
	const want = "the bar at 1970-01-01T02:00:00Z has no quote, and others have"
	if err := tabular.WriteCSV(new(bytes.Buffer), s); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("WriteCSV: %v", err)
	}
	if err := tabular.WriteParquet(new(bytes.Buffer), s); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("WriteParquet: %v", err)
	}
}
