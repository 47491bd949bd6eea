package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// A FleetHealth counts workers by what they can do now.
type FleetHealth struct {
	TotalWorkers           int                    `json:"total_workers"`
	Available              int                    `json:"available"`
	Busy                   int                    `json:"busy"`
	TemporarilyUnavailable int                    `json:"temporarily_unavailable"`
	ByType                 map[string]FleetCounts `json:"by_type"`
}

// FleetCounts counts the workers of one type.
type FleetCounts struct {
	Available              int `json:"available"`
	Busy                   int `json:"busy"`
	TemporarilyUnavailable int `json:"temporarily_unavailable"`
}

// A ReportAnswer is the answer to a report that was stored.
type ReportAnswer struct {
	Success bool `json:"success"`
}

// A WorkerHealth is what a worker says about itself. A backend polls it.
type WorkerHealth struct {
	Healthy          bool              `json:"healthy"`
	Service          string            `json:"service"`
	Timestamp        time.Time         `json:"timestamp"`
	Status           string            `json:"status" doc:"operational"`
	WorkerStatus     string            `json:"worker_status" doc:"idle or busy"`
	CurrentOperation *string           `json:"current_operation"`
	WorkerID         string            `json:"worker_id"`
	Incarnation      string            `json:"incarnation"`
	Version          string            `json:"version"`
	Draining         bool              `json:"draining"`
	Current          *operation.Token  `json:"current"`
	Finished         []operation.Token `json:"finished" doc:"attempts whose outcome the backend has not acknowledged"`
}

// HeaderWorker and HeaderIncarnation name the worker, and the process under its
// id, that an order is meant for. Any other refuses it: ports are reused, and
// workers replaced by those of another version, faster than backends notice.
const (
	HeaderWorker      = "X-Ktrdr-Worker"
	HeaderIncarnation = "X-Ktrdr-Incarnation"
)

// HeaderTerm is the term of the scheduler that asks for the health of a worker,
// which takes no order of an older term from then on.
const HeaderTerm = "X-Ktrdr-Term"

// The words of WorkerHealth.WorkerStatus.
const (
	WorkerIdle = "idle"
	WorkerBusy = "busy"
)

// A WorkerRoot is the answer of a worker to GET /.
type WorkerRoot struct {
	Service   string    `json:"service"`
	Version   string    `json:"version"`
	Status    string    `json:"status" doc:"running"`
	Timestamp time.Time `json:"timestamp"`
	WorkerID  string    `json:"worker_id"`
}

// A WorkerCancel is the answer of a worker to a cancel.
type WorkerCancel struct {
	Success bool             `json:"success"`
	Data    WorkerCancelling `json:"data"`
}

// WorkerCancelling says that a worker has asked its job to stop.
type WorkerCancelling struct {
	Success     bool   `json:"success"`
	OperationID string `json:"operation_id"`
	Status      string `json:"status" doc:"cancelling: the worker is busy until the job has stopped"`
}

// A BackendStopped is what a backend that stops tells its workers.
type BackendStopped struct {
	Message string `json:"message"`
}

// A BackendStoppedAnswer is the answer of a worker to BackendStopped.
type BackendStoppedAnswer struct {
	Acknowledged bool `json:"acknowledged"`
}

// A Dispatch is the head of the body that starts an attempt on a worker. The
// fields of the order stand beside it in the same object.
type Dispatch struct {
	TaskID string          `json:"task_id"`
	Token  operation.Token `json:"token"`
	// Checkpoints are states of earlier attempts to go on from, newest first.
	Checkpoints []operation.Checkpoint `json:"checkpoints,omitempty"`
	// Gathered are the results of its children, in order of their submission.
	Gathered []json.RawMessage `json:"gathered,omitempty"`
}

// A DispatchAnswer is the answer of a worker that has begun.
type DispatchAnswer struct {
	Success     bool   `json:"success"`
	OperationID string `json:"operation_id"`
	Status      string `json:"status" doc:"started"`
}

// A Busy is the answer of a worker that will not take a second operation.
type Busy struct {
	Success          bool   `json:"success"`
	Error            string `json:"error" doc:"Worker busy"`
	Message          string `json:"message"`
	CurrentOperation string `json:"current_operation"`
	ActiveOperations int    `json:"active_operations_count"`
	Detail           string `json:"detail"`
}

// EncodeDispatch returns the body that starts an attempt: the order of op with
// the head in it.
func EncodeDispatch(op operation.Operation, t operation.Token) ([]byte, error) {
	body := map[string]json.RawMessage{}
	if err := json.Unmarshal(op.Spec, &body); err != nil {
		return nil, fmt.Errorf("order of %s: %w", op.ID, err)
	}
	id, err := json.Marshal(op.ID)
	if err != nil {
		return nil, fmt.Errorf("order of %s: %w", op.ID, err)
	}
	token, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("order of %s: %w", op.ID, err)
	}
	body["task_id"], body["token"] = id, token
	if len(op.Checkpoints) > 0 {
		if body["checkpoints"], err = json.Marshal(op.Checkpoints); err != nil {
			return nil, fmt.Errorf("order of %s: %w", op.ID, err)
		}
	}
	if len(op.Gathered) > 0 {
		if body["gathered"], err = json.Marshal(op.Gathered); err != nil {
			return nil, fmt.Errorf("order of %s: %w", op.ID, err)
		}
	}
	return json.Marshal(body)
}

// DecodeDispatch takes apart what EncodeDispatch made: the head, and the order
// without it. A body without a token is refused, because nothing could tell its
// reports from those of another attempt.
func DecodeDispatch(body []byte) (Dispatch, json.RawMessage, error) {
	fields := map[string]json.RawMessage{}
	if err := checkShape(body); err != nil {
		return Dispatch{}, nil, err
	}
	if err := json.Unmarshal(body, &fields); err != nil {
		return Dispatch{}, nil, Errorf(CodeValidation, "body is not what is expected here: %s", explain(err, &fields))
	}
	var d Dispatch
	if err := json.Unmarshal(body, &d); err != nil {
		return Dispatch{}, nil, Errorf(CodeValidation, "body is not what is expected here: %s", explain(err, &d))
	}
	if d.TaskID == "" || d.Token.OperationID != d.TaskID || d.Token.Attempt < 1 {
		return Dispatch{}, nil, Errorf(CodeValidation, "task_id and a token of the same operation are required: a worker takes orders from a backend only")
	}
	if err := operation.ValidateID(d.TaskID); err != nil {
		return Dispatch{}, nil, Errorf(CodeValidation, "task_id: %w", err)
	}
	for _, c := range d.Checkpoints {
		if err := c.Validate(); err != nil {
			return Dispatch{}, nil, Errorf(CodeValidation, "checkpoints: %w", err)
		}
	}
	for _, name := range []string{"task_id", "token", "checkpoints", "gathered"} {
		delete(fields, name)
	}
	order, err := json.Marshal(fields)
	if err != nil {
		return Dispatch{}, nil, fmt.Errorf("order of %s: %w", d.TaskID, err)
	}
	return d, order, nil
}

// A WorkerClient is how a backend talks to its workers. Make one with
// NewWorkerClient; it is safe for use by several goroutines. It never repeats a
// call: the scheduler decides what follows.
type WorkerClient struct{ o ClientOptions }

// NewWorkerClient returns a client for all workers.
func NewWorkerClient(o ClientOptions) *WorkerClient {
	o.Tries = 1
	if o.HTTP == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConns = 0 // no limit over all workers
		o.HTTP = &http.Client{Transport: t, CheckRedirect: nowhereElse}
	}
	return &WorkerClient{o: newCaller("", o).o}
}

// nowhereElse keeps a worker from having a backend call other addresses than its
// own: a redirection is an answer like any other, and no success.
func nowhereElse(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (c *WorkerClient) at(w fleet.Worker) caller { return newCaller(w.EndpointURL, c.o) }

// Start asks w to run the attempt t of op. The error is fleet.ErrBusy where w runs
// something else, fleet.ErrRejected where no worker would take the order, and
// fleet.ErrUnreachable where w never heard of it; after any other error w may
// or may not have begun.
func (c *WorkerClient) Start(ctx context.Context, w fleet.Worker, op operation.Operation, t operation.Token) error {
	path, known := WorkerStartPaths()[op.Type]
	if !known {
		return fmt.Errorf("start %s on %s: no worker runs operations of type %s: %w", op.ID, w.ID, op.Type, fleet.ErrRejected)
	}
	body, err := EncodeDispatch(op, t)
	if err != nil {
		return fmt.Errorf("start %s on %s: %w: %w", op.ID, w.ID, fleet.ErrRejected, err)
	}
	var a DispatchAnswer
	h := http.Header{HeaderWorker: {w.ID}, HeaderIncarnation: {w.Incarnation}}
	if err := c.at(w).do(ctx, call{method: http.MethodPost, path: path, raw: body, out: &a, header: h, most: MaxRequestBytes}); err != nil {
		return fmt.Errorf("start %s on %s: %w", op.ID, w.ID, outcome(err))
	}
	if a.OperationID != op.ID {
		return fmt.Errorf("start %s on %s: the worker answered for %q", op.ID, w.ID, a.OperationID)
	}
	return nil
}

// Cancel asks w to stop the attempt t. It has stopped when w reports so. That w
// does not run t is no error.
func (c *WorkerClient) Cancel(ctx context.Context, w fleet.Worker, t operation.Token, reason string) error {
	q := url.Values{}
	set(q, "reason", reason)
	setInt(q, "attempt", t.Attempt)
	err := c.at(w).do(ctx, call{method: http.MethodDelete, path: fill(PathWorkerCancel, t.OperationID), query: q})
	if err != nil && KindOf(err) != NotFound {
		return fmt.Errorf("cancel %s on %s: %w", t, w.ID, outcome(err))
	}
	return nil
}

// Health asks w how it is, on behalf of the scheduler of a term.
func (c *WorkerClient) Health(ctx context.Context, w fleet.Worker, term int64) (fleet.Health, error) {
	var h WorkerHealth
	header := http.Header{HeaderTerm: {strconv.FormatInt(term, 10)}}
	if err := c.at(w).do(ctx, call{method: http.MethodGet, path: PathWorkerHealth, out: &h, header: header, most: MaxRequestBytes}); err != nil {
		return fleet.Health{}, fmt.Errorf("health of %s: %w", w.ID, outcome(err))
	}
	if !h.Healthy {
		return fleet.Health{}, fmt.Errorf("health of %s: it answers that it is not healthy", w.ID)
	}
	if h.WorkerStatus != WorkerIdle && h.WorkerStatus != WorkerBusy {
		return fleet.Health{}, fmt.Errorf("health of %s: it answers with the worker_status %.80q: want %s or %s; is there a worker at %s?", w.ID, h.WorkerStatus, WorkerIdle, WorkerBusy, w.EndpointURL)
	}
	if err := h.validateCurrent(w); err != nil {
		return fleet.Health{}, err
	}
	health := fleet.Health{WorkerID: h.WorkerID, Incarnation: h.Incarnation, Version: h.Version,
		Busy: h.WorkerStatus == WorkerBusy, Draining: h.Draining, Current: h.Current, Finished: h.Finished}
	if h.CurrentOperation != nil {
		health.CurrentOperationID = *h.CurrentOperation
	}
	return health, nil
}

// validateCurrent refuses what cannot be an operation that w was given.
func (h WorkerHealth) validateCurrent(w fleet.Worker) error {
	var err error
	if h.CurrentOperation != nil {
		err = operation.ValidateID(*h.CurrentOperation)
	}
	if err == nil && h.Current != nil {
		err = operation.ValidateID(h.Current.OperationID)
	}
	if err != nil {
		return fmt.Errorf("health of %s: current operation: %w", w.ID, err)
	}
	return nil
}

// BackendStopping tells w that the backend stops and will be back.
func (c *WorkerClient) BackendStopping(ctx context.Context, w fleet.Worker, message string) error {
	err := c.at(w).do(ctx, call{method: http.MethodPost, path: PathWorkerBackendStopped, in: BackendStopped{Message: message}})
	if err != nil {
		return fmt.Errorf("tell %s that the backend stops: %w", w.ID, err)
	}
	return nil
}

// outcome adds to err what it means to a scheduler.
func outcome(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		switch e.Status() {
		case http.StatusConflict, http.StatusServiceUnavailable, http.StatusTooManyRequests:
			return fmt.Errorf("%w: %w", fleet.ErrBusy, err)
		case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
			return fmt.Errorf("%w: %w", fleet.ErrRejected, err)
		case http.StatusNotFound, http.StatusMethodNotAllowed: // something else lives at the address now
			return fmt.Errorf("%w: %w", fleet.ErrUnreachable, err)
		}
		return err
	}
	if u, ok := errors.AsType[*UnreachableError](err); ok {
		if op, ok := errors.AsType[*net.OpError](u.Err); ok && op.Op == "dial" {
			return fmt.Errorf("%w: %w", fleet.ErrUnreachable, u.Err)
		}
		return u.Err
	}
	return err
}
