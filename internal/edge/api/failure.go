package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// restartDelay is how soon a worker should come back to a backend that stops.
const restartDelay = 5 * time.Second

// A failure is a wire.Error as huma wants it.
type failure struct{ cause *wire.Error }

func (f *failure) Error() string           { return f.cause.Error() }
func (f *failure) GetStatus() int          { return f.cause.Status() }
func (f *failure) GetHeaders() http.Header { return f.cause.GetHeaders() }

// fail turns the error of a handler into what the caller is told. What is not
// classified is logged here and told to nobody.
func (s *server) fail(ctx context.Context, err error) *failure {
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return &failure{e}
	}
	if e := s.classify(err); e != nil {
		return &failure{e}
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return &failure{&wire.Error{Code: wire.CodeCancelled, Message: "the request was given up by its sender"}}
	}
	s.log.ErrorContext(ctx, "request failed", "error", err)
	if e := s.lacking(err); e != nil {
		return &failure{e}
	}
	return &failure{&wire.Error{Code: wire.CodeInternal, Message: "An unexpected error occurred",
		Details: map[string]string{"type": fmt.Sprintf("%T", err)}}}
}

// lacking is what the caller is told when something is missing that will be there
// again.
func (s *server) lacking(err error) *wire.Error {
	known := s.o.Errors
	switch {
	case known.Full != nil && known.Full(err):
		return &wire.Error{Code: wire.CodeDiskFull, RetryAfter: restartDelay,
			Message: "The disk of the backend is full, or that of its database. Nothing was stored. Free some space there; what workers have computed they keep until then."}
	case known.Short != nil && errors.Is(err, known.Short):
		return &wire.Error{Code: wire.CodeUnavailable, RetryAfter: restartDelay,
			Message: "The database server is short of memory or connections. Retry later, or give it more (max_connections, max_locks_per_transaction, memory)."}
	case known.Away != nil && errors.Is(err, known.Away):
		return &wire.Error{Code: wire.CodeUnavailable, RetryAfter: restartDelay,
			Message: "The backend cannot reach its database. Retry later."}
	}
	return nil
}

// classify knows the errors of the parts behind this package.
func (s *server) classify(err error) *wire.Error {
	known := s.o.Errors
	is := func(target error) bool { return target != nil && errors.Is(err, target) }
	if known.NoWorker != nil {
		if n, ok := known.NoWorker(err); ok {
			return n.Refusal()
		}
	}
	if e := keyTaken(err); e != nil {
		return e
	}
	_, impossible := errors.AsType[*operation.ProgressError](err)
	switch {
	case is(known.Standby):
		return &wire.Error{Code: wire.CodeUnavailable, RetryAfter: time.Second,
			Message: "No backend schedules now. One takes over within seconds, or when the database takes writes again: try again"}
	case is(known.Stopping):
		return &wire.Error{Code: wire.CodeUnavailable, Message: "Backend is shutting down - retry after restart", RetryAfter: restartDelay}
	case is(known.Superseded):
		return wire.Errorf(wire.CodeSuperseded, "%w", err)
	case is(known.Unknown):
		return wire.Errorf(wire.CodeOperationNotFound, "%w", err)
	case is(known.NoBars):
		return wire.Errorf(wire.CodeDataNotFound, "%w", err)
	case is(known.NoArtifact):
		return wire.Errorf(wire.CodeArtifactNotFound, "%w", err)
	case is(known.WrongArtifact):
		return wire.Errorf(wire.CodeArtifactMismatch, "%w", err)
	case known.Limited != nil && known.Limited(err):
		e := wire.Errorf(wire.CodeSubmitterLimit, "%w", err)
		e.RetryAfter = restartDelay
		return e
	case known.Late != nil && known.Late(err):
		return wire.Errorf(wire.CodeBadRequest, "%w", err)
	case known.WorkerBusy != nil && known.WorkerBusy(err):
		return wire.Errorf(wire.CodeWorkerBusy, "%w", err)
	case known.NotFailed != nil && known.NotFailed(err):
		return wire.Errorf(wire.CodeNotRetriable, "%w", err)
	case errors.Is(err, fleet.ErrIncompatible):
		return wire.Errorf(wire.CodeWorkerIncompatible, "%w", err)
	case errors.Is(err, operation.ErrDuplicate):
		return wire.Errorf(wire.CodeOperationDuplicate, "%w", err)
	case errors.Is(err, fleet.ErrInvalid), errors.Is(err, operation.ErrInvalid), errors.Is(err, operation.ErrInvalidReport), impossible:
		return wire.Errorf(wire.CodeValidation, "%w", err)
	case errors.Is(err, fleet.ErrReplaced):
		return wire.Errorf(wire.CodeSuperseded, "%w", err)
	}
	return nil
}

// envelope is the huma.Transformer that gives every failure its one form.
func (s *server) envelope(ctx huma.Context, _ string, v any) (any, error) {
	var e *wire.Error
	switch v := v.(type) {
	case *failure:
		e = v.cause
	case *huma.ErrorModel:
		e = s.refusal(ctx.Operation(), v)
		if slices.Contains(ctx.Operation().Tags, workersTag) {
			s.tell(ctx.Context(), ctx.RemoteAddr(), ctx.URL().Path, e)
		}
	default:
		return v, nil
	}
	_, w := humago.Unwrap(ctx)
	wire.Explain(w, e)
	ctx.SetHeader("Content-Type", "application/json")
	return e.Body(), nil
}

// tell has the log say once what somebody sends again and again to a path of
// workers, and what the scheduler does not see.
func (s *server) tell(ctx context.Context, remote, path string, e *wire.Error) {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	path = path[:min(len(path), 200)]
	_, _ = s.told.Of([3]string{host, path, e.Error()}, func() (struct{}, error) {
		s.log.WarnContext(ctx, "request of a worker refused", "remote", host, "path", path, "error", e)
		return struct{}{}, nil
	})
}

// refusal is the error of a request that huma refused before a handler saw it.
func (s *server) refusal(op *huma.Operation, m *huma.ErrorModel) *wire.Error {
	switch m.Status {
	case http.StatusRequestEntityTooLarge:
		return wire.Errorf(wire.CodeTooLarge, "body is larger than %d bytes", op.MaxBodyBytes)
	case http.StatusUnsupportedMediaType:
		return wire.Errorf(wire.CodeMediaType, "%s: want application/json", m.Detail)
	}
	if m.Status >= http.StatusInternalServerError {
		return &wire.Error{Code: wire.CodeInternal, Message: "An unexpected error occurred"}
	}
	var details []wire.FieldError
	var lines []string
	for _, d := range m.Errors {
		f := wire.FieldError{Field: strings.ReplaceAll(d.Location, ".", " -> "), Message: d.Message, Type: "value_error"}
		switch {
		case d.Message == "unexpected property":
			f.Type = "extra_forbidden"
			f.Message = "unknown field" + spell.Hint(last(d.Location), s.bodyFields(op))
		case d.Message == "unknown query parameter":
			f.Type = "extra_forbidden"
			f.Message += spell.Hint(last(d.Location), queryNames(op))
		case strings.HasPrefix(d.Message, "required ") || strings.HasPrefix(d.Message, "expected required property"):
			f.Type = "missing"
		}
		details = append(details, f)
		lines = append(lines, strings.TrimPrefix(f.Field+": ", ": ")+f.Message)
	}
	message := "Request validation failed"
	if len(lines) > 0 {
		message += ": " + strings.Join(lines, "; ")
	} else if m.Detail != "" {
		message += ": " + m.Detail
	}
	code := wire.CodeValidation
	if m.Status == http.StatusBadRequest {
		code = wire.CodeBadRequest
	}
	return &wire.Error{Code: code, Message: message, Details: details}
}

// last is the name at the end of a location such as body.strategy_name.
func last(location string) string {
	return location[strings.LastIndexByte(location, '.')+1:]
}

// bodyFields lists the fields that the body of op may have.
func (s *server) bodyFields(op *huma.Operation) []string {
	if op.RequestBody == nil {
		return nil
	}
	media := op.RequestBody.Content["application/json"]
	if media == nil || media.Schema == nil {
		return nil
	}
	schema := media.Schema
	if schema.Ref != "" {
		schema = s.api.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
	}
	var names []string
	for name := range schema.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// queryNames lists the query parameters that op may have.
func queryNames(op *huma.Operation) []string {
	var names []string
	for _, p := range op.Parameters {
		if p.In == "query" {
			names = append(names, p.Name)
		}
	}
	slices.Sort(names)
	return names
}

// keyTaken is the error of a key that names another request.
func keyTaken(err error) *wire.Error {
	if !errors.Is(err, operation.ErrKeyTaken) {
		return nil
	}
	return wire.Errorf(wire.CodeKeyTaken, "%w, and an old one only to repeat the same", err)
}
