package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// History is what has happened to operations; *store.Store has it.
type History interface {
	Events(ctx context.Context, f operation.EventFilter) ([]operation.Event, error)
	// LastEvent returns the number of the newest event, 0 before the first.
	LastEvent(ctx context.Context) (int64, error)
	// Watch returns a bell that rings when there may be new events.
	Watch() (bell <-chan struct{}, stop func())
	// Points returns the numbers that an operation has reported from cursor on, and
	// the cursor for those that follow.
	Points(ctx context.Context, id string, cursor int64, limit int) ([]operation.Point, int64, error)
}

const (
	// keepAlive is the time between two comments that keep a quiet stream open.
	keepAlive = 15 * time.Second
	// progressEvery is how often a stream looks for progress, and the least time
	// between two looks for events.
	progressEvery = 500 * time.Millisecond
	leastPause    = 50 * time.Millisecond
	eventPage     = 100
)

func (s *server) addEvents() {
	tags := []string{"events"}
	params := []*huma.Param{
		queryParam("after", "begin after the event with this number; the header Last-Event-ID says the same and counts more", &huma.Schema{Type: huma.TypeInteger}),
		{Name: "Last-Event-ID", In: "header", Description: "number of the last event that was seen", Schema: &huma.Schema{Type: huma.TypeString}},
	}
	stream := map[string]*huma.Response{
		"200": {Description: "A stream of server-sent events: id is the number, event the kind, data an event as JSON; progress comes as events without a number", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}},
		"204": {Description: "The operation has ended and all its events have been seen: do not reconnect"},
	}
	s.addRaw(huma.Operation{OperationID: "operation-events", Method: http.MethodGet, Path: wire.PathOperationEvents, Tags: tags,
		Parameters: append([]*huma.Param{pathParam("operation_id", "id of the operation")}, params...), Responses: stream,
		Summary: "Follow one operation", Description: "Begins with its first event, or after the one that was seen last, and ends when the operation has."}, s.operationEvents)
	s.addRaw(huma.Operation{OperationID: "all-events", Method: http.MethodGet, Path: wire.PathEvents, Tags: tags, Parameters: params, Responses: stream,
		Summary: "Follow all operations", Description: "Begins now, or after the event that was seen last."}, s.allEvents)
}

// seen returns the number of the last event that the caller has seen, and
// whether it said one.
func seen(r *http.Request) (int64, bool, error) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("after")
	}
	if text == "" {
		return 0, false, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, false, wire.Errorf(wire.CodeBadRequest, "%.40q is not the number of an event: want a whole number from 0", text)
	}
	return n, true, nil
}

func (s *server) operationEvents(w http.ResponseWriter, r *http.Request) error {
	after, again, err := seen(r)
	if err != nil {
		return err
	}
	op, err := s.find(r.Context(), r.PathValue("operation_id"))
	if err != nil {
		return err
	}
	if again && op.Status.Terminal() {
		left, err := s.o.History.Events(r.Context(), operation.EventFilter{After: after, OperationID: op.ID, Limit: 1})
		if err != nil {
			return fmt.Errorf("events of %s: %w", op.ID, err)
		}
		if len(left) == 0 {
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
	}
	return s.stream(w, r, eventStream{server: s, filter: operation.EventFilter{After: after, OperationID: op.ID, Limit: eventPage}})
}

func (s *server) allEvents(w http.ResponseWriter, r *http.Request) error {
	after, again, err := seen(r)
	if err == nil && !again {
		after, err = s.o.History.LastEvent(r.Context())
	}
	if err != nil {
		return err
	}
	return s.stream(w, r, eventStream{server: s, filter: operation.EventFilter{After: after, Limit: eventPage}})
}

// An eventStream is one caller that follows operations.
type eventStream struct {
	*server
	w        http.ResponseWriter
	flush    func() error
	filter   operation.EventFilter
	progress string // the last that was sent
}

// stream sends events until the caller leaves, the operation has ended or the
// backend stops.
func (s *server) stream(w http.ResponseWriter, r *http.Request, e eventStream) error {
	bell, silence := s.o.History.Watch() // before the first look, so that nothing falls between
	defer silence()
	e.w, e.flush = w, http.NewResponseController(w).Flush
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	quiet := time.NewTicker(keepAlive)
	defer quiet.Stop()
	look := time.NewTicker(progressEvery)
	defer look.Stop()
	for {
		looked := e.o.Now()
		ended, err := e.send(r.Context())
		if err != nil || ended {
			return s.endOfStream(r.Context(), err)
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-s.o.Stopping:
			return nil
		case <-quiet.C:
			_, err = fmt.Fprint(w, ": still here\n\n")
		case <-look.C:
			err = e.sendProgress(r.Context())
		case <-bell:
			err = wire.Pause(r.Context(), leastPause-e.o.Now().Sub(looked))
		}
		if err != nil {
			return s.endOfStream(r.Context(), err)
		}
	}
}

// endOfStream takes note of why a stream ended: the answer has begun, so the
// caller only sees that it ends.
func (s *server) endOfStream(ctx context.Context, err error) error {
	if err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "event stream ended early", "error", err)
	}
	return nil
}

// send sends all events that are there. ended says that the operation that the
// stream is about has ended.
func (e *eventStream) send(ctx context.Context) (ended bool, err error) {
	for {
		page, err := e.o.History.Events(ctx, e.filter)
		if err != nil {
			return false, err
		}
		for _, x := range page {
			text, err := json.Marshal(x)
			if err != nil {
				return false, err
			}
			if _, err := fmt.Fprintf(e.w, "id: %d\nevent: %s\ndata: %s\n\n", x.Number, x.Kind, text); err != nil {
				return false, err
			}
			e.filter.After = x.Number
			ended = e.filter.OperationID != "" && x.Status.Terminal()
		}
		if len(page) < e.filter.Limit {
			return ended, e.flush()
		}
	}
}

// sendProgress sends the progress of the operation if it has changed.
func (e *eventStream) sendProgress(ctx context.Context) error {
	if e.filter.OperationID == "" {
		return nil
	}
	op, err := e.o.Controller.Operation(ctx, e.filter.OperationID)
	if err != nil {
		return err
	}
	text, err := json.Marshal(wire.ProgressEvent{OperationID: op.ID, Status: op.Status, QueuePosition: e.position(op), CancelRequested: op.CancelRequested, Progress: op.Progress})
	if err != nil || string(text) == e.progress {
		return err
	}
	e.progress = string(text)
	_, err = fmt.Fprintf(e.w, "event: %s\ndata: %s\n\n", wire.EventProgress, text)
	return err
}
