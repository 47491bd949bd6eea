package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/ensemble"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

type ensembleInput struct {
	Wish
	Body wire.StartEnsemble
}

func (s *server) addEnsembles() {
	add(s, huma.Operation{OperationID: "start-ensemble-backtest", Method: http.MethodPost, Path: wire.PathEnsembleStart, Tags: []string{"backtests"},
		Summary:     "Start a backtest of several models",
		Description: "An ensemble file says which models, and which of them is asked when. It is a backtest like every other; its report says how its models shared the window."}, s.startEnsemble)
}

// A cast is the models of an ensemble, as they were found.
type cast struct {
	ensemble *ensemble.Ensemble
	models   []operation.ModelRecord // of each member, in the order of the file
	requests []request               // what each member reads, and what the ensemble itself does
	trading  request                 // what the ensemble itself decides on
}

func (s *server) startEnsemble(ctx context.Context, in *ensembleInput) (wire.EnsembleStarted, error) {
	b := in.Body
	op := submitted(operation.Backtesting, b.Submission)
	if before, again, err := s.repeated(ctx, in.Wish, b, &op); err != nil || again {
		return startedAs(before, err, s.ensembleStarted)
	}
	costs, err := costsOf(b.BacktestTerms)
	if err != nil {
		return wire.EnsembleStarted{}, err
	}
	decisions, err := decisionsOf(b.BacktestTerms)
	if err != nil {
		return wire.EnsembleStarted{}, err
	}
	c, err := s.cast(ctx, b, decisions)
	if err == nil {
		err = c.trading.said(b.BacktestTerms, &costs)
	}
	if err != nil {
		return wire.EnsembleStarted{}, err
	}
	inSample, err := c.inSample(b)
	if err == nil {
		err = s.expect(fleet.Backtesting)
	}
	if err != nil {
		return wire.EnsembleStarted{}, err
	}
	order := wire.EnsembleOrder{BacktestOrder: c.trading.order(b.BacktestTerms, costs, decisions, inSample, s.o.EngineVersion), EnsembleYAML: b.EnsembleYAML}
	for i, m := range c.models {
		order.Members = append(order.Members, wire.MemberOrder{Member: c.ensemble.Members[i].Name, ModelID: m.ID, ModelName: m.Name, ModelSHA256: m.SHA256})
		op.Artifacts = append(op.Artifacts, operation.Artifact{SHA256: m.SHA256, Role: "model", Bytes: m.Bytes})
	}
	if err := s.pinAll(ctx, c, &order, &op); err != nil {
		return wire.EnsembleStarted{}, err
	}
	op.Metadata = c.trading.backtestMetadata(order.BacktestOrder, map[string]any{"ensemble_name": c.ensemble.Name, "members": order.Members})
	if err := specify(&op, &order, b.Queue, threads(&order.Threads, b.Threads)); err != nil {
		return wire.EnsembleStarted{}, err
	}
	if op, err = s.o.Controller.Submit(ctx, op); err != nil {
		return wire.EnsembleStarted{}, err
	}
	return s.ensembleStarted(op, order), nil
}

// ensembleStarted is the answer to the start of a backtest of an ensemble.
func (s *server) ensembleStarted(op operation.Operation, o wire.EnsembleOrder) wire.EnsembleStarted {
	return wire.EnsembleStarted{BacktestStarted: s.backtestStarted(op, o.BacktestOrder), Members: o.Members}
}

// cast finds the models of an ensemble and checks that they are what its file says
// and that their bars are held.
func (s *server) cast(ctx context.Context, b wire.StartEnsemble, decisions json.RawMessage) (cast, error) {
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
		model, err := s.model(ctx, m.Model)
		if err != nil {
			return c, err
		}
		trained, err := s.strategyOf(ctx, model)
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
		if err := s.check(ctx, r); err != nil {
			return c, err
		}
		c.models, c.requests = append(c.models, model), append(c.requests, r)
	}
	base, err := c.ensemble.Base(strategies)
	if err != nil {
		return c, wire.Errorf(wire.CodeBadRequest, "%w", err)
	}
	c.trading = request{strategy: c.ensemble.Trading(symbols, base), start: b.StartDate, end: b.EndDate, span: span, trades: true}
	if err := s.readAlso(ctx, &c.trading); err != nil {
		return c, err
	}
	c.requests = append(c.requests, c.trading)
	return c, s.check(ctx, c.trading)
}

// ensembleOf reads an ensemble and varies it.
func ensembleOf(b wire.StartEnsemble, decisions json.RawMessage) (*ensemble.Ensemble, error) {
	e, err := ensemble.Parse("ensemble_yaml", []byte(b.EnsembleYAML))
	if err != nil {
		return nil, invalidEnsemble(err)
	}
	if decisions == nil {
		return e, nil
	}
	if e, err = e.Vary(decisions); err != nil {
		return nil, invalidDecisions(err)
	}
	return e, nil
}

// invalidEnsemble is the error of an ensemble file with problems, all of them.
func invalidEnsemble(err error) error {
	e := wire.Errorf(wire.CodeStrategyInvalid, "ensemble is not valid:\n%w", err)
	if problems, ok := errors.AsType[document.Problems](err); ok {
		e.Details = issues("error", problems)
	}
	return e
}

// strategyOf returns the strategy that a model was trained by, as it was trained.
func (s *server) strategyOf(ctx context.Context, m operation.ModelRecord) (*strategy.Strategy, error) {
	op, err := s.o.Controller.Operation(ctx, m.OperationID)
	if err != nil {
		return nil, fmt.Errorf("training of model %s: %w", m.ID, err)
	}
	order, err := orderOf[wire.TrainingOrder](op)
	if err != nil {
		return nil, err
	}
	trained, err := s.parse(order.StrategyName, order.StrategyYAML)
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
func (s *server) pinAll(ctx context.Context, c cast, order *wire.EnsembleOrder, op *operation.Operation) error {
	pinned := map[string]wire.DataRef{}
	for _, r := range c.requests {
		refs, artifacts, err := s.pin(ctx, r)
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
