package performance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/performance"
)

// day0 is Monday 2019-01-07.
const day0 = 1_546_819_200

// curve is a result without trades that has the given equity.
func curve(capital float64, equity ...float64) backtest.Result {
	last := equity[len(equity)-1]
	return backtest.Result{
		Options: backtest.Options{Capital: capital}, Equity: equity, Position: make([]int8, len(equity)),
		NetProfit: last - capital, FinalEquity: last,
	}
}

// every returns n times that lie step seconds apart, from day0 on.
func every(step int64, n int) []int64 {
	times := make([]int64, n)
	for i := range times {
		times[i] = day0 + step*int64(i)
	}
	return times
}

// weekdays leaves out the times on Saturdays and Sundays.
func weekdays(times []int64) []int64 {
	var kept []int64
	for _, t := range times {
		if d := time.Unix(t, 0).UTC().Weekday(); d != time.Saturday && d != time.Sunday {
			kept = append(kept, t)
		}
	}
	return kept
}

// walk is the equity that testdata and generator of TestGoldens share: a linear
// congruential generator, so that it can be repeated anywhere.
func walk(n int) []float64 {
	x, equity := uint64(12345), 100_000.0
	points := make([]float64, n)
	for i := range points {
		x = (x*1103515245 + 12345) % (1 << 31)
		equity *= 1 + float64(0.004*(float64(x)/(1<<31)-0.48))
		points[i] = equity
	}
	return points
}

func value(v *float64) string {
	if v == nil {
		return "null"
	}
	return fmt.Sprint(*v)
}

func is(got *float64, want float64) bool {
	return got != nil && math.Abs(*got-want) <= 1e-9*math.Max(1, math.Abs(want))
}

// The values were computed from the formulas of Metrics by a separate program in
// Python 3.11 (math, statistics.fmean and stdev): 60 weekdays of six bars of 4h.
func TestGoldens(t *testing.T) {
	times := weekdays(every(14400, 84*6))
	r := curve(100_000, walk(len(times))...)
	m := performance.Measure(r, times, market.Hour4, performance.Options{})
	risky := performance.Measure(r, times, market.Hour4, performance.Options{RiskFreeRate: 0.02})
	for _, c := range []struct {
		name string
		got  *float64
		want float64
	}{
		{"final_equity", &m.FinalEquity, 101861.88716616725},
		{"total_return", &m.TotalReturn, 1861.8871661672456},
		{"total_return_pct", &m.TotalReturnPct, 0.018618871661672456},
		{"annualized_return", m.AnnualizedReturn, 0.08564126222991741},
		{"volatility", m.Volatility, 0.045737487881823406},
		{"sharpe_ratio", m.SharpeRatio, 1.81934265336412},
		{"sharpe_ratio above 2 %", risky.SharpeRatio, 1.38206459271339},
		{"sortino_ratio", m.SortinoRatio, 2.718335050203898},
		{"sortino_ratio above 2 %", risky.SortinoRatio, 2.0215982712084095},
		{"volatility above 2 %", risky.Volatility, 0.045737487881823406},
		{"max_drawdown", &m.MaxDrawdown, 1832.1615921826306},
		{"max_drawdown_pct", &m.MaxDrawdownPct, 0.01773804370057731},
		{"calmar_ratio", m.CalmarRatio, 4.828112032846672},
		{"recovery_factor", m.RecoveryFactor, 1.0162243189200377},
		{"skewness", m.Sharpe.Skewness, -0.25028895271894075},
		{"kurtosis", m.Sharpe.Kurtosis, 2.93921513564988},
		{"per_period", m.Sharpe.PerPeriod, 0.11128860282735753},
		{"standard_error", m.Sharpe.StandardError, 2.164055496917586},
		{"autocorrelation", m.Sharpe.Autocorrelation, 0.1322777062642005},
		{"adjusted", m.Sharpe.Adjusted, 1.5927195897083053},
		{"ci95_low", m.Sharpe.CI95Low, -2.4221281811402786},
		{"ci95_high", m.Sharpe.CI95High, 6.0608134878685185},
		{"years", &m.Annualisation.Years, 0.2245037645448323},
		{"periods_per_year", m.Annualisation.PeriodsPerYear, 267.2560975609756},
		{"bars_per_year", m.Annualisation.BarsPerYear, 1603.5365853658536},
	} {
		if !is(c.got, c.want) {
			t.Errorf("%s = %s, want %v", c.name, value(c.got), c.want)
		}
	}
	if m.Annualisation.Periods != 60 || m.Annualisation.Basis != performance.ByDay || m.Sharpe.Observations != 60 {
		t.Errorf("annualisation %+v, want 60 days", m.Annualisation)
	}
}

// The error of the Sharpe ratio is checked through what the literature builds on
// it: the probabilistic Sharpe ratio of Bailey and Lopez de Prado (2012), as in
// the tests of pypbo, and the minimum track record length of the same paper.
func TestSharpeStandardError(t *testing.T) {
	sharpe := 1.585 / math.Sqrt(12)
	se := performance.SharpeStandardError(sharpe, -2.448, 10.164, 24)
	if got := 0.5 * math.Erfc(-sharpe/se/math.Sqrt2); math.Abs(got-0.9132343069) > 1e-10 {
		t.Errorf("probabilistic Sharpe ratio = %.10f, want 0.9132343069", got)
	}
	const z95 = 1.6448536269514722 // one-sided
	for _, c := range []struct {
		name                              string
		sharpe, target, skew, kurt, years float64
		periods                           float64
	}{
		{"daily", 2 / math.Sqrt(250), 1 / math.Sqrt(250), 0, 3, 2.7311878, 250},
		{"weekly", 2 / math.Sqrt(52), 1 / math.Sqrt(52), 0, 3, 2.8288336, 52},
		{"monthly", 3 / math.Sqrt(12), 2.5 / math.Sqrt(12), -0.72, 5.78, 27.3529, 12},
	} {
		perRootN := performance.SharpeStandardError(c.sharpe, c.skew, c.kurt, 2) // n-1 = 1
		observations := 1 + math.Pow(perRootN*z95/(c.sharpe-c.target), 2)
		if got := observations / c.periods; math.Abs(got-c.years) > 1e-4 {
			t.Errorf("%s minimum track record length = %v years, want %v", c.name, got, c.years)
		}
	}
	if got, want := performance.SharpeStandardError(0.1, 0, 3, 101), math.Sqrt((1+0.1*0.1/2)/100); math.Abs(got-want) > 1e-15 {
		t.Errorf("for normal returns it is %v, want %v", got, want)
	}
	defer func() {
		if recover() == nil {
			t.Error("one return has a standard error")
		}
	}()
	performance.SharpeStandardError(1, 0, 3, 1)
}

// The scales were computed with Python 3.11.7 from the closed form that Lo (2002) gives
// for returns whose autocorrelations are powers of the first.
func TestSharpeScale(t *testing.T) {
	for _, c := range []struct {
		periods                int
		autocorrelation, scale float64
	}{
		{12, -0.2, 4.170848014103785}, {12, 0.2, 2.87884869052744}, {12, 0.9, 1.2070375285423403}, {4, 0.5, 1.3926212476455828},
		{252, 0.1, 14.364791681446267}, {252, -0.5, 27.42300225415844}, {250, 0, 15.811388300841896}, {1, 0.3, 1},
	} {
		if got := performance.SharpeScale(c.periods, c.autocorrelation); math.Abs(got/c.scale-1) > 1e-12 {
			t.Errorf("%d periods at %v have the scale %v, want %v", c.periods, c.autocorrelation, got, c.scale)
		}
	}
	for _, rho := range []float64{-1, 1, math.NaN()} {
		if got := performance.SharpeScale(12, rho); !math.IsNaN(got) {
			t.Errorf("an autocorrelation of %v has the scale %v", rho, got)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("no period has a scale")
		}
	}()
	performance.SharpeScale(0, 0)
}

func TestDrawdown(t *testing.T) {
	for _, c := range []struct {
		name         string
		equity       []float64
		currency     float64
		fraction     float64
		bars         int
		days         float64
		wantRecovery *float64
	}{
		{"peak_after_the_trough", []float64{100_000, 90_000, 95_000, 200_000}, 10_000, 0.1, 3, 3, ptr(10.0)},
		{"peak_is_the_capital", []float64{90_000, 95_000, 100_000}, 10_000, 0.1, 3, 3, ptr(0.0)},
		{"largest_of_each_kind_apart", []float64{100_000, 80_000, 300_000, 260_000}, 40_000, 0.2, 2, 2, ptr(4.0)},
		{"not_recovered", []float64{110_000, 105_000, 100_000, 104_000}, 10_000, 1.0 / 11, 3, 3, ptr(0.4)},
		{"none", []float64{100_000, 100_000, 101_000}, 0, 0, 0, 0, nil},
		{"below_zero", []float64{100_000, -50_000, -50_000}, 150_000, 1.5, 2, 2, ptr(-1.0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := performance.Measure(curve(100_000, c.equity...), every(86400, len(c.equity)), market.Day1, performance.Options{})
			if m.MaxDrawdown != c.currency || math.Abs(m.MaxDrawdownPct-c.fraction) > 1e-15 || m.MaxDrawdownBars != c.bars || m.MaxDrawdownDays != c.days {
				t.Errorf("drawdown %v, %v over %d bars, %v days, want %v, %v, %d, %v",
					m.MaxDrawdown, m.MaxDrawdownPct, m.MaxDrawdownBars, m.MaxDrawdownDays, c.currency, c.fraction, c.bars, c.days)
			}
			if value(m.RecoveryFactor) != value(c.wantRecovery) {
				t.Errorf("recovery factor %s, want %s", value(m.RecoveryFactor), value(c.wantRecovery))
			}
		})
	}
}

func ptr(v float64) *float64 { return &v }

func TestTradeMetrics(t *testing.T) {
	trade := func(net float64, hours int64, side decision.Position) ledger.Trade {
		return ledger.Trade{Net: net, ExitTime: 3600 * hours, Side: side}
	}
	r := curve(1000, 1000, 1010)
	r.Trades = []ledger.Trade{
		trade(30, 1, decision.Long), trade(-10, 2, decision.Short), trade(-20, 4, decision.Long), trade(0, 8, decision.Long),
		trade(-5, 1, decision.Short), trade(15, 3, decision.Long),
	}
	r.Position[1] = -1
	r.Turnover, r.Costs, r.BuyAndHold = 2010, ledger.Costs{Commission: 3, Slippage: 2}, 0.07
	m := performance.Measure(r, every(3600, 2), market.Hour1, performance.Options{})
	if m.TotalTrades != 6 || m.WinningTrades != 2 || m.LosingTrades != 3 || m.LongTrades != 4 || m.ShortTrades != 2 || m.MaxConsecutiveLosses != 2 {
		t.Errorf("counts %+v", m)
	}
	for _, c := range []struct {
		name string
		got  *float64
		want float64
	}{
		{"win_rate", m.WinRate, 2.0 / 6}, {"profit_factor", m.ProfitFactor, 45.0 / 35},
		{"avg_holding_period", m.AvgHolding, 19.0 / 6}, {"avg_win_holding_period", m.AvgWinHolding, 2}, {"avg_loss_holding_period", m.AvgLossHolding, 7.0 / 3},
		{"avg_win", m.AvgWin, 22.5}, {"avg_loss", m.AvgLoss, -35.0 / 3}, {"largest_win", m.LargestWin, 30}, {"largest_loss", m.LargestLoss, -20},
		{"avg_trade", m.AvgTrade, 10.0 / 6}, {"exposure", &m.Exposure, 0.5}, {"turnover", m.Turnover, 2}, {"buy_and_hold_return", &m.BuyAndHoldReturn, 0.07},
		{"costs", &m.Costs.Total, 5}, {"costs_pct", &m.Costs.TotalPct, 0.005},
	} {
		if !is(c.got, c.want) {
			t.Errorf("%s = %s, want %v", c.name, value(c.got), c.want)
		}
	}
}

// TestUndefinedIsNull measures a result in which nothing happened.
func TestUndefinedIsNull(t *testing.T) {
	text, err := json.Marshal(performance.Measure(curve(1000, 1000, 1000), every(86400, 2), market.Day1, performance.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{ // the keys of the contract
		"total_return": 0.0, "total_return_pct": 0.0, "annualized_return": nil, "volatility": nil, "sharpe_ratio": nil,
		"max_drawdown": 0.0, "max_drawdown_pct": 0.0, "total_trades": 0.0, "winning_trades": 0.0, "losing_trades": 0.0,
		"win_rate": nil, "profit_factor": nil, "avg_holding_period": nil, "avg_win_holding_period": nil, "avg_loss_holding_period": nil,
		"avg_win": nil, "avg_loss": nil, "largest_win": nil, "largest_loss": nil, "calmar_ratio": nil, "sortino_ratio": nil, "recovery_factor": nil,
	}
	if len(want) != 22 {
		t.Fatalf("%d keys, want 22", len(want))
	}
	for key, v := range want {
		if value, there := got[key]; !there || value != v {
			t.Errorf("%s is %v (there: %v), want %v", key, value, there, v)
		}
	}
	if strings.Contains(string(text), "999999") {
		t.Errorf("a large number stands for undefined in %s", text)
	}
}

func TestFlatEquityHasNoSharpe(t *testing.T) {
	equity := make([]float64, 100)
	for i := range equity {
		equity[i] = 1000
	}
	m := performance.Measure(curve(1000, equity...), every(86400, 100), market.Day1, performance.Options{})
	if m.SharpeRatio != nil || m.SortinoRatio != nil || m.CalmarRatio != nil || m.Sharpe.PerPeriod != nil {
		t.Errorf("Sharpe %s, Sortino %s, Calmar %s, want null", value(m.SharpeRatio), value(m.SortinoRatio), value(m.CalmarRatio))
	}
	if value(m.Volatility) != "0" || value(m.AnnualizedReturn) != "0" {
		t.Errorf("volatility %s, annualized return %s, want 0", value(m.Volatility), value(m.AnnualizedReturn))
	}
}

func TestSteadyGrowthHasNoSharpe(t *testing.T) {
	// The returns differ by rounding alone; a ratio of them would be noise.
	equity := make([]float64, 400)
	for i := range equity {
		equity[i] = 1000 * math.Pow(1.00017, float64(i+1))
	}
	m := performance.Measure(curve(1000, equity...), every(86400, 400), market.Day1, performance.Options{})
	if value(m.Volatility) == "0" {
		t.Fatal("the returns are all the same; this tests nothing")
	}
	if m.SharpeRatio != nil || m.AnnualizedReturn == nil {
		t.Errorf("Sharpe %s, annualized return %s, want null and a number", value(m.SharpeRatio), value(m.AnnualizedReturn))
	}
}

func TestShortWindowsHaveNoYear(t *testing.T) {
	for _, c := range []struct {
		days    int
		defined bool
	}{{29, false}, {30, true}} {
		m := performance.Measure(curve(100_000, walk(c.days)...), every(86400, c.days), market.Day1, performance.Options{})
		for name, v := range map[string]*float64{"annualized_return": m.AnnualizedReturn, "volatility": m.Volatility, "sharpe_ratio": m.SharpeRatio,
			"sortino_ratio": m.SortinoRatio, "calmar_ratio": m.CalmarRatio, "periods_per_year": m.Annualisation.PeriodsPerYear, "standard_error": m.Sharpe.StandardError} {
			if (v != nil) != c.defined {
				t.Errorf("%d days: %s is %s, want it defined: %v", c.days, name, value(v), c.defined)
			}
		}
		if m.Sharpe.PerPeriod == nil {
			t.Errorf("%d days: no Sharpe ratio per period", c.days)
		}
	}
}

func TestPeriodsPerYear(t *testing.T) {
	always := every(3600, 3*366*24)
	var forex []int64 // opens Sunday 22:00, closes Friday 22:00
	for _, at := range always {
		clock := time.Unix(at, 0).UTC()
		hour := int(clock.Weekday())*24 + clock.Hour()
		if hour >= 22 && hour < 5*24+22 {
			forex = append(forex, at)
		}
	}
	var weekly []int64
	for i := range 150 {
		weekly = append(weekly, day0+7*86400*int64(i))
	}
	for _, c := range []struct {
		name      string
		times     []int64
		timeframe market.Timeframe
		basis     performance.Basis
		want      float64
		bars      float64
	}{
		{"never_closed", always, market.Hour1, performance.ByDay, 365.25, 365.25 * 24},
		{"weekdays", weekdays(always), market.Hour1, performance.ByDay, 365.25 * 5 / 7, 365.25 * 24 * 5 / 7},
		{"weekdays_by_day", weekdays(every(86400, 3*366)), market.Day1, performance.ByDay, 365.25 * 5 / 7, 365.25 * 5 / 7},
		{"forex", forex, market.Hour1, performance.ByDay, 365.25 * 6 / 7, 365.25 * 120 / 7},
		{"weeks", weekly, market.Week1, performance.ByBar, 365.25 / 7, 365.25 / 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := performance.Measure(curve(100_000, walk(len(c.times))...), c.times, c.timeframe, performance.Options{}).Annualisation
			if a.Basis != c.basis || math.Abs(*a.PeriodsPerYear/c.want-1) > 0.005 || math.Abs(*a.BarsPerYear/c.bars-1) > 0.005 {
				t.Errorf("%v periods and %v bars per year by %s, want %v and %v by %s", *a.PeriodsPerYear, *a.BarsPerYear, a.Basis, c.want, c.bars, c.basis)
			}
		})
	}
}

// TestRatiosDoNotDependOnTheTimeframe samples one curve by minute, hour and day.
func TestRatiosDoNotDependOnTheTimeframe(t *testing.T) {
	minutes := weekdays(every(60, 50*1440))
	equity := make([]float64, len(minutes))
	for i := range equity {
		equity[i] = 100_000 + 5_000*math.Sin(float64(i)/3000) + 0.05*float64(i)
	}
	sampled := func(tf market.Timeframe) performance.Metrics {
		var times []int64
		var points []float64
		step := int(tf.Seconds() / 60)
		for i := 0; i < len(minutes); i += step {
			times, points = append(times, minutes[i]), append(points, equity[i+step-1])
		}
		return performance.Measure(curve(100_000, points...), times, tf, performance.Options{})
	}
	type ratios struct{ Sharpe, Sortino, Volatility, Annual, Low float64 }
	of := func(m performance.Metrics) ratios {
		return ratios{*m.SharpeRatio, *m.SortinoRatio, *m.Volatility, *m.AnnualizedReturn, *m.Sharpe.CI95Low}
	}
	want := of(sampled(market.Minute1))
	for _, tf := range []market.Timeframe{market.Minute5, market.Hour1, market.Hour4, market.Day1} {
		if diff := cmp.Diff(want, of(sampled(tf))); diff != "" {
			t.Errorf("by %v it differs from by minute:\n%s", tf, diff)
		}
	}
}

func TestBefore1970(t *testing.T) {
	times := weekdays(every(14400, 60*6))
	r := curve(100_000, walk(len(times))...)
	want := performance.Measure(r, times, market.Hour4, performance.Options{})
	for i := range times {
		times[i] -= 40_000 * 86400
	}
	tables := cmpopts.IgnoreFields(performance.Metrics{}, "Years", "Months")
	if diff := cmp.Diff(want, performance.Measure(r, times, market.Hour4, performance.Options{}), tables); diff != "" {
		t.Errorf("a century earlier it differs:\n%s", diff)
	}
}

func TestBarsAcrossMidnight(t *testing.T) {
	// Bars of 4h that open at 2, 6, 10, 14, 18 and 22: the one of 22 ends on the
	// next day, so the one of 18 is the last of its day.
	times := every(14400, 60*6)
	for i := range times {
		times[i] += 7200
	}
	r := curve(100_000, walk(len(times))...)
	sharpe := func() float64 {
		return *performance.Measure(r, times, market.Hour4, performance.Options{}).SharpeRatio
	}
	want := sharpe()
	r.Equity[5+6*10] *= 1.1 // opens at 22
	if got := sharpe(); got != want {
		t.Errorf("a point within a day changes the Sharpe ratio from %v to %v", want, got)
	}
	r.Equity[4+6*10] *= 1.1 // opens at 18
	if got := sharpe(); got == want {
		t.Error("the last point of a day does not change the Sharpe ratio")
	}
}

func TestRuin(t *testing.T) {
	for _, left := range []float64{-500, 0} {
		equity := make([]float64, 60)
		for i := range equity {
			equity[i] = 1000
			if i >= 20 {
				equity[i] = left
			}
		}
		m := performance.Measure(curve(1000, equity...), every(86400, 60), market.Day1, performance.Options{})
		if m.AnnualizedReturn != nil || m.CalmarRatio != nil || m.TotalReturn != left-1000 || m.SharpeRatio == nil || *m.SharpeRatio >= 0 {
			t.Errorf("%v left: annualized return %s, Sharpe ratio %s, want null and a negative number", left, value(m.AnnualizedReturn), value(m.SharpeRatio))
		}
	}
}

func TestMeasurePanics(t *testing.T) {
	for name, call := range map[string]func(){
		"no_bars": func() { performance.Measure(backtest.Result{}, nil, market.Day1, performance.Options{}) },
		"lengths": func() { performance.Measure(curve(1, 1, 1), every(60, 3), market.Minute1, performance.Options{}) },
		"lengths_of_books": func() {
			s := market.Series{Timeframe: market.Day1, Time: every(86400, 1), Open: []float64{1}, High: []float64{1}, Low: []float64{1}, Close: []float64{1}}
			b, err := backtest.Simulate(context.Background(), backtest.Input{Series: s, Signals: make([]decision.Raw, 1)}, backtest.Options{}, backtest.Checkpoints{}, nil)
			if err == nil {
				performance.MeasureBooks(b, every(86400, 2), market.Day1, performance.Options{})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it does not panic")
				}
			}()
			call()
		})
	}
}

func ExampleMeasure() {
	m := performance.Measure(curve(100_000, 100_000, 90_000, 95_000, 200_000), every(86400, 4), market.Day1, performance.Options{})
	fmt.Printf("%.0f of drawdown, %.0f %% of the peak\n", m.MaxDrawdown, 100*m.MaxDrawdownPct)
	fmt.Println("Sharpe ratio known:", m.SharpeRatio != nil) // four days are no basis for a year
	// Output:
	// 10000 of drawdown, 10 % of the peak
	// Sharpe ratio known: false
}
