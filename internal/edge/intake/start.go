package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Training starts a training, unless the same wish has started it before.
func (desk *Desk) Training(ctx context.Context, w Wish, b wire.StartTraining) (wire.TrainingStarted, error) {
	op := submitted(operation.Training, b.Submission)
	if before, again, err := desk.repeated(ctx, w, b, &op); err != nil || again {
		return startedAs(before, err, desk.trainingStarted)
	}
	symbols, err := either("symbol", b.Symbol, b.Symbols)
	if err != nil {
		return wire.TrainingStarted{}, err
	}
	timeframes, err := either("timeframe", b.Timeframe, b.Timeframes)
	if err != nil {
		return wire.TrainingStarted{}, err
	}
	r, err := desk.trainingRequest(b, symbols, timeframes)
	if err == nil {
		err = desk.check(ctx, r)
	}
	if err == nil {
		err = desk.expect(fleet.Training)
	}
	if err != nil {
		return wire.TrainingStarted{}, err
	}
	refs, artifacts, err := desk.pin(ctx, r)
	if err != nil {
		return wire.TrainingStarted{}, err
	}
	order := wire.TrainingOrder{StrategyName: r.strategy.Name, StrategyYAML: string(r.strategy.Source), Symbols: r.strategy.Symbols, Timeframes: r.strategy.Timeframes,
		StartDate: r.start, EndDate: r.end, ModelName: b.ModelName, Seed: b.Seed, EngineVersion: desk.o.EngineVersion, Data: refs}
	op.Artifacts = artifacts
	if err := desk.addPrimary(ctx, r, &order, &op); err != nil {
		return wire.TrainingStarted{}, err
	}
	op.Metadata = r.metadata(map[string]any{"strategy_name": r.strategy.Name, "symbols": r.strategy.Symbols, "timeframes": r.strategy.Timeframes})
	if err := specify(&op, &order, b.Queue, threads(&order.Threads, b.Threads)); err != nil {
		return wire.TrainingStarted{}, err
	}
	if op, err = desk.o.Scheduler.Submit(ctx, op); err != nil {
		return wire.TrainingStarted{}, err
	}
	return desk.trainingStarted(op, order), nil
}

// startedAs answers a start that an earlier request has made: its operation is
// before, and says what was ordered.
func startedAs[Order, Answer any](before operation.Operation, err error, answer func(operation.Operation, Order) Answer) (Answer, error) {
	var none Answer
	if err != nil {
		return none, err
	}
	order, err := orderOf[Order](before)
	if err != nil {
		return none, err
	}
	return answer(before, order), nil
}

// trainingStarted is the answer to the start of a training.
func (desk *Desk) trainingStarted(op operation.Operation, order wire.TrainingOrder) wire.TrainingStarted {
	message := fmt.Sprintf("Training started for %s", order.StrategyName) + desk.trainingPeriod(order)
	return wire.TrainingStarted{Started: desk.started(op, "training_started", message, order.StrategyName),
		Symbols: order.Symbols, Timeframes: order.Timeframes, StartDate: order.StartDate, EndDate: order.EndDate}
}

// either takes the one or the many of a field that has both spellings.
func either(name, one string, many []string) ([]string, error) {
	if one == "" {
		return many, nil
	}
	if len(many) > 0 && !slices.Equal(many, []string{one}) {
		return nil, wire.Errorf(wire.CodeBadRequest, "%s is %q and %ss are %s: give one of the two", name, one, name, strings.Join(many, " "))
	}
	return []string{one}, nil
}

// metadata describes a request to people and filters.
func (r request) metadata(parameters map[string]any) operation.Metadata {
	m := operation.Metadata{Mode: ptr("distributed"), StartDate: ptr(r.start), EndDate: ptr(r.end), Parameters: parameters}
	if len(r.strategy.Symbols) > 0 {
		m.Symbol = ptr(string(r.strategy.Symbols[0]))
	}
	m.Timeframe = ptr(r.strategy.Base.String())
	return m
}

func (desk *Desk) started(op operation.Operation, status, message, strategyName string) wire.Started {
	position := Position(desk.o.Scheduler, op)
	if position > 0 {
		message += fmt.Sprintf("; it waits at place %d in the queue", position)
	}
	return wire.Started{Success: true, OperationID: op.ID, TaskID: op.ID, Status: status, Message: message,
		StrategyName: strategyName, QueuePosition: position, SpecHash: op.SpecHash}
}

// Backtest starts a backtest of one model, unless the same wish has started it before.
func (desk *Desk) Backtest(ctx context.Context, w Wish, b wire.StartBacktest) (wire.BacktestStarted, error) {
	op := submitted(operation.Backtesting, b.Submission)
	if before, again, err := desk.repeated(ctx, w, b, &op); err != nil || again {
		return startedAs(before, err, desk.backtestStarted)
	}
	_, order, err := desk.backtestOrder(ctx, b, &op)
	if err != nil {
		return wire.BacktestStarted{}, err
	}
	if err := specify(&op, &order, b.Queue, threads(&order.Threads, b.Threads)); err != nil {
		return wire.BacktestStarted{}, err
	}
	if op, err = desk.o.Scheduler.Submit(ctx, op); err != nil {
		return wire.BacktestStarted{}, err
	}
	return desk.backtestStarted(op, order), nil
}

// backtestOrder returns what a request for a backtest asks for and the order that
// follows from it, without threads, after checking everything and storing the bars.
// It fills in what op says about its inputs.
func (desk *Desk) backtestOrder(ctx context.Context, b wire.StartBacktest, op *operation.Operation) (request, wire.BacktestOrder, error) {
	costs, err := costsOf(b.BacktestTerms)
	if err != nil {
		return request{}, wire.BacktestOrder{}, err
	}
	r, err := desk.backtestRequest(ctx, b)
	if err != nil {
		return r, wire.BacktestOrder{}, err
	}
	r.trades = true
	decisions, err := decisionsOf(b.BacktestTerms)
	if err == nil {
		err = r.vary(decisions)
	}
	if err == nil {
		err = r.said(b.BacktestTerms, &costs)
	}
	if err == nil {
		err = desk.readAlso(ctx, &r)
	}
	if err == nil {
		err = desk.check(ctx, r)
	}
	if err != nil {
		return r, wire.BacktestOrder{}, err
	}
	m, inSample, err := desk.resolveModel(ctx, b, r)
	if err == nil {
		err = deployable("backtest", m, r.strategy)
	}
	if err == nil {
		err = desk.expect(fleet.Backtesting)
	}
	if err != nil {
		return r, wire.BacktestOrder{}, err
	}
	refs, artifacts, err := desk.pin(ctx, r)
	if err != nil {
		return r, wire.BacktestOrder{}, err
	}
	artifacts = append(artifacts, operation.Artifact{SHA256: m.SHA256, Role: "model", Bytes: m.Bytes})
	order := r.order(b.BacktestTerms, costs, decisions, inSample, desk.o.EngineVersion)
	order.StrategyYAML, order.ModelID, order.ModelName, order.ModelSHA256, order.Data = string(r.strategy.Source), m.ID, m.Name, m.SHA256, refs
	op.Artifacts = artifacts
	op.Metadata = r.backtestMetadata(order, map[string]any{"strategy_name": r.strategy.Name, "model_id": m.ID})
	return r, order, nil
}

// backtestStarted is the answer to the start of a backtest.
func (desk *Desk) backtestStarted(op operation.Operation, o wire.BacktestOrder) wire.BacktestStarted {
	message := fmt.Sprintf("Backtest started for %s %s", o.Symbol, o.Timeframe) + desk.backtestPeriod(o)
	return wire.BacktestStarted{Started: desk.started(op, "started", message, o.StrategyName),
		Symbol: o.Symbol, Timeframe: o.Timeframe, StartDate: o.StartDate, EndDate: o.EndDate, Mode: "distributed", ModelID: o.ModelID, InSample: o.InSample}
}

// backtestRequest parses a backtest's strategy for its symbol, or for those that
// it is asked to trade together. A strategy that
// the backend does not hold but that was trained is taken as it was trained.
func (desk *Desk) backtestRequest(ctx context.Context, b wire.StartBacktest) (request, error) {
	if b.StrategyYAML == "" && b.StrategyName != "" {
		_, err := desk.o.Library.Read(b.StrategyName)
		if missing, ok := errors.AsType[*wire.Error](err); ok && missing.Code == wire.CodeStrategyNotFound {
			if b.StrategyYAML, err = desk.trainedStrategy(ctx, b.StrategyName); err != nil {
				return request{}, err
			}
		}
	}
	symbols, err := either("symbol", b.Symbol, b.Symbols)
	if err != nil {
		return request{}, err
	}
	var timeframes []string
	if b.Timeframe != "" {
		timeframes = []string{b.Timeframe}
	}
	r, err := desk.request(b.StrategyName, b.StrategyYAML, symbols, timeframes)
	if err != nil {
		return r, err
	}
	if err := r.dated(r.strategy.BacktestDates(b.StartDate, b.EndDate)); err != nil {
		return r, err
	}
	if err := needDates(r.start, r.end, ": strategy "+r.strategy.Name+" has no backtest.date_range that says it"); err != nil {
		return r, err
	}
	if len(r.strategy.Symbols) == 0 {
		return r, wire.Errorf(wire.CodeBadRequest, "Symbol and timeframe must be provided or defined in strategy config")
	}
	if len(r.strategy.Symbols) > 1 && len(b.Symbols) == 0 {
		first, err := r.strategy.With(r.strategy.Symbols[:1], nil)
		if err != nil {
			return r, wire.Errorf(wire.CodeBadRequest, "%w", err)
		}
		r.strategy = first
	}
	if d := r.strategy.Decisions; !d.Trades() {
		return r, wire.Errorf(wire.CodeBadRequest, "strategy %s has the output_format %s and makes no trades by itself, so there is nothing to backtest: "+
			"name its model in an ensemble, and backtest that: ktrdr ensemble backtest FILE", r.strategy.Name, d.OutputFormat)
	}
	return r, nil
}

// trainedStrategy returns the text that the newest model of a strategy was
// trained from, or "" where there is none.
func (desk *Desk) trainedStrategy(ctx context.Context, name string) (string, error) {
	models, err := desk.o.Models.Models(ctx, ModelQuery{StrategyName: name, Limit: 1})
	if err != nil {
		return "", fmt.Errorf("models of strategy %s: %w", name, err)
	}
	if len(models) == 0 {
		return "", nil
	}
	op, err := desk.o.Scheduler.Operation(ctx, models[0].OperationID)
	if err != nil {
		return "", fmt.Errorf("training of model %s: %w", models[0].ID, err)
	}
	order, err := orderOf[wire.TrainingOrder](op)
	return order.StrategyYAML, err
}

// resolveModel finds the model of a backtest and says whether the window
// overlaps its training window, which is refused unless asked for.
func (desk *Desk) resolveModel(ctx context.Context, b wire.StartBacktest, r request) (operation.ModelRecord, bool, error) {
	names, err := either("model", b.Model, nil)
	if b.ModelPath != "" {
		names, err = either("model_path", b.ModelPath, names)
	}
	if err != nil {
		return operation.ModelRecord{}, false, err
	}
	var m operation.ModelRecord
	if len(names) == 1 {
		m, err = desk.Model(ctx, names[0])
	} else {
		m, err = desk.newestModel(ctx, r)
	}
	if err != nil {
		return m, false, err
	}
	if have := feature.SchemaOf(r.strategy).Hash; have != m.FeatureHash {
		return m, false, wire.Errorf(wire.CodeModelMismatch,
			"model %s was trained on other features than strategy %s has (model %.12s…, strategy %.12s…): use the strategy that it was trained with, or train again with: ktrdr models train %s",
			m.ID, r.strategy.Name, m.FeatureHash, have, r.strategy.Name)
	}
	inSample := overlaps(m, r)
	if inSample && !b.AllowInSample {
		return m, true, wire.Errorf(wire.CodeInSample,
			"the window %s to %s overlaps the training window of model %s (%s), so its result would flatter the model: %s, or ask for it with allow_in_sample; it is then marked",
			r.start, r.end, m.ID, trainedOn(m), unseen(m))
	}
	return m, inSample, nil
}

// newestModel is the newest model for strategy, symbol and timeframe, else the
// newest for the strategy.
func (desk *Desk) newestModel(ctx context.Context, r request) (operation.ModelRecord, error) {
	for _, q := range []ModelQuery{
		{StrategyName: r.strategy.Name, Symbol: string(r.strategy.Symbols[0]), Timeframe: r.strategy.Base.String(), Limit: 1},
		{StrategyName: r.strategy.Name, Limit: 1},
	} {
		found, err := desk.o.Models.Models(ctx, q)
		if err != nil {
			return operation.ModelRecord{}, fmt.Errorf("models of strategy %s: %w", r.strategy.Name, err)
		}
		if len(found) > 0 {
			return found[0], nil
		}
	}
	return operation.ModelRecord{}, wire.Errorf(wire.CodeModelNotFound,
		"strategy %s has no trained model. Train one with: ktrdr models train %s", r.strategy.Name, r.strategy.Name)
}

// trainedOn says in days which bars m knows.
func trainedOn(m operation.ModelRecord) string {
	return m.TrainStart.UTC().Format(time.DateOnly) + " to " + m.TrainEnd.UTC().Format(time.DateOnly)
}

// unseen says which bars m does not know.
func unseen(m operation.ModelRecord) string {
	return "choose dates from " + market.Stamp(m.TrainEnd.Unix()) + " on, which it has not seen"
}

// overlaps says whether a window shares time with a model's training window. An
// end of that window which is not known counts as open.
func overlaps(m operation.ModelRecord, r request) bool {
	startsBeforeEnd := m.TrainEnd.IsZero() || r.span.From < m.TrainEnd.Unix()
	endsAfterStart := m.TrainStart.IsZero() || r.span.To == 0 || r.span.To > m.TrainStart.Unix()
	return startsBeforeEnd && endsAfterStart
}
