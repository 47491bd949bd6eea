package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/ktrdr/ktrdr/internal/work/job"
)

// showEnsemble writes what checking an ensemble file found.
func (c *console) showEnsemble(file string, v ensembleValidation) error {
	return c.show(v, func(w io.Writer) {
		for _, issue := range v.Issues {
			fmt.Fprintf(w, "%s:%d:%d: %s: %s\n", issue.File, issue.Line, issue.Column, issue.Path, issue.Message)
		}
		if v.Valid {
			fmt.Fprintf(w, "%s is valid: ensemble %s of the models %s\n", file, v.Ensemble, strings.Join(v.Models, ", "))
			return
		}
		fmt.Fprintf(w, "%s is not valid: %s\n", file, countOf(len(v.Issues)))
	})
}

// printEnsemble writes how the models of an ensemble shared the period.
func printEnsemble(w io.Writer, r *job.EnsembleReport) {
	if r == nil {
		return
	}
	var all []fact
	for _, m := range r.Members {
		role := "asked on " + integer(m.Bars) + " bars: " + tally(m.Tally)
		if m.Bars == 0 && m.Trades == 0 {
			role = "asked on no bar"
		}
		if strings.HasSuffix(m.OutputType, "_classification") {
			role = "a gate"
		}
		all = append(all, fact{m.Member, fmt.Sprintf("%s on %s, %s", m.Model.Name, m.Timeframe, role)})
	}
	facts(w, "Models", all)
	if r.Regimes == nil {
		return
	}
	all = nil
	for _, x := range r.Regimes {
		if x.Bars == 0 && x.Rule == "" {
			continue
		}
		rule := "-> " + x.Rule
		if x.Rule == "" {
			rule = "nothing entered"
		}
		all = append(all, fact{x.Regime, fmt.Sprintf("%s of the bars (%s) %s, %s", percent(&x.Share, 1), integer(x.Bars), rule, tally(x.Tally))})
	}
	facts(w, "Regimes", append(all, fact{"switches", integer(r.Switches)}))
}

func tally(t job.Tally) string {
	return fmt.Sprintf("%s trades, %s won, net %s", integer(t.Trades), integer(t.Won), money(t.Net))
}
