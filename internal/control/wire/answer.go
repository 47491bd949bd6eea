package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
)

// WriteJSON answers with v as JSON. It panics if v cannot be encoded, which is a
// mistake of the caller.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("wire: encode answer: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // the status is on its way: a failure means that the caller has left
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
	Explain(w, e)
	WriteJSON(w, e.Status(), e.Body())
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
