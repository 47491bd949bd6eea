package performance_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/performance"
)

// The first value is the example of Bailey and López de Prado (2012), as pypbo
// 0.1 tests it; the others follow from the definition.
func TestProbabilisticSharpe(t *testing.T) {
	for _, c := range []struct {
		name                                  string
		sharpe, benchmark, skewness, kurtosis float64
		n                                     int
		want                                  float64
	}{
		{"paper", 1.585 / math.Sqrt(12), 0, -2.448, 10.164, 24, 0.9132343069},
		{"at_the_benchmark", 0.1, 0.1, 0, 3, 100, 0.5},
		{"below_it", 0, 1.585 / math.Sqrt(12), 0, 3, 24, 1 - 0.98588846},
		{"certain", 1, 0, 0, 3, 100_000, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			tolerance := 1e-9
			if c.name == "below_it" {
				tolerance = 1e-3
			}
			if got := performance.ProbabilisticSharpe(c.sharpe, c.benchmark, c.skewness, c.kurtosis, c.n); math.Abs(got-c.want) > tolerance {
				t.Errorf("ProbabilisticSharpe = %.10f, want %.10f", got, c.want)
			}
		})
	}
}

// The values are those of figure 8 of the same paper, as pypbo 0.1 tests them, in
// years of days, weeks and months.
func TestMinTrackRecord(t *testing.T) {
	for _, c := range []struct {
		name                                  string
		sharpe, benchmark, skewness, kurtosis float64
		perYear, want                         float64
	}{
		{"daily", 2 / math.Sqrt(250), 1 / math.Sqrt(250), 0, 3, 250, 2.7311878},
		{"weekly", 2 / math.Sqrt(52), 1 / math.Sqrt(52), 0, 3, 52, 2.8288336},
		{"monthly", 3 / math.Sqrt(12), 2.5 / math.Sqrt(12), -0.72, 5.78, 12, 27.3529},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := performance.MinTrackRecord(c.sharpe, c.benchmark, c.skewness, c.kurtosis) / c.perYear; math.Abs(got-c.want) > 5e-5 {
				t.Errorf("MinTrackRecord = %.7f years, want %.7f", got, c.want)
			}
		})
	}
	if got := performance.MinTrackRecord(0.1, 0.1, 0, 3); !math.IsInf(got, 1) {
		t.Errorf("MinTrackRecord at the benchmark = %v, want +Inf", got)
	}
}

func TestNormalCDF(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(-10, 10).Draw(t, "x")
		if got, want := performance.NormalCDF(x), math.Erfc(-x/math.Sqrt2)/2; math.Abs(got-want) > 1e-12 {
			t.Fatalf("normalCDF(%v) = %v, math.Erfc gives %v", x, got, want)
		}
	})
}

// TestTails has 21 daily returns of -10 % to 10 % in steps of 1 %, so that the
// quantiles are the second and the last but one.
func TestTails(t *testing.T) {
	equity, e := make([]float64, 21), 1000.0
	for i := range equity {
		e *= 1 + float64((i*8)%21-10)/100 // a permutation
		equity[i] = e
	}
	m := performance.Measure(curve(1000, equity...), every(86400, 21), market.Day1, performance.Options{})
	for name, v := range map[string]struct {
		got  *float64
		want float64
	}{
		"value at risk": {m.Tails.ValueAtRisk95, 0.09}, "expected shortfall": {m.Tails.ExpectedShortfall95, 0.095},
		"tail ratio": {m.Tails.TailRatio, 1}, "best day": {m.Tails.BestDay, 0.1}, "worst day": {m.Tails.WorstDay, -0.1},
	} {
		if !is(v.got, v.want) {
			t.Errorf("%s = %s, want %v", name, value(v.got), v.want)
		}
	}
	short := performance.Measure(curve(1000, equity[:19]...), every(86400, 19), market.Day1, performance.Options{})
	if short.Tails != (performance.Tails{}) {
		t.Errorf("19 days have the tails %+v, want none", short.Tails)
	}
}

// TestTables has bars of 12 hours around a new year: the last of the old one ends
// at midnight and belongs to it.
func TestTables(t *testing.T) {
	start := time.Date(2019, 12, 31, 0, 0, 0, 0, time.UTC).Unix()
	times := []int64{start, start + 43200, start + 86400, start + 86400 + 32*86400}
	r := curve(1000, 1200, 900, 990, 495)
	r.Position = []int8{0, 1, 1, -1}
	r.Trades = []ledger.Trade{{ExitTime: start + 86400, Net: -100}, {ExitTime: start + 86401, Net: 90}, {ExitTime: times[3], Net: -495}}
	m := performance.Measure(r, times, market.Hour4, performance.Options{})
	f := func(v float64) *float64 { return &v }
	months := []performance.Period{
		{Name: "2019-12", Return: f(900.0/1000 - 1), Net: -100, MaxDrawdownPct: f(0.25), Exposure: 0.5, Trades: 1},
		{Name: "2020-01", Return: f(990.0/900 - 1), Net: 90, MaxDrawdownPct: f(0), Exposure: 1, Trades: 1, WinningTrades: 1},
		{Name: "2020-02", Return: f(-0.5), Net: -495, MaxDrawdownPct: f(0.5), Exposure: 1, Trades: 1},
	}
	// Bars of 4h: the one of 12:00 ends at 16:00.
	if diff := cmp.Diff(months, m.Months, cmpopts.EquateApprox(1e-12, 0)); diff != "" {
		t.Errorf("months (-want +got):\n%s", diff)
	}
	years := []performance.Period{months[0],
		{Name: "2020", Return: f(495.0/900 - 1), Net: -405, MaxDrawdownPct: f(0.5), Exposure: 1, Trades: 2, WinningTrades: 1}}
	years[0].Name = "2019"
	if diff := cmp.Diff(years, m.Years, cmpopts.EquateApprox(1e-12, 0)); diff != "" {
		t.Errorf("years (-want +got):\n%s", diff)
	}
	// A fall across months is one of the year.
	r.Equity = []float64{1200, 1300, 1300, 650}
	if m := performance.Measure(r, times, market.Hour4, performance.Options{}); *m.Years[1].MaxDrawdownPct != 0.5 || *m.Months[1].MaxDrawdownPct != 0 {
		t.Errorf("a fall from 1300 in January to 650 in February: %v of the year, want 0.5", *m.Years[1].MaxDrawdownPct)
	}
	r.Equity = []float64{-5, -5, -5, -5}
	if m := performance.Measure(r, times, market.Hour4, performance.Options{}); m.Months[1].Return != nil || m.Months[1].MaxDrawdownPct != nil {
		t.Errorf("a month that begins below 0 has a return: %+v", m.Months[1])
	}
}

// TestTablesAddUp: the rows make up the whole.
func TestTablesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		r, m := measure(t, in, backtest.Options{Commission: 0.001, Fraction: 1})
		for _, rows := range [][]performance.Period{m.Years, m.Months} {
			net, trades, wins, worst := 0.0, 0, 0, 0.0
			for _, row := range rows {
				if row.MaxDrawdownPct != nil {
					worst = max(worst, *row.MaxDrawdownPct)
				}
				net, trades, wins = net+row.Net, trades+row.Trades, wins+row.WinningTrades
			}
			if math.Abs(net-m.TotalReturn) > 1e-6*r.Options.Capital || trades != m.TotalTrades || wins != m.WinningTrades ||
				r.Bankruptcy == nil && (worst > m.MaxDrawdownPct || len(rows) == 1 && worst != m.MaxDrawdownPct) {
				t.Fatalf("rows add up to %v, %d trades, %d wins, want %v, %d, %d", net, trades, wins, m.TotalReturn, m.TotalTrades, m.WinningTrades)
			}
		}
	})
}

func TestBenchmark(t *testing.T) {
	days := 60
	closes, same, half := walk(days), make([]float64, days), make([]float64, days)
	e, last := 1000.0, 100_000.0
	for i, c := range closes {
		same[i] = 1000 * c / 100_000
		e *= 1 + (c/last-1)/2
		half[i], last = e, c
	}
	measured := func(equity []float64) *performance.Benchmark {
		r := curve(1000, equity...)
		r.BuyAndHold = closes[days-1]/100_000 - 1
		return performance.Measure(r, every(86400, days), market.Day1, performance.Options{Closes: closes}).Benchmark
	}
	b := measured(same)
	if !is(b.Beta, 1) || !is(b.Correlation, 1) || math.Abs(b.ExcessReturn) > 1e-12 || b.InformationRatio != nil && math.Abs(*b.TrackingError) > 1e-12 {
		t.Errorf("against itself: %+v", b)
	}
	own := performance.Measure(curve(1000, same...), every(86400, days), market.Day1, performance.Options{})
	if own.Benchmark != nil {
		t.Error("there is a benchmark without closes")
	}
	for name, pair := range map[string][2]float64{"annualized return": {*b.AnnualizedReturn, *own.AnnualizedReturn}, "volatility": {*b.Volatility, *own.Volatility},
		"Sharpe ratio": {*b.SharpeRatio, *own.SharpeRatio}, "drawdown": {b.MaxDrawdownPct, own.MaxDrawdownPct}, "final equity": {b.FinalEquity, own.FinalEquity}} {
		if math.Abs(pair[0]/pair[1]-1) > 1e-9 {
			t.Errorf("%s of holding = %v, want %v", name, pair[0], pair[1])
		}
	}
	if b := measured(half); !is(b.Beta, 0.5) || !is(b.Correlation, 1) || b.TrackingError == nil || b.InformationRatio == nil {
		t.Errorf("at half the size: beta %s, correlation %s", value(b.Beta), value(b.Correlation))
	}
}
