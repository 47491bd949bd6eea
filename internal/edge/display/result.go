package display

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/performance"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

// Result writes what a completed operation found, for people. A result of a
// type that this version does not know is written as it is. What should not be
// overlooked goes through warn, which may colour it.
func Result(w io.Writer, warn func(string) string, url string, op wire.Operation, result json.RawMessage) {
	switch op.Type {
	case operation.Backtesting:
		var r job.BacktestResult
		if json.Unmarshal(result, &r) == nil {
			printBacktest(w, warn, url, op, r)
			return
		}
	case operation.Sweep:
		var r job.SweepResult
		if json.Unmarshal(result, &r) == nil {
			Sweep(w, warn, url, op, r)
			return
		}
	case operation.Training:
		var r job.TrainingResult
		if json.Unmarshal(result, &r) == nil {
			printTraining(w, url, op, r)
			return
		}
	}
	fmt.Fprintf(w, "%s\n", result)
}

func printBacktest(w io.Writer, warn func(string) string, url string, op wire.Operation, r job.BacktestResult) {
	title := fmt.Sprintf("Backtest of %s on %s %s", r.StrategyName, tradedSymbols(r), r.Timeframe)
	if r.InSample {
		title += warn("  IN-SAMPLE: the model was trained on part of this period")
	}
	m := r.Metrics
	Facts(w, title, []Fact{
		{"period", r.StartTime + " to " + r.EndTime},
		{"model", modelOf(r)},
		{"capital", money(r.Config.Capital) + " -> " + money(r.FinalEquity)},
		{"return", fmt.Sprintf("%s (%s), annualised %s", money(m.TotalReturn), Percent(&m.TotalReturnPct, 2), Percent(m.AnnualizedReturn, 2))},
		{"buy and hold", holding(m)},
		{"drawdown", fmt.Sprintf("%s (%s)", money(m.MaxDrawdown), Percent(&m.MaxDrawdownPct, 2))},
		{"ratios", fmt.Sprintf("Sharpe %s  Sortino %s  Calmar %s  recovery %s", number(m.SharpeRatio, 2), number(m.SortinoRatio, 2), number(m.CalmarRatio, 2), number(m.RecoveryFactor, 2))},
		{"Sharpe 95 %", sharpeRange(m.Sharpe)},
		{"volatility", Percent(m.Volatility, 2)},
		{"trades", fmt.Sprintf("%s: %s won, %s lost, win rate %s, profit factor %s", Integer(m.TotalTrades), Integer(m.WinningTrades), Integer(m.LosingTrades), Percent(m.WinRate, 1), number(m.ProfitFactor, 2))},
		{"per trade", fmt.Sprintf("won %s, lost %s, largest %s and %s", number(m.AvgWin, 2), number(m.AvgLoss, 2), number(m.LargestWin, 2), number(m.LargestLoss, 2))},
		{"held", fmt.Sprintf("%s h on average, exposed %s of the time", number(m.AvgHolding, 1), Percent(&m.Exposure, 1))},
		{"costs", fmt.Sprintf("%s: commission %s, slippage %s, spread %s, financing %s", money(m.Costs.Total), money(m.Costs.Commission), money(m.Costs.Slippage), money(m.Costs.Spread), money(m.Costs.Financing))},
		{"held back", heldBack(r.Decisions)},
		{"not filled", notFilled(r.Orders)},
		{"within a bar", conflicts(r.Intrabar)},
		{"orders", r.OrderHash},
	})
	printEnsemble(w, r.Ensemble)
	if len(r.Symbols) > 0 {
		Facts(w, "By symbol", symbolFacts(r.Symbols))
	}
	Facts(w, "Policy", policyFacts(r.Policy))
	printOrigin(w, url, op, r.EngineVersion, r.Data, []Fact{
		{"trades", artifactURL(url, r.Trades.SHA256)},
		{"equity", artifactURL(url, r.Equity.SHA256)},
	})
}

// modelOf names the model of a backtest; those of an ensemble have lines of their own.
func modelOf(r job.BacktestResult) string {
	if r.Ensemble != nil {
		return ""
	}
	return OrDash(r.Model.Name) + "  " + r.Model.ID
}

// sharpeRange says how far the Sharpe ratio can be trusted.
func sharpeRange(s performance.Sharpe) string {
	if s.CI95Low == nil || s.CI95High == nil {
		return "not known: too few days"
	}
	text := fmt.Sprintf("%s to %s, from %s days", number(s.CI95Low, 2), number(s.CI95High, 2), Integer(s.Observations))
	if *s.CI95Low <= 0 && *s.CI95High >= 0 {
		text += "; luck alone may explain it"
	}
	if rho := s.Autocorrelation; rho != nil && s.Adjusted != nil && math.Abs(*rho) > 2/math.Sqrt(float64(s.Observations)) {
		text += fmt.Sprintf("; each day goes along with the last by %s, which makes it %s", number(rho, 2), number(s.Adjusted, 2))
	}
	return text
}

// holding says what holding would have brought.
func holding(m performance.Metrics) string {
	text := Percent(&m.BuyAndHoldReturn, 2)
	if b := m.Benchmark; b != nil {
		text += fmt.Sprintf(", drawdown %s, Sharpe %s", Percent(&b.MaxDrawdownPct, 2), number(b.SharpeRatio, 2))
	}
	return text
}

// printOrigin writes what the result depends on and where it lies.
func printOrigin(w io.Writer, url string, op wire.Operation, engine string, data []model.DataRef, more []Fact) {
	all := []Fact{{"specification", op.SpecHash}, {"engine", engine}}
	for _, d := range data {
		all = append(all, Fact{"data", fmt.Sprintf("%s %s  %s bars  %s", d.Symbol, d.Timeframe, Integer(d.Bars), d.SHA256)})
	}
	all = append(all, Fact{"result", url + wire.PathOperations + "/" + op.ID + "/results"})
	Facts(w, "Made from, and found at", append(all, more...))
}

func artifactURL(url, hash string) string {
	return url + wire.Prefix + "/artifacts/" + hash
}

// conflicts says how many bars reached a stop and a target, "" where none did.
func conflicts(x ledger.Intrabar) string {
	if x.Conflicts == 0 {
		return ""
	}
	if x.Resolved == 0 {
		return fmt.Sprintf("%s bars reached a stop and a target, and were taken to have reached the stop first", Integer(x.Conflicts))
	}
	return fmt.Sprintf("%s bars reached a stop and a target; of %s of them finer bars say which came first", Integer(x.Conflicts), Integer(x.Resolved))
}

// heldBack says how often each reason let no order follow.
func heldBack(c decision.Counts) string {
	var all []string
	for _, reason := range decision.Reasons() {
		if n := c[reason]; n > 0 && reason != decision.Acted {
			all = append(all, reason.String()+" "+Integer(n))
		}
	}
	return strings.Join(all, ", ")
}

// notFilled says what became of the orders that were not, or not wholly, filled.
func notFilled(o ledger.Orders) string {
	var all []string
	for _, x := range []struct {
		n    int
		what string
	}{{o.TooSmall, "too small"}, {o.Unfilled, "without a bar to be filled on"}, {o.Partial, "cut to the volume limit"}} {
		if x.n > 0 {
			all = append(all, Integer(x.n)+" "+x.what)
		}
	}
	return strings.Join(all, ", ")
}

// tradedSymbols lists what a backtest traded.
func tradedSymbols(r job.BacktestResult) string {
	if len(r.Symbols) == 0 {
		return string(r.Symbol)
	}
	var all []string
	for _, s := range r.Symbols {
		all = append(all, string(s.Symbol))
	}
	return strings.Join(all, " ")
}

// symbolFacts says what each symbol of a portfolio did.
func symbolFacts(symbols []job.SymbolResult) []Fact {
	var all []Fact
	for _, s := range symbols {
		costs := s.Costs.Total()
		all = append(all, Fact{string(s.Symbol), fmt.Sprintf("%s in %s trades, costs %s, buy and hold %s", money(s.NetProfit), Integer(s.TradeCount), money(costs), Percent(&s.BuyAndHold, 2))})
	}
	return all
}

// policyFacts takes the matter of each sentence in front.
func policyFacts(policy []string) []Fact {
	var all []Fact
	for _, sentence := range policy {
		matter, words, _ := strings.Cut(sentence, ": ")
		all = append(all, Fact{strings.ToLower(matter), words})
	}
	return all
}
