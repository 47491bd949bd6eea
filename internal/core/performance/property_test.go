package performance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/performance"
)

// drawInput makes bars and signals that trade often, sometimes to ruin.
func drawInput(t *rapid.T) backtest.Input {
	n := rapid.IntRange(1, 80).Draw(t, "bars")
	tf := rapid.SampledFrom([]market.Timeframe{market.Hour1, market.Hour4, market.Day1, market.Week1, market.Month1}).Draw(t, "timeframe")
	step := rapid.SampledFrom([]float64{0.01, 0.5}).Draw(t, "step")
	s := market.NewSeries("EURUSD", tf, n)
	at, price := int64(day0), 1.1
	signals := make([]decision.Raw, n)
	for i := range signals {
		open := price
		price = open * math.Exp(step*rapid.Float64Range(-1, 1).Draw(t, "change"))
		s.Append(market.Bar{Time: at, Open: open, High: max(open, price), Low: min(open, price), Close: price, Volume: 1})
		at = tf.End(at) + 86400*int64(rapid.SampledFrom([]int{0, 0, 2}).Draw(t, "gap"))
		signals[i] = decision.Raw{Known: true, Confidence: 1, Signal: decision.Signal(rapid.IntRange(-1, 1).Draw(t, "signal"))}
	}
	return backtest.Input{Series: s, Signals: signals, Rules: decision.Rules{AllowShort: true}}
}

func measure(t interface{ Fatal(...any) }, in backtest.Input, o backtest.Options) (backtest.Result, performance.Metrics) {
	r, err := backtest.Run(context.Background(), in, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r, performance.Measure(r, in.Series.Time, in.Series.Timeframe, performance.Options{})
}

// TestMetricsAreConsistent states what holds for every backtest.
func TestMetricsAreConsistent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		r, m := measure(t, in, backtest.Options{Commission: 0.001, Slippage: 0.0005, Fraction: 1})
		if _, err := json.Marshal(m); err != nil {
			t.Fatal(err) // NaN and infinities cannot be written
		}
		sum := 0.0
		for _, trade := range r.Trades {
			sum += trade.Net
		}
		if m.TotalReturn != sum || m.FinalEquity != r.Equity[len(r.Equity)-1] {
			t.Fatalf("total_return %v and final_equity %v, want %v and %v", m.TotalReturn, m.FinalEquity, sum, r.Equity[len(r.Equity)-1])
		}
		if m.WinningTrades+m.LosingTrades > m.TotalTrades || m.LongTrades+m.ShortTrades != m.TotalTrades || m.MaxConsecutiveLosses > m.LosingTrades {
			t.Fatalf("counts do not add up: %+v", m)
		}
		held := 0
		for _, trade := range r.Trades {
			held += trade.HoldingBars
		}
		if want := float64(held) / float64(in.Series.Len()); m.Exposure != want {
			t.Fatalf("exposure %v, want %v from the trades", m.Exposure, want)
		}
		if s := m.Sharpe; s.CI95Low != nil && !(*s.CI95Low < *m.SharpeRatio && *m.SharpeRatio < *s.CI95High) {
			t.Fatalf("Sharpe ratio %v lies outside %v to %v", *m.SharpeRatio, *s.CI95Low, *s.CI95High)
		}
	})
}

// TestMeasureBooksIsMeasure holds what is measured from books to what is measured
// from all that they write out.
func TestMeasureBooksIsMeasure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		b, err := backtest.Simulate(context.Background(), in, backtest.Options{Commission: 0.001, Slippage: 0.0005, Fraction: 1}, backtest.Checkpoints{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		o := performance.Options{Closes: in.Series.Close, RiskFreeRate: 0.02}
		want := performance.Measure(b.Result(), in.Series.Time, in.Series.Timeframe, o)
		if diff := cmp.Diff(want, performance.MeasureBooks(b, in.Series.Time, in.Series.Timeframe, o)); diff != "" {
			t.Fatalf("(-result +books):\n%s", diff)
		}
		alone := performance.Metrics{Annualisation: want.Annualisation, Sharpe: want.Sharpe, Tails: want.Tails, AnnualizedReturn: want.AnnualizedReturn,
			Volatility: want.Volatility, SharpeRatio: want.SharpeRatio, SortinoRatio: want.SortinoRatio}
		if diff := cmp.Diff(alone, performance.MeasureReturns(b, in.Series.Time, in.Series.Timeframe, o)); diff != "" {
			t.Fatalf("(-measured +returns alone):\n%s", diff)
		}
	})
}

// TestScaleOfCapital doubles the capital a few times: with fractional units
// every amount doubles exactly, and no ratio changes by a bit.
func TestScaleOfCapital(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		o := backtest.Options{Capital: 1000, Commission: 0.001, Slippage: 0.0005, FractionalUnits: true}
		_, want := measure(t, in, o)
		scale := math.Exp2(float64(rapid.IntRange(1, 20).Draw(t, "doublings")))
		o.Capital *= scale
		_, got := measure(t, in, o)
		times := func(v *float64) {
			if v != nil {
				*v *= scale
			}
		}
		for _, v := range []*float64{&want.TotalReturn, &want.MaxDrawdown, &want.FinalEquity, &want.Costs.Commission, &want.Costs.Slippage,
			&want.Costs.Total, want.AvgWin, want.AvgLoss, want.AvgTrade, want.LargestWin, want.LargestLoss} {
			times(v)
		}
		for _, rows := range [][]performance.Period{want.Years, want.Months} {
			for i := range rows {
				rows[i].Net *= scale
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%v times the capital (-want +got):\n%s", scale, diff)
		}
	})
}

// TestDrawdownIsItsDefinition compares one pass with all pairs of bars.
func TestDrawdownIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capital := 100.0
		equity := rapid.SliceOfN(rapid.Float64Range(1, rapid.SampledFrom([]float64{2, 200}).Draw(t, "most")), 1, 120).Draw(t, "equity")
		times := every(3600, len(equity))
		m := performance.Measure(curve(capital, equity...), times, market.Hour1, performance.Options{Closes: equity})
		all := append([]float64{capital}, equity...)
		var currency, fraction float64
		longest := 0
		for end := range all {
			peak := slices.Max(all[:end+1])
			currency, fraction = max(currency, peak-all[end]), max(fraction, (peak-all[end])/peak)
			start := end
			for start > 0 && slices.Max(all[:start]) > all[end] { // back to the bar of the peak it is below
				start--
			}
			if start < end {
				// It counts to the bar that is back at the peak, where there is one.
				back := end
				for back < len(all)-1 && all[back] < peak {
					back++
				}
				longest = max(longest, back-lastIndex(all[:end+1], peak))
			}
		}
		if m.MaxDrawdown != currency || m.MaxDrawdownPct != fraction || m.MaxDrawdownBars != longest {
			t.Fatalf("drawdown %v, %v over %d bars, want %v, %v, %d", m.MaxDrawdown, m.MaxDrawdownPct, m.MaxDrawdownBars, currency, fraction, longest)
		}
		if year := m.Years[0].MaxDrawdownPct; *year != fraction {
			t.Fatalf("drawdown of the year %v, want %v", *year, fraction)
		}
		if want := float64(longest) / 24; m.MaxDrawdownDays != want {
			t.Fatalf("%v days of drawdown, want %v", m.MaxDrawdownDays, want)
		}
	})
}

func lastIndex(x []float64, v float64) int {
	for i := len(x) - 1; i >= 0; i-- {
		if x[i] == v {
			return i
		}
	}
	return -1
}

// TestMeasureLooksAtDaysOnly moves every point of the curve that is not the last
// of its day: no number that comes from returns may notice.
func TestMeasureLooksAtDaysOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := weekdays(every(3600, 24*rapid.IntRange(40, 60).Draw(t, "days")))
		r := curve(100_000, walk(len(times))...)
		want := performance.Measure(r, times, market.Hour1, performance.Options{})
		r.Equity = slices.Clone(r.Equity)
		for i := range r.Equity {
			if i%24 != 23 {
				r.Equity[i] = rapid.Float64Range(1, 1e6).Draw(t, fmt.Sprint(i))
			}
		}
		got := performance.Measure(r, times, market.Hour1, performance.Options{})
		ignore := cmpopts.IgnoreFields(performance.Metrics{}, "MaxDrawdown", "MaxDrawdownPct", "MaxDrawdownBars", "MaxDrawdownDays", "CalmarRatio", "RecoveryFactor", "Years", "Months")
		if diff := cmp.Diff(want, got, ignore); diff != "" {
			t.Fatalf("points within days change it (-want +got):\n%s", diff)
		}
	})
}

func TestPower(t *testing.T) {
	for _, c := range []struct{ x, y, want float64 }{
		{2, 0, 1}, {2, 1, 2}, {2, 10, 1024}, {4, 0.5, 2}, {4, 1.5, 8}, {0.25, 0.5, 0.5}, {1, 7.3, 1}, {1e300, 2, math.Inf(1)}, {1e-300, 2, 0},
	} {
		if got := performance.Power(c.x, c.y); got != c.want {
			t.Errorf("power(%v, %v) = %v, want %v", c.x, c.y, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		x, y := math.Exp(rapid.Float64Range(-20, 20).Draw(t, "log x")), rapid.Float64Range(0, 20).Draw(t, "y")
		got, want := performance.Power(x, y), math.Pow(x, y)
		if math.Abs(got/want-1) > 1e-13 {
			t.Fatalf("power(%v, %v) = %v, math.Pow gives %v", x, y, got, want)
		}
	})
}

// BenchmarkMeasure measures a year of minutes and more. A regression adds to
// every backtest.
func BenchmarkMeasure(b *testing.B) {
	for _, bars := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprintf("bars=%d", bars), func(b *testing.B) {
			times, r := every(60, bars), curve(100_000, walk(bars)...)
			b.ReportAllocs()
			for b.Loop() {
				performance.Measure(r, times, market.Minute1, performance.Options{})
			}
			b.ReportMetric(float64(bars)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mbars/s")
		})
	}
}
