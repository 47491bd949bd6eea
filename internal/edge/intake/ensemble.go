package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/ensemble"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/edge/library"
)

// A cast is the models of an ensemble, as they were found.
type cast struct {
	ensemble *ensemble.Ensemble
	models   []operation.ModelRecord // of each member, in the order of the file
	requests []request               // what each member reads, and what the ensemble itself does
	trading  request                 // what the ensemble itself decides on
}

// Ensemble starts a backtest of several models, unless the same wish has started it
// before.
func (desk *Desk) Ensemble(ctx context.Context, w Wish, b wire.StartEnsemble) (wire.EnsembleStarted, error) {
	op := submitted(operation.Backtesting, b.Submission)
	if before, again, err := desk.repeated(ctx, w, b, &op); err != nil || again {
		return startedAs(before, err, desk.ensembleStarted)
	}
	costs, err := costsOf(b.BacktestTerms)
	if err != nil {
		return wire.EnsembleStarted{}, err
	}
	decisions, err := decisionsOf(b.BacktestTerms)
	if err != nil {
		return wire.EnsembleStarted{}, err
	}
	c, err := desk.cast(ctx, b, decisions)
	if err == nil {
		err = c.trading.said(b.BacktestTerms, &costs)
	}
	if err != nil {
		return wire.EnsembleStarted{}, err
	}
	inSample, err := c.inSample(b)
	if err == nil {
		err = desk.expect(fleet.Backtesting)
	}
	if err != nil {
		return wire.EnsembleStarted{}, err
	}
	order := wire.EnsembleOrder{BacktestOrder: c.trading.order(b.BacktestTerms, costs, decisions, inSample, desk.o.EngineVersion), EnsembleYAML: b.EnsembleYAML}
	for i, m := range c.models {
		order.Members = append(order.Members, wire.MemberOrder{Member: c.ensemble.Members[i].Name, ModelID: m.ID, ModelName: m.Name, ModelSHA256: m.SHA256})
		op.Artifacts = append(op.Artifacts, operation.Artifact{SHA256: m.SHA256, Role: "model", Bytes: m.Bytes})
	}
	if err := desk.pinAll(ctx, c, &order, &op); err != nil {
		return wire.EnsembleStarted{}, err
	}
	op.Metadata = c.trading.backtestMetadata(order.BacktestOrder, map[string]any{"ensemble_name": c.ensemble.Name, "members": order.Members})
	if err := specify(&op, &order, b.Queue, threads(&order.Threads, b.Threads)); err != nil {
		return wire.EnsembleStarted{}, err
	}
	if op, err = desk.o.Scheduler.Submit(ctx, op); err != nil {
		return wire.EnsembleStarted{}, err
	}
	return desk.ensembleStarted(op, order), nil
}

// ensembleStarted is the answer to the start of a backtest of an ensemble.
func (desk *Desk) ensembleStarted(op operation.Operation, o wire.EnsembleOrder) wire.EnsembleStarted {
	return wire.EnsembleStarted{BacktestStarted: desk.backtestStarted(op, o.BacktestOrder), Members: o.Members}
}

// cast finds the models of an ensemble and checks that they are what its file says
// and that their bars are held.
func (desk *Desk) cast(ctx context.Context, b wire.StartEnsemble, decisions json.RawMessage) (cast, error) {
	e, err := ensembleOf(b, decisions)
	if err != nil {
		return cast{}, err
	}
	c := cast{ensemble: e}
	span, err := spanOf(b.BacktestTerms)
	if err != nil {
		return c, err
	}
	names, err := either("symbol", b.Symbol, b.Symbols)
	if err != nil {
		return c, err
	}
	symbols, err := symbolsOf(names)
	if err != nil {
		return c, err
	}
	strategies := map[string]*strategy.Strategy{}
	for _, m := range c.ensemble.Members {
		model, err := desk.Model(ctx, m.Model)
		if err != nil {
			return c, err
		}
		trained, err := desk.strategyOf(ctx, model)
		if err != nil {
			return c, err
		}
		if err := m.Check(trained); err != nil {
			return c, wire.Errorf(wire.CodeModelMismatch, "%w", err)
		}
		if symbols == nil {
			symbols = trained.Symbols[:1]
		}
		if trained, err = trained.With(symbols, nil); err != nil {
			return c, wire.Errorf(wire.CodeBadRequest, "member %s: %w", m.Name, err)
		}
		if err := deployable("member "+m.Name, model, trained); err != nil {
			return c, err
		}
		strategies[m.Name] = trained
		r := request{strategy: trained, start: b.StartDate, end: b.EndDate, span: span}
		if err := desk.check(ctx, r); err != nil {
			return c, err
		}
		c.models, c.requests = append(c.models, model), append(c.requests, r)
	}
	base, err := c.ensemble.Base(strategies)
	if err != nil {
		return c, wire.Errorf(wire.CodeBadRequest, "%w", err)
	}
	c.trading = request{strategy: c.ensemble.Trading(symbols, base), start: b.StartDate, end: b.EndDate, span: span, trades: true}
	if err := desk.readAlso(ctx, &c.trading); err != nil {
		return c, err
	}
	c.requests = append(c.requests, c.trading)
	return c, desk.check(ctx, c.trading)
}

// ensembleOf reads an ensemble and varies it.
func ensembleOf(b wire.StartEnsemble, decisions json.RawMessage) (*ensemble.Ensemble, error) {
	e, err := ensemble.Parse("ensemble_yaml", []byte(b.EnsembleYAML))
	if err != nil {
		return nil, library.Invalid(wire.CodeStrategyInvalid, "ensemble is", err)
	}
	if decisions == nil {
		return e, nil
	}
	if e, err = e.Vary(decisions); err != nil {
		return nil, library.Invalid(wire.CodeStrategyInvalid, "decisions are", err)
	}
	return e, nil
}

// strategyOf returns the strategy that a model was trained by, as it was trained.
func (desk *Desk) strategyOf(ctx context.Context, m operation.ModelRecord) (*strategy.Strategy, error) {
	op, err := desk.o.Scheduler.Operation(ctx, m.OperationID)
	if err != nil {
		return nil, fmt.Errorf("training of model %s: %w", m.ID, err)
	}
	order, err := orderOf[wire.TrainingOrder](op)
	if err != nil {
		return nil, err
	}
	trained, err := desk.o.Library.Parse(order.StrategyName, order.StrategyYAML)
	if err != nil {
		return nil, fmt.Errorf("strategy of model %s: %w", m.ID, err)
	}
	return trained.With(order.Symbols, order.Timeframes)
}

// inSample says whether the window overlaps the training window of one of the
// models, which is refused unless asked for.
func (c cast) inSample(b wire.StartEnsemble) (bool, error) {
	found := false
	for i, m := range c.models {
		if !overlaps(m, c.trading) {
			continue
		}
		if found = true; !b.AllowInSample {
			return true, wire.Errorf(wire.CodeInSample,
				"the window %s to %s overlaps the training window of member %s, model %s (%s), so its result would flatter the ensemble: %s, or ask for it with allow_in_sample; it is then marked",
				b.StartDate, b.EndDate, c.ensemble.Members[i].Name, m.ID, trainedOn(m), unseen(m))
		}
	}
	return found, nil
}

// pinAll pins what the members read, each series once.
func (desk *Desk) pinAll(ctx context.Context, c cast, order *wire.EnsembleOrder, op *operation.Operation) error {
	pinned := map[string]wire.DataRef{}
	for _, r := range c.requests {
		refs, artifacts, err := desk.pin(ctx, r)
		if err != nil {
			return err
		}
		for i, ref := range refs {
			key := string(ref.Symbol) + " " + ref.Timeframe.String()
			if _, again := pinned[key]; !again {
				pinned[key] = ref
				op.Artifacts = append(op.Artifacts, artifacts[i])
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(pinned)) {
		order.Data = append(order.Data, pinned[key])
	}
	return nil
}
