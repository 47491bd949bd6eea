package intake

import (
	"context"
	"slices"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// addPrimary adds to the order of a training the model whose decisions its
// strategy learns from, if it names one, and the bars that this model reads. A span
// that the model knows from its own training is refused.
func (desk *Desk) addPrimary(ctx context.Context, r request, order *wire.TrainingOrder, op *operation.Operation) error {
	name := r.strategy.Training.Primary
	if name == "" {
		return nil
	}
	m, err := desk.Model(ctx, name)
	if err != nil {
		return err
	}
	p := r
	if p.strategy, err = desk.strategyOf(ctx, m); err != nil {
		return err
	}
	if d := p.strategy.Decisions; !d.Trades() {
		return wire.Errorf(wire.CodeModelMismatch, "training.labels.primary: model %s has the output_format %s and makes no decisions to learn from", m.ID, d.OutputFormat)
	}
	if p.strategy.Base != r.strategy.Base {
		return wire.Errorf(wire.CodeModelMismatch, "training.labels.primary: model %s decides on %s, strategy %s on %s: want one timeframe", m.ID, p.strategy.Base, r.strategy.Name, r.strategy.Base)
	}
	if p.strategy, err = p.strategy.With(r.strategy.Symbols, nil); err != nil {
		return wire.Errorf(wire.CodeBadRequest, "training.labels.primary: %w", err)
	}
	if err := deployable("training.labels.primary", m, p.strategy); err != nil {
		return err
	}
	if m.TrainEnd.IsZero() || r.span.From < m.TrainEnd.Unix() {
		known := market.Stamp(m.TrainEnd.Unix())
		return wire.Errorf(wire.CodeInSample, "model %s, whose decisions strategy %s learns from, was trained on what was known until %s: its decisions before then say nothing about new bars: train from %s on (--start-date)",
			m.ID, r.strategy.Name, known, known)
	}
	if err := desk.check(ctx, p); err != nil {
		return err
	}
	refs, artifacts, err := desk.pin(ctx, p)
	if err != nil {
		return err
	}
	for i, ref := range refs {
		if !slices.Contains(order.Data, ref) {
			order.Data, op.Artifacts = append(order.Data, ref), append(op.Artifacts, artifacts[i])
		}
	}
	op.Artifacts = append(op.Artifacts, operation.Artifact{SHA256: m.SHA256, Role: "model", Bytes: m.Bytes})
	order.Primary = &wire.MemberOrder{Member: "primary", ModelID: m.ID, ModelName: m.Name, ModelSHA256: m.SHA256}
	return nil
}
