package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ensemble"
	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// A member is one model of an ensemble, ready to be asked.
type member struct {
	ensemble.Member
	ref      ModelRef
	model    model.Model
	strategy *strategy.Strategy // by which it was trained; once it has read, for a symbol
	frame    feature.Frame
}

// bars returns the bars at which the member is asked.
func (m member) bars() market.Series { return m.frame.Series[m.strategy.Base] }

// runEnsemble is runBacktest for several models.
func runEnsemble(ctx context.Context, order wire.EnsembleOrder, env worker.Env) (json.RawMessage, error) {
	e, err := ensemble.Parse(order.StrategyName+".yaml", []byte(order.EnsembleYAML))
	if err == nil && len(order.Decisions) > 0 {
		e, err = e.Vary(order.Decisions)
	}
	if err != nil {
		return nil, err
	}
	span, err := market.ParseSpan(order.StartDate, order.EndDate)
	if err != nil {
		return nil, err
	}
	members, err := fetchMembers(ctx, env, e, order)
	if err != nil {
		return nil, err
	}
	plays, err := bySymbol(ctx, env, order.BacktestOrder, func(env worker.Env, one wire.BacktestOrder) (play, error) {
		return perform(ctx, env, e, members, one, span)
	})
	if err != nil {
		return nil, err
	}
	var ins []backtest.Input
	for _, p := range plays {
		ins = append(ins, p.in)
	}
	summary, trades, err := trade(ctx, env, order.BacktestOrder, plays[0].strategy, ins)
	if err != nil {
		return nil, err
	}
	var reports []*EnsembleReport
	for i, p := range plays {
		reports = append(reports, reportOf(e, members, p, trades(i)))
		if len(plays) > 1 {
			summary.Symbols[i].Ensemble = reports[i]
		}
	}
	summary.Ensemble = merged(reports)
	return json.Marshal(summary)
}

// A play is what the members say about one symbol, and what follows.
type play struct {
	in        backtest.Input
	strategy  *strategy.Strategy // the ensemble as one
	gathering ensemble.Gathering
	routing   ensemble.Routing
}

// perform asks all members about the symbol of order.
func perform(ctx context.Context, env worker.Env, e *ensemble.Ensemble, members []member, order wire.BacktestOrder, span market.Span) (play, error) {
	symbol := order.Symbol
	p, strategies := play{}, map[string]*strategy.Strategy{}
	members = slices.Clone(members)
	for i := range members {
		if err := members[i].read(ctx, env, symbol, order.Data); err != nil {
			return p, err
		}
		strategies[members[i].Name] = members[i].strategy
	}
	base, err := e.Base(strategies)
	if err != nil {
		return p, err
	}
	first := slices.IndexFunc(members, func(m member) bool { return m.Trades() })
	held := members[first].bars()
	window := held.Within(span)
	if window.Len() == 0 {
		return p, fmt.Errorf("backtest %s %s: no bars from %s to %s", symbol, base, order.StartDate, order.EndDate)
	}
	if p.gathering, err = gather(ctx, env, e, members, held, window, span, threadsOf(order, env)); err != nil {
		return p, err
	}
	if p.routing, err = e.Route(p.gathering); err != nil {
		return p, err
	}
	p.strategy = e.Trading([]market.Symbol{symbol}, base)
	p.in = backtest.InputOf(p.strategy, held, window, p.routing.Signals)
	if of, at := e.Exits(strategies, p.routing.Asked); of != nil {
		p.in.Route(of, at, held)
	}
	return p, addPolicyBars(ctx, env, p.strategy, order.Data, &p.in)
}

// fetchMembers fetches the models of an ensemble.
func fetchMembers(ctx context.Context, env worker.Env, e *ensemble.Ensemble, order wire.EnsembleOrder) ([]member, error) {
	if len(order.Members) != len(e.Members) {
		return nil, fmt.Errorf("ensemble %s: the order names %d models for %d members", e.Name, len(order.Members), len(e.Members))
	}
	all := make([]member, len(e.Members))
	for i, m := range e.Members {
		named := order.Members[i]
		if named.Member != m.Name {
			return nil, fmt.Errorf("ensemble %s: member %s stands where the order names %s", e.Name, m.Name, named.Member)
		}
		env.Report(operation.Progress{Phase: "model", CurrentStep: "Loading model " + m.Name})
		content, err := env.Fetch(ctx, named.ModelSHA256)
		if err != nil {
			return nil, fmt.Errorf("fetch model %s: %w", named.ModelSHA256, err)
		}
		trained, err := model.Decode(content)
		if err != nil {
			return nil, fmt.Errorf("read model %s of member %s: %w", named.ModelSHA256, m.Name, err)
		}
		s, err := trained.Strategy()
		if err == nil {
			err = m.Check(s)
		}
		if err != nil {
			return nil, err
		}
		if unused := e.Unused(m, s); m.Trades() && unused != nil {
			hint := ""
			if slices.Contains(unused, "exits") {
				hint = "; exits: own at the member has its entries left by those of its strategy"
			}
			env.Warn(fmt.Sprintf("member %s: what its strategy %s says about %s is not used: an ensemble decides about positions by its own file%s",
				m.Name, s.Name, strings.Join(unused, ", "), hint))
		}
		all[i] = member{Member: m, ref: ModelRef{ID: named.ModelID, Name: trained.Manifest.Name, SHA256: named.ModelSHA256}, model: trained, strategy: s}
	}
	for _, m := range all {
		of := slices.IndexFunc(all, func(other member) bool { return other.Name == m.Of })
		if of >= 0 && all[of].ref.SHA256 != m.model.Manifest.Primary {
			return nil, fmt.Errorf("member %s was trained on the decisions of model %.12s, member %s is model %.12s: train it again, or name the model that it was trained on",
				m.Name, m.model.Manifest.Primary, m.Of, all[of].ref.SHA256)
		}
	}
	return all, nil
}

// read fetches the bars that m reads of a symbol.
func (m *member) read(ctx context.Context, env worker.Env, symbol market.Symbol, refs []wire.DataRef) (err error) {
	if m.strategy, err = m.strategy.With([]market.Symbol{symbol}, nil); err != nil {
		return err
	}
	loaded, err := frames(ctx, env, m.strategy, refs)
	if err == nil {
		m.frame = loaded[0]
	}
	return err
}

// gather asks every member and joins what the gates say to the bars of window.
func gather(ctx context.Context, env worker.Env, e *ensemble.Ensemble, members []member, held, window market.Series, span market.Span, threads int) (ensemble.Gathering, error) {
	g := ensemble.Gathering{Times: window.Time, Voices: map[string]*ensemble.Voice{}}
	advice := map[string]*ensemble.Advice{}
	for i, m := range members {
		tell := func(p operation.Progress) {
			p.CurrentStep, p.Percentage = p.CurrentStep+" of "+m.Name, 5+45*(float64(i)+p.Percentage/100)/float64(len(members))
			env.Report(p)
		}
		asked := span
		if !m.Trades() && m.Of == "" {
			asked = market.Span{To: span.To} // from the first bar: a regime does not depend on the window
		}
		outputs, known, err := m.question(asked).answers(ctx, keptOf(env), threads, tell)
		if err != nil {
			return g, fmt.Errorf("member %s: %w", m.Name, err)
		}
		if err := checkHistory(m.strategy, m.frame, asked, known); err != nil {
			return g, fmt.Errorf("member %s: %w", m.Name, err)
		}
		if asked == span {
			warnOfHistory(env, m.strategy, m.frame, span)
		}
		classes := m.model.Manifest.Classes
		asOf := func() []int32 { return feature.AsOf(held, held.Search(window.Time[0]), window.Len(), m.bars()) }
		switch m.Output {
		case strategy.RegimeClassification:
			holes := ensemble.Holes(len(known), feature.AsOf(held, 0, held.Len(), m.bars()))
			regimes, err := e.Composition.Regimes(classes, outputs, known, holes)
			if err != nil {
				return g, fmt.Errorf("member %s: %w", m.Name, err)
			}
			g.Regimes = joined(regimes, asOf(), ensemble.UnknownRegime)
		case strategy.ContextClassification:
			leanings, err := ensemble.Leanings(classes, outputs, known)
			if err != nil {
				return g, fmt.Errorf("member %s: %w", m.Name, err)
			}
			g.Context = joined(leanings, asOf(), ensemble.Leaning{})
		case strategy.MetaClassification:
			advice[m.Of] = &ensemble.Advice{Classes: classes, Outputs: outputs, Known: known, Threshold: m.Threshold, Sizes: m.Sizes}
		default:
			if !slices.Equal(m.bars().Within(span).Time, window.Time) {
				return g, fmt.Errorf("member %s: its bars are of other times than those of the ensemble", m.Name)
			}
			g.Voices[m.Name] = &ensemble.Voice{Strategy: m.strategy, Classes: classes, Outputs: outputs, Known: known,
				Events: decision.EventsOf(m.strategy, held, held.Search(window.Time[0]), window.Len())}
		}
	}
	for name, a := range advice {
		if v := g.Voices[name]; v != nil && len(a.Known) == len(v.Known) {
			v.Meta = a
			continue
		}
		return g, fmt.Errorf("the meta-model of member %s was asked at other bars", name)
	}
	return g, nil
}

// joined returns what values says at each bar of bars, and none where that is -1.
func joined[T any](values []T, bars []int32, none T) []T {
	at := make([]T, len(bars))
	for i, bar := range bars {
		at[i] = none
		if bar >= 0 {
			at[i] = values[bar]
		}
	}
	return at
}

// question is what the model of m is asked about span.
func (m member) question(span market.Span) question {
	return question{m.model, m.ref.SHA256, m.strategy, m.frame, span}
}

// inLanes calls work for parts of rows rows, at most so many long, on so many
// threads.
func inLanes(ctx context.Context, rows, size, threads int, work func(from, to int) error) error {
	parts := (rows + size - 1) / size
	failures := make([]error, parts)
	var group sync.WaitGroup
	for lane := range min(threads, parts) {
		group.Go(func() {
			for c := lane; c < parts && ctx.Err() == nil; c += threads {
				failures[c] = work(c*size, min((c+1)*size, rows))
			}
		})
	}
	group.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(failures...)
}
