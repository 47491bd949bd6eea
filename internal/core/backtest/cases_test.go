package backtest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/fill"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// TestCases runs the cases of testdata/*.txt, which were worked out by hand: bars
// in, positions, equity and trades out, compared to the last bit. A file is lines
// of words:
//
//	case NAME           begins a case
//	set KEY=VALUE …     what differs from: 1024 of capital, all of it in every
//	                    entry, no costs, no separation, shorts allowed, hourly bars
//	bar O H L C S [V C] a bar, the signal at its close (B buy, S sell, h hold,
//	                    - not known), the volatility at its close for barriers or
//	                    volatility_target (or -), and the confidence of the signal
//	quote BID ASK       the quote when the bar above ends
//	fine O H L C        a bar of half an hour within the bar above, in their order
//	rate OPEN CLOSE     what the currency of the prices is worth at the bar above
//	skip HOURS          hours without bars
//	second KEY=VALUE …  the exits of a second model, which decides at bars with a 2
//	                    after the signal, as in B2
//	beside SYMBOL       begins the bars of another symbol of a portfolio, at the start
//
// and what is wanted, one line each, floats in full:
//
//	held …              a letter per bar: L, S or .
//	equity …            at the close of each bar
//	trade …             each trade; those of a portfolio begin with the symbol
//	counts …            orders and decisions that are not 0, where a case has any
//	                    beside those filled, acted, model_hold and holding
//	error …             what the error says, in place of all of the above
//
// There is no -update: a number here comes from paper.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	total := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, cases, _ := strings.Cut("\n"+string(text), "\ncase ")
		for one := range strings.SplitSeq(cases, "\ncase ") {
			name, body, _ := strings.Cut(one, "\n")
			total++
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+name, func(t *testing.T) { checkCase(t, body) })
		}
	}
	if total < 60 {
		t.Errorf("%d cases, want at least 60", total)
	}
}

func checkCase(t *testing.T, body string) {
	fresh := func(symbol market.Symbol) backtest.Input {
		return backtest.Input{Series: market.NewSeries(symbol, market.Hour1, 0), Rules: decision.Rules{AllowShort: true}}
	}
	s := scenario{in: fresh("EURUSD"), o: backtest.Options{Capital: 1024, Fraction: 1}}
	start := int64(1_546_300_800) // a Tuesday, 2019-01-01T00:00:00Z
	at := start
	var before []backtest.Input // of other symbols
	var second *decision.Exits
	var at2 []uint8
	var want []string
	for line := range strings.Lines(body) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(words[0], "#"):
		case words[0] == "set":
			for _, pair := range words[1:] {
				key, value, _ := strings.Cut(pair, "=")
				if key == "start" {
					start += int64(clock(t, value)) * 60
					at = start
					continue
				}
				set(t, &s, key, value)
			}
		case words[0] == "second":
			first := s.o.Exits
			s.o.Exits = decision.Exits{}
			for _, pair := range words[1:] {
				key, value, _ := strings.Cut(pair, "=")
				set(t, &s, key, value)
			}
			exits := s.o.Exits
			second, s.o.Exits = &exits, first
		case words[0] == "skip":
			at += int64(3600 * number(t, words[1]))
		case words[0] == "beside":
			before, at = append(before, s.in), start
			s.in = fresh(market.Symbol(words[1]))
		case words[0] == "bar":
			letter, _, _ := strings.Cut(words[5], "2")
			words[5], at2 = letter, append(at2, uint8(strings.Count(words[5], "2")))
			addBar(t, &s, at, words[1:])
			at += 3600
		case words[0] == "quote":
			addQuote(&s.in.Series, market.Quote{Bid: number(t, words[1]), Ask: number(t, words[2])})
		case words[0] == "fine":
			addHalf(t, &s.in, words[1:])
		case words[0] == "rate":
			if s.in.Rates == nil {
				s.in.Rates = &fill.Rates{}
			}
			s.in.Rates.Open, s.in.Rates.Close = append(s.in.Rates.Open, number(t, words[1])), append(s.in.Rates.Close, number(t, words[2]))
		default:
			want = append(want, strings.Join(words, " "))
		}
	}
	if second != nil {
		s.in.Routed = &backtest.Routed{Exits: []decision.Exits{s.o.Exits, *second}, At: at2}
		s.o.Exits = decision.Exits{}
	}
	got, err := simulated(append(before, s.in), s.o)
	if err != nil {
		if len(want) != 1 || !strings.HasPrefix(want[0], "error ") || !strings.Contains(err.Error(), want[0][6:]) {
			t.Errorf("error %v, want %q", err, want)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// simulated runs a case and returns what came of it in its form.
func simulated(ins []backtest.Input, o backtest.Options) ([]string, error) {
	if len(ins) == 1 {
		r, err := backtest.Run(context.Background(), ins[0], o, nil)
		if err != nil {
			return nil, err
		}
		return render(ins[0].Series, r), nil
	}
	r, err := backtest.RunPortfolio(context.Background(), ins, o, backtest.Checkpoints{}, nil)
	if err != nil {
		return nil, err
	}
	whole := r.Whole()
	whole.Trades = nil
	lines := render(ins[0].Series, whole)
	counts := lines[2:]
	lines = slices.Clone(lines[:2])
	for _, x := range r.Trades() {
		i := slices.IndexFunc(ins, func(in backtest.Input) bool { return in.Series.Symbol == x.Symbol })
		lines = append(lines, strings.Replace(tradeLine(ins[i].Series, x.Trade), "trade ", "trade "+string(x.Symbol)+" ", 1))
	}
	return append(lines, counts...), nil
}

// addBar adds a bar of the words after bar.
func addBar(t *testing.T, s *scenario, at int64, words []string) {
	price := func(i int) float64 { return number(t, words[i]) }
	s.in.Series.AppendQuoted(market.Bar{Time: at, Open: price(0), High: price(1), Low: price(2), Close: price(3), Volume: 16}, market.NoQuote())
	s.in.Signals = append(s.in.Signals, signals(words[4])...)
	switch {
	case len(words) < 6 || words[5] == "-":
	case s.o.Sizing.NeedVolatility():
		s.in.SizingVolatility = append(s.in.SizingVolatility, price(5))
	default:
		s.in.Volatility = append(s.in.Volatility, price(5))
	}
	if len(words) > 6 {
		s.in.Signals[len(s.in.Signals)-1].Confidence = float32(price(6))
	}
}

// addQuote gives the last bar a quote.
func addQuote(s *market.Series, q market.Quote) {
	whole, last := *s, s.Len()-1
	*s = market.NewSeries(s.Symbol, s.Timeframe, 0)
	for i := range last {
		s.AppendQuoted(whole.Bar(i), whole.Quote(i))
	}
	s.AppendQuoted(whole.Bar(last), q)
}

// addHalf adds the next bar of 30 minutes within the last bar.
func addHalf(t *testing.T, in *backtest.Input, prices []string) {
	f, last := &in.Finer, in.Series.Time[in.Series.Len()-1]
	if f.Len() == 0 {
		*f = market.NewSeries(in.Series.Symbol, market.Minute30, 0)
	} else if next := f.Time[f.Len()-1] + 1800; next > last {
		last = next
	}
	f.Append(market.Bar{Time: last, Open: number(t, prices[0]), High: number(t, prices[1]), Low: number(t, prices[2]), Close: number(t, prices[3])})
}

func number(t *testing.T, text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func clock(t *testing.T, text string) strategy.Clock {
	c, err := strategy.ParseClock(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// set changes one thing about a case.
func set(t *testing.T, s *scenario, key, value string) {
	switch key {
	case "session_end":
		s.o.Exits.SessionEnd = clock(t, value)
		return
	case "sizing":
		s.o.Sizing.Method = value
		return
	case "symbol":
		s.in.Series.Symbol = market.Symbol(value)
		return
	case "schedule":
		s.o.Costs.Schedule = value
		return
	case "margin_call":
		s.o.Account.MarginCall = value
		return
	case "currency":
		s.o.Account.Currency = market.Currency(value)
		return
	case "intrabar":
		tf, err := market.ParseTimeframe(value)
		if err != nil {
			t.Fatal(err)
		}
		s.o.Fills.Intrabar = tf
		return
	case "spread", "zone", "session":
		setSpread(t, s, key, value)
		return
	case "separation_hours":
		s.o.SeparationSeconds = int64(3600 * number(t, value))
		return
	}
	v := number(t, value)
	x := &s.o.Exits
	a := &s.o.Account
	floats := map[string]*float64{
		"leverage": &a.Leverage, "maintenance": &a.MaintenanceMargin, "lot": &a.Lot, "least": &a.MinQuantity, "most": &a.MaxQuantity,
		"volume_limit": &s.o.Fills.VolumeLimit,
		"capital":      &s.o.Capital, "fraction": &s.o.Fraction, "commission": &s.o.Commission, "slippage": &s.o.Slippage,
		"stop_loss": &x.StopLoss, "take_profit": &x.TakeProfit, "trailing_stop": &x.TrailingStop,
		"upper": &x.UpperBarrier, "lower": &x.LowerBarrier,
		"per_unit": &s.o.Costs.PerUnit, "minimum": &s.o.Costs.Minimum, "long_rate": &s.o.Costs.Long, "short_rate": &s.o.Costs.Short,
		"units": &s.o.Sizing.Units, "bar_volatility": &s.o.Sizing.BarVolatility, "kelly_fraction": &s.o.Sizing.KellyFraction,
	}
	ints := map[string]*int{"max_holding_bars": &x.MaxHoldingBars, "separation": &s.in.Rules.MinSignalSeparation}
	flags := map[string]*bool{"shorts": &s.in.Rules.AllowShort, "fractional": &s.o.FractionalUnits}
	switch {
	case floats[key] != nil:
		*floats[key] = v
	case ints[key] != nil:
		*ints[key] = int(v)
	case flags[key] != nil:
		*flags[key] = v == 1
	default:
		t.Fatalf("unknown key %q", key)
	}
}

// setSpread changes the spread of a case: what it usually is, the zone of its
// sessions, or, as FROM-TO@DISTANCE, a session.
func setSpread(t *testing.T, s *scenario, key, value string) {
	spread := s.o.Costs.Spread
	if spread == nil {
		spread = &strategy.Spread{}
		s.o.Costs.Spread = spread
	}
	distance := func(text string) strategy.Distance {
		d, err := strategy.ParseDistance(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	switch key {
	case "spread":
		if spread.Quotes = value == "quotes"; !spread.Quotes {
			spread.Usual = distance(value)
		}
	case "zone":
		zone, err := market.ParseZone(value)
		if err != nil {
			t.Fatal(err)
		}
		spread.Zone = zone
	case "session":
		hours, d, _ := strings.Cut(value, "@")
		from, to, _ := strings.Cut(hours, "-")
		spread.Sessions = append(spread.Sessions, strategy.SpreadSession{From: clock(t, from), To: clock(t, to), Spread: distance(d)})
	}
}

func text(v float64) string { return strconv.FormatFloat(v+0, 'f', -1, 64) }

func tradeLine(series market.Series, trade ledger.Trade) string {
	entry, _ := indexOf(series, trade.EntryTime)
	return fmt.Sprintf("trade %s entry=%d bars=%d quantity=%s in=%s out=%s exit=%s net=%s", strings.ToLower(trade.Side.String()),
		entry, trade.HoldingBars, text(trade.Quantity), text(trade.EntryPrice), text(trade.ExitPrice), trade.Cause, text(trade.Net))
}

// render writes a result in the form of the cases.
func render(series market.Series, r backtest.Result) []string {
	lines := []string{"held " + side(r.Position), "equity"}
	for _, e := range r.Equity {
		lines[1] += " " + text(e)
	}
	for _, trade := range r.Trades {
		lines = append(lines, tradeLine(series, trade))
	}
	counts := ""
	for _, c := range []struct {
		name string
		n    int
	}{{"unfilled", r.Orders.Unfilled}, {"too_small", r.Orders.TooSmall}, {"partial", r.Orders.Partial}} {
		if c.n != 0 {
			counts += fmt.Sprintf(" %s=%d", c.name, c.n)
		}
	}
	if r.Options.Fills.Intrabar != 0 {
		for _, c := range []struct {
			name string
			n    int
		}{{"conflicts", r.Intrabar.Conflicts}, {"resolved", r.Intrabar.Resolved}} {
			if c.n != 0 {
				counts += fmt.Sprintf(" %s=%d", c.name, c.n)
			}
		}
	}
	for _, reason := range decision.Reasons() {
		if n := r.Decisions[reason]; n != 0 && reason != decision.Acted && reason != decision.ModelHold && reason != decision.Holding {
			counts += fmt.Sprintf(" %v=%d", reason, n)
		}
	}
	if counts != "" {
		lines = append(lines, "counts"+counts)
	}
	return lines
}

func indexOf(series market.Series, at int64) (int, bool) {
	for i, t := range series.Time {
		if t == at {
			return i, true
		}
	}
	return -1, false
}
