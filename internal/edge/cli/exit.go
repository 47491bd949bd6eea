package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// The exit codes. They are part of the interface and listed in every help.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitUnreachable = 4
	exitCancelled   = 130
)

// An exitError is a failure that knows its exit code and, where one is needed,
// what the user can do.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usagef returns an error of wrong usage.
func usagef(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// notFoundf returns an error of something that does not exist.
func notFoundf(format string, args ...any) error {
	return &exitError{exitNotFound, fmt.Errorf(format, args...)}
}

// errCancelled says that an operation was cancelled, by this command or another.
var errCancelled = errors.New("cancelled")

// errReported says that the command has shown why it failed, so that nothing is
// left to say.
var errReported = &exitError{exitFailed, errors.New("reported")}

// exitCode maps a failure to the exit code of the process.
func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if known, ok := errors.AsType[*exitError](err); ok {
		return known.code
	}
	if _, ok := errors.AsType[*wire.UnreachableError](err); ok {
		return exitUnreachable
	}
	if errors.Is(err, errCancelled) || errors.Is(err, context.Canceled) {
		return exitCancelled
	}
	switch wire.KindOf(err) {
	case wire.NotFound:
		return exitNotFound
	case wire.Cancelled:
		return exitCancelled
	default:
		return exitFailed
	}
}

// A failure is the JSON form of an error on stdout.
type failure struct {
	Status     string `json:"status"` // always error
	Message    string `json:"message"`
	ErrorCode  string `json:"error_code"`
	ExitCode   int    `json:"exit_code"`
	Suggestion string `json:"suggestion,omitempty"`
	Details    any    `json:"details,omitempty"`
}

// finish reports err to the user and returns the exit code.
func (c *console) finish(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	code := exitCode(err)
	if err == error(errReported) {
		return code
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		code, err = exitCancelled, errors.New("interrupted")
	}
	f := failure{Status: "error", Message: err.Error(), ErrorCode: errorName(code, err), ExitCode: code, Suggestion: c.suggestion(err)}
	if known, ok := errors.AsType[*wire.Error](err); ok {
		f.Details = known.Details
	}
	if c.json {
		c.writeJSON(f)
		return code
	}
	message := f.Message
	if at := strings.Index(message, " To start one:"); at >= 0 && f.Suggestion != "" {
		message = message[:at] // the suggestion says it with the address
	}
	if f.Suggestion != "" {
		message = sentence(message) + " " + f.Suggestion
	}
	c.say("%s %s", c.red("Error:"), message)
	return code
}

// sentence ends s with a full stop unless it has an end.
func sentence(s string) string {
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// errorName is the word for programs: that of the backend where there is one.
func errorName(code int, err error) string {
	if known, ok := errors.AsType[*wire.Error](err); ok && known.Code != "" {
		return string(known.Code)
	}
	switch code {
	case exitUsage:
		return "USAGE"
	case exitNotFound:
		return "NOT_FOUND"
	case exitUnreachable:
		return "UNREACHABLE"
	case exitCancelled:
		return "CANCELLED"
	default:
		return "FAILED"
	}
}

// suggestion says what to do about err, or nothing.
func (c *console) suggestion(err error) string {
	if u, ok := errors.AsType[*wire.UnreachableError](err); ok {
		if address, found := strings.CutPrefix(u.URL, "http://"); found && isLoopback(address) {
			return "Start one with: ktrdr serve --listen " + address
		}
		return "Name another with --url"
	}
	known, ok := errors.AsType[*wire.Error](err)
	switch {
	case ok && known.Code == wire.CodeWorkerUnavailable:
		return "Start one with: " + workerCommand(known.Message) + " --url " + c.backend
	case ok && known.Code == wire.CodeInSample && strings.Contains(known.Message, "allow_in_sample"):
		return "To run it all the same, marked in-sample, add --allow-in-sample"
	default:
		return ""
	}
}

// workerCommand returns the command that starts a worker of the type that is
// missing.
func workerCommand(message string) string {
	if strings.Contains(strings.ToLower(message), "training") {
		return "ktrdr worker training"
	}
	return "ktrdr worker backtest"
}
