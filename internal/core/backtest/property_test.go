package backtest_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/fill"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// A scenario is an input and options that exercise every branch: quiet walks and
// jumps that ruin a short, rules of all kinds, from one bar up.
type scenario struct {
	in backtest.Input
	o  backtest.Options
}

func drawScenario(t *rapid.T) scenario {
	n := rapid.IntRange(1, 60).Draw(t, "bars")
	step := rapid.SampledFrom([]float64{0.002, 0.05, 0.9}).Draw(t, "step")
	s := market.NewSeries("EURUSD", market.Hour1, n)
	at, price := int64(1_500_000_000), rapid.SampledFrom([]float64{0.01, 1.1, 60_000}).Draw(t, "price")
	unit := rapid.Float64Range(-1, 1)
	for range n {
		at += 3600 * int64(rapid.SampledFrom([]int{1, 1, 1, 2, 50}).Draw(t, "gap"))
		open := price * math.Exp(step*unit.Draw(t, "open"))
		price = open * math.Exp(step*unit.Draw(t, "close"))
		s.Append(market.Bar{Time: at, Open: open, Close: price, Volume: math.NaN(),
			High: max(open, price) * (1 + step*rapid.Float64Range(0, 1).Draw(t, "high")),
			Low:  min(open, price) / (1 + step*rapid.Float64Range(0, 1).Draw(t, "low"))})
	}
	signals := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) decision.Raw {
		if rapid.IntRange(0, 9).Draw(t, "known") == 0 {
			return decision.Raw{}
		}
		return decision.Raw{Known: true, Confidence: rapid.Float32Range(0.3, 1).Draw(t, "confidence"),
			Signal: decision.Signal(rapid.IntRange(-1, 1).Draw(t, "signal"))}
	}), n, n).Draw(t, "signals")
	exits, volatility := drawExits(t, n)
	drawn := scenario{
		in: backtest.Input{Series: s, Signals: signals, Volatility: volatility, Rules: decision.Rules{
			Regression:          rapid.Bool().Draw(t, "regression"),
			ConfidenceThreshold: rapid.SampledFrom([]float64{0, 0.5, 0.7}).Draw(t, "threshold"),
			MinSignalSeparation: rapid.SampledFrom([]int{0, 1, 4}).Draw(t, "separation"),
			AllowShort:          rapid.Bool().Draw(t, "shorts"),
		}},
		o: backtest.Options{
			Capital:         rapid.SampledFrom([]float64{1, 5_000, 100_000}).Draw(t, "capital"),
			Commission:      rapid.SampledFrom([]float64{0, 0.001, 0.1}).Draw(t, "commission"),
			Slippage:        rapid.SampledFrom([]float64{0, 0.0005, 0.1}).Draw(t, "slippage"),
			Fraction:        rapid.SampledFrom([]float64{0.25, 1, 0.001}).Draw(t, "fraction"),
			FractionalUnits: rapid.Bool().Draw(t, "fractional"),
			Exits:           exits,
		},
	}
	drawSizing(t, &drawn)
	if rapid.Bool().Draw(t, "costs") {
		cost := rapid.SampledFrom([]float64{0, 0.01, 0.5})
		drawn.o.Costs = decision.Costs{PerUnit: cost.Draw(t, "per unit"), Minimum: cost.Draw(t, "minimum"), Long: cost.Draw(t, "long rate"), Short: cost.Draw(t, "short rate")}
	}
	drawSpread(t, &drawn)
	drawAccount(t, &drawn)
	drawRouted(t, &drawn)
	if rapid.Bool().Draw(t, "finer") {
		drawFiner(t, &drawn)
	}
	if s.Symbol == drawn.in.Series.Symbol && drawn.o.Costs.Schedule == "" && rapid.IntRange(0, 3).Draw(t, "currency") == 0 {
		drawn.o.Account.Currency, drawn.in.Rates = "EUR", &fill.Rates{}
		rate := rapid.SampledFrom([]float64{0.01, 0.9, 130})
		for range n {
			drawn.in.Rates.Open = append(drawn.in.Rates.Open, rate.Draw(t, "rate at the open"))
			drawn.in.Rates.Close = append(drawn.in.Rates.Close, rate.Draw(t, "rate at the end"))
		}
	}
	return drawn
}

// drawFiner draws bars of half an hour within those of the scenario: one half
// reaches the low, one the high, and some are not there.
func drawFiner(t *rapid.T, s *scenario) {
	s.o.Fills.Intrabar = market.Minute30
	bars := s.in.Series
	s.in.Finer = market.NewSeries(bars.Symbol, market.Minute30, 0)
	for i := range bars.Len() {
		b, half := bars.Bar(i), bars.Bar(i)
		b.Time, half.Time = b.Time-b.Time%1800+1800, b.Time-b.Time%1800+3600
		if b.Time-1800 == bars.Time[i] {
			b.Time, half.Time = b.Time-1800, half.Time-1800
		}
		switch rapid.SampledFrom([]string{"up", "down", "both", "none", "one"}).Draw(t, "halves") {
		case "up":
			b.Low, half.High = max(b.Open, b.Close), max(b.Open, b.Close)
		case "down":
			b.High, half.Low = min(b.Open, b.Close), min(b.Open, b.Close)
		case "none":
			continue
		case "one":
			s.in.Finer.Append(b)
			continue
		}
		s.in.Finer.Append(b)
		if i+1 == bars.Len() || half.Time < bars.Time[i+1] {
			s.in.Finer.Append(half)
		}
	}
}

// drawRouted has entries of two models in a fifth of the cases.
func drawRouted(t *rapid.T, s *scenario) {
	if s.o.Sizing.Method == strategy.SizeKelly || rapid.IntRange(0, 4).Draw(t, "routed") != 0 {
		return
	}
	other, volatility := drawExits(t, len(s.in.Signals))
	s.in.Routed = &backtest.Routed{Exits: []decision.Exits{s.o.Exits, other}}
	for range s.in.Signals {
		s.in.Routed.At = append(s.in.Routed.At, uint8(rapid.IntRange(0, 1).Draw(t, "model")))
	}
	if s.o.Exits = (decision.Exits{}); s.in.Volatility == nil {
		s.in.Volatility = volatility
	}
}

// cut leaves the first n bars of an input.
func cut(in *backtest.Input, n int) {
	in.Series, in.Signals = in.Series.Slice(0, n), in.Signals[:n]
	for _, column := range []*[]float64{&in.Volatility, &in.SizingVolatility} {
		if *column != nil {
			*column = (*column)[:n]
		}
	}
	if r := in.Rates; r != nil {
		in.Rates = &fill.Rates{Open: r.Open[:n], Close: r.Close[:n]}
	}
	if r := in.Routed; r != nil {
		in.Routed = &backtest.Routed{Exits: r.Exits, At: r.At[:n]}
	}
}

// drawAccount draws none half of the time.
func drawAccount(t *rapid.T, s *scenario) {
	if rapid.Bool().Draw(t, "no account") {
		return
	}
	a := &s.o.Account
	if rapid.Bool().Draw(t, "margin") {
		a.Leverage = rapid.SampledFrom([]float64{0, 1, 3, 50}).Draw(t, "leverage")
		a.MaintenanceMargin = rapid.SampledFrom([]float64{0.01, 0.5, 0.99}).Draw(t, "maintenance") / max(1, a.Leverage)
	}
	if a.MaintenanceMargin > 0 && a.MaintenanceMargin <= 0.9*a.InitialMargin() && rapid.Bool().Draw(t, "reduce") {
		a.MarginCall = strategy.MarginReduce
		if s.o.Costs.Schedule == "" && rapid.Bool().Draw(t, "cheap") { // costs use up what a call frees
			s.o.Commission, s.o.Slippage, s.o.Costs.PerUnit, s.o.Fraction, s.o.Sizing = s.o.Commission/1000, s.o.Slippage/1000, 0, 1, decision.Sizing{}
			s.in.SizingVolatility = nil
		}
	}
	if a.Lot = rapid.SampledFrom([]float64{0, 0.1, 7, 1000}).Draw(t, "lot"); !s.o.FractionalUnits {
		a.Lot = math.Ceil(a.Lot)
	}
	a.MinQuantity = rapid.SampledFrom([]float64{0, 10}).Draw(t, "least")
	a.MaxQuantity = rapid.SampledFrom([]float64{0, 1000, 20_000}).Draw(t, "most")
	if rapid.Bool().Draw(t, "volumes") {
		s.o.Fills.VolumeLimit = rapid.SampledFrom([]float64{0.01, 1}).Draw(t, "limit")
		for i := range s.in.Series.Volume {
			s.in.Series.Volume[i] = rapid.SampledFrom([]float64{0, 3, 5000}).Draw(t, "volume")
		}
	}
}

// drawSpread draws none half of the time, and sometimes a schedule of commissions.
func drawSpread(t *rapid.T, s *scenario) {
	if rapid.IntRange(0, 3).Draw(t, "schedule") == 0 {
		s.o.Commission, s.o.Costs.PerUnit, s.o.Costs.Minimum = 0, 0, 0
		s.o.Costs.Schedule = rapid.SampledFrom([]string{strategy.CommissionIBFixed, strategy.CommissionIBTiered}).Draw(t, "commissions")
		if s.o.Costs.Schedule == strategy.CommissionIBFixed || rapid.Bool().Draw(t, "shares") {
			s.in.Series.Symbol = "ABC"
		}
	}
	if rapid.Bool().Draw(t, "no spread") {
		return
	}
	low := math.Inf(1)
	for _, v := range s.in.Series.Low {
		low = min(low, v)
	}
	distances := []strategy.Distance{{Value: 0, Unit: strategy.InBps}, {Value: 3, Unit: strategy.InBps}, {Value: 1000, Unit: strategy.InBps},
		{Value: 0.05 * low}}
	if low > 0.01 && s.in.Series.Symbol == "EURUSD" {
		distances = append(distances, strategy.Distance{Value: 2.5, Unit: strategy.InPips})
	}
	if rapid.IntRange(0, 2).Draw(t, "quotes") == 0 {
		drawQuotes(t, &s.in.Series)
		s.o.Costs.Spread = &strategy.Spread{Quotes: true}
		return
	}
	distance := rapid.SampledFrom(distances)
	spread := &strategy.Spread{Usual: distance.Draw(t, "usual"), Zone: rapid.SampledFrom([]market.Zone{market.UTC, market.Tokyo}).Draw(t, "zone")}
	for range rapid.IntRange(0, 2).Draw(t, "sessions") {
		clock := rapid.SampledFrom([]strategy.Clock{1, 540, 1020, 1440})
		spread.Sessions = append(spread.Sessions, strategy.SpreadSession{From: clock.Draw(t, "from"), To: clock.Draw(t, "to"), Spread: distance.Draw(t, "spread")})
	}
	s.o.Costs.Spread = spread
}

// drawQuotes draws quotes that have to do with the price, or hardly anything.
func drawQuotes(t *rapid.T, s *market.Series) {
	width := rapid.SampledFrom([]float64{0, 0.0001, 0.05})
	s.Bid, s.Ask = nil, nil
	for i, price := range s.Close {
		bid := price - float64(width.Draw(t, "below")*s.Low[i])
		s.Bid, s.Ask = append(s.Bid, bid), append(s.Ask, bid+float64(width.Draw(t, "wide")*s.Low[i]))
	}
}

// drawSizing draws none half of the time, and sometimes a separation in time.
func drawSizing(t *rapid.T, s *scenario) {
	if rapid.IntRange(0, 3).Draw(t, "duration") == 0 {
		s.in.Rules.MinSignalSeparation = 0
		s.o.SeparationSeconds = int64(rapid.SampledFrom([]int{60, 3600, 10_800, 10_801, 400_000}).Draw(t, "seconds"))
	}
	z := &s.o.Sizing
	z.Method = rapid.SampledFrom([]string{"", "", "", strategy.SizeUnits, strategy.SizeConfidence, strategy.SizeVolatility, strategy.SizeKelly}).Draw(t, "sizing")
	switch z.Method {
	case strategy.SizeUnits:
		z.Units = rapid.SampledFrom([]float64{0.3, 10, 1e9}).Draw(t, "units")
	case strategy.SizeVolatility:
		z.BarVolatility = rapid.SampledFrom([]float64{0.001, 0.1}).Draw(t, "target volatility")
		for range s.in.Signals {
			s.in.SizingVolatility = append(s.in.SizingVolatility, rapid.SampledFrom([]float64{math.NaN(), 0, 0.002, 0.7}).Draw(t, "volatility of the size"))
		}
	case strategy.SizeKelly:
		z.KellyFraction = rapid.SampledFrom([]float64{0.01, 1}).Draw(t, "kelly")
		if s.o.Exits.Validate(market.Hour1) != nil || !s.o.Exits.NeedVolatility() {
			s.o.Exits.StopLoss, s.o.Exits.TakeProfit = 0.05, rapid.SampledFrom([]float64{0.1, 2}).Draw(t, "gain")
		}
	}
}

// drawExits draws none half of the time.
func drawExits(t *rapid.T, bars int) (x decision.Exits, volatility []float64) {
	kind := rapid.SampledFrom([]string{"none", "none", "fractions", "barriers"}).Draw(t, "exits")
	if kind == "none" {
		return x, nil
	}
	distance := rapid.SampledFrom([]float64{0, 0.002, 0.05, 0.5})
	x.TrailingStop = distance.Draw(t, "trail")
	x.MaxHoldingBars = rapid.SampledFrom([]int{0, 1, 3}).Draw(t, "holding")
	x.SessionEnd = strategy.Clock(rapid.SampledFrom([]int{0, 0, 30, 1260, 1440}).Draw(t, "session"))
	if kind == "fractions" {
		x.StopLoss, x.TakeProfit = distance.Draw(t, "stop"), distance.Draw(t, "target")
		return x, nil
	}
	x.UpperBarrier, x.LowerBarrier = 2, 1.5
	for range bars {
		volatility = append(volatility, rapid.SampledFrom([]float64{math.NaN(), 0, 0.002, 0.05, 0.7}).Draw(t, "volatility"))
	}
	return x, volatility
}

func run(t interface{ Fatal(...any) }, s scenario) backtest.Result {
	result, err := backtest.Run(context.Background(), s.in, s.o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestRunIsTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		want, got := referenceRun(s.in, s.o), run(t, s)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(backtest.Result{}, "OrderHash")); diff != "" {
			t.Fatalf("Run differs from the reference (-reference +Run):\n%s", diff)
		}
	})
}

// TestRunReachesEveryBranch fails when the scenarios above stop covering what
// they are there for.
func TestRunReachesEveryBranch(t *testing.T) {
	var seen struct{ bankrupt, shorts, longs, unfilled, small, partial, conflict, resolved, forced, blocked, unplaced, reduced bool }
	causes := map[ledger.Cause]bool{}
	scenarios := rapid.Custom(drawScenario)
	for seed := range 1000 {
		r := run(t, scenarios.Example(seed))
		seen.bankrupt = seen.bankrupt || r.Bankruptcy != nil
		seen.unfilled = seen.unfilled || r.Orders.Unfilled > 0
		seen.partial = seen.partial || r.Orders.Partial > 0
		seen.conflict = seen.conflict || r.Intrabar.Conflicts > r.Intrabar.Resolved
		seen.resolved = seen.resolved || r.Intrabar.Resolved > 0
		seen.small = seen.small || r.Orders.TooSmall > 0
		seen.blocked = seen.blocked || r.Decisions[decision.Separation] > 0
		seen.unplaced = seen.unplaced || r.Decisions[decision.NoVolatility] > 0
		for i, trade := range r.Trades {
			causes[trade.Cause] = true
			seen.reduced = seen.reduced || i > 0 && trade.EntryTime == r.Trades[i-1].EntryTime
			seen.shorts = seen.shorts || trade.Side == decision.Short
			seen.longs = seen.longs || trade.Side == decision.Long
			seen.forced = seen.forced || trade.Cause == ledger.ByEnd
		}
	}
	if len(causes) != 9 { // all but by the regime, which signals do not draw
		t.Errorf("causes seen: %v, want 9", causes)
	}
	if !seen.unplaced || !seen.reduced || !seen.bankrupt || !seen.shorts || !seen.longs || !seen.unfilled || !seen.small || !seen.conflict || !seen.resolved || !seen.partial || !seen.forced || !seen.blocked {
		t.Errorf("branches seen: %+v, want all", seen)
	}
}

// TestRoutedExits: models that all have the same exits trade as one of them does.
func TestRoutedExits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		if s.in.Routed != nil {
			return
		}
		routed := s
		routed.o.Exits = decision.Exits{}
		routed.in.Routed = &backtest.Routed{Exits: []decision.Exits{s.o.Exits, s.o.Exits}, At: make([]uint8, s.in.Series.Len())}
		for i := range routed.in.Routed.At {
			routed.in.Routed.At[i] = uint8(rapid.IntRange(0, 1).Draw(t, "model"))
		}
		want, got := run(t, s), run(t, routed)
		want.Options.Exits = decision.Exits{}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-one model +models with its exits):\n%s", diff)
		}
	})
}

func TestSimulationInParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		want := run(t, s)
		n := s.in.Series.Len()
		sim, err := backtest.New(s.in, s.o)
		if err != nil {
			t.Fatal(err)
		}
		for !sim.Done() {
			if err := sim.Advance(sim.State().Bar + rapid.IntRange(1, n).Draw(t, "part")); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "interrupt") {
				if sim, err = backtest.Resume(s.in, s.o, sim.State()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if diff := cmp.Diff(want, sim.Result(), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("in parts it differs (-whole +parts):\n%s", diff)
		}
	})
}

func TestStateSharesNothing(t *testing.T) {
	in := backtest.Input{Series: benchSeries(100), Signals: alternatingSignals(100)}
	sim, err := backtest.New(in, backtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Advance(50); err != nil {
		t.Fatal(err)
	}
	state := sim.State()
	before := sim.State()
	if err := sim.Advance(100); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, state); diff != "" {
		t.Errorf("State changed with the simulation:\n%s", diff)
	}
}

// TestMoneyIsConserved holds the equity to the trades to the last bit, and both
// to a cash book kept from the fills alone.
func TestMoneyIsConserved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		r := run(t, s)
		sum, cash, scale := 0.0, s.o.Capital, s.o.Capital
		var commission, slippage, spread, financing float64
		for _, trade := range r.Trades {
			sum += trade.Net
			bought, sold := trade.EntryPrice*trade.Quantity, trade.ExitPrice*trade.Quantity
			if trade.Side == decision.Short {
				bought, sold = sold, bought
			}
			cash += sold - bought - trade.Commission - trade.Financing
			if s.in.Rates != nil { // gross results are counted at other rates than fills
				cash += trade.Gross - (sold - bought)
				scale += math.Abs(trade.Gross)
			}
			scale += bought + sold
			commission, slippage, financing = commission+trade.Commission, slippage+trade.Slippage, financing+trade.Financing
			spread += trade.Spread
			if least := (bought + sold) * s.o.Commission; s.in.Rates == nil && trade.Commission < least-1e-9*scale {
				t.Fatalf("commission %v, want at least %v", trade.Commission, least)
			}
		}
		if math.Float64bits(sum) != math.Float64bits(r.NetProfit) {
			t.Fatalf("sum of net results %v, NetProfit %v", sum, r.NetProfit)
		}
		if final := s.o.Capital + sum; final != r.FinalEquity || final != r.Equity[len(r.Equity)-1] {
			t.Fatalf("capital and net results give %v, final equity %v, last point %v", final, r.FinalEquity, r.Equity[len(r.Equity)-1])
		}
		for name, pair := range map[string][2]float64{"cash": {cash, r.FinalEquity},
			"commission": {commission, r.Costs.Commission}, "financing": {financing, r.Costs.Financing}, "slippage": {slippage, r.Costs.Slippage}, "spread": {spread, r.Costs.Spread}} {
			if math.Abs(pair[0]-pair[1]) > 1e-9*scale {
				t.Fatalf("%s: %v from the fills, %v in the result", name, pair[0], pair[1])
			}
		}
	})
}

// TestReducedAccounts: one position of a reduced account has, in every bar that it is
// held through and at whatever prices, more equity than the margin; and each part that
// a call closes leaves the initial margin, which one lot less would not.
func TestReducedAccounts(t *testing.T) {
	reduced := 0
	check := func(t *rapid.T) {
		s := drawScenario(t)
		a := &s.o.Account
		*a = strategy.Account{Leverage: 4, MaintenanceMargin: 0.125, MarginCall: strategy.MarginReduce, Lot: rapid.SampledFrom([]float64{0, 3}).Draw(t, "lot of the account")}
		s.in.Series.Symbol, s.in.Rates, s.in.Routed, s.in.SizingVolatility, s.in.Volatility, s.in.Finer = "EURUSD", nil, nil, nil, nil, market.Series{}
		s.o.Commission, s.o.Slippage, s.o.Costs, s.o.Exits, s.o.Fills = 0, 0, decision.Costs{}, decision.Exits{}, strategy.Fills{}
		s.o.Sizing, s.o.Fraction, s.o.FractionalUnits = decision.Sizing{}, 1, false
		books, err := backtest.Simulate(context.Background(), s.in, s.o, backtest.Checkpoints{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, profit, lot := books.Result(), 0.0, max(1, a.Lot)
		bars := 0
		for _, side := range r.Position {
			bars += int(side & 1) // of 1 and of -1
		}
		for _, day := range books.Days() {
			bars -= day.Held
		}
		if bars != 0 {
			t.Fatalf("%d more bars with a position than on all days", bars)
		}
		worth := func(x ledger.Trade, quantity, price float64) float64 {
			return float64(x.Side) * (price - x.EntryPrice) * quantity
		}
		for i, x := range r.Trades {
			entry, _ := indexOf(s.in.Series, x.EntryTime)
			held := 0.0 // of it, this part and those after it
			for _, y := range r.Trades[i:] {
				if y.EntryTime == x.EntryTime {
					held += y.Quantity
				}
			}
			left := held - x.Quantity
			if x.Cause == ledger.ByMargin && left > 0 {
				reduced++
				equity, scale := s.o.Capital+profit+x.Net+worth(x, left, x.ExitPrice), s.o.Capital+held*x.EntryPrice
				if equity < left*x.ExitPrice/4-1e-9*scale {
					t.Fatalf("trade %d leaves %v at %v with %v of equity", x.ID, left, x.ExitPrice, equity)
				}
				if x.Quantity > lot && equity >= (left+lot)*x.ExitPrice/4+1e-9*scale {
					t.Fatalf("trade %d leaves %v at %v with %v of equity: less was needed", x.ID, left, x.ExitPrice, equity)
				}
			}
			from, last := entry, entry+x.HoldingBars // bars that this part was held through
			if i > 0 && r.Trades[i-1].EntryTime == x.EntryTime {
				from += r.Trades[i-1].HoldingBars
			}
			for bar := from; bar < last && (bar < last-1 || x.Cause == ledger.BySignal); bar++ {
				price := s.in.Series.Low[bar]
				if x.Side == decision.Short {
					price = s.in.Series.High[bar]
				}
				if equity := s.o.Capital + profit + worth(x, held, price); equity <= held*price/8*(1-1e-9) {
					t.Fatalf("trade %d has %v behind %v at %v on bar %d", x.ID, equity, held, price, bar)
				}
			}
			profit += x.Net
		}
	}
	for round := 0; round < 20 && reduced == 0; round++ {
		rapid.Check(t, check)
	}
	if reduced == 0 {
		t.Error("no position was reduced")
	}
}

// TestFinerBarsAreNoWorse: up to the first trade that they change, finer bars give
// what the worst case gives, and that trade is no worse.
func TestFinerBarsAreNoWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		worst := s
		worst.o.Fills.Intrabar, worst.in.Finer = 0, market.Series{}
		finer, pessimistic := run(t, s).Trades, run(t, worst).Trades
		for i := range min(len(finer), len(pessimistic)) {
			if a, b := finer[i], pessimistic[i]; a != b {
				if a.Net < b.Net || a.Cause != ledger.ByTarget {
					t.Fatalf("trade %d: %+v with finer bars, %+v in the worst case", i, a, b)
				}
				return
			}
		}
	})
}

// TestNoFillOutsideTheBar: each fill is a price of its bar, moved by no more than
// the slippage and half the spread, and never in favour of the trader.
func TestNoFillOutsideTheBar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		bars, spread := s.in.Series, s.o.Costs.Spread
		fits := func(bar, quoted int, fill, sign float64) bool {
			if bar >= bars.Len() {
				return false
			}
			half := 0.0
			switch {
			case spread.FromQuotes():
				half = bars.Quote(quoted).Spread() / 2
			case spread != nil:
				half = spread.At(bars.Time[bar]).In(bars.Symbol, bars.Open[bar]) / 2
			}
			low, high := bars.Low[bar]*(1-1e-12), bars.High[bar]*(1+1e-12)
			if sign > 0 {
				return low+half <= fill && fill <= high*(1+s.o.Slippage)+half
			}
			return low*(1-s.o.Slippage)-half <= fill && fill <= high-half
		}
		for _, trade := range run(t, s).Trades {
			side, entry := float64(trade.Side), 0
			for bars.Time[entry] != trade.EntryTime {
				entry++
			}
			exit := entry + trade.HoldingBars // at its open, or after the open of the one before
			atOpen := exit < bars.Len() && bars.Time[exit] == trade.ExitTime && fits(exit, exit-1, trade.ExitPrice, -side)
			quoted := exit - 2 // within a bar the quote of the one before it is in force
			if isAtClose(trade.Cause) {
				quoted = exit - 1
			}
			within := bars.Available(exit-1) == trade.ExitTime && fits(exit-1, quoted, trade.ExitPrice, -side)
			if !fits(entry, entry-1, trade.EntryPrice, side) || !atOpen && !within {
				t.Fatalf("%+v: filled outside of the bars %+v, %+v or %+v", trade, bars.Bar(entry), bars.Bar(exit-1), bars.Bar(min(exit, bars.Len()-1)))
			}
		}
	})
}

// isAtClose tells that a position left for that reason after the open of a bar was
// left at its close.
func isAtClose(c ledger.Cause) bool {
	return c == ledger.ByEnd || c == ledger.ByBankrupt || c == ledger.ByTime || c == ledger.BySession
}

// TestQuotesAreOfTheEndOfTheBar: another quote of a bar changes no fill at its open
// or within it, nor any before.
func TestQuotesAreOfTheEndOfTheBar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		if !s.o.Costs.Spread.FromQuotes() {
			t.Skip("another spread")
		}
		before := run(t, s)
		bars := s.in.Series
		at := rapid.IntRange(0, bars.Len()-1).Draw(t, "bar")
		s.in.Series.Ask = slices.Clone(bars.Ask)
		s.in.Series.Ask[at] += 0.03 * bars.Low[at]
		after := run(t, s)
		// Where the next bar opens as this one ends, a time does not tell them apart.
		isAlone := at+1 == bars.Len() || bars.Time[at+1] > bars.Available(at)
		for i, was := range before.Trades {
			if was.EntryTime > bars.Time[at] {
				break
			}
			if i == len(after.Trades) || after.Trades[i].EntryPrice != was.EntryPrice || after.Trades[i].EntryTime != was.EntryTime {
				t.Fatalf("entry %d moved from %+v to %+v", i, was, after.Trades)
			}
			if is := after.Trades[i]; was.ExitTime <= bars.Time[at] || isAlone && was.ExitTime <= bars.Available(at) && !isAtClose(was.Cause) {
				if is.ExitPrice != was.ExitPrice || is.Net != was.Net {
					t.Fatalf("exit %d moved from %+v to %+v", i, was, is)
				}
			}
		}
	})
}

// TestRunSeesNoFuture cuts the window: only the last bar of the shorter one, at
// whose close it ends, may differ.
func TestRunSeesNoFuture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		whole := run(t, s)
		bars := rapid.IntRange(1, s.in.Series.Len()).Draw(t, "cut")
		cut(&s.in, bars)
		part := run(t, s)
		for i := range bars - 1 {
			if math.Float64bits(part.Equity[i]) != math.Float64bits(whole.Equity[i]) || part.Position[i] != whole.Position[i] {
				t.Fatalf("bar %d of %d saw the future: equity %v, %v with it", i, bars, part.Equity[i], whole.Equity[i])
			}
		}
	})
}

func TestCountsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		r := run(t, s)
		decided := s.in.Series.Len()
		if r.Bankruptcy != nil && r.Decisions.Total() != decided {
			decided = r.Bankruptcy.Bar
		}
		if got := r.Decisions.Total(); got != decided {
			t.Fatalf("%d decisions, want %d", got, decided)
		}
		o := r.Orders
		if o.Placed != r.Decisions[decision.Acted] || o.Placed != o.Filled+o.Unfilled+o.TooSmall {
			t.Fatalf("orders %+v do not add up to %d decisions to act", o, r.Decisions[decision.Acted])
		}
		fills := 0
		for i, trade := range r.Trades {
			if i == 0 || trade.EntryTime != r.Trades[i-1].EntryTime { // parts have one entry
				fills++
			}
			if trade.Cause == ledger.BySignal {
				fills++
			}
		}
		if fills != o.Filled {
			t.Fatalf("%d orders filled, %d in the trades", o.Filled, fills)
		}
	})
}
