package backtest_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// bars makes hourly bars of EURUSD from rows of open, high, low, close.
func bars(rows ...[4]float64) market.Series {
	s := market.NewSeries("EURUSD", market.Hour1, len(rows))
	for i, r := range rows {
		s.Append(market.Bar{Time: 1_546_300_800 + 3600*int64(i), Open: r[0], High: r[1], Low: r[2], Close: r[3], Volume: 1})
	}
	return s
}

// flat makes bars that stay at one price each.
func flat(prices ...float64) market.Series {
	rows := make([][4]float64, len(prices))
	for i, p := range prices {
		rows[i] = [4]float64{p, p, p, p}
	}
	return bars(rows...)
}

// signals reads one letter per bar: B buy, S sell, h hold, - not known.
func signals(letters string) []decision.Raw {
	raws := make([]decision.Raw, len(letters))
	for i, c := range letters {
		switch c {
		case 'B':
			raws[i] = known(decision.Buy)
		case 'S':
			raws[i] = known(decision.Sell)
		case 'h':
			raws[i] = known(decision.Hold)
		}
	}
	return raws
}

// side draws the position column with the letters L, S and a dot.
func side(position []int8) string {
	return strings.Map(func(r rune) rune { return []rune("S.L")[r] }, string(shifted(position)))
}

func shifted(position []int8) []rune {
	runes := make([]rune, len(position))
	for i, p := range position {
		runes[i] = rune(p + 1)
	}
	return runes
}

func near(got, want, tolerance float64) bool { return math.Abs(got-want) <= tolerance }

// The numbers are those of one fill worked out by hand from the formulas, and
// agree with KTRDR in Python except for the equity of the open short, which it
// overstated by the commission of the entry (99975.0380872 is right).
func TestAccounting(t *testing.T) {
	cost := backtest.Options{Commission: 0.001, Slippage: 0.0005}
	for _, c := range []struct {
		name                          string
		series                        market.Series
		signals                       string
		quantity, entry, exit         float64
		openEquity, finalEquity       float64
		commission, slippage, grossPL float64
	}{
		{"long", flat(1.1, 1.10055, 1.1), "BSh", 22704, 1.10055, 1.09945, 99975.0131128, 99925.0768,
			24.9868872 + 24.9619128, 2 * 0.00055 * 22704, -24.9744},
		{"short", flat(1.1, 1.09945, 1.1), "SBh", 22704, 1.09945, 1.10055, 99975.0380872, 99925.0768,
			24.9868872 + 24.9619128, 2 * 0.00055 * 22704, -24.9744},
	} {
		t.Run(c.name, func(t *testing.T) {
			// The order is sized at the open, 1.1; the close is the price of the fill.
			c.series.Open[1], c.series.High[1], c.series.Low[1] = 1.1, max(1.1, c.series.Close[1]), min(1.1, c.series.Close[1])
			r := run(t, scenario{backtest.Input{Series: c.series, Signals: signals(c.signals), Rules: decision.Rules{AllowShort: true}}, cost})
			if len(r.Trades) != 1 {
				t.Fatalf("%d trades, want 1", len(r.Trades))
			}
			trade := r.Trades[0]
			for _, v := range []struct {
				name      string
				got, want float64
			}{
				{"quantity", trade.Quantity, c.quantity}, {"entry price", trade.EntryPrice, c.entry}, {"exit price", trade.ExitPrice, c.exit},
				{"equity while open", r.Equity[1], c.openEquity}, {"final equity", r.FinalEquity, c.finalEquity}, {"last point", r.Equity[2], c.finalEquity},
				{"gross", trade.Gross, c.grossPL}, {"commission", trade.Commission, c.commission}, {"slippage", trade.Slippage, c.slippage},
				{"net", trade.Net, c.finalEquity - 100_000}, {"turnover", r.Turnover, 22704 * (1.10055 + 1.09945)},
			} {
				if !near(v.got, v.want, 1e-8) {
					t.Errorf("%s = %.10f, want %.10f", v.name, v.got, v.want)
				}
			}
		})
	}
}

func TestFillTimes(t *testing.T) {
	long, both := decision.Rules{}, decision.Rules{AllowShort: true}
	for _, c := range []struct {
		name     string
		signals  string
		rules    decision.Rules
		position string
		trades   string // entry bar-exit bar cause
		orders   ledger.Orders
	}{
		{"next_open", "hBhhShh", long, "..LLL..", "2-5 signal", ledger.Orders{Placed: 2, Filled: 2}},
		{"forced_at_the_end", "hBhh", long, "..LL", "2-4 end_of_data", ledger.Orders{Placed: 1, Filled: 1}},
		{"entry_on_the_last_bar", "hBh", long, "..L", "2-3 end_of_data", ledger.Orders{Placed: 1, Filled: 1}},
		{"decided_on_the_last_bar", "hhB", long, "...", "", ledger.Orders{Placed: 1, Unfilled: 1}},
		{"exit_decided_on_the_last_bar", "BhS", long, ".LL", "1-3 end_of_data", ledger.Orders{Placed: 2, Filled: 1, Unfilled: 1}},
		{"one_bar", "B", long, ".", "", ledger.Orders{Placed: 1, Unfilled: 1}},
		{"short_not_allowed", "ShSh", long, "....", "", ledger.Orders{}},
		{"short", "ShBh", both, ".SS.", "1-3 signal", ledger.Orders{Placed: 2, Filled: 2}},
		{"reversal_takes_a_second_signal", "BShhShh", both, ".L...SS", "1-2 signal 5-7 end_of_data", ledger.Orders{Placed: 3, Filled: 3}},
		{"signals_in_a_row_reverse", "BSSh", both, ".L.S", "1-2 signal 3-4 end_of_data", ledger.Orders{Placed: 3, Filled: 3}},
		{"not_added_to", "BBBSh", long, ".LLL.", "1-4 signal", ledger.Orders{Placed: 2, Filled: 2}},
		{"not_known", "-B-S-", long, "..LL.", "2-4 signal", ledger.Orders{Placed: 2, Filled: 2}},
		{"separation_blocks_entries", "BSBBBBh", decision.Rules{MinSignalSeparation: 4}, ".L...LL", "1-2 signal 5-7 end_of_data", ledger.Orders{Placed: 3, Filled: 3}},
		{"separation_never_blocks_exits", "BSh", decision.Rules{MinSignalSeparation: 50}, ".L.", "1-2 signal", ledger.Orders{Placed: 2, Filled: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			prices := make([]float64, len(c.signals))
			for i := range prices {
				prices[i] = 100 + float64(i)
			}
			series := flat(prices...)
			r := run(t, scenario{backtest.Input{Series: series, Signals: signals(c.signals), Rules: c.rules}, backtest.Options{}})
			var trades []string
			for _, trade := range r.Trades {
				entry, exit := (trade.EntryTime-series.Time[0])/3600, (trade.ExitTime-series.Time[0])/3600
				trades = append(trades, fmt.Sprintf("%d-%d %s", entry, exit, trade.Cause))
				if int64(trade.HoldingBars) != exit-entry || trade.HoldingHours != float64(exit-entry) {
					t.Errorf("held %d bars, %v hours, want %d", trade.HoldingBars, trade.HoldingHours, exit-entry)
				}
				want := 100 + float64(exit)
				if trade.Cause == ledger.ByEnd {
					want-- // the close of the bar before
				}
				if trade.EntryPrice != 100+float64(entry) || trade.ExitPrice != want {
					t.Errorf("traded at %v and %v, want %v and %v", trade.EntryPrice, trade.ExitPrice, 100+float64(entry), want)
				}
			}
			if got := strings.Join(trades, " "); got != c.trades || side(r.Position) != c.position || r.Orders != c.orders {
				t.Errorf("trades %q position %q orders %+v,\nwant %q %q %+v", got, side(r.Position), r.Orders, c.trades, c.position, c.orders)
			}
		})
	}
}

func TestExcursions(t *testing.T) {
	// Bought at 100 (1 unit per 1 of price: 250 units), with highs and lows that
	// lie on other bars than the closes suggest, then left on a gap up or down.
	rows := [][4]float64{{100, 100, 100, 100}, {100, 108, 97, 101}, {101, 102, 95, 100}, {110, 111, 80, 100}}
	for _, c := range []struct {
		name           string
		signals        string
		open           float64 // of the bar of the exit
		best, worst    float64
		rulesAllowSell bool
	}{
		{"long_left_on_a_gap_up", "BhSh", 110, 250 * 10, 250 * -5, false},
		{"long_left_on_a_gap_down", "BhSh", 90, 250 * 8, 250 * -10, false},
		{"short_left_on_a_gap_up", "ShBh", 110, 250 * 5, 250 * -10, true},
		{"short_left_inside", "ShBh", 100, 250 * 5, 250 * -8, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			series := bars(rows...)
			series.Open[3] = c.open
			r := run(t, scenario{backtest.Input{Series: series, Signals: signals(c.signals), Rules: decision.Rules{AllowShort: c.rulesAllowSell}}, backtest.Options{}})
			if got := r.Trades[0]; got.MaxFavorable != c.best || got.MaxAdverse != c.worst {
				t.Errorf("excursions %v, %v, want %v, %v", got.MaxFavorable, got.MaxAdverse, c.best, c.worst)
			}
		})
	}
}

func TestSizing(t *testing.T) {
	for _, c := range []struct {
		name  string
		price float64
		o     backtest.Options
		want  float64 // 0: too small
	}{
		{"default_is_a_quarter", 100, backtest.Options{}, 250},
		{"whole_units", 30, backtest.Options{Capital: 1000}, 8},
		{"fractional_units", 32, backtest.Options{Capital: 1000, FractionalUnits: true}, 250.0 / 32},
		{"too_small", 60_000, backtest.Options{Capital: 1000}, 0},
		{"fractional_is_never_too_small", 60_000, backtest.Options{Capital: 1000, FractionalUnits: true}, 250.0 / 60_000},
		{"commission_is_part_of_it", 100, backtest.Options{Fraction: 1, Commission: 0.1}, 909},
		{"slippage_never_overdraws", 100, backtest.Options{Fraction: 1, Slippage: 0.1}, 909},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, scenario{backtest.Input{Series: flat(c.price, c.price, c.price), Signals: signals("Bhh")}, c.o})
			if c.want == 0 {
				if len(r.Trades) != 0 || r.Orders != (ledger.Orders{Placed: 1, TooSmall: 1}) {
					t.Errorf("%d trades, orders %+v, want none and one too small", len(r.Trades), r.Orders)
				}
				return
			}
			if got := r.Trades[0].Quantity; got != c.want {
				t.Errorf("quantity = %v, want %v", got, c.want)
			}
		})
	}
}

func TestBankruptcy(t *testing.T) {
	// The whole capital short at 100; at 250 it is lost one and a half times.
	series := flat(100, 100, 150, 250, 100, 100)
	o := backtest.Options{Capital: 1000, Fraction: 1}
	r := run(t, scenario{backtest.Input{Series: series, Signals: signals("ShhBSB"), Rules: decision.Rules{AllowShort: true}}, o})
	want := ledger.Bankruptcy{Bar: 3, Time: series.Available(3), Equity: -500}
	if r.Bankruptcy == nil || *r.Bankruptcy != want {
		t.Fatalf("bankruptcy %+v, want %+v", r.Bankruptcy, want)
	}
	if diff := cmp.Diff([]float64{1000, 1000, 500, -500, -500, -500}, r.Equity); diff != "" {
		t.Errorf("equity (-want +got):\n%s", diff)
	}
	if len(r.Trades) != 1 || r.Trades[0].Cause != ledger.ByBankrupt || r.Decisions.Total() != 3 || side(r.Position) != ".SSS.." {
		t.Errorf("trades %+v, decisions %v, position %s: want one trade, 3 decisions, .SSS..", r.Trades, r.Decisions, side(r.Position))
	}
}

func TestBankruptcyByTheCostsOfTheEnd(t *testing.T) {
	// 10 units short at 90; equity is 50 at the last close of 185, but leaving
	// costs 10 * 18.5 of slippage.
	o := backtest.Options{Capital: 1000, Fraction: 1, Slippage: 0.1}
	r := run(t, scenario{backtest.Input{Series: flat(100, 100, 185), Signals: signals("Shh"), Rules: decision.Rules{AllowShort: true}}, o})
	if r.Bankruptcy == nil || r.Bankruptcy.Bar != 2 || !near(r.Bankruptcy.Equity, -135, 1e-9) || r.FinalEquity != r.Equity[2] {
		t.Errorf("bankruptcy %+v, final equity %v, want bar 2 at -135", r.Bankruptcy, r.FinalEquity)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name string
		o    backtest.Options
		want string // options at fault
	}{
		{"zero", backtest.Options{}, ""},
		{"at_the_limits", backtest.Options{Capital: 1e12, Commission: 0.1, Slippage: 0.1, Fraction: 1}, ""},
		{"negative_capital", backtest.Options{Capital: -1}, "initial_capital"},
		{"absurd_capital", backtest.Options{Capital: 2e12}, "initial_capital"},
		{"infinite_capital", backtest.Options{Capital: inf}, "initial_capital"},
		{"negative_commission", backtest.Options{Commission: -0.001}, "commission"},
		{"percent_for_fraction", backtest.Options{Commission: 0.5, Slippage: 0.11}, "commission slippage"},
		{"fraction_above_one", backtest.Options{Fraction: 1.1}, "fraction"},
		{"negative_fraction", backtest.Options{Fraction: -0.1}, "fraction"},
		{"not_numbers", backtest.Options{Capital: nan, Commission: nan, Slippage: nan, Fraction: nan}, "initial_capital commission slippage fraction"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := backtest.New(backtest.Input{Series: flat(1), Signals: signals("h")}, c.o)
			var got []string
			if joined, ok := errors.AsType[interface {
				error
				Unwrap() []error
			}](err); ok {
				for _, e := range joined.Unwrap() {
					if o, ok := errors.AsType[*backtest.OptionError](e); ok {
						got = append(got, o.Option)
					}
				}
			}
			if strings.Join(got, " ") != c.want || (err != nil) != (c.want != "") {
				t.Errorf("New error %v blames %v, want %q", err, got, c.want)
			}
		})
	}
}

func TestInputIsChecked(t *testing.T) {
	nan := math.NaN()
	with := func(change func(*backtest.Input)) backtest.Input {
		in := backtest.Input{Series: flat(100, 100, 100, 100, 100), Signals: signals("BhhSh"), Rules: decision.Rules{AllowShort: true}}
		change(&in)
		return in
	}
	for _, c := range []struct {
		name string
		in   backtest.Input
		want string
	}{
		{"no_bars", backtest.Input{Series: flat()}, "no bars in the window"},
		{"no_timeframe", with(func(in *backtest.Input) { in.Series.Timeframe = 0 }), "not a timeframe"},
		{"short_signals", with(func(in *backtest.Input) { in.Signals = in.Signals[:3] }), "3 signals for 5 bars"},
		{"short_column", with(func(in *backtest.Input) { in.Series.Low = in.Series.Low[:3] }), "columns differ in length"},
		{"bad_rules", with(func(in *backtest.Input) { in.Rules.ConfidenceThreshold = nan }), "confidence threshold NaN"},
		{"first_open", with(func(in *backtest.Input) { in.Series.Open[0] = nan }), "2019-01-01T00:00:00Z: open: NaN is not a price"},
		{"open_of_an_entry", with(func(in *backtest.Input) { in.Series.Open[1] = nan }), "2019-01-01T01:00:00Z: open: NaN is not a price"},
		{"close_while_held", with(func(in *backtest.Input) { in.Series.Close[2] = nan }), "2019-01-01T02:00:00Z: close: NaN is not a price"},
		{"infinite_close_while_held", with(func(in *backtest.Input) { in.Series.Close[2] = math.Inf(1) }), "close: +Inf is not a price"},
		{"open_of_an_exit", with(func(in *backtest.Input) { in.Series.Open[4] = -1 }), "2019-01-01T04:00:00Z: open: -1 is not a price"},
		{"last_close", with(func(in *backtest.Input) { in.Series.Close[4] = 0 }), "close: 0 is not a price"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := backtest.Run(context.Background(), c.in, backtest.Options{}, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Run error %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestResumeIsChecked(t *testing.T) {
	in := backtest.Input{Series: flat(1, 2, 3), Signals: signals("hhh")}
	for _, c := range []struct {
		name  string
		state ledger.State
	}{
		{"bar_beyond_the_window", ledger.State{Bar: 4}},
		{"negative_bar", ledger.State{Bar: -1}},
		{"curve_of_another_length", ledger.State{Bar: 2, Equity: make([]float64, 1)}},
		{"trade_from_the_future", ledger.State{Bar: 2, Deals: []ledger.Deal{{Entry: 1, Exit: 2, Side: decision.Long}}}},
		{"trades_at_the_same_time", ledger.State{Bar: 3, Deals: []ledger.Deal{{Entry: 1, Exit: 2, Side: decision.Long}, {Entry: 2, Exit: 2, Side: decision.Long}}}},
		{"position_during_a_trade", ledger.State{Bar: 3, Open: ledger.Open{Side: decision.Long, Bar: 2}, Deals: []ledger.Deal{{Entry: 1, Exit: 2, Side: decision.Long}}}},
		{"fees_of_another_trade", ledger.State{Bar: 2, Fees: make([]ledger.Fees, 1)}},
		{"position_from_the_future", ledger.State{Open: ledger.Open{Side: decision.Long, Bar: 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := backtest.Resume(in, backtest.Options{}, c.state); err == nil {
				t.Error("Resume accepts it, want an error")
			}
		})
	}
}

func TestRunReportsAndStops(t *testing.T) {
	const n = 40_000
	in := backtest.Input{Series: benchSeries(n), Signals: alternatingSignals(n)}
	var seen []int
	ctx, cancel := context.WithCancelCause(context.Background())
	r, err := backtest.Run(ctx, in, backtest.Options{}, func(p backtest.Progress) {
		seen = append(seen, p.Bar)
		if p.Bars != n || p.Time != in.Series.Time[p.Bar-1] || p.Trades == 0 || p.Wins == 0 || p.Wins > p.Trades || !(p.Equity > 0) {
			t.Errorf("progress %+v", p)
		}
	})
	if err != nil || len(r.Equity) != n {
		t.Fatalf("Run: %v", err)
	}
	if diff := cmp.Diff([]int{16384, 32768, n}, seen); diff != "" {
		t.Errorf("reported bars (-want +got):\n%s", diff)
	}
	why := errors.New("enough")
	if _, err := backtest.Run(ctx, in, backtest.Options{}, func(backtest.Progress) { cancel(why) }); !errors.Is(err, why) {
		t.Errorf("Run after a cancel gives %v, want the cause %v", err, why)
	}
}

// TestOrderHash writes the stream as documented and changes one thing at a time.
func TestOrderHash(t *testing.T) {
	series, o := flat(100, 101, 102, 103, 104), backtest.Options{Commission: 0.001}
	r := run(t, scenario{backtest.Input{Series: series, Signals: signals("BhShh")}, o})
	lanes := [3]uint64{}
	for _, f := range []struct {
		bar   int
		price float64
		side  uint64
	}{{1, 101, 1}, {3, 103, 255}} {
		for i, v := range []uint64{uint64(series.Time[f.bar]) + f.side<<48, math.Float64bits(r.Trades[0].Quantity), math.Float64bits(f.price)} {
			x := (lanes[i] ^ v) * 0x9E3779B97F4A7C15
			lanes[i] = x ^ x>>32
		}
	}
	stream := binary.LittleEndian.AppendUint64([]byte("ktrdr orders 3\n"), 2)
	for _, lane := range lanes {
		stream = binary.LittleEndian.AppendUint64(stream, lane)
	}
	want := sha256.Sum256(stream)
	if r.OrderHash != hex.EncodeToString(want[:]) {
		t.Errorf("OrderHash = %s, want %x", r.OrderHash, want)
	}
	for name, s := range map[string]scenario{
		"price": {backtest.Input{Series: flat(100, 101, 102, 103.5, 104), Signals: signals("BhShh")}, o},
		"time":  {backtest.Input{Series: flat(100, 101, 102, 103, 104), Signals: signals("BhhSh")}, o},
		"size":  {backtest.Input{Series: series, Signals: signals("BhShh")}, backtest.Options{Fraction: 0.5}},
		"cause": {backtest.Input{Series: series.Slice(0, 3), Signals: signals("Bhh")}, o},
	} {
		if run(t, s).OrderHash == r.OrderHash {
			t.Errorf("another %s has the same OrderHash", name)
		}
	}
}

func TestOrderHashOfManyTrades(t *testing.T) {
	in := backtest.Input{Series: benchSeries(1000), Signals: alternatingSignals(1000)}
	before := run(t, scenario{in, backtest.Options{}}).OrderHash
	in.Series.Open[701] *= 1.0001
	if after := run(t, scenario{in, backtest.Options{}}).OrderHash; after == before {
		t.Error("another price of one fill has the same OrderHash")
	}
}

func TestAdvanceDoesNotAllocate(t *testing.T) {
	in := backtest.Input{Series: benchSeries(100_000), Signals: sparseSignals(100_000)}
	sim, err := backtest.New(in, backtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Advance(10_000); err != nil { // the first trades are made room for
		t.Fatal(err)
	}
	bar := 10_000
	if n := testing.AllocsPerRun(10, func() { bar += 1000; _ = sim.Advance(bar) }); n != 0 {
		t.Errorf("Advance over 1,000 bars allocates %v times, want 0", n)
	}
}

func TestCauseText(t *testing.T) {
	text, err := json.Marshal([]ledger.Cause{ledger.BySignal, ledger.ByEnd, ledger.ByBankrupt})
	if err != nil || string(text) != `["signal","end_of_data","bankrupt"]` {
		t.Fatalf("causes are %s, %v", text, err)
	}
	var back []ledger.Cause
	if err := json.Unmarshal(text, &back); err != nil || len(back) != 3 || back[2] != ledger.ByBankrupt {
		t.Errorf("read back %v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`["stop"]`), &back); err == nil {
		t.Error("cause stop is accepted")
	}
	if _, err := ledger.Cause(99).MarshalText(); err == nil {
		t.Error("cause 99 has a text")
	}
}

func ExampleRun() {
	series := flat(1.10, 1.11, 1.12, 1.13, 1.14)
	result, err := backtest.Run(context.Background(), backtest.Input{
		Series:  series,
		Signals: signals("BhhSh"), // buy at the open of bar 1, sell at the open of bar 4
	}, backtest.Options{Commission: 0.001, Slippage: 0.0005}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range result.Trades {
		fmt.Printf("%s %.0f at %.5f, out at %.5f: net %.2f\n", t.Side, t.Quantity, t.EntryPrice, t.ExitPrice, t.Net)
	}
	fmt.Printf("equity %.2f\n", result.FinalEquity)
	// Output:
	// LONG 22500 at 1.11055, out at 1.13943: net 599.06
	// equity 100599.06
}
