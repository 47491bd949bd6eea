package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/intake"
)

type modelsInput struct {
	Strategy  string `query:"strategy" doc:"only models of this strategy"`
	Symbol    string `query:"symbol" doc:"only models trained on this symbol, among others"`
	Timeframe string `query:"timeframe" doc:"only models trained on this timeframe, among others"`
	Limit     int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Offset    int    `query:"offset" minimum:"0" default:"0"`
}

type modelInput struct {
	Model string `path:"model" doc:"id, or name for the newest of that name"`
}

func (s *server) addModels() {
	tags := []string{"models"}
	add(s, huma.Operation{OperationID: "list-models", Method: http.MethodGet, Path: wire.PathModels, Tags: tags,
		Summary: "List trained models, newest first"}, s.listModels)
	add(s, huma.Operation{OperationID: "get-model", Method: http.MethodGet, Path: wire.PathModel, Tags: tags,
		Summary: "Get one model"}, s.getModel)
	s.addRaw(huma.Operation{OperationID: "download-model", Method: http.MethodGet, Path: wire.PathModelArtifact, Tags: tags,
		Summary: "Download a model", Parameters: []*huma.Param{pathParam("model", "id, or name for the newest of that name")},
		Responses: map[string]*huma.Response{"200": bytesResponse("application/zip")}}, s.downloadModel)
}

func (s *server) listModels(ctx context.Context, in *modelsInput) (wire.ModelList, error) {
	records, err := s.o.Models.Models(ctx, intake.ModelQuery{StrategyName: in.Strategy, Symbol: in.Symbol, Timeframe: in.Timeframe, Limit: in.Limit, Offset: in.Offset})
	if err != nil {
		return wire.ModelList{}, fmt.Errorf("list models: %w", err)
	}
	list := wire.ModelList{Success: true, Models: []wire.Model{}}
	for _, m := range records {
		list.Models = append(list.Models, describeModel(m))
	}
	return list, nil
}

func (s *server) getModel(ctx context.Context, in *modelInput) (wire.ModelAnswer, error) {
	m, err := s.desk.Model(ctx, in.Model)
	if err != nil {
		return wire.ModelAnswer{}, err
	}
	return wire.ModelAnswer{Success: true, Model: describeModel(m)}, nil
}

func (s *server) downloadModel(w http.ResponseWriter, r *http.Request) error {
	m, err := s.desk.Model(r.Context(), r.PathValue("model"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", m.ID+".zip"))
	return s.sendArtifact(w, r, m.SHA256)
}

// describeModel adds to a record what older clients read.
func describeModel(m operation.ModelRecord) wire.Model {
	d := wire.Model{ModelRecord: m}
	if len(m.Symbols) > 0 {
		d.Symbol = m.Symbols[0]
	}
	if len(m.Timeframes) > 0 {
		d.Timeframe = m.Timeframes[0]
	}
	var metrics struct {
		Training struct {
			Accuracy *float64 `json:"final_train_accuracy"`
		} `json:"training_metrics"`
		Test struct {
			Accuracy *float64 `json:"test_accuracy"`
		} `json:"test_metrics"`
	}
	if json.Unmarshal(m.Metrics, &metrics) == nil {
		d.TrainingAccuracy, d.TestAccuracy = metrics.Training.Accuracy, metrics.Test.Accuracy
	}
	return d
}
