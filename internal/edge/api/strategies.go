package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/indicator/catalog"
	"github.com/ktrdr/ktrdr/internal/edge/intake"
	"github.com/ktrdr/ktrdr/internal/edge/library"
)

type strategyInput struct {
	Name string `path:"name"`
}

type checkInput struct{ Body wire.ValidateStrategy }

func (s *server) addStrategies() {
	tags := []string{"strategies"}
	add(s, huma.Operation{OperationID: "list-strategies", Method: http.MethodGet, Path: wire.PathStrategies, Tags: tags,
		Summary: "List the strategies that the backend holds"}, s.listStrategies)
	add(s, huma.Operation{OperationID: "get-strategy", Method: http.MethodGet, Path: wire.PathStrategy, Tags: tags,
		Summary: "A strategy that the backend holds, with its text"}, s.getStrategy)
	add(s, huma.Operation{OperationID: "validate-strategy", Method: http.MethodPost, Path: wire.PathStrategyValidate, Tags: tags,
		Summary: "Check a strategy that the backend holds"}, s.validateStrategy)
	add(s, huma.Operation{OperationID: "check-strategy", Method: http.MethodPost, Path: wire.PathStrategyCheck, Tags: tags,
		Summary: "Check the text of a strategy"}, s.checkStrategy)
}

func (s *server) listStrategies(ctx context.Context, _ *struct{}) (wire.StrategyList, error) {
	names, others, err := s.library.Names()
	if err != nil {
		return wire.StrategyList{}, err
	}
	list := wire.StrategyList{Success: true, Strategies: []wire.Strategy{}}
	for _, name := range names {
		row, err := s.strategyRow(ctx, name)
		if err != nil {
			return wire.StrategyList{}, err
		}
		list.Strategies = append(list.Strategies, row)
	}
	for _, file := range others {
		list.Strategies = append(list.Strategies, emptyRow(file, "the file name is not that of a strategy: want letters, digits, _ and -"))
	}
	return list, nil
}

func (s *server) getStrategy(ctx context.Context, in *strategyInput) (wire.StrategyText, error) {
	text, err := s.library.Read(in.Name)
	if err != nil {
		return wire.StrategyText{}, err
	}
	row, err := s.strategyRow(ctx, in.Name)
	return wire.StrategyText{Strategy: row, StrategyYAML: string(text)}, err
}

func emptyRow(name, problem string) wire.Strategy {
	return wire.Strategy{Name: name, Problem: problem, Symbols: []string{}, Timeframes: []string{}, Indicators: []wire.IndicatorUse{}, TrainingStatus: "untrained"}
}

// strategyRow describes one strategy. One that cannot be read is described by its
// first problem.
func (s *server) strategyRow(ctx context.Context, name string) (wire.Strategy, error) {
	parsed, err := s.library.Parse(name, "")
	if err != nil {
		problem := err.Error()
		if all, ok := errors.AsType[document.Problems](err); ok && len(all) > 0 {
			problem = all[0].String()
		}
		return emptyRow(name, problem), nil
	}
	row := emptyRow(name, "")
	row.Valid, row.Description, row.Version, row.Hash = true, parsed.Description, parsed.Version, parsed.Hash()
	row.Timeframe, row.Features = parsed.Base.String(), len(parsed.Features())
	for _, symbol := range parsed.Symbols {
		row.Symbols = append(row.Symbols, string(symbol))
	}
	if len(row.Symbols) > 0 {
		row.Symbol = row.Symbols[0]
	}
	for _, tf := range parsed.Timeframes {
		row.Timeframes = append(row.Timeframes, tf.String())
	}
	for _, in := range parsed.Indicators {
		row.Indicators = append(row.Indicators, wire.IndicatorUse{ID: in.ID, Type: in.Indicator.Spec().Name, Key: in.Indicator.Key()})
	}
	models, err := s.o.Models.Models(ctx, intake.ModelQuery{StrategyName: parsed.Name, Limit: 1})
	if err != nil {
		return row, fmt.Errorf("models of strategy %s: %w", parsed.Name, err)
	}
	if len(models) > 0 {
		row.TrainingStatus, row.ModelID = "trained", models[0].ID
	}
	return row, nil
}

func (s *server) validateStrategy(_ context.Context, in *strategyInput) (wire.StrategyValidation, error) {
	text, err := s.library.Read(in.Name)
	if err != nil {
		return wire.StrategyValidation{}, err
	}
	return validate(in.Name, in.Name+library.Extension, text), nil
}

func (s *server) checkStrategy(_ context.Context, in *checkInput) (wire.StrategyValidation, error) {
	file := in.Body.File
	if file == "" {
		file = "strategy_yaml"
	}
	return validate(file, file, []byte(in.Body.StrategyYAML)), nil
}

// validate checks a strategy and says everything that is wrong with it.
func validate(name, file string, text []byte) wire.StrategyValidation {
	v := wire.StrategyValidation{Success: true, StrategyName: name, Issues: []wire.StrategyIssue{}, Features: []string{}, AvailableIndicators: catalog.Names()}
	parsed, err := grammar.Parse(file, text)
	if err != nil {
		problems, ok := errors.AsType[document.Problems](err)
		if !ok {
			problems = document.Problems{{File: file, Message: err.Error()}}
		}
		v.Issues = library.Issues("error", problems)
		v.Message = "Strategy is not valid: 1 problem"
		if len(problems) != 1 {
			v.Message = fmt.Sprintf("Strategy is not valid: %d problems", len(problems))
		}
		return v
	}
	v.Valid, v.StrategyName, v.Message = true, parsed.Name, "Strategy is valid"
	v.Issues = library.Issues("warning", parsed.Warnings)
	v.Features = feature.SchemaOf(parsed).Names
	return v
}
