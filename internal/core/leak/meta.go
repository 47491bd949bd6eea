package leak

import (
	"context"
	"fmt"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

// A Primary is the model whose decisions are labelled.
type Primary struct {
	Calls      func(ctx context.Context, f feature.Frame) ([]label.Call, error) // at the bars of f
	KnownUntil int64                                                            // it was trained on what was known until then
}

// primaryPrefix begins the ids of the sources of the primary model in a frame,
// whose own may be called the same.
const primaryPrefix = "primary/"

// OfMeta returns the pipeline of s, which learns from the decisions of primary, as
// trainings run it. Reads says which bars its frames need. The primary model is
// asked again on whatever bars a check has.
func OfMeta(s *strategy.Strategy, primary model.Model) (Pipeline, error) {
	decides, err := primary.Strategy()
	if err != nil {
		return Pipeline{}, err
	}
	if decides.Base != s.Base {
		return Pipeline{}, fmt.Errorf("primary model %s decides on %s, strategy %s on %s: want one timeframe", primary.Manifest.Name, decides.Base, s.Name, s.Base)
	}
	p := Of(s)
	p.Primary = &Primary{KnownUntil: primary.Manifest.KnownUntil, Calls: func(ctx context.Context, f feature.Frame) ([]label.Call, error) {
		return ask(ctx, primary, decides, f)
	}}
	p.reads = decides
	p.Labels = func(ctx context.Context, f feature.Frame) (label.Labels, error) {
		calls, err := p.Primary.Calls(ctx, f)
		if err != nil {
			return label.Labels{}, err
		}
		return label.Meta(s.Training.Labels, f.Series[s.Base], calls)
	}
	p.Samples = func(ctx context.Context, f feature.Frame) ([]train.Sample, error) {
		calls, err := p.Primary.Calls(ctx, f)
		if err != nil {
			return nil, err
		}
		return samples(ctx, s, f, train.Input{Primary: primary.Manifest.Name, Calls: map[market.Symbol][]label.Call{f.Symbol: calls}})
	}
	return p, nil
}

// ask returns the decisions of a primary model at the bars of f that open when its
// training was over.
func ask(ctx context.Context, m model.Model, s *strategy.Strategy, f feature.Frame) ([]label.Call, error) {
	s, err := s.With([]market.Symbol{f.Symbol}, nil)
	if err != nil {
		return nil, err
	}
	own := feature.Frame{Symbol: f.Symbol, Series: f.Series, Context: map[string]market.Series{}}
	for _, source := range s.Context {
		own.Context[source.ID] = f.Context[primaryPrefix+source.ID]
	}
	span := market.Span{From: m.Manifest.KnownUntil}
	x, before, err := m.Features(ctx, s, own, span)
	if err != nil {
		return nil, err
	}
	readable := model.Readable(x, m.Network.Config().Rows())
	outputs := m.Outputs(x, readable, before, x.Len())
	held := f.Series[s.Base]
	return decision.Calls(s, m.Manifest.Classes, held, held.Search(span.From), outputs, readable[before:])
}

// Reads returns the strategy of p with the timeframes and the sources of its primary
// model as well, if it has one: all that a frame of it must hold. The sources of the
// primary model have ids of their own.
func (p Pipeline) Reads() *strategy.Strategy {
	if p.reads == nil {
		return p.Strategy
	}
	all := *p.Strategy
	all.Timeframes, all.Context = slices.Clone(all.Timeframes), slices.Clone(all.Context)
	for _, tf := range p.reads.Timeframes {
		if !slices.Contains(all.Timeframes, tf) {
			all.Timeframes = append(all.Timeframes, tf)
		}
	}
	for _, source := range p.reads.Context {
		source.ID = primaryPrefix + source.ID
		all.Context = append(all.Context, source)
	}
	return &all
}

// calls looks whether the decisions of the primary model change with what comes
// later, and whether it knew their bars from its training.
func (e *examination) calls(ctx context.Context) error {
	if e.Primary == nil {
		return nil
	}
	all, err := e.Primary.Calls(ctx, e.frame)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("the primary model makes no decision at the %d bars, of which those after %s count: there is nothing to learn from",
			e.base.Len(), market.Stamp(e.Primary.KnownUntil))
	}
	e.looked(CheckPrimary)
	if all[0].Time < e.Primary.KnownUntil {
		e.found(CheckPrimary, callsPlace, all[0].Time, "the primary model was trained on what was known until %s", market.Stamp(e.Primary.KnownUntil))
	}
	rows := positions(e.base.Time)
	for k := range e.moments {
		row, ok := rows[all[e.random.IntN(len(all))].Time]
		if k == 0 {
			row, ok = rows[all[len(all)-1].Time]
		}
		if !ok {
			e.found(CheckKeys, callsPlace, all[0].Time, "a decision belongs to no base bar")
			return nil
		}
		closed := e.base.Available(row)
		if cut, ok := known(e.frame, closed); ok {
			if err := e.compareCalls(ctx, all, cut, row, "when the bars that close later are taken away"); err != nil {
				return err
			}
		}
		if err := e.compareCalls(ctx, all, changed(e.frame, closed), row, "when the bars that close later change"); err != nil {
			return err
		}
	}
	return nil
}

const callsPlace = "decisions of the primary model"

// compareCalls asks the primary model on other and holds its decisions up to row to
// the whole.
func (e *examination) compareCalls(ctx context.Context, whole []label.Call, other feature.Frame, row int, what string) error {
	again, err := e.Primary.Calls(ctx, other)
	if err != nil {
		return err
	}
	e.looked(CheckPrimary)
	upTo := func(calls []label.Call) []label.Call {
		n := slices.IndexFunc(calls, func(c label.Call) bool { return c.Time > e.base.Time[row] })
		if n < 0 {
			return calls
		}
		return calls[:n]
	}
	a, b := upTo(whole), upTo(again)
	if slices.Equal(a, b) {
		return nil
	}
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	at := e.base.Time[row]
	switch {
	case i < len(a) && i < len(b):
		at = min(a[i].Time, b[i].Time)
	case i < len(a):
		at = a[i].Time
	case i < len(b):
		at = b[i].Time
	}
	e.found(CheckPrimary, callsPlace, at, "they are others %s", what)
	return nil
}
