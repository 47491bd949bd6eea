package api

import (
	"context"
	"net"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// Bodies of workers are not held to the schema, because a worker may be of
// another version; the scheduler checks what they say.

// A registration is the body of POST /workers/register. It tolerates fields of
// other versions, worker types in any case and a missing address.
type registration struct {
	_                  struct{}           `json:"-" additionalProperties:"true"`
	WorkerID           string             `json:"worker_id" minLength:"1" maxLength:"120"`
	WorkerType         string             `json:"worker_type" doc:"backtesting, training or data, in any case"`
	EndpointURL        string             `json:"endpoint_url,omitempty" doc:"default: the address of the connection and the port of the type"`
	Capabilities       fleet.Capabilities `json:"capabilities,omitempty" nullable:"true"`
	Incarnation        string             `json:"incarnation,omitempty"`
	Version            string             `json:"version,omitempty"`
	Contract           string             `json:"contract,omitempty" doc:"version of the contract that the worker speaks"`
	Draining           bool               `json:"draining,omitempty"`
	CurrentOperationID *string            `json:"current_operation_id,omitempty" nullable:"true"`
	Current            *operation.Token   `json:"current,omitempty"`
	Finished           []operation.Report `json:"finished,omitempty"`
}

type registerInput struct {
	Body   registration
	remote string
}

// Resolve implements huma.Resolver: it keeps the address of the connection.
func (in *registerInput) Resolve(ctx huma.Context) []error {
	in.remote = ctx.RemoteAddr()
	return nil
}

type workersInput struct {
	WorkerType string `query:"worker_type" doc:"backtesting, training or data, in any case"`
	Status     string `query:"status" doc:"a status in any case; one that does not exist selects nothing"`
	Format     string `query:"format" enum:"array,object" doc:"object wraps the array as workers" default:"array"`
}

type workerInput struct {
	WorkerID string `path:"worker_id"`
}

type leaveInput struct {
	WorkerID    string `path:"worker_id"`
	Incarnation string `query:"incarnation" doc:"the process that leaves; another one under the same id stays"`
}

type reportInput struct {
	WorkerID string `path:"worker_id"`
	Body     tolerantReport
	remote   string
}

// Resolve implements huma.Resolver: it keeps the address of the connection.
func (in *reportInput) Resolve(ctx huma.Context) []error {
	in.remote = ctx.RemoteAddr()
	return nil
}

// A tolerantReport is a report that may carry fields of another version.
type tolerantReport struct {
	_ struct{} `json:"-" additionalProperties:"true"`
	operation.Report
}

// A workerObject is the object form of the list of workers.
type workerObject struct {
	Success bool           `json:"success"`
	Workers []fleet.Worker `json:"workers"`
	Count   int            `json:"count"`
}

const workersTag = "workers"

func (s *server) addWorkers() {
	tags := []string{workersTag}
	add(s, huma.Operation{OperationID: "register-worker", Method: http.MethodPost, Path: wire.PathWorkerRegister, Tags: tags,
		Summary: "Register a worker, or send its heartbeat", MaxBodyBytes: wire.MaxReportBytes, SkipValidateBody: true}, s.register)
	add(s, huma.Operation{OperationID: "list-workers", Method: http.MethodGet, Path: wire.PathWorkers, Tags: tags, Summary: "List the registered workers",
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{
			OneOf: []*huma.Schema{schemaOf[[]fleet.Worker](s), schemaOf[workerObject](s)}}}}}}}, s.listWorkers)
	add(s, huma.Operation{OperationID: "count-workers", Method: http.MethodGet, Path: wire.PathWorkersHealth, Tags: tags,
		Summary: "Count the workers by what they can do now"}, s.countWorkers)
	add(s, huma.Operation{OperationID: "get-worker", Method: http.MethodGet, Path: wire.PathWorker, Tags: tags, Summary: "Get one worker"}, s.worker)
	add(s, huma.Operation{OperationID: "remove-worker", Method: http.MethodDelete, Path: wire.PathWorker, Tags: tags,
		Summary: "Take note that a worker leaves"}, s.removeWorker)
	add(s, huma.Operation{OperationID: "drain-worker", Method: http.MethodPost, Path: wire.PathWorkerDrain, Tags: tags,
		Summary: "Take a worker out of service", Description: "It finishes what it runs and gets nothing new, over its restarts too, until it is put back."}, s.drain)
	add(s, huma.Operation{OperationID: "undrain-worker", Method: http.MethodPost, Path: wire.PathWorkerUndrain, Tags: tags,
		Summary: "Put a worker back into service"}, s.undrain)
	add(s, huma.Operation{OperationID: "forget-worker", Method: http.MethodPost, Path: wire.PathWorkerRemove, Tags: tags,
		Summary: "Take an idle worker off the list", Description: "A worker that lives registers again with its next heartbeat."}, s.forgetWorker)
	add(s, huma.Operation{OperationID: "report", Method: http.MethodPost, Path: wire.PathWorkerReports, Tags: tags,
		Summary: "Take a worker's report about an attempt", MaxBodyBytes: wire.MaxReportBytes, SkipValidateBody: true}, s.report)
}

func (s *server) register(ctx context.Context, in *registerInput) (fleet.Worker, error) {
	b := in.Body
	t, err := fleet.ParseWorkerType(b.WorkerType)
	if err != nil {
		e := wire.Errorf(wire.CodeValidation, "worker_type: %w", err)
		s.tell(ctx, in.remote, wire.PathWorkerRegister, e)
		return fleet.Worker{}, e
	}
	r := fleet.Registration{WorkerID: b.WorkerID, Type: t, EndpointURL: strings.TrimSuffix(b.EndpointURL, "/"), Capabilities: b.Capabilities,
		Incarnation: b.Incarnation, Version: b.Version, Contract: b.Contract, Draining: b.Draining,
		CurrentOperationID: b.CurrentOperationID, Current: b.Current, Finished: b.Finished}
	if r.Capabilities == nil {
		r.Capabilities = fleet.Capabilities{}
	}
	if strings.EqualFold(b.WorkerType, "gpu_host") {
		r.Capabilities["gpu"] = true
	}
	if r.EndpointURL == "" {
		host, _, err := net.SplitHostPort(in.remote)
		if err != nil {
			return fleet.Worker{}, wire.Errorf(wire.CodeValidation, "endpoint_url is missing and the connection has no address: send endpoint_url")
		}
		r.EndpointURL = "http://" + net.JoinHostPort(host, defaultPort(t, r.Capabilities))
	}
	return s.o.Controller.Register(ctx, r)
}

// defaultPort is the port at which a worker of a type listens unless told
// otherwise.
func defaultPort(t fleet.WorkerType, c fleet.Capabilities) string {
	switch {
	case t == fleet.Data:
		return "5001"
	case t == fleet.Training && c.GPU():
		return "5002"
	case t == fleet.Backtesting:
		return "5003"
	default:
		return "5004"
	}
}

func (s *server) listWorkers(_ context.Context, in *workersInput) (any, error) {
	selected := []fleet.Worker{}
	var t fleet.WorkerType
	if in.WorkerType != "" {
		var err error
		if t, err = fleet.ParseWorkerType(in.WorkerType); err != nil {
			return nil, wire.Errorf(wire.CodeValidation, "worker_type: %w", err)
		}
	}
	for _, w := range s.o.Controller.Workers() {
		if (t == "" || w.Type == t) && (in.Status == "" || strings.EqualFold(in.Status, string(w.Status))) {
			selected = append(selected, w)
		}
	}
	if in.Format == "object" {
		return workerObject{Success: true, Workers: selected, Count: len(selected)}, nil
	}
	return selected, nil
}

func (s *server) countWorkers(context.Context, *struct{}) (wire.FleetHealth, error) {
	h := wire.FleetHealth{ByType: map[string]wire.FleetCounts{string(fleet.Backtesting): {}, string(fleet.Training): {}}}
	for _, w := range s.o.Controller.Workers() {
		c := h.ByType[string(w.Type)]
		h.TotalWorkers++
		switch w.Status {
		case fleet.Available:
			h.Available++
			c.Available++
		case fleet.Busy:
			h.Busy++
			c.Busy++
		default:
			h.TemporarilyUnavailable++
			c.TemporarilyUnavailable++
		}
		h.ByType[string(w.Type)] = c
	}
	return h, nil
}

func (s *server) worker(_ context.Context, in *workerInput) (fleet.Worker, error) {
	for _, w := range s.o.Controller.Workers() {
		if w.ID == in.WorkerID {
			return w, nil
		}
	}
	return fleet.Worker{}, wire.Errorf(wire.CodeWorkerNotFound, "Worker not found: %s", in.WorkerID)
}

func (s *server) removeWorker(ctx context.Context, in *leaveInput) (wire.ReportAnswer, error) {
	return wire.ReportAnswer{Success: true}, s.about(in.WorkerID, s.o.Controller.Deregister(ctx, in.WorkerID, in.Incarnation))
}

// about turns the error of a question about a worker into the words of the
// contract.
func (s *server) about(id string, err error) error {
	if s.unknown(err) {
		return wire.Errorf(wire.CodeWorkerNotFound, "Worker not found: %s", id)
	}
	return err
}

func (s *server) drain(ctx context.Context, in *workerInput) (fleet.Worker, error) {
	w, err := s.o.Controller.Drain(ctx, in.WorkerID)
	return w, s.about(in.WorkerID, err)
}

func (s *server) undrain(ctx context.Context, in *workerInput) (fleet.Worker, error) {
	w, err := s.o.Controller.Undrain(ctx, in.WorkerID)
	return w, s.about(in.WorkerID, err)
}

func (s *server) forgetWorker(ctx context.Context, in *workerInput) (wire.Done, error) {
	if err := s.o.Controller.Remove(ctx, in.WorkerID); err != nil {
		return wire.Done{}, s.about(in.WorkerID, err)
	}
	return wire.Done{Success: true, Message: "Worker " + in.WorkerID + " is removed"}, nil
}

func (s *server) report(ctx context.Context, in *reportInput) (wire.ReportAnswer, error) {
	if in.Body.WorkerID != in.WorkerID {
		e := wire.Errorf(wire.CodeValidation, "report of worker %.80q sent as worker %.80q", in.Body.WorkerID, in.WorkerID)
		s.tell(ctx, in.remote, wire.PathWorkerReports, e)
		return wire.ReportAnswer{}, e
	}
	return wire.ReportAnswer{Success: true}, s.o.Controller.Report(ctx, in.Body.Report)
}
