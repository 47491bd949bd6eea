package worker

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// Handler returns what the worker serves. Jobs that it admits end with the
// worker, not with life.
func (w *Worker) Handler(life context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", w.serveRoot)
	mux.HandleFunc("GET "+wire.PathWorkerHealth, w.serveHealth)
	mux.HandleFunc("GET "+wire.PathHealth, w.serveHealth)
	mux.HandleFunc("GET "+wire.PathWorkerOperations, w.serveOperations)
	mux.HandleFunc("GET "+wire.PathWorkerOperation, w.serveOperation)
	mux.HandleFunc("GET "+wire.PathWorkerMetrics, w.serveOperationMetrics)
	mux.HandleFunc("DELETE "+wire.PathWorkerCancel, w.serveCancel)
	mux.HandleFunc("POST "+wire.PathWorkerBackendStopped, w.serveBackendStopped)
	for kind, path := range wire.WorkerStartPaths() {
		if w.o.Jobs[kind] != nil {
			mux.HandleFunc("POST "+path, func(rw http.ResponseWriter, r *http.Request) { w.serveStart(life, kind, rw, r) })
		}
	}
	if w.o.Metrics != nil {
		mux.Handle("GET /metrics", w.o.Metrics)
		mux.Handle("GET /metrics/", w.o.Metrics)
	}
	return wire.Protect(http.MaxBytesHandler(mux, wire.MaxReportBytes), w.o.Now, w.log)
}

func (w *Worker) title() string {
	t := string(w.o.Type)
	return strings.ToUpper(t[:1]) + t[1:]
}

func (w *Worker) serveRoot(rw http.ResponseWriter, _ *http.Request) {
	wire.WriteJSON(rw, http.StatusOK, wire.WorkerRoot{Service: w.title() + " Worker Service", Version: w.o.Version,
		Status: "running", Timestamp: w.o.Now().UTC(), WorkerID: w.id})
}

func (w *Worker) serveHealth(rw http.ResponseWriter, r *http.Request) {
	if text := r.Header.Get(wire.HeaderTerm); text != "" { // people ask without one
		term, err := strconv.ParseInt(text, 10, 64)
		if err != nil || term < 1 {
			wire.WriteError(rw, wire.Errorf(wire.CodeBadRequest, "%s is %.40q: want the term of a scheduler", wire.HeaderTerm, text))
			return
		}
		w.mu.Lock()
		w.term = max(w.term, term)
		w.mu.Unlock()
	}
	h := wire.WorkerHealth{Healthy: true, Service: string(w.o.Type) + "-worker", Timestamp: w.o.Now().UTC(), Status: "operational",
		WorkerStatus: wire.WorkerIdle, WorkerID: w.id, Incarnation: w.incarnation, Version: w.o.Version, Finished: []operation.Token{}}
	w.mu.Lock()
	h.Draining = w.stopping
	if w.current != nil {
		token := w.current.token
		h.WorkerStatus, h.CurrentOperation, h.Current = wire.WorkerBusy, &token.OperationID, &token
	}
	for _, a := range w.finished {
		h.Finished = append(h.Finished, a.token)
	}
	w.mu.Unlock()
	wire.WriteJSON(rw, http.StatusOK, h)
}

// serveStart admits an order.
func (w *Worker) serveStart(life context.Context, kind operation.Type, rw http.ResponseWriter, r *http.Request) {
	if meant := r.Header.Get(wire.HeaderWorker); meant != "" && meant != w.id {
		wire.WriteError(rw, wire.Errorf(wire.CodeWorkerNotFound, "the order is for worker %s; this is worker %s", meant, w.id))
		return
	}
	if meant := r.Header.Get(wire.HeaderIncarnation); meant != "" && meant != w.incarnation {
		wire.WriteError(rw, wire.Errorf(wire.CodeWorkerNotFound, "the order is for an earlier process of worker %s, %s; this is %s", w.id, meant, w.incarnation))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		wire.WriteError(rw, wire.ReadError(err))
		return
	}
	d, order, err := wire.DecodeDispatch(body)
	if err == nil {
		err = w.admit(life, d, kind, order)
	}
	if busy, ok := errors.AsType[*busyError](err); ok {
		wire.WriteJSON(rw, http.StatusConflict, wire.Busy{Error: "Worker busy", Message: busy.Error(), Detail: "Worker busy: " + busy.Error(),
			CurrentOperation: busy.current, ActiveOperations: 1})
		return
	}
	if err != nil {
		wire.WriteError(rw, err)
		return
	}
	wire.WriteJSON(rw, http.StatusOK, wire.DispatchAnswer{Success: true, OperationID: d.TaskID, Status: "started"})
}

// serveCancel asks a job to stop. The answer does not wait for that: health says
// busy until it has.
func (w *Worker) serveCancel(rw http.ResponseWriter, r *http.Request) {
	id := r.PathValue("operation_id")
	number := 0
	if s := r.URL.Query().Get("attempt"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			wire.WriteError(rw, wire.Errorf(wire.CodeBadRequest, "attempt is %q: want a number from 1", s))
			return
		}
		number = n
	}
	reason := r.URL.Query().Get("reason")
	if !w.stop(id, number, &cancelledError{reason: reason}) {
		wire.WriteError(rw, wire.Errorf(wire.CodeOperationNotFound, "Operation not found: %s does not run on worker %s", id, w.id))
		return
	}
	w.log.InfoContext(r.Context(), "cancel requested", "operation", id, "reason", reason)
	wire.WriteJSON(rw, http.StatusOK, wire.WorkerCancel{Success: true,
		Data: wire.WorkerCancelling{Success: true, OperationID: id, Status: "cancelling"}})
}

func (w *Worker) serveBackendStopped(rw http.ResponseWriter, r *http.Request) {
	var n wire.BackendStopped
	if err := wire.DecodeTolerant(r.Body, wire.MaxRequestBytes, &n); err != nil {
		wire.WriteError(rw, err)
		return
	}
	w.log.InfoContext(r.Context(), "backend stops; registering until it is back", "reason", n.Message)
	nudge(w.beat)
	wire.WriteJSON(rw, http.StatusOK, wire.BackendStoppedAnswer{Acknowledged: true})
}

// operations returns what the worker knows: what runs and what is not yet
// acknowledged, newest first.
func (w *Worker) operations() []operation.Operation {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ops []operation.Operation
	if w.current != nil {
		ops = append(ops, w.current.view(w.id))
	}
	for _, a := range slices.Backward(w.finished) {
		ops = append(ops, a.view(w.id))
	}
	return ops
}

// view is the attempt as an operation. The worker's mutex is held.
func (a *attempt) view(worker string) operation.Operation {
	started := a.admitted.UTC()
	op := operation.Operation{ID: a.token.OperationID, Type: a.kind, Status: operation.Running, CreatedAt: started, StartedAt: &started,
		Progress: a.progress, Warnings: slices.Clone(a.warnings), Errors: []string{}, Attempt: a.token.Attempt, WorkerID: worker}
	if a.outcome != nil {
		op.Status, op.Result = a.outcome.State, a.outcome.Result
		if a.outcome.Error != "" {
			op.ErrorMessage = &a.outcome.Error
		}
	}
	return op
}

func (w *Worker) serveOperations(rw http.ResponseWriter, r *http.Request) {
	if s := r.URL.Query().Get("status"); s != "" {
		if _, err := operation.ParseStatus(s); err != nil {
			wire.WriteError(rw, wire.Errorf(wire.CodeValidation, "status: %w", err))
			return
		}
	}
	ops := w.operations()
	rows := []wire.OperationSummary{}
	active := 0
	for _, op := range ops {
		if !op.Status.Terminal() {
			active++
		}
		q := r.URL.Query()
		if s := q.Get("status"); s != "" && !strings.EqualFold(s, string(op.Status)) || q.Get("active_only") == "true" && op.Status.Terminal() {
			continue
		}
		rows = append(rows, wire.Summarise(op, 0, w.o.Now()))
	}
	wire.WriteJSON(rw, http.StatusOK, wire.OperationList{Success: true, Data: rows, Operations: rows, TotalCount: len(rows), ActiveCount: active})
}

// find returns the newest attempt of an operation.
func (w *Worker) find(rw http.ResponseWriter, r *http.Request) (operation.Operation, bool) {
	id := r.PathValue("operation_id")
	for _, op := range w.operations() {
		if op.ID == id {
			return op, true
		}
	}
	wire.WriteError(rw, wire.Errorf(wire.CodeOperationNotFound, "Operation not found: %s", id))
	return operation.Operation{}, false
}

func (w *Worker) serveOperation(rw http.ResponseWriter, r *http.Request) {
	if op, ok := w.find(rw, r); ok {
		wire.WriteJSON(rw, http.StatusOK, wire.Answer(op, 0))
	}
}

func (w *Worker) serveOperationMetrics(rw http.ResponseWriter, r *http.Request) {
	if op, ok := w.find(rw, r); ok {
		wire.WriteJSON(rw, http.StatusOK, wire.MetricsAnswer{Success: true,
			Data: wire.OperationMetrics{OperationID: op.ID, Type: op.Type, Metrics: wire.MetricsOf(op)}})
	}
}
