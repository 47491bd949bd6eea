package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// A Kind is what an error means to a program. The list is closed. The zero value
// is Internal: what is not classified is nobody's fault but ours.
type Kind uint8

// The kinds of errors.
const (
	Internal    Kind = iota
	Invalid          // the request cannot be carried out as it is
	NotFound         // what it names does not exist
	Conflict         // the present state forbids it
	Unavailable      // it may succeed later
	Cancelled        // somebody asked for it to stop
)

var kindNames = [...]string{Internal: "internal", Invalid: "invalid", NotFound: "not_found",
	Conflict: "conflict", Unavailable: "unavailable", Cancelled: "cancelled"}

// String returns the name, for example not_found.
func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// A Code names one failure on the wire.
type Code string

// The codes. Their kinds and statuses are in one table, codes.
const (
	CodeInternal            Code = "INTERNAL_SERVER_ERROR"
	CodeProcessing          Code = "PROCESSING_ERROR"
	CodeValidation          Code = "VALIDATION_ERROR"
	CodeBadRequest          Code = "DATA_ERROR"
	CodeTooLarge            Code = "PAYLOAD_TOO_LARGE"
	CodeMediaType           Code = "UNSUPPORTED_MEDIA_TYPE"
	CodeMethod              Code = "METHOD_NOT_ALLOWED"
	CodeNoRoute             Code = "NOT_FOUND"
	CodeForbidden           Code = "FORBIDDEN"
	CodeDataNotFound        Code = "DATA_NOT_FOUND"
	CodeOperationNotFound   Code = "OPERATIONS-NotFound"
	CodeOperationTerminal   Code = "OPERATIONS-CancelFailed"
	CodeOperationUnfinished Code = "OPERATIONS-ResultsError"
	CodeOperationDuplicate  Code = "OPERATIONS-DuplicateID"
	CodeNotResumable        Code = "OPERATIONS-ResumeError"
	CodeNotRetriable        Code = "OPERATIONS-RetryNotFailed"
	CodeStatusUnsettable    Code = "OPERATIONS-StatusUpdateError"
	CodeCheckpointNotFound  Code = "CHECKPOINTS-NotFound"
	CodeCheckpointInUse     Code = "CHECKPOINTS-DeleteError"
	CodeKeyTaken            Code = "IDEMPOTENCY_KEY_TAKEN"
	CodeStrategyNotFound    Code = "STRATEGY-NotFound"
	CodeStrategyInvalid     Code = "STRATEGY-ValidationFailed"
	CodeModelNotFound       Code = "MODEL_NOT_FOUND"
	CodeModelMismatch       Code = "MODEL_MISMATCH"
	CodeInSample            Code = "MODEL_IN_SAMPLE"
	CodeArtifactNotFound    Code = "ARTIFACT_NOT_FOUND"
	CodeArtifactMismatch    Code = "ARTIFACT_HASH_MISMATCH"
	CodeWorkerNotFound      Code = "WORKER_NOT_FOUND"
	CodeWorkerUnavailable   Code = "WORKER_UNAVAILABLE"
	CodeWorkerBusy          Code = "WORKER_BUSY"
	CodeWorkerIncompatible  Code = "WORKER_INCOMPATIBLE"
	CodeSubmitterLimit      Code = "SUBMITTER_LIMIT"
	CodeSuperseded          Code = "ATTEMPT_SUPERSEDED"
	CodeDiskFull            Code = "DISK_FULL"
	CodeUnavailable         Code = "CONNECTION_ERROR"
	CodeCancelled           Code = "CANCELLED"
)

// statusClientClosedRequest is the customary status of a request whose sender
// went away.
const statusClientClosedRequest = 499

var codes = map[Code]struct {
	kind   Kind
	status int
}{
	CodeInternal:            {Internal, http.StatusInternalServerError},
	CodeProcessing:          {Internal, http.StatusInternalServerError},
	CodeValidation:          {Invalid, http.StatusUnprocessableEntity},
	CodeBadRequest:          {Invalid, http.StatusBadRequest},
	CodeForbidden:           {Invalid, http.StatusForbidden},
	CodeTooLarge:            {Invalid, http.StatusRequestEntityTooLarge},
	CodeMediaType:           {Invalid, http.StatusUnsupportedMediaType},
	CodeMethod:              {Invalid, http.StatusMethodNotAllowed},
	CodeNoRoute:             {NotFound, http.StatusNotFound},
	CodeDataNotFound:        {NotFound, http.StatusNotFound},
	CodeOperationNotFound:   {NotFound, http.StatusNotFound},
	CodeOperationTerminal:   {Conflict, http.StatusBadRequest},
	CodeOperationUnfinished: {Conflict, http.StatusBadRequest},
	CodeOperationDuplicate:  {Conflict, http.StatusConflict},
	CodeNotResumable:        {Conflict, http.StatusConflict},
	CodeNotRetriable:        {Conflict, http.StatusBadRequest},
	CodeStatusUnsettable:    {Conflict, http.StatusConflict},
	CodeCheckpointNotFound:  {NotFound, http.StatusNotFound},
	CodeCheckpointInUse:     {Conflict, http.StatusConflict},
	CodeKeyTaken:            {Conflict, http.StatusConflict},
	CodeStrategyNotFound:    {NotFound, http.StatusNotFound},
	CodeStrategyInvalid:     {Invalid, http.StatusBadRequest},
	CodeModelNotFound:       {NotFound, http.StatusNotFound},
	CodeModelMismatch:       {Invalid, http.StatusBadRequest},
	CodeInSample:            {Conflict, http.StatusConflict},
	CodeArtifactNotFound:    {NotFound, http.StatusNotFound},
	CodeArtifactMismatch:    {Invalid, http.StatusBadRequest},
	CodeWorkerNotFound:      {NotFound, http.StatusNotFound},
	CodeWorkerUnavailable:   {Unavailable, http.StatusServiceUnavailable},
	CodeWorkerBusy:          {Conflict, http.StatusConflict},
	CodeWorkerIncompatible:  {Conflict, http.StatusConflict},
	CodeSubmitterLimit:      {Unavailable, http.StatusTooManyRequests},
	CodeSuperseded:          {Conflict, http.StatusConflict},
	CodeDiskFull:            {Unavailable, http.StatusInsufficientStorage},
	CodeUnavailable:         {Unavailable, http.StatusServiceUnavailable},
	CodeCancelled:           {Cancelled, statusClientClosedRequest},
}

// Kind returns the kind of c; Internal for a code that is not in the table.
func (c Code) Kind() Kind { return codes[c].kind }

// Status returns the HTTP status of c; 500 for a code that is not in the table.
func (c Code) Status() int {
	if known, ok := codes[c]; ok {
		return known.status
	}
	return http.StatusInternalServerError
}

// An Error is a failure as both sides of the wire see it. The zero value is an
// internal error without a message.
type Error struct {
	Code    Code
	Message string // what happened, what it means, what to do
	Details any    // facts for a program; nil for none
	Detail  any    // the compatibility field; nil means Message

	// RetryAfter asks the caller to wait that long; zero asks for nothing.
	RetryAfter time.Duration

	// status is what a client received; zero means the status of Code.
	status int
	cause  error
}

// Errorf returns an Error with code and a formatted message; an argument of %w
// is kept as its cause.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), cause: errors.Unwrap(err)}
}

func (e *Error) Error() string {
	if e.Message == "" {
		return string(e.Code)
	}
	return e.Message
}

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.cause }

// Kind returns the kind of the error: that of its code, or for a code that this
// version does not know, the one its status stands for.
func (e *Error) Kind() Kind {
	if known, ok := codes[e.Code]; ok {
		return known.kind
	}
	return kindOfStatus(e.status)
}

// Status returns the HTTP status: the one received, else that of the code.
func (e *Error) Status() int {
	if e.status != 0 {
		return e.status
	}
	return e.Code.Status()
}

// Body returns the envelope of the error.
func (e *Error) Body() ErrorBody {
	b := ErrorBody{Error: ErrorInfo{Code: e.Code, Message: e.Error(), Details: e.Details}, Detail: e.Detail}
	if b.Error.Code == "" {
		b.Error.Code = CodeInternal
	}
	if b.Detail == nil {
		b.Detail = b.Error.Message
	}
	return b
}

// KindOf returns the kind of the first Error in err's tree. An error that is
// none of ours is Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind()
	}
	if _, ok := errors.AsType[*UnreachableError](err); ok {
		return Unavailable
	}
	return Internal
}

// An ErrorBody is the one form in which a failure crosses the wire.
type ErrorBody struct {
	Success bool      `json:"success" doc:"always false"`
	Error   ErrorInfo `json:"error"`
	Detail  any       `json:"detail" doc:"the message again, or the diagnostics object of a 503"`
}

// An ErrorInfo is the error inside an ErrorBody.
type ErrorInfo struct {
	Code    Code   `json:"code" doc:"one of a closed list"`
	Message string `json:"message" doc:"what happened, what it means, what to do"`
	Details any    `json:"details,omitempty" doc:"facts for a program"`
}

// A FieldError is one entry of the details of a VALIDATION_ERROR.
type FieldError struct {
	Field   string `json:"field" doc:"path, joined with ' -> '"`
	Message string `json:"message"`
	Type    string `json:"type" doc:"what kind of problem"`
}

// A NoWorker is the detail of a 503 that says that no worker can run an
// operation.
type NoWorker struct {
	Error         string  `json:"error"`
	WorkerType    string  `json:"worker_type"`
	Registered    int     `json:"registered_workers"`
	UptimeSeconds float64 `json:"backend_uptime_seconds"`
	Hint          string  `json:"hint"`
}

// An UnreachableError says that nothing answered at an address.
type UnreachableError struct {
	URL string
	Err error
}

func (e *UnreachableError) Error() string {
	return "Could not connect to API at " + e.URL + ". Is the API server running?"
}

// Unwrap returns what the network said.
func (e *UnreachableError) Unwrap() error { return e.Err }

func kindOfStatus(status int) Kind {
	switch status {
	case http.StatusNotFound, http.StatusGone:
		return NotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return Conflict
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusRequestTimeout:
		return Unavailable
	case statusClientClosedRequest:
		return Cancelled
	}
	if status >= 400 && status < 500 {
		return Invalid
	}
	return Internal
}

// errorOf reads the error of a response whose status is not a success. Whatever
// the body is, the result is an Error that says something.
func errorOf(resp *http.Response, body []byte) *Error {
	e := &Error{status: resp.StatusCode, RetryAfter: retryAfter(resp.Header)}
	var b struct {
		Error  json.RawMessage `json:"error"`
		Detail any             `json:"detail"`
	}
	if json.Unmarshal(body, &b) == nil {
		var info ErrorInfo
		if json.Unmarshal(b.Error, &info) == nil {
			e.Code, e.Message, e.Details = info.Code, info.Message, info.Details
		} else if json.Unmarshal(b.Error, &e.Message) != nil {
			e.Message = ""
		}
		e.Detail = b.Detail
		if text, ok := b.Detail.(string); ok && e.Message == "" {
			e.Message = text
		}
	}
	if e.Message == "" {
		e.Message = fmt.Sprintf("%s %s answered %s", resp.Request.Method, resp.Request.URL.Redacted(), resp.Status)
	}
	if e.Code == "" {
		e.Code = Code(fmt.Sprintf("HTTP_%d", resp.StatusCode))
	}
	return e
}
