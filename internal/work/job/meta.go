package job

import (
	"context"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ensemble"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/train"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// addCalls asks the primary model of a training, if it has one, for its decisions
// in the span of in, as its strategy makes them for somebody who holds nothing. A
// span that the primary model knows from its own training is refused: there its
// decisions are better than they will ever be again.
func addCalls(ctx context.Context, env worker.Env, order wire.TrainingOrder, in *train.Input) error {
	if order.Primary == nil {
		return nil
	}
	content, err := env.Fetch(ctx, order.Primary.ModelSHA256)
	if err != nil {
		return fmt.Errorf("fetch primary model %s: %w", order.Primary.ModelSHA256, err)
	}
	primary, err := model.Decode(content)
	if err != nil {
		return fmt.Errorf("read primary model %s: %w", order.Primary.ModelSHA256, err)
	}
	s, err := primary.Strategy()
	if err == nil {
		s, err = s.With(in.Strategy.Symbols, nil)
	}
	if err != nil {
		return fmt.Errorf("primary model %s: %w", order.Primary.ModelName, err)
	}
	if s.Base != in.Strategy.Base {
		return fmt.Errorf("primary model %s decides on %s, strategy %s on %s: want one timeframe", order.Primary.ModelName, s.Base, in.Strategy.Name, in.Strategy.Base)
	}
	if known := primary.Manifest.KnownUntil; in.Span.From < known {
		return fmt.Errorf("primary model %s was trained on what was known until %s: its decisions before then say nothing about new bars: train from %s on",
			order.Primary.ModelName, market.Stamp(known), market.Stamp(known))
	}
	all, err := frames(ctx, env, s, order.Data)
	if err != nil {
		return err
	}
	in.Calls, in.Primary = map[market.Symbol][]label.Call{}, order.Primary.ModelSHA256
	for _, f := range all {
		m := member{Member: ensemble.Member{Name: "primary"}, ref: ModelRef{SHA256: order.Primary.ModelSHA256}, model: primary, strategy: s, frame: f}
		if in.Calls[f.Symbol], err = m.calls(ctx, env, in.Span, in.Threads); err != nil {
			return fmt.Errorf("primary model %s: %w", order.Primary.ModelName, err)
		}
	}
	return nil
}

// calls returns the decisions of m at the bars of span.
func (m member) calls(ctx context.Context, env worker.Env, span market.Span, threads int) ([]label.Call, error) {
	outputs, known, err := m.question(span).answers(ctx, keptOf(env), threads, func(operation.Progress) {})
	if err != nil {
		return nil, err
	}
	return decision.Calls(m.strategy, m.model.Manifest.Classes, m.bars(), m.bars().Search(span.From), outputs, known)
}
