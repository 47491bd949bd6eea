package wire

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
)

// WriteJSON answers with v as JSON. What cannot be encoded becomes an internal
// error.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		WriteError(w, Errorf(CodeInternal, "encode answer: %w", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The status is on its way: a failure to write means that the caller has left.
	_, _ = w.Write(append(body, '\n'))
}

// WriteError answers with the envelope of err. An error that is not an *Error is
// internal, and its text stays here.
func WriteError(w http.ResponseWriter, err error) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Code: CodeInternal, Message: "An unexpected error occurred"}
	}
	if s := e.retryAfterSeconds(); s != "" {
		w.Header().Set("Retry-After", s)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status())
	body, merr := json.Marshal(e.Body())
	if merr != nil {
		body = []byte(`{"success":false,"error":{"code":"INTERNAL_SERVER_ERROR","message":"an error could not be encoded"},"detail":"an error could not be encoded"}`)
	}
	_, _ = w.Write(append(body, '\n'))
}

// retryAfterSeconds is the header's form of RetryAfter, rounded up.
func (e *Error) retryAfterSeconds() string {
	if e.RetryAfter <= 0 {
		return ""
	}
	return strconv.Itoa(int(math.Ceil(float64(e.RetryAfter) / float64(time.Second))))
}

// GetHeaders returns the headers that go with the error.
func (e *Error) GetHeaders() http.Header {
	h := http.Header{}
	if s := e.retryAfterSeconds(); s != "" {
		h.Set("Retry-After", s)
	}
	return h
}
