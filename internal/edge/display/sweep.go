package display

import (
	"fmt"
	"io"
	"strings"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

// Sweep writes the leaderboard of a sweep, and what luck alone would show.
func Sweep(w io.Writer, warn func(string) string, url string, op wire.Operation, r job.SweepResult) {
	title := fmt.Sprintf("Sweep of %s on %s %s", r.StrategyName, r.Symbol, r.Timeframe)
	if r.InSample {
		title += warn("  IN-SAMPLE: the model was trained on part of this period")
	}
	Facts(w, title, []Fact{
		{"period", fmt.Sprintf("%s to %s, %s bars", r.StartTime, r.EndTime, Integer(r.Bars))},
		{"model", OrDash(r.Model.Name) + "  " + r.Model.ID},
		{"trials", fmt.Sprintf("%s, of which %s traded differently", Integer(r.Luck.Trials), Integer(r.Luck.Distinct))},
		{"best by", r.Metric},
		{"luck", luckText(r)},
	})
	headings := []string{"#", "trial"}
	for _, a := range r.Axes {
		headings = append(headings, a.Path[strings.LastIndexByte(a.Path, '.')+1:])
	}
	headings = append(headings, "Sharpe", "above luck", "return", "drawdown", "trades", "won", "alike")
	var rows [][]string
	for i, l := range r.Leaderboard {
		row := []string{fmt.Sprint(i + 1), fmt.Sprint(l.Trial)}
		for _, a := range r.Axes {
			row = append(row, l.Settings[a.Path])
		}
		rows = append(rows, append(row, number(l.SharpeRatio, 2), Percent(l.DeflatedSharpe, 0), Percent(l.TotalReturnPct, 2), Percent(l.MaxDrawdownPct, 2), Integer(int(l.TotalTrades)), Percent(l.WinRate, 1), Integer(l.Alike)))
	}
	right := []int{1, 2}
	for n := len(headings) - 6; n <= len(headings); n++ {
		right = append(right, n)
	}
	Columns(w, headings, rows, right...)
	printOrigin(w, url, op, r.EngineVersion, r.Data, []Fact{{"trials", artifactURL(url, r.Trials.SHA256)}})
}

// luckText says what the best would show if no trial had any skill.
func luckText(r job.SweepResult) string {
	l := r.Luck
	if l.ExpectedMaximum == nil || len(r.Leaderboard) == 0 {
		return "not known: no trial has a Sharpe ratio"
	}
	text := fmt.Sprintf("the best of %s without skill is expected to show a Sharpe ratio of %s", Integer(l.Distinct), number(l.ExpectedMaximum, 2))
	text += fmt.Sprintf(" here, and more than 1 in under %s years", number(&l.MinYears, 1))
	best := r.Leaderboard[0]
	if best.DeflatedSharpe != nil {
		text += fmt.Sprintf("; the first shows %s, which is more with a probability of %s", number(best.SharpeRatio, 2), Percent(best.DeflatedSharpe, 0))
	}
	return text
}
