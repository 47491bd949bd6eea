package wire

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
)

// The headers that every answer of a server of this contract carries.
const (
	HeaderRequestID   = "X-Request-ID"
	HeaderProcessTime = "X-Process-Time"
)

// Protect gives h what every server of this contract does: a request id, the
// time that an answer took, answers to cross-origin questions, the error
// envelope where the mux would answer in text, an access log, and a 500 where h
// panics.
func Protect(h http.Handler, now func() time.Time, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := now()
		id := requestID(r)
		aw := &answer{ResponseWriter: w, request: r, took: func() time.Duration { return now().Sub(start) }}
		w.Header().Set(HeaderRequestID, id)
		defer func() {
			if v := recover(); v != nil {
				aw.panicked(v, log)
			}
			attrs := []any{"method", r.Method, "path", r.URL.Path, "status", aw.status, "elapsed", aw.took(), "request_id", id, "remote", r.RemoteAddr}
			if aw.reason != "" {
				attrs = append(attrs, "error", aw.reason)
			}
			log.Log(r.Context(), accessLevel(r, aw.status), "request", attrs...)
		}()
		if err := checkBrowser(r); err != nil {
			WriteError(aw, err)
			return
		}
		allowOrigin(w.Header(), r)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			aw.WriteHeader(http.StatusOK)
			return
		}
		h.ServeHTTP(aw, r)
	})
}

// requestID is the caller's id if it is one that a log can carry, else a new one.
func requestID(r *http.Request) string {
	id := r.Header.Get(HeaderRequestID)
	if id == "" || len(id) > 128 || strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return rand.Text()
	}
	return id
}

// checkBrowser refuses what a page from elsewhere makes a browser ask: a server
// without authentication trusts whoever is on this machine, and such a page is
// not, although its requests come from here. Pages of other servers on this
// machine may ask. A page of this server may where it was reached by address: a
// page from elsewhere can give its own name our address.
func checkBrowser(r *http.Request) error {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	if u, err := url.Parse(origin); err == nil {
		ip := net.ParseIP(u.Hostname())
		if u.Hostname() == "localhost" || ip.IsLoopback() || ip != nil && u.Host == r.Host {
			return nil
		}
	}
	return Errorf(CodeForbidden, "pages of %.100q may not use this server: serve them from this machine", origin)
}

// allowOrigin lets a page that checkBrowser let pass read the answer.
func allowOrigin(h http.Header, r *http.Request) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Add("Vary", "Origin")
	h.Set("Access-Control-Expose-Headers", HeaderRequestID+", "+HeaderProcessTime)
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")
		h.Set("Access-Control-Max-Age", "600")
		if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
			h.Set("Access-Control-Allow-Headers", asked)
		}
	}
}

// accessLevel is Debug for what clients and workers ask all the time.
func accessLevel(r *http.Request, status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable:
		return slog.LevelError
	case r.Method == http.MethodGet, r.Method == http.MethodHead, r.Method == http.MethodOptions,
		strings.HasPrefix(r.URL.Path, PathWorkers), strings.HasPrefix(r.URL.Path, Prefix+"/artifacts/"):
		return slog.LevelDebug
	default:
		return slog.LevelInfo
	}
}

// An answer watches the answer to one request.
type answer struct {
	http.ResponseWriter
	request *http.Request
	took    func() time.Duration
	status  int
	reason  string // of an error
	replace bool   // the body is that of the mux; an envelope was sent instead
}

// maxReason bounds what the access log says of an error, in bytes.
const maxReason = 500

// Explain has the access log say why the request that w answers ends with e.
func Explain(w http.ResponseWriter, e *Error) {
	for {
		if a, ok := w.(*answer); ok {
			text := e.Error()
			a.reason = text[:min(len(text), maxReason)]
			return
		}
		inner, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return
		}
		w = inner.Unwrap()
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	if a.status != 0 {
		return
	}
	a.status = status
	h := a.Header()
	h.Set(HeaderProcessTime, fmt.Sprintf("%.2fms", float64(a.took())/float64(time.Millisecond)))
	code := Code("")
	if strings.HasPrefix(h.Get("Content-Type"), "text/plain") {
		switch status {
		case http.StatusNotFound:
			code = CodeNoRoute
		case http.StatusMethodNotAllowed:
			code = CodeMethod
		}
	}
	if code == "" {
		a.ResponseWriter.WriteHeader(status)
		return
	}
	a.replace = true
	message := fmt.Sprintf("Not found: there is no %s %s here", a.request.Method, a.request.URL.Path)
	if code == CodeMethod {
		message = fmt.Sprintf("%s is not allowed on %s: want %s", a.request.Method, a.request.URL.Path, h.Get("Allow"))
	}
	h.Del("Content-Length")
	e := &Error{Code: code, Message: message}
	Explain(a, e)
	WriteError(a.ResponseWriter, e)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if a.replace {
		return len(p), nil
	}
	return a.ResponseWriter.Write(p)
}

// panicked ends the request of a handler that panicked. Where the answer had
// begun, the connection is cut so that nobody takes it for whole.
func (a *answer) panicked(v any, log *slog.Logger) {
	if v == http.ErrAbortHandler {
		panic(v)
	}
	log.ErrorContext(context.WithoutCancel(a.request.Context()), "handler panicked", "method", a.request.Method, "path", a.request.URL.Path,
		"panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	if a.status != 0 {
		panic(http.ErrAbortHandler)
	}
	WriteError(a, &Error{Code: CodeInternal, Message: "An unexpected error occurred", Details: map[string]string{"type": "panic"}})
}
