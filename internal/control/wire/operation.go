package wire

import (
	"encoding/json"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// An Operation is the record of an operation with what only a backend can add.
type Operation struct {
	operation.Operation
	TaskID         string          `json:"task_id" doc:"the same as operation_id"`
	Metrics        json.RawMessage `json:"metrics" doc:"numbers reported while it runs; null when there are none"`
	IsBackendLocal bool            `json:"is_backend_local" doc:"always false: the backend computes nothing"`
	QueuePosition  int             `json:"queue_position" doc:"place in the queue, from 1; 0 when not waiting"`
}

// An OperationSummary is one row of a list of operations.
type OperationSummary struct {
	OperationID        string           `json:"operation_id"`
	ParentID           *string          `json:"parent_operation_id" doc:"the operation of which it is a child; null for none"`
	Type               operation.Type   `json:"operation_type"`
	Status             operation.Status `json:"status"`
	CreatedAt          time.Time        `json:"created_at"`
	ProgressPercentage float64          `json:"progress_percentage"`
	CurrentStep        *string          `json:"current_step"`
	Symbol             *string          `json:"symbol"`
	Timeframe          *string          `json:"timeframe"`
	DurationSeconds    *float64         `json:"duration_seconds" doc:"null until it has started"`
	Duration           *float64         `json:"duration" doc:"the same as duration_seconds"`
	WorkerID           string           `json:"worker_id"`
	QueuePosition      int              `json:"queue_position" doc:"place in the queue, from 1; 0 when not waiting"`
	ErrorMessage       *string          `json:"error_message"`
}

// Describe returns op as the wire carries it; position is its place in the queue.
func Describe(op operation.Operation, position int) Operation {
	if op.Warnings == nil {
		op.Warnings = []string{}
	}
	if op.Errors == nil {
		op.Errors = []string{}
	}
	if op.Metadata.Parameters == nil {
		op.Metadata.Parameters = map[string]any{}
	}
	if op.Progress.Context == nil {
		op.Progress.Context = map[string]any{}
	}
	return Operation{Operation: op, TaskID: op.ID, Metrics: MetricsOf(op), QueuePosition: position}
}

// Summarise returns op as a row of a list; position is its place in the queue.
func Summarise(op operation.Operation, position int, now time.Time) OperationSummary {
	s := OperationSummary{OperationID: op.ID, ParentID: op.ParentID, Type: op.Type, Status: op.Status, CreatedAt: op.CreatedAt,
		ProgressPercentage: op.Progress.Percentage, Symbol: op.Metadata.Symbol, Timeframe: op.Metadata.Timeframe,
		WorkerID: op.WorkerID, QueuePosition: position, ErrorMessage: op.ErrorMessage}
	if op.Progress.CurrentStep != "" {
		s.CurrentStep = &op.Progress.CurrentStep
	}
	if op.StartedAt != nil {
		end := now
		if op.CompletedAt != nil {
			end = *op.CompletedAt
		}
		seconds := max(0, end.Sub(*op.StartedAt).Seconds())
		s.DurationSeconds, s.Duration = &seconds, &seconds
	}
	return s
}

// Answer returns op as the answer to a question for it; position is its place in
// the queue.
func Answer(op operation.Operation, position int) OperationAnswer {
	d := Describe(op, position)
	return OperationAnswer{Success: true, Data: d, Progress: d.Progress}
}

// MetricsOf returns the numbers of an operation: those of its result, else those
// that its progress carries; nil when there are none.
func MetricsOf(op operation.Operation) json.RawMessage {
	var result struct {
		Metrics json.RawMessage `json:"metrics"`
	}
	if json.Unmarshal(op.Result, &result) == nil && result.Metrics != nil {
		return result.Metrics
	}
	if len(op.Progress.Context) == 0 {
		return nil
	}
	metrics, err := json.Marshal(op.Progress.Context)
	if err != nil {
		return nil
	}
	return metrics
}

// An OperationList is the answer to GET /operations. The rows are present under
// both names that clients use.
type OperationList struct {
	Success     bool               `json:"success"`
	Data        []OperationSummary `json:"data"`
	Operations  []OperationSummary `json:"operations" doc:"the same as data"`
	TotalCount  int                `json:"total_count" doc:"operations that match, before limit and offset"`
	ActiveCount int                `json:"active_count" doc:"operations that have not ended, whatever the filter"`
}

// An OperationAnswer is the answer to GET /operations/{operation_id}. Progress
// repeats that of data for clients that look for it there.
type OperationAnswer struct {
	Success  bool               `json:"success"`
	Data     Operation          `json:"data"`
	Progress operation.Progress `json:"progress"`
}

// An OperationFilter narrows a list of operations; the zero value asks for the
// newest of all.
type OperationFilter struct {
	Status operation.Status
	Type   operation.Type
	Active bool // only those that have not ended
	Roots  bool // only those that are no child of another
	Limit  int  // 0: the backend's default
	Offset int
}

// A CancelRequest is the body of a cancel.
type CancelRequest struct {
	Reason *string `json:"reason,omitempty" maxLength:"1000"`
	Force  bool    `json:"force,omitempty" doc:"accepted for older clients: a cancel always stops the computation"`
}

// A CancelOutcome says what became of a cancel. An operation that runs is cancelled
// only when its worker has stopped computing; until then status is its present
// one and cancel_requested is true.
type CancelOutcome struct {
	Success            bool             `json:"success"`
	OperationID        string           `json:"operation_id"`
	Status             operation.Status `json:"status"`
	CancelRequested    bool             `json:"cancel_requested"`
	CancelledAt        *time.Time       `json:"cancelled_at" doc:"null until it has stopped"`
	CancellationReason *string          `json:"cancellation_reason"`
	TaskCancelled      bool             `json:"task_cancelled" doc:"it has stopped"`
	RemoteCancelled    bool             `json:"remote_cancelled" doc:"a worker was asked to stop it"`
	ChildrenCancelled  []string         `json:"children_cancelled"`
}

// A CancelAnswer is the answer to DELETE /operations/{operation_id}.
type CancelAnswer struct {
	Success bool          `json:"success"`
	Data    CancelOutcome `json:"data"`
}

// A StatusRequest is the body of PATCH /operations/{operation_id}/status.
type StatusRequest struct {
	Status       string `json:"status" doc:"cancelled, in any case: no other status can be set"`
	ErrorMessage string `json:"error_message,omitempty" maxLength:"1000" doc:"the reason"`
}

// A StatusAnswer is the answer to a StatusRequest.
type StatusAnswer struct {
	Success         bool             `json:"success"`
	OperationID     string           `json:"operation_id"`
	PreviousStatus  operation.Status `json:"previous_status"`
	NewStatus       operation.Status `json:"new_status" doc:"still the previous one while the worker stops computing"`
	CancelRequested bool             `json:"cancel_requested"`
}

// Results are what an operation produced.
type Results struct {
	Success     bool             `json:"success"`
	OperationID string           `json:"operation_id"`
	Type        operation.Type   `json:"operation_type"`
	Status      operation.Status `json:"status"`
	Results     json.RawMessage  `json:"results" doc:"null for a failed operation"`
	Error       *string          `json:"error_message"`
}

// OperationMetrics are the numbers an operation reports while it runs.
type OperationMetrics struct {
	OperationID string          `json:"operation_id"`
	Type        operation.Type  `json:"operation_type"`
	Metrics     json.RawMessage `json:"metrics" doc:"the newest numbers"`
	// Points are present on a backend only: a worker keeps none.
	Points []operation.Point `json:"points,omitzero" doc:"numbers reported while it ran, from cursor on, oldest first"`
	Cursor int64             `json:"cursor" doc:"cursor of the numbers that follow; the same as asked for when there is nothing new yet"`
}

// A MetricsAnswer is the answer to GET /operations/{operation_id}/metrics.
type MetricsAnswer struct {
	Success bool             `json:"success"`
	Data    OperationMetrics `json:"data"`
}
