package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/intake"
)

// A Selection narrows a list of operations. It is exported for the sake of
// reflection only.
type Selection struct {
	Status     string `query:"status" doc:"a status, in any case"`
	Type       string `query:"operation_type" doc:"an operation type, in any case"`
	Limit      int    `query:"limit" minimum:"1" maximum:"1000" default:"10"`
	Offset     int    `query:"offset" minimum:"0" default:"0"`
	ActiveOnly bool   `query:"active_only" doc:"only operations that have not ended"`
}

type operationsInput struct {
	Selection
	Children bool `query:"children" default:"true" doc:"false: without those that are children of others"`
}

type operationInput struct {
	OperationID string `path:"operation_id"`
}

type cancelInput struct {
	OperationID string              `path:"operation_id"`
	Body        *wire.CancelRequest `required:"false"`
}

type metricsInput struct {
	OperationID string `path:"operation_id"`
	Cursor      int64  `query:"cursor" minimum:"0" doc:"numbers from here on; begin with 0 and go on with the cursor of the answer"`
	Limit       int    `query:"limit" minimum:"1" maximum:"1000" default:"1000"`
}

type statusInput struct {
	OperationID string `path:"operation_id"`
	Body        wire.StatusRequest
}

type retryInput struct {
	OperationID string `path:"operation_id"`
	Key         string `header:"Idempotency-Key" maxLength:"128" pattern:"^[!-~]*$" doc:"names the wish to retry this operation: the same key is answered with the operation that the first request made"`
}

type taskInput struct {
	TaskID string `path:"task_id"`
}

func (s *server) addOperations() {
	tags := []string{"operations"}
	add(s, huma.Operation{OperationID: "list-operations", Method: http.MethodGet, Path: wire.PathOperations, Tags: tags,
		Summary: "List operations, newest first"}, s.listOperations)
	add(s, huma.Operation{OperationID: "get-operation", Method: http.MethodGet, Path: wire.PathOperation, Tags: tags,
		Summary: "Get one operation"}, s.getOperation)
	add(s, huma.Operation{OperationID: "cancel-operation", Method: http.MethodDelete, Path: wire.PathOperation, Tags: tags,
		Summary:     "Cancel an operation",
		Description: "What waits is cancelled at once. What runs is cancelled when its worker has stopped computing; until then the operation says that the cancel is requested."}, s.cancelOperation)
	add(s, huma.Operation{OperationID: "retry-operation", Method: http.MethodPost, Path: wire.PathOperationRetry, Tags: tags,
		Summary:     "Submit a failed or cancelled operation once more",
		Description: "It becomes a new operation, which begins anew, has no deadline and names the old one in retry_of. The chunks of a sweep that have completed are kept. To go on from a checkpoint, resume it instead."}, s.retry)
	add(s, huma.Operation{OperationID: "set-status", Method: http.MethodPatch, Path: wire.PathOperationStatus, Tags: tags,
		Summary:     "Cancel an operation; other states cannot be set",
		Description: "The status of an operation follows from what its workers report, so that it can be trusted. cancelled asks for a cancel; anything else is refused."}, s.setStatus)
	add(s, huma.Operation{OperationID: "get-results", Method: http.MethodGet, Path: wire.PathOperationResults, Tags: tags,
		Summary: "Get what an operation produced"}, s.results)
	add(s, huma.Operation{OperationID: "get-metrics", Method: http.MethodGet, Path: wire.PathOperationMetrics, Tags: tags,
		Summary: "Get the numbers of an operation"}, s.metrics)
	add(s, huma.Operation{OperationID: "get-training-performance", Method: http.MethodGet, Path: wire.PathTrainingResults, Tags: []string{"trainings"},
		Summary: "Get how well a completed training did"}, s.performance)
}

func (s *server) listOperations(ctx context.Context, in *operationsInput) (wire.OperationList, error) {
	return s.list(ctx, in.Selection, operation.Filter{Roots: !in.Children})
}

// list returns a page of the operations that f selects and the request narrows.
func (s *server) list(ctx context.Context, in Selection, f operation.Filter) (wire.OperationList, error) {
	f.Active, f.Limit, f.Offset = in.ActiveOnly, in.Limit, in.Offset
	var err error
	if in.Status != "" {
		if f.Status, err = operation.ParseStatus(in.Status); err != nil {
			return wire.OperationList{}, wire.Errorf(wire.CodeValidation, "status: %w", err)
		}
	}
	if in.Type != "" {
		if f.Type, err = operation.ParseType(in.Type); err != nil {
			return wire.OperationList{}, wire.Errorf(wire.CodeValidation, "operation_type: %w", err)
		}
	}
	page, err := s.o.Operations.List(ctx, f)
	if err != nil {
		return wire.OperationList{}, fmt.Errorf("list operations: %w", err)
	}
	now := s.o.Now()
	rows := []wire.OperationSummary{}
	for _, op := range s.o.Controller.Overlay(page.Operations) {
		rows = append(rows, wire.Summarise(op, s.position(op), now))
	}
	return wire.OperationList{Success: true, Data: rows, Operations: rows, TotalCount: page.Total, ActiveCount: page.Active}, nil
}

func (s *server) position(op operation.Operation) int { return intake.Position(s.o.Controller, op) }

// find returns an operation, or an error in the words of the contract.
func (s *server) find(ctx context.Context, id string) (operation.Operation, error) {
	op, err := s.o.Controller.Operation(ctx, id)
	if s.unknown(err) {
		return op, wire.Errorf(wire.CodeOperationNotFound, "Operation not found: %s", id)
	}
	return op, err
}

func (s *server) unknown(err error) bool {
	return err != nil && (s.o.Errors.Unknown != nil && errors.Is(err, s.o.Errors.Unknown) || errors.Is(err, operation.ErrNotFound))
}

func (s *server) getOperation(ctx context.Context, in *operationInput) (wire.OperationAnswer, error) {
	op, err := s.find(ctx, in.OperationID)
	if err != nil {
		return wire.OperationAnswer{}, err
	}
	return wire.Answer(op, s.position(op)), nil
}

func (s *server) cancelOperation(ctx context.Context, in *cancelInput) (wire.CancelAnswer, error) {
	reason := ""
	if in.Body != nil && in.Body.Reason != nil {
		reason = *in.Body.Reason
	}
	op, err := s.o.Controller.Cancel(ctx, in.OperationID, reason)
	switch {
	case s.unknown(err):
		return wire.CancelAnswer{}, wire.Errorf(wire.CodeOperationNotFound, "Operation not found: %s", in.OperationID)
	case err != nil && s.o.Errors.Ended != nil && errors.Is(err, s.o.Errors.Ended):
		return wire.CancelAnswer{}, wire.Errorf(wire.CodeOperationTerminal, "Operation %s cannot be cancelled (status: %s)", in.OperationID, op.Status)
	case err != nil:
		return wire.CancelAnswer{}, err
	}
	o := wire.CancelOutcome{Success: true, OperationID: op.ID, Status: op.Status, CancelRequested: op.CancelRequested || op.Status == operation.Cancelled,
		TaskCancelled: op.Status == operation.Cancelled, RemoteCancelled: op.Status != operation.Cancelled}
	if o.ChildrenCancelled, err = s.cancelledChildren(ctx, op.ID); err != nil {
		return wire.CancelAnswer{}, err
	}
	if o.TaskCancelled {
		o.CancelledAt = op.CompletedAt
	}
	if op.CancelReason != "" { // that of the first who asked
		o.CancellationReason = &op.CancelReason
	}
	return wire.CancelAnswer{Success: true, Data: o}, nil
}

func (s *server) setStatus(ctx context.Context, in *statusInput) (wire.StatusAnswer, error) {
	before, err := s.find(ctx, in.OperationID)
	if err != nil {
		return wire.StatusAnswer{}, err
	}
	status, err := operation.ParseStatus(in.Body.Status)
	if err != nil {
		return wire.StatusAnswer{}, wire.Errorf(wire.CodeValidation, "status: %w", err)
	}
	if status != operation.Cancelled {
		return wire.StatusAnswer{}, wire.Errorf(wire.CodeStatusUnsettable,
			"Operation %s is %s, and %s cannot be set: a status follows from what the worker reports. To stop it, cancel it; to go on, resume it or retry it", before.ID, before.Status, status)
	}
	reason := &in.Body.ErrorMessage
	if *reason == "" {
		reason = nil
	}
	answer, err := s.cancelOperation(ctx, &cancelInput{OperationID: in.OperationID, Body: &wire.CancelRequest{Reason: reason}})
	if err != nil {
		return wire.StatusAnswer{}, err
	}
	return wire.StatusAnswer{Success: true, OperationID: before.ID, PreviousStatus: before.Status, NewStatus: answer.Data.Status, CancelRequested: answer.Data.CancelRequested}, nil
}

func (s *server) results(ctx context.Context, in *operationInput) (wire.Results, error) {
	op, err := s.find(ctx, in.OperationID)
	if err != nil {
		return wire.Results{}, err
	}
	if op.Status != operation.Completed && op.Status != operation.Failed {
		return wire.Results{}, wire.Errorf(wire.CodeOperationUnfinished, "Operation not finished (status: %s)", op.Status)
	}
	return wire.Results{Success: true, OperationID: op.ID, Type: op.Type, Status: op.Status, Results: op.Result, Error: op.ErrorMessage}, nil
}

func (s *server) metrics(ctx context.Context, in *metricsInput) (wire.MetricsAnswer, error) {
	op, err := s.find(ctx, in.OperationID)
	if err != nil {
		return wire.MetricsAnswer{}, err
	}
	points, next, err := s.o.History.Points(ctx, op.ID, in.Cursor, in.Limit)
	if err != nil {
		return wire.MetricsAnswer{}, fmt.Errorf("numbers of %s: %w", op.ID, err)
	}
	if points == nil {
		points = []operation.Point{}
	}
	return wire.MetricsAnswer{Success: true, Data: wire.OperationMetrics{OperationID: op.ID, Type: op.Type, Metrics: wire.MetricsOf(op),
		Points: points, Cursor: next}}, nil
}

func (s *server) retry(ctx context.Context, in *retryInput) (wire.OperationAnswer, error) {
	op, err := s.o.Controller.Retry(ctx, in.OperationID, in.Key)
	if s.unknown(err) {
		return wire.OperationAnswer{}, wire.Errorf(wire.CodeOperationNotFound, "Operation not found: %s", in.OperationID)
	}
	if err != nil {
		return wire.OperationAnswer{}, err
	}
	return wire.Answer(op, s.position(op)), nil
}

func (s *server) performance(ctx context.Context, in *taskInput) (wire.Performance, error) {
	op, err := s.find(ctx, in.TaskID)
	switch {
	case err != nil:
		return wire.Performance{}, err
	case op.Type != operation.Training:
		return wire.Performance{}, wire.Errorf(wire.CodeOperationNotFound, "%s is not a training but %s", op.ID, op.Type)
	case op.Status != operation.Completed:
		return wire.Performance{}, wire.Errorf(wire.CodeOperationNotFound, "Training %s is not completed (status: %s)", op.ID, op.Status)
	}
	p := wire.Performance{Success: true, TaskID: op.ID, OperationID: op.ID, Status: string(op.Status)}
	var result struct {
		TrainingMetrics json.RawMessage `json:"training_metrics"`
		TestMetrics     json.RawMessage `json:"test_metrics"`
		ModelInfo       json.RawMessage `json:"model_info"`
	}
	if err := json.Unmarshal(op.Result, &result); err != nil {
		return wire.Performance{}, fmt.Errorf("result of %s: %w", op.ID, err)
	}
	p.TrainingMetrics, p.TestMetrics, p.ModelInfo = result.TrainingMetrics, result.TestMetrics, result.ModelInfo
	return p, nil
}
