package backtest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// quiet is an input of hourly bars that open and close at one price, without the
// bars of price 0.
func quiet(symbol market.Symbol, says string, prices ...float64) backtest.Input {
	in := backtest.Input{Series: market.NewSeries(symbol, market.Hour1, 0), Rules: decision.Rules{AllowShort: true}}
	raws := signals(says)
	for i, p := range prices {
		if p != 0 {
			in.Series.Append(market.Bar{Time: day0 + 3600*int64(i), Open: p, High: p, Low: p, Close: p, Volume: 16})
			in.Signals = append(in.Signals, raws[i])
		}
	}
	return in
}

const day0 = 1_546_300_800 // 2019-01-01

// TestPortfolioCases were worked out by hand: 1024 of capital, whole units, no
// costs unless the case has some. A trade is symbol, units, and net result.
func TestPortfolioCases(t *testing.T) {
	for _, c := range []struct {
		name   string
		o      backtest.Options
		ins    []backtest.Input
		equity []float64
		trades string
		small  int
	}{
		// Each takes half of 1024: 8 at 64 and 16 at 32; 8*8 and 16*(-2) come of it.
		{"half_each", backtest.Options{Fraction: 0.5}, []backtest.Input{quiet("EURUSD", "Bhh", 64, 64, 72), quiet("GBPUSD", "Bhh", 32, 32, 30)},
			[]float64{1024, 1024, 1056}, "EURUSD 8 64; GBPUSD 16 -32", 0},
		// The first takes all.
		{"nothing_left", backtest.Options{Fraction: 1}, []backtest.Input{quiet("EURUSD", "Bhh", 64, 64, 72), quiet("GBPUSD", "Bhh", 32, 32, 30)},
			[]float64{1024, 1024, 1152}, "EURUSD 16 128", 1},
		{"the_order_decides", backtest.Options{Fraction: 1}, []backtest.Input{quiet("GBPUSD", "Bhh", 32, 32, 30), quiet("EURUSD", "Bhh", 64, 64, 72)},
			[]float64{1024, 1024, 960}, "GBPUSD 32 -64", 1},
		// 12 at 64 leave 256, which buy 8 at 32.
		{"what_is_left", backtest.Options{Fraction: 0.75}, []backtest.Input{quiet("EURUSD", "Bhh", 64, 64, 64), quiet("GBPUSD", "Bhh", 32, 32, 34)},
			[]float64{1024, 1024, 1040}, "EURUSD 12 0; GBPUSD 8 16", 0},
		// 16 are sold at 128 at the open at which the other buys: 2048/32.
		{"what_the_first_realised_the_second_spends", backtest.Options{Fraction: 1}, []backtest.Input{quiet("EURUSD", "BShh", 64, 64, 128, 128), quiet("GBPUSD", "hBhh", 32, 32, 32, 33)},
			[]float64{1024, 1024, 2048, 2112}, "EURUSD 16 1024; GBPUSD 64 64", 0},
		// The other way round it has not been realised yet.
		{"what_the_second_realises_is_too_late", backtest.Options{Fraction: 1}, []backtest.Input{quiet("GBPUSD", "hBhh", 32, 32, 32, 33), quiet("EURUSD", "BShh", 64, 64, 128, 128)},
			[]float64{1024, 1024, 2048, 2048}, "EURUSD 16 1024", 1},
		// While the second has no bar, its last close counts: 16*(40-32) with the gain of 8*8.
		{"a_bar_that_is_not_there", backtest.Options{Fraction: 0.5}, []backtest.Input{quiet("EURUSD", "Bhhh", 64, 64, 64, 72), quiet("GBPUSD", "Bhhh", 32, 32, 40, 0)},
			[]float64{1024, 1024, 1152, 1216}, "GBPUSD 16 128; EURUSD 8 64", 0},
		// A short of 8 loses 512 while a long of 16 gains 256.
		{"gains_carry_losses", backtest.Options{Fraction: 0.5}, []backtest.Input{quiet("EURUSD", "Shh", 64, 64, 128), quiet("GBPUSD", "Bhh", 32, 32, 48)},
			[]float64{1024, 1024, 768}, "EURUSD 8 -512; GBPUSD 16 256", 0},
		// 8*(64-192) is all there was: both are closed and nobody trades again.
		{"ruin_of_one_is_ruin_of_all", backtest.Options{Fraction: 0.5}, []backtest.Input{quiet("EURUSD", "Shhhh", 64, 64, 192, 64, 64), quiet("GBPUSD", "BhBhh", 32, 32, 32, 64, 64)},
			[]float64{1024, 1024, 0, 0, 0}, "EURUSD 8 -1024; GBPUSD 16 0", 0},
		// Twice 1024: 16 at 64 each. At 48 each equity is 512, a third of 1536 and over
		// 0.2 of it; at 40 it is 256, 0.2 of 1280.
		{"margin_of_all", backtest.Options{Fraction: 0.5, Account: strategy.Account{Leverage: 2, MaintenanceMargin: 0.2}},
			[]backtest.Input{quiet("EURUSD", "Bhhhh", 64, 64, 48, 40, 64), quiet("GBPUSD", "Bhhhh", 64, 64, 48, 40, 64)},
			[]float64{1024, 1024, 512, 256, 256}, "EURUSD 16 -384; GBPUSD 16 -384", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Capital = 1024
			r, err := backtest.RunPortfolio(context.Background(), c.ins, c.o, backtest.Checkpoints{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			var trades []string
			for _, x := range r.Trades() {
				trades = append(trades, fmt.Sprintf("%s %v %v", x.Symbol, x.Quantity, x.Net))
			}
			w := r.Whole()
			if got := strings.Join(trades, "; "); got != c.trades || !cmp.Equal(r.Equity, c.equity) || w.Orders.TooSmall != c.small {
				t.Errorf("equity %v, trades %s, %d too small; want %v, %s, %d", r.Equity, got, w.Orders.TooSmall, c.equity, c.trades, c.small)
			}
			if w.FinalEquity != 1024+r.NetProfit || len(w.Trades) != len(trades) {
				t.Errorf("the whole ends at %v with %d trades", w.FinalEquity, len(w.Trades))
			}
		})
	}
}

// drawPortfolio draws two scenarios that share options.
func drawPortfolio(t *rapid.T) ([]backtest.Input, backtest.Options) {
	a, b := drawScenario(t), drawScenario(t)
	o := a.o
	o.Account.Currency, o.Fills.VolumeLimit, o.Costs.Schedule, o.Costs.Spread = "", 0, "", nil
	switch rapid.SampledFrom([]string{"none", "bps", "quotes"}).Draw(t, "spread of both") {
	case "bps":
		o.Costs.Spread = &strategy.Spread{Usual: strategy.Distance{Value: 5, Unit: strategy.InBps}}
	case "quotes":
		drawQuotes(t, &a.in.Series)
		drawQuotes(t, &b.in.Series)
		o.Costs.Spread = &strategy.Spread{Quotes: true}
	}
	if o.SeparationSeconds != 0 {
		b.in.Rules.MinSignalSeparation = 0
	}
	if rapid.Bool().Draw(t, "apart") { // bars that overlap
		for _, times := range [][]int64{b.in.Series.Time, b.in.Finer.Time} {
			for i := range times {
				times[i] += 1800
			}
		}
	}
	b.in.Routed = nil
	ins := []backtest.Input{a.in, b.in}
	for i, symbol := range []market.Symbol{"EURUSD", "GBPUSD"} {
		in := &ins[i]
		in.Series.Symbol, in.Rates, in.Volatility, in.SizingVolatility = symbol, nil, nil, nil
		if in.Finer.Symbol = symbol; o.Fills.Intrabar == 0 {
			in.Finer = market.Series{}
		} else if in.Finer.Len() == 0 {
			in.Finer = market.NewSeries(symbol, o.Fills.Intrabar, 0)
		}
		if o.SeparationSeconds != 0 {
			in.Rules.MinSignalSeparation = 0
		}
		needs := o.Exits.NeedVolatility() || in.Routed != nil && slices.ContainsFunc(in.Routed.Exits, decision.Exits.NeedVolatility)
		for range in.Series.Len() {
			if needs {
				in.Volatility = append(in.Volatility, 0.01)
			}
			if o.Sizing.NeedVolatility() {
				in.SizingVolatility = append(in.SizingVolatility, 0.01)
			}
		}
	}
	return ins, o
}

func runPortfolio(t interface{ Fatal(...any) }, ins []backtest.Input, o backtest.Options) backtest.PortfolioResult {
	r, err := backtest.RunPortfolio(context.Background(), ins, o, backtest.Checkpoints{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestPortfolioMoney: equity ends at the capital and the net results of each
// symbol, to the last bit, and each symbol's own part is the sum of its trades.
func TestPortfolioMoney(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ins, o := drawPortfolio(t)
		r := runPortfolio(t, ins, o)
		want := o.Capital
		for i, s := range r.Symbols {
			sum := 0.0
			for _, x := range s.Trades {
				sum += x.Net
			}
			if sum != s.NetProfit || s.Equity[len(s.Equity)-1] != sum || len(s.Equity) != ins[i].Series.Len() {
				t.Fatalf("%s: trades sum to %v, net profit %v, last point %v", s.Symbol, sum, s.NetProfit, s.Equity[len(s.Equity)-1])
			}
			want += sum
		}
		if last := r.Equity[len(r.Equity)-1]; math.Float64bits(last) != math.Float64bits(want) {
			t.Fatalf("equity ends at %v, capital and trades give %v", last, want)
		}
		if len(r.Equity) != len(r.Time) || len(r.Position) != len(r.Time) {
			t.Fatalf("%d times, %d points of equity", len(r.Time), len(r.Equity))
		}
	})
}

// sameAlone fails where a portfolio is not, to the last bit, what its first symbol
// gives alone.
func sameAlone(t *rapid.T, alone backtest.Result, r backtest.PortfolioResult) {
	one := r.Symbols[0]
	if diff := cmp.Diff(alone.Trades, one.Trades, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("trades (-alone +in a portfolio):\n%s", diff)
	}
	if diff := cmp.Diff(alone.Equity, r.Equity); diff != "" {
		t.Fatalf("equity (-alone +in a portfolio):\n%s", diff)
	}
	one.Equity, one.FinalEquity, one.Options, one.Bankruptcy = alone.Equity, alone.FinalEquity, alone.Options, r.Bankruptcy
	if diff := cmp.Diff(alone, one, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("(-alone +in a portfolio):\n%s", diff)
	}
}

// TestPortfolioOfOne: it is a backtest, bit for bit.
func TestPortfolioOfOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		sameAlone(t, run(t, s), runPortfolio(t, []backtest.Input{s.in}, s.o))
	})
}

// TestPortfolioOfOneWhoTrades: beside a symbol that does nothing, a symbol trades
// as it does alone, bit for bit.
func TestPortfolioOfOneWhoTrades(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ins, o := drawPortfolio(t)
		ins[1].Series = ins[0].Series // so that the curve has the same times
		ins[1].Series.Symbol = "GBPUSD"
		ins[1].Signals = make([]decision.Raw, len(ins[0].Signals))
		ins[1].Volatility, ins[1].SizingVolatility, ins[1].Routed = ins[0].Volatility, ins[0].SizingVolatility, ins[0].Routed
		sameAlone(t, run(t, scenario{ins[0], o}), runPortfolio(t, ins, o))
	})
}

// TestPortfolioInterrupted cuts at every time in turn, through bytes.
func TestPortfolioInterrupted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ins, o := drawPortfolio(t)
		want := resultBytes(t, runPortfolio(t, ins, o).Whole())
		p, err := backtest.NewPortfolio(ins, o)
		if err != nil {
			t.Fatal(err)
		}
		for cut := 1; !p.Done(); cut++ {
			if err := p.Advance(cut); err != nil {
				t.Fatal(err)
			}
			r, err := backtest.RunPortfolio(context.Background(), ins, o, backtest.Checkpoints{Resume: p.AppendState(nil)}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := resultBytes(t, r.Whole()); !bytes.Equal(got, want) {
				t.Fatalf("cut at %d:\n%s, want\n%s", cut, got, want)
			}
		}
	})
}

// TestPortfolioSeesNoFuture: bars that end later than a moment change nothing up to
// it, but for the closing of what is held at the ends of windows.
func TestPortfolioSeesNoFuture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ins, o := drawPortfolio(t)
		whole := runPortfolio(t, ins, o)
		first, last := whole.Time[0], whole.Time[len(whole.Time)-1]
		until := rapid.Int64Range(first, last+3600).Draw(t, "until")
		end := int64(math.MaxInt64)
		for i := range ins {
			s, n := ins[i].Series, 0
			for n < s.Len() && s.Available(n) <= until {
				n++
			}
			if n == 0 {
				return
			}
			cut(&ins[i], n)
			end = min(end, s.Available(n-1))
		}
		part := runPortfolio(t, ins, o)
		for i, at := range part.Time {
			if at+3600 >= end {
				break
			}
			if math.Float64bits(part.Equity[i]) != math.Float64bits(whole.Equity[i]) || part.Position[i] != whole.Position[i] {
				t.Fatalf("equity of %s is %v, and %v with what comes later", market.Stamp(at), part.Equity[i], whole.Equity[i])
			}
		}
	})
}

// TestPortfolioMargin: where the account of several positions is called within
// their bars, what is left is the margin at the prices of the call, or less where
// it began there; and in no bar that is over was equity below it at the worst of all
// prices.
func TestPortfolioMargin(t *testing.T) {
	called := 0
	check := func(t *rapid.T) {
		ins, o := drawPortfolio(t)
		o.Commission, o.Slippage, o.Costs, o.Exits, o.Fills = 0, 0, decision.Costs{}, decision.Exits{}, strategy.Fills{}
		o.Account = strategy.Account{Leverage: 4, MaintenanceMargin: 0.125}
		o.Sizing, o.Fraction, o.FractionalUnits = decision.Sizing{}, 0.4, true
		for i := range ins {
			ins[i].Finer, ins[i].Volatility, ins[i].SizingVolatility, ins[i].Routed = market.Series{}, nil, nil, nil
		}
		r := runPortfolio(t, ins, o)
		byEnd := map[int64][]backtest.SymbolTrade{}
		for _, x := range r.Trades() {
			byEnd[x.ExitTime] = append(byEnd[x.ExitTime], x)
		}
		for end, trades := range byEnd {
			if len(trades) < 2 || trades[0].Cause != ledger.ByMargin || trades[1].Cause != ledger.ByMargin {
				continue
			}
			if !slices.Contains(ins[0].Series.Time, end-3600) || !slices.Contains(ins[1].Series.Time, end-3600) {
				continue // one had no bar, and was closed at its next open
			}
			equity, value := o.Capital, 0.0
			for _, x := range r.Trades() {
				if x.ExitTime <= end {
					equity += x.Net
				}
			}
			for _, x := range trades {
				value += x.ExitPrice * x.Quantity
			}
			if called++; equity > o.Account.MaintenanceMargin*value*(1+1e-9) {
				t.Fatalf("called at %s with %v of equity, and %v held", market.Stamp(end), equity, value)
			}
		}
	}
	for round := 0; round < 20 && called == 0; round++ { // calls of several are rare
		rapid.Check(t, check)
	}
	if called == 0 {
		t.Error("no account of several positions was ever called")
	}
}

// TestReducedPortfolios: positions of a reduced account that are held through a bar have
// more equity behind them than the margin, at the worst of all its prices.
func TestReducedPortfolios(t *testing.T) {
	reduced := 0
	check := func(t *rapid.T) {
		ins, o := drawPortfolio(t)
		o.Commission, o.Slippage, o.Costs, o.Exits, o.Fills, o.SeparationSeconds = 0, 0, decision.Costs{}, decision.Exits{}, strategy.Fills{}, 0
		o.Account = strategy.Account{Leverage: 4, MaintenanceMargin: 0.125, MarginCall: strategy.MarginReduce}
		o.Sizing, o.Fraction, o.FractionalUnits = decision.Sizing{}, 0.5, false
		for i := range ins {
			ins[i].Finer, ins[i].Volatility, ins[i].SizingVolatility, ins[i].Routed = market.Series{}, nil, nil, nil
			for bar := range ins[i].Series.Time {
				ins[i].Series.Time[bar] = 3600 * int64(bar)
			}
		}
		r := runPortfolio(t, ins, o)
		for bar := range min(ins[0].Series.Len(), ins[1].Series.Len()) - 1 {
			end := int64(3600 * (bar + 1))
			equity, needed, sides := o.Capital, 0.0, 0
			for i, in := range ins {
				held := 0.0
				for _, x := range r.Symbols[i].Trades {
					price := in.Series.Low[bar]
					if x.Side == decision.Short {
						price = in.Series.High[bar]
					}
					switch {
					case x.ExitTime < end || x.ExitTime == end && x.Cause == ledger.ByMargin:
						equity += x.Net
						if x.Cause == ledger.ByMargin && x.ExitTime == end && slices.ContainsFunc(r.Symbols[i].Trades, func(y ledger.Trade) bool { return y.EntryTime == x.EntryTime && y.ID > x.ID }) {
							reduced++
						}
					case x.EntryTime < end:
						held += x.Quantity
						equity += float64(x.Side) * (price - x.EntryPrice) * x.Quantity
						needed += price * x.Quantity / 8
					}
				}
				if held > 0 {
					sides++
				}
			}
			if sides == 2 && equity <= needed*(1-1e-9) {
				t.Fatalf("%v behind what is held through bar %d, want more than %v", equity, bar, needed)
			}
		}
	}
	for round := 0; round < 20 && reduced == 0; round++ {
		rapid.Check(t, check)
	}
	if reduced == 0 {
		t.Error("no position was reduced")
	}
}

func TestPortfolioState_refuses(t *testing.T) {
	ins := []backtest.Input{quiet("EURUSD", "Bhh", 64, 64, 72), quiet("GBPUSD", "Bhh", 32, 32, 30)}
	p, err := backtest.NewPortfolio(ins, backtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Advance(2); err != nil {
		t.Fatal(err)
	}
	resume := func(ins []backtest.Input, state []byte) error {
		_, err := backtest.RunPortfolio(context.Background(), ins, backtest.Options{}, backtest.Checkpoints{Resume: state}, nil)
		return err
	}
	whole := p.AppendState(nil)
	for n := range whole {
		damaged := bytes.Clone(whole)
		damaged[n] ^= 0x40
		if resume(ins, whole[:n]) == nil || resume(ins, damaged) == nil {
			t.Fatalf("the first %d of %d bytes, or all with one changed, are accepted", n, len(whole))
		}
	}
	if err := resume([]backtest.Input{ins[1], ins[0]}, whole); !errors.Is(err, ledger.ErrOtherWork) {
		t.Errorf("symbols in another order: %v", err)
	}
}

func TestNewPortfolio_refuses(t *testing.T) {
	in := quiet("EURUSD", "h", 64)
	daily := in
	daily.Series.Timeframe = market.Day1
	for name, c := range map[string]struct {
		ins  []backtest.Input
		want string
	}{
		"none":       {nil, "want at least one"},
		"twice":      {[]backtest.Input{in, in}, "EURUSD is there twice"},
		"timeframes": {[]backtest.Input{in, daily}, "want one timeframe"},
		"currencies": {[]backtest.Input{in, quiet("USDJPY", "h", 64)}, "say in which currency the account is"},
	} {
		if _, err := backtest.NewPortfolio(c.ins, backtest.Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}
