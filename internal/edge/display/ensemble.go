package display

import (
	"fmt"
	"io"
	"strings"

	"github.com/ktrdr/ktrdr/internal/work/job"
)

// printEnsemble writes how the models of an ensemble shared the period.
func printEnsemble(w io.Writer, r *job.EnsembleReport) {
	if r == nil {
		return
	}
	var all []Fact
	for _, m := range r.Members {
		role := "asked on " + Integer(m.Bars) + " bars: " + tally(m.Tally)
		if m.Bars == 0 && m.Trades == 0 {
			role = "asked on no bar"
		}
		if strings.HasSuffix(m.OutputType, "_classification") {
			role = "a gate"
		}
		all = append(all, Fact{m.Member, fmt.Sprintf("%s on %s, %s", m.Model.Name, m.Timeframe, role)})
	}
	Facts(w, "Models", all)
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
		all = append(all, Fact{x.Regime, fmt.Sprintf("%s of the bars (%s) %s, %s", Percent(&x.Share, 1), Integer(x.Bars), rule, tally(x.Tally))})
	}
	Facts(w, "Regimes", append(all, Fact{"switches", Integer(r.Switches)}))
}

func tally(t job.Tally) string {
	return fmt.Sprintf("%s trades, %s won, net %s", Integer(t.Trades), Integer(t.Won), money(t.Net))
}
