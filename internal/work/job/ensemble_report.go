package job

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/ensemble"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// An EnsembleReport says how the members of an ensemble shared a window.
type EnsembleReport struct {
	Name     string         `json:"name"`
	SHA256   string         `json:"sha256"` // of the file
	Members  []MemberReport `json:"members"`
	Regimes  []RegimeReport `json:"regimes"`  // null without a gate; the last is what was not known
	Switches int            `json:"switches"` // changes from one regime to another
}

// A MemberReport is about one model.
type MemberReport struct {
	Member     string           `json:"member"`
	OutputType string           `json:"output_type"`
	Model      ModelRef         `json:"model"`
	Timeframe  market.Timeframe `json:"timeframe"`
	Bars       int              `json:"bars"` // at which it was the route; 0 for gates
	Tally
}

// A RegimeReport is about one regime.
type RegimeReport struct {
	Regime string  `json:"regime"`
	Rule   string  `json:"rule"` // the member, or the action; empty where the regime is not known
	Bars   int     `json:"bars"`
	Share  float64 `json:"share"` // of the bars of the window
	Tally
}

// A Tally counts the trades whose entries were decided there.
type Tally struct {
	Trades int     `json:"trades"`
	Won    int     `json:"winning_trades"`
	Net    float64 `json:"net_pnl"`
}

func (t *Tally) merge(other Tally) {
	t.Trades += other.Trades
	t.Won += other.Won
	t.Net += other.Net
}

func (t *Tally) add(trade ledger.Trade) {
	t.Trades++
	if trade.Net > 0 {
		t.Won++
	}
	t.Net += trade.Net
}

// reportOf says how the members shared the bars of p, on which the trades were made.
func reportOf(e *ensemble.Ensemble, members []member, p play, trades []ledger.Trade) *EnsembleReport {
	g, r, window := p.gathering, p.routing, p.in.Series
	report := &EnsembleReport{Name: e.Name, SHA256: e.Hash()}
	at := map[string]int{}
	for i, m := range members {
		at[m.Name] = i
		report.Members = append(report.Members, MemberReport{Member: m.Name, OutputType: m.Output, Model: m.ref, Timeframe: m.strategy.Base})
	}
	if g.Regimes != nil {
		for i, rule := range e.Composition.Rules {
			report.Regimes = append(report.Regimes, RegimeReport{Regime: ensemble.Regime(i).String(), Rule: rule.Model + rule.Action})
		}
		report.Regimes = append(report.Regimes, RegimeReport{Regime: ensemble.UnknownRegime.String()})
	}
	regime := func(bar int) *RegimeReport {
		if g.Regimes[bar] == ensemble.UnknownRegime {
			return &report.Regimes[ensemble.Regimes]
		}
		return &report.Regimes[g.Regimes[bar]]
	}
	before := ensemble.UnknownRegime
	for bar, name := range r.Asked {
		if name != "" {
			report.Members[at[name]].Bars++
		}
		if g.Regimes == nil {
			continue
		}
		regime(bar).Bars++
		if now := g.Regimes[bar]; now != ensemble.UnknownRegime {
			if before != ensemble.UnknownRegime && now != before {
				report.Switches++
			}
			before = now
		}
	}
	for _, trade := range trades {
		decided := window.Search(trade.EntryTime) - 1
		report.Members[at[r.Asked[decided]]].add(trade)
		if g.Regimes != nil {
			regime(decided).add(trade)
		}
	}
	return report.shared()
}

// shared fills in the shares.
func (r *EnsembleReport) shared() *EnsembleReport {
	bars := 0
	for _, x := range r.Regimes {
		bars += x.Bars
	}
	for i := range r.Regimes {
		r.Regimes[i].Share = float64(r.Regimes[i].Bars) / float64(bars)
	}
	return r
}

// merged returns the reports of several symbols as one.
func merged(reports []*EnsembleReport) *EnsembleReport {
	all := *reports[0]
	all.Members, all.Regimes = slices.Clone(all.Members), slices.Clone(all.Regimes)
	for _, r := range reports[1:] {
		for i, m := range r.Members {
			all.Members[i].Bars += m.Bars
			all.Members[i].merge(m.Tally)
		}
		for i, x := range r.Regimes {
			all.Regimes[i].Bars += x.Bars
			all.Regimes[i].merge(x.Tally)
		}
		all.Switches += r.Switches
	}
	return all.shared()
}
