package display_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/performance"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

// TestResult_backtest: beside the return of holding stand its drawdown and its Sharpe
// ratio, and beside a Sharpe ratio the one that takes an autocorrelation into account,
// where that is more than chance makes of so many days.
func TestResult_backtest(t *testing.T) {
	v := func(x float64) *float64 { return &x }
	shown := func(autocorrelation float64) string {
		t.Helper()
		r := job.BacktestResult{Symbol: "ABC", Timeframe: market.Day1, Metrics: performance.Metrics{BuyAndHoldReturn: 0.125, SharpeRatio: v(1.5),
			Sharpe:    performance.Sharpe{Observations: 400, CI95Low: v(0.5), CI95High: v(2.5), Autocorrelation: v(autocorrelation), Adjusted: v(1.25)},
			Benchmark: &performance.Benchmark{MaxDrawdownPct: 0.25, SharpeRatio: v(0.75)}}}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		display.Result(&b, func(s string) string { return s }, "http://localhost", wire.Operation{Operation: operation.Operation{Type: operation.Backtesting}}, text)
		return b.String()
	}
	for _, c := range []struct {
		autocorrelation float64
		want            []string
	}{
		{0.12, []string{"12.50%, drawdown 25.00%, Sharpe 0.75", "0.50 to 2.50, from 400 days; each day goes along with the last by 0.12, which makes it 1.25"}},
		{0.09, []string{"0.50 to 2.50, from 400 days\n"}},
	} {
		got := shown(c.autocorrelation)
		for _, want := range c.want {
			if !strings.Contains(strings.ReplaceAll(got, " %", "%"), want) {
				t.Errorf("%q is not in\n%s", want, got)
			}
		}
	}
}
